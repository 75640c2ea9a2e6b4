"""ptp: what ADD makes, and that DEL takes it away again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, all_versions, lease_files, result_ips, with_prev_result

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"
OLD = ("0.1.0", "0.2.0")  # whose results have no interfaces


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def shown_routes(where: Container, family: int = 4, *, link: str = "") -> list[str]:
    """Every route of the main table as `ip route show` tells it, without what only IPv6 says; of a link if named."""
    lines = where.sh(f"ip -{family} route show{f' dev {link}' if link else ''}").splitlines()
    words = [line.removesuffix(" pref medium").strip() for line in lines]
    return sorted(line for line in words if not line.startswith("fe80::/64"))


@all_versions
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param({}, id="default", marks=facts(64)),
        pytest.param({"ipMasqBackend": "iptables"}, id="iptables", marks=facts(65)),
        pytest.param({"ipMasqBackend": "nftables"}, id="nftables", marks=facts(66)),
    ],
)
def test_a_network_with_everything(
    host: Host, container: Container, ptp: Network, leases: Path, version: str, backend: dict[str, str]
) -> None:
    dns = {"nameservers": ["10.1.2.123"], "domain": "some.test", "search": ["search.test"], "options": ["option1:foo"]}
    conf = ptp(V4, version=version, ipMasq=True, mtu=5000, dns=dns, **backend)
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == ["10.1.2.2/24"]
    assert result["dns"] == dns
    (outer_name,) = host.links()
    if version not in OLD:
        outer, inner = result["interfaces"]
        assert outer == {"name": outer_name, "mac": host.mac(outer_name)}
        assert outer_name.startswith("veth")
        assert inner == {"name": "eth0", "mac": container.mac("eth0"), "sandbox": container.path}
        assert [ip["interface"] for ip in result["ips"]] == [1]
    assert container.json("link show dev eth0")[0]["mtu"] == host.json(f"link show dev {outer_name}")[0]["mtu"] == 5000
    assert container.addresses("eth0") == ["10.1.2.2/24"]
    assert container.pings("10.1.2.1")
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    else:
        assert host.call("CHECK", conf, container).code == 1
    host.cni("DEL", conf, container)
    assert (container.links(), host.links(), lease_files(leases)) == ([], [], [])


@all_versions
@facts(67)
def test_dual_stack_with_routes(host: Host, container: Container, ptp: Network, leases: Path, version: str) -> None:
    conf = ptp(V4, V6, version=version, routes=("0.0.0.0/0", "192.168.0.0/16", "::/0"))
    conf["ipam"]["routes"].append({"dst": "1.1.1.1/32", "gw": "10.1.2.1"})
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == ["10.1.2.2/24", "2001:db8::2/64"]
    assert shown_routes(container) == [
        "1.1.1.1 via 10.1.2.1 dev eth0 proto 112",
        "10.1.2.0/24 via 10.1.2.1 dev eth0 proto 112 src 10.1.2.2",
        "10.1.2.1 dev eth0 proto 112 scope link src 10.1.2.2",
        "192.168.0.0/16 via 10.1.2.1 dev eth0 proto 112",
        "default via 10.1.2.1 dev eth0 proto 112",
    ]
    assert shown_routes(container, 6) == [
        "2001:db8::/64 via 2001:db8::1 dev eth0 proto 112 src 2001:db8::2 metric 1024",
        "2001:db8::1 dev eth0 proto 112 src 2001:db8::2 metric 1024",
        "default via 2001:db8::1 dev eth0 proto 112 metric 1024",
    ]
    assert container.pings("10.1.2.1") and container.pings("2001:db8::1")
    assert host.pings("10.1.2.2") and host.pings("2001:db8::2")
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    host.cni("DEL", conf, container)
    assert (container.links(), host.links(), lease_files(leases)) == ([], [], [])


@all_versions
@facts(68)
def test_dns_comes_from_resolv_conf(
    host: Host, container: Container, ptp: Network, tmp_path: Path, version: str
) -> None:
    conf = ptp(V4, version=version)
    conf["ipam"]["resolvConf"] = write_resolv_conf(tmp_path)
    assert host.cni("ADD", conf, container)["dns"] == {
        "nameservers": ["192.0.2.0"],
        "domain": "example.test",
        "search": ["search.test"],
        "options": ["option1:foo"],
    }


@all_versions
@pytest.mark.parametrize(
    ("dns", "expected"),
    [
        pytest.param({"nameservers": ["10.1.2.123"]}, {"nameservers": ["10.1.2.123"]}, marks=facts(69)),
        pytest.param({"domain": "our.test"}, {"domain": "our.test"}, marks=facts(69)),
        pytest.param({"search": ["our.test"]}, {"search": ["our.test"]}, marks=facts(69)),
        pytest.param({"options": ["ndots:2"]}, {"options": ["ndots:2"]}, marks=facts(69)),
        pytest.param({"nameservers": [], "search": [], "options": []}, {}, marks=facts(70), id="empty lists"),
    ],
)
def test_dns_of_the_network_stands_over_all_of_ipams(
    host: Host,
    container: Container,
    ptp: Network,
    tmp_path: Path,
    version: str,
    dns: dict[str, Any],
    expected: dict[str, Any],
) -> None:
    conf = ptp(V4, version=version, dns=dns)
    conf["ipam"]["resolvConf"] = write_resolv_conf(tmp_path)
    assert host.cni("ADD", conf, container).get("dns", {}) == expected


def write_resolv_conf(folder: Path) -> str:
    """A file with one of each; its path."""
    path = folder / "resolv.conf"
    path.write_text("nameserver 192.0.2.0\ndomain example.test\nsearch search.test\noptions option1:foo\n")
    return str(path)


# Both ends.


@facts(72)
@pytest.mark.parametrize(
    ("subnet", "family", "routes"),
    [
        (
            V4,
            4,
            [
                "10.1.2.0/24 via 10.1.2.1 dev eth0 proto 112 src 10.1.2.2",
                "10.1.2.1 dev eth0 proto 112 scope link src 10.1.2.2",
            ],
        ),
        (
            V6,
            6,
            [
                "2001:db8::/64 via 2001:db8::1 dev eth0 proto 112 src 2001:db8::2 metric 1024",
                "2001:db8::1 dev eth0 proto 112 src 2001:db8::2 metric 1024",
            ],
        ),
    ],
)
def test_the_container_reaches_its_own_network_by_the_host(
    host: Host, container: Container, ptp: Network, subnet: str, family: int, routes: list[str]
) -> None:
    host.cni("ADD", ptp(subnet), container)
    assert shown_routes(container, family) == routes


@facts(73)
def test_the_host_has_the_gateway_and_a_route_to_the_container(host: Host, container: Container, ptp: Network) -> None:
    result = host.cni("ADD", ptp(V4, V6), container)
    outer = result["interfaces"][0]["name"]
    assert host.addresses(outer) == ["10.1.2.1/32", "2001:db8::1/128"]
    assert shown_routes(host) == [f"10.1.2.2 dev {outer} proto 112 scope host"]
    assert shown_routes(host, 6, link=outer) == ["2001:db8::2 proto 112 metric 1024"]
    assert host.sysctl("net/ipv4/ip_forward") == host.sysctl("net/ipv6/conf/all/forwarding") == "1"
    assert host.sysctl(f"net/ipv6/conf/{outer}/accept_ra") == "0"


@pytest.mark.parametrize(("subnet", "off"), [(V4, "1"), (V6, "0")])
def test_the_host_s_end_has_ipv6_only_where_the_container_has(
    host: Host, container: Container, ptp: Network, subnet: str, off: str
) -> None:
    outer = host.cni("ADD", ptp(subnet), container)["interfaces"][0]["name"]
    assert host.sysctl(f"net/ipv6/conf/{outer}/disable_ipv6") == off
    assert host.sysctl("net/ipv6/conf/all/forwarding") == ("0" if off == "1" else "1")


def test_ipv6_comes_on_where_image_and_host_switched_it_off(host: Host, container: Container, ptp: Network) -> None:
    container.set_sysctl("net/ipv6/conf/default/disable_ipv6", "1")
    container.set_sysctl("net/ipv6/conf/lo/disable_ipv6", "1")
    host.set_sysctl("net/ipv6/conf/default/disable_ipv6", "1")
    host.cni("ADD", ptp(V6), container)
    assert container.pings("2001:db8::1")


def test_two_containers_reach_each_other_at_once(host: Host, ptp: Network) -> None:
    conf = ptp(V4, V6)
    one, two = host.add_container(), host.add_container()
    first, second = (result_ips(host.cni("ADD", conf, each)) for each in (one, two))
    assert (first, second) == (["10.1.2.2/24", "2001:db8::2/64"], ["10.1.2.3/24", "2001:db8::3/64"])
    for container, address in ((one, "2001:db8::3"), (one, "10.1.2.3"), (two, "2001:db8::2"), (two, "10.1.2.2")):
        container.sh(f"ping -n -c1 -W20 {address}")  # the first packet comes through


def test_the_world_sees_a_masqueraded_container_as_its_host(host: Host, container: Container, ptp: Network) -> None:
    world = host.add_container()  # which knows no way back to the container
    host.sh(f"ip link add up0 type veth peer name eth0 netns {world.id}")
    for where, link, address in ((host, "up0", "192.0.2.1/24"), (world, "eth0", "192.0.2.2/24")):
        where.sh(f"ip link set {link} up")
        where.sh(f"ip address add {address} dev {link}")
    conf = ptp(V4, routes=("0.0.0.0/0",))
    host.cni("ADD", conf, container)
    assert container.is_cut_off("192.0.2.2")
    host.cni("DEL", conf, container)
    host.cni("ADD", {**conf, "ipMasq": True}, container)
    assert container.pings("192.0.2.2")


def test_two_addresses_of_one_network_with_one_gateway(host: Host, container: Container, ptp: Network) -> None:
    conf = ptp()
    ranges = [{"subnet": V4, "rangeEnd": "10.1.2.9"}], [{"subnet": V4, "rangeStart": "10.1.2.20"}]
    conf["ipam"]["ranges"] = [*ranges, [{"subnet": V6}]]
    result = host.cni("ADD", conf, container)
    assert container.addresses("eth0") == ["10.1.2.2/24", "10.1.2.20/24", "2001:db8::2/64"]
    assert shown_routes(container) == [
        "10.1.2.0/24 via 10.1.2.1 dev eth0 proto 112 src 10.1.2.2",
        "10.1.2.1 dev eth0 proto 112 scope link src 10.1.2.2",
    ]
    assert host.pings("10.1.2.20")
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


@pytest.mark.parametrize(
    ("address", "gateway"),
    [
        ("10.9.9.9/32", "169.254.1.1"),
        ("10.9.9.9/32", "10.9.9.8"),
        ("10.9.9.9/31", "10.9.9.8"),
        ("10.9.9.9/24", "192.0.2.1"),
        ("2001:db8:9::9/128", "2001:db8:9::1"),
        ("2001:db8:9::9/128", "fe80::1"),
    ],
)
def test_an_address_alone_and_a_gateway_elsewhere(
    host: Host, container: Container, ptp: Network, address: str, gateway: str
) -> None:
    default = "::/0" if ":" in address else "0.0.0.0/0"
    addresses = [{"address": address, "gateway": gateway}]
    conf = ptp(ipam={"type": "static", "addresses": addresses, "routes": [{"dst": default}]})
    result = host.cni("ADD", conf, container)
    assert container.addresses("eth0") == [address]
    assert host.pings(address.split("/")[0])
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    host.cni("DEL", conf, container)
    assert (host.links(), container.links()) == ([], [])


@pytest.mark.parametrize(
    ("subnet", "route", "shown"),
    [
        (V4, {"dst": V4}, "10.1.2.0/24 via 10.1.2.1 dev eth0 proto 112 src 10.1.2.2"),
        (V6, {"dst": V6}, "2001:db8::/64 via 2001:db8::1 dev eth0 proto 112 src 2001:db8::2 metric 1024"),
        (V4, {"dst": "10.7.0.0/16", "gw": "10.1.2.9"}, "10.7.0.0/16 via 10.1.2.9 dev eth0 proto 112 onlink"),
        (
            V6,
            {"dst": "2001:db8:7::/48", "gw": "2001:db8::9"},
            "2001:db8:7::/48 via 2001:db8::9 dev eth0 proto 112 metric 1024 onlink",
        ),
        (
            V4,
            {"dst": "10.7.0.0/16", "priority": 7, "mtu": 1300},
            "10.7.0.0/16 via 10.1.2.1 dev eth0 proto 112 metric 7 mtu 1300",
        ),
    ],
)
def test_routes_beside_those_of_the_network(
    host: Host, container: Container, ptp: Network, subnet: str, route: dict[str, Any], shown: str
) -> None:
    conf = ptp(subnet)
    conf["ipam"]["routes"] = [route]
    result = host.cni("ADD", conf, container)
    assert shown in shown_routes(container, 6 if subnet == V6 else 4)
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


@pytest.mark.parametrize(
    ("uplink", "explicit", "subnet", "expected"),
    [(1400, 0, V4, 1400), (9000, 0, V4, 1500), (1400, 1500, V4, 1500), (1000, 0, V6, 1280)],
)
def test_the_mtu_follows_a_small_uplink_unless_told(
    host: Host, container: Container, ptp: Network, uplink: int, explicit: int, subnet: str, expected: int
) -> None:
    host.sh(f"ip link add up0 mtu {uplink} type veth peer name up1 mtu {uplink}")
    host.sh("ip link set up0 up")
    host.sh("ip address add 192.0.2.2/24 dev up0")
    host.sh("ip route add default via 192.0.2.1")
    outer = host.cni("ADD", ptp(subnet, mtu=explicit), container)["interfaces"][0]["name"]
    assert container.json("link show dev eth0")[0]["mtu"] == expected
    assert host.json(f"link show dev {outer}")[0]["mtu"] == expected


def test_keys_match_whatever_their_case(host: Host, container: Container, ptp: Network) -> None:
    conf = {**ptp(V4), "MTU": 1400, "Dns": {"Domain": "our.test"}}
    assert host.cni("ADD", conf, container)["dns"] == {"domain": "our.test"}
    assert container.json("link show dev eth0")[0]["mtu"] == 1400
