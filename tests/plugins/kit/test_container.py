"""Opening the container's namespace and configuring its interface: section 0.5 of the sheet."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from netlab import PATIENCE, Container, Host

from poplin.linux.kernel import Kernel
from poplin.linux.netlink import NetlinkError
from poplin.linux.netns import Namespace
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit import container as kit
from poplin.plugins.kit.container import configure_interface, find_container, open_container, require_free_name
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.errors import Conflict, InvalidConfig, InvalidNamespace
from poplin.spec.result import Interface, IPConfig, Result, Route

INTERFACES = ["br0", "vethx", "eth0"]
ETH0 = 2  # its place in the result


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def ip(address: str, gateway: str = "", interface: int | None = ETH0) -> IPConfig:
    return IPConfig(parse_prefix(address), parse_ip(gateway) if gateway else None, interface)


def route(dst: str, gw: str = "", **how: int) -> Route:
    return Route(parse_prefix(dst), parse_ip(gw) if gw else None, **how)


def result(ips: list[IPConfig], routes: list[Route] | None = None, names: list[str] = INTERFACES) -> Result:
    return Result(interfaces=[Interface(name) for name in names], ips=ips, routes=routes)


@pytest.fixture
def inside(host: Host, container: Container) -> Iterator[Namespace]:
    """A container with eth0, whose other end is up on the host."""
    with Namespace(host.path) as outside, Namespace(container.path) as namespace:
        outside.rtnl.apply(add_veth("vethx", "eth0", namespace.fd), set_link("vethx", up=True))
        yield namespace


def shown_routes(container: Container, family: int, table: str = "main") -> list[tuple[str, str | None, str | None]]:
    """dst, gateway and scope of the routes we made."""
    entries = container.json(f"-{family} route show table {table} proto 112")
    return [(each["dst"], each.get("gateway"), each.get("scope")) for each in entries]


def wait_for_link_local(container: Container) -> None:
    """The kernel makes that address a moment after the link is up."""
    deadline = time.monotonic() + PATIENCE
    while not container.addresses("eth0", "link"):
        assert time.monotonic() < deadline
        time.sleep(0.01)


# Configuring.


@facts(216)
def test_addresses_routes_tables_and_scopes_are_all_there(container: Container, inside: Namespace) -> None:
    ips = [ip("10.1.2.3/24", "10.1.2.1"), ip("2001:db8::3/64", "2001:db8::1")]
    routes = [
        route("0.0.0.0/0"),
        route("::/0"),
        route("10.5.0.0/16", "10.1.2.9", priority=7),
        route("10.6.0.0/16", "10.1.2.9", table=5000),
        route("10.7.0.0/16", "10.1.2.9", scope=0),
        route("2001:db8:5::/48", "2001:db8::9"),
    ]
    configure_interface(inside, "eth0", result(ips, routes))
    assert container.addresses("eth0") == ["10.1.2.3/24", "2001:db8::3/64"]
    assert container.json("address show dev eth0")[0]["addr_info"][0]["broadcast"] == "10.1.2.255"
    assert "UP" in container.json("link show dev eth0")[0]["flags"]
    assert shown_routes(container, 4) == [
        ("default", "10.1.2.1", None),
        ("10.5.0.0/16", "10.1.2.9", None),
        ("10.7.0.0/16", "10.1.2.9", None),
    ]
    assert shown_routes(container, 4, "5000") == [("10.6.0.0/16", "10.1.2.9", None)]
    assert shown_routes(container, 6) == [("2001:db8:5::/48", "2001:db8::9", None), ("default", "2001:db8::1", None)]
    assert [r.priority for r in inside.rtnl.list_routes(2) if str(r.dst) == "10.5.0.0/16"] == [7]


@facts(216)
def test_route_of_a_narrow_scope_has_it(container: Container, inside: Namespace) -> None:
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24")], [route("10.5.0.0/16", scope=200)]))
    assert shown_routes(container, 4) == [("10.5.0.0/16", None, "site")]
    assert [each.scope for each in inside.rtnl.list_routes(2) if str(each.dst) == "10.5.0.0/16"] == [200]


def test_route_has_its_mtu_and_segment_size(container: Container, inside: Namespace) -> None:
    routes = [route("0.0.0.0/0", mtu=1400, advmss=1300)]
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24", "10.1.2.1")], routes))
    (shown,) = container.json("-4 route show proto 112")
    assert shown["metrics"] == [{"mtu": 1400, "advmss": 1300}]


@facts(217)
@pytest.mark.parametrize(
    "address, dst, first, second",
    [
        ("10.1.2.3/24", "10.5.0.0/16", "10.1.2.1", "10.1.2.2"),
        ("2001:db8::3/64", "2001:db8:5::/48", "2001:db8::1", "2001:db8::2"),
    ],
)
def test_two_gateways_to_one_network_are_both_there(
    inside: Namespace, address: str, dst: str, first: str, second: str
) -> None:
    configure_interface(inside, "eth0", result([ip(address)], [route(dst, first), route(dst, second)]))
    found = [str(each.gw) for each in inside.rtnl.list_routes() if each.dst == parse_prefix(dst)]
    assert found == [first, second]


def test_route_given_twice_is_made_once(container: Container, inside: Namespace) -> None:
    routes = [route("10.5.0.0/16"), route("10.5.0.0/16", "10.1.2.1"), route("10.5.0.0/16")]
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24", "10.1.2.1")], routes))
    assert shown_routes(container, 4) == [("10.5.0.0/16", "10.1.2.1", None)]


@facts(218)
def test_address_survives_the_link_s_going_down(container: Container, inside: Namespace) -> None:
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24"), ip("2001:db8::3/64")]))
    wait_for_link_local(container)
    container.sh("ip link set eth0 down")
    assert container.addresses("eth0") == ["10.1.2.3/24", "2001:db8::3/64"]
    assert container.addresses("eth0", "link") == []
    container.sh("ip link set eth0 up")
    assert container.addresses("eth0") == ["10.1.2.3/24", "2001:db8::3/64"]


@facts(219)
@pytest.mark.parametrize("table", [None, 0, 254, 5000])
def test_route_without_a_gateway_goes_by_the_first_of_its_family(
    container: Container, inside: Namespace, table: int | None
) -> None:
    ips = [
        ip("10.1.2.3/24"),
        ip("10.1.2.4/24", "10.1.2.1"),
        ip("10.1.2.5/24", "10.1.2.2"),
        ip("2001:db8::3/64", "2001:db8::1"),
    ]
    routes = [route("10.5.0.0/16", table=table), route("2001:db8:5::/48", table=table)]  # type: ignore[arg-type]
    configure_interface(inside, "eth0", result(ips, routes))
    assert shown_routes(container, 4, str(table or 254)) == [("10.5.0.0/16", "10.1.2.1", None)]
    assert shown_routes(container, 6, str(table or 254)) == [("2001:db8:5::/48", "2001:db8::1", None)]


def test_route_without_any_gateway_is_on_the_link(container: Container, inside: Namespace) -> None:
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24")], [route("10.5.0.0/16"), route("2001:db8:5::/48")]))
    assert [dst for dst, *_ in shown_routes(container, 4)] == ["10.5.0.0/16"]
    assert shown_routes(container, 6) == [("2001:db8:5::/48", None, None)]


@facts(220)
@pytest.mark.parametrize(
    "ips, names, text",
    [
        ([ip("10.1.2.3/24", interface=1)], INTERFACES, "address 10.1.2.3/24 is for 'vethx', not 'eth0'"),
        ([ip("10.1.2.3/24", interface=3)], INTERFACES, "address 10.1.2.3/24 names interface 3"),
        ([ip("10.1.2.3/24", interface=-1)], INTERFACES, "address 10.1.2.3/24 names interface -1"),
        ([ip("10.1.2.3/24")], [], "the result has no interfaces to configure"),
        ([], [], "the result has no interfaces to configure"),
    ],
    ids=["of another link", "too big", "negative", "no interfaces", "nothing at all"],
)
def test_result_that_does_not_fit_the_interface_is_refused(
    container: Container, inside: Namespace, ips: list[IPConfig], names: list[str], text: str
) -> None:
    with pytest.raises(InvalidConfig) as caught:
        configure_interface(inside, "eth0", result([ip("10.1.2.2/24"), *ips] if names else ips, names=names))
    assert caught.value.msg == text
    assert container.addresses("eth0") == []
    assert "UP" not in container.json("link show dev eth0")[0]["flags"]


@facts(220)
def test_interface_that_is_not_there_is_an_error(inside: Namespace) -> None:
    with pytest.raises(NetlinkError, match=r"^ip link show dev eth9: No such device$"):
        configure_interface(inside, "eth9", result([ip("10.1.2.3/24", interface=0)], names=["eth9"]))


@facts(221)
def test_address_of_no_interface_is_skipped(container: Container, inside: Namespace) -> None:
    ips = [ip("10.1.2.3/24", "10.1.2.9", None), ip("10.1.2.4/24", "10.1.2.1"), ip("2001:db8::3/64", interface=None)]
    configure_interface(inside, "eth0", result(ips, [route("0.0.0.0/0")]))
    assert container.addresses("eth0") == ["10.1.2.4/24"]
    assert shown_routes(container, 4) == [("default", "10.1.2.1", None)]
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24", interface=None)]))


def test_address_that_is_there_already_is_an_error(inside: Namespace) -> None:
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24")]))
    with pytest.raises(NetlinkError, match=r"^ip address add 10\.1\.2\.3/24 dev eth0 broadcast .*File exists"):
        configure_interface(inside, "eth0", result([ip("10.1.2.3/24")]))


def test_gateway_nobody_can_reach_is_an_error_in_the_kernel_s_words(inside: Namespace) -> None:
    with pytest.raises(NetlinkError, match=r"Nexthop has invalid gateway"):
        configure_interface(inside, "eth0", result([ip("10.1.2.3/24")], [route("10.5.0.0/16", "192.0.2.1")]))


@pytest.mark.parametrize("before", ["0", "1"])
def test_ipv6_is_switched_on_where_it_is_needed(container: Container, inside: Namespace, before: str) -> None:
    for name in ("lo", "eth0"):
        container.set_sysctl(f"net/ipv6/conf/{name}/disable_ipv6", before)
    configure_interface(inside, "eth0", result([ip("10.1.2.3/24")]))
    assert container.sysctl("net/ipv6/conf/eth0/disable_ipv6") == before
    configure_interface(inside, "eth0", result([ip("2001:db8::3/64")]))
    assert [container.sysctl(f"net/ipv6/conf/{name}/disable_ipv6") for name in ("lo", "eth0")] == ["0", "0"]
    assert container.sysctl("net/ipv6/conf/eth0/keep_addr_on_down") == "1"


# Duplicate address detection.


def test_address_of_another_host_is_found_out(host: Host, container: Container, inside: Namespace) -> None:
    host.sh("ip address add 2001:db8::3/64 dev vethx nodad")
    with pytest.raises(Conflict, match="address 2001:db8::3/64 is in use by another host"):
        configure_interface(inside, "eth0", result([ip("2001:db8::3/64")]), dad=True)


def test_free_address_is_usable_when_detection_has_ended(container: Container, inside: Namespace) -> None:
    configure_interface(inside, "eth0", result([ip("2001:db8::3/64")]), dad=True)
    infos = container.json("address show dev eth0")[0]["addr_info"]
    assert [info for info in infos if info.get("tentative")] == []


def test_detection_on_a_link_without_carrier_is_given_up(
    host: Host, container: Container, inside: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kit, "DAD_WITHOUT_CARRIER", 0.1)
    host.sh("ip link set vethx down")
    configure_interface(inside, "eth0", result([ip("2001:db8::3/64")]), dad=True)
    assert container.addresses("eth0") == ["2001:db8::3/64"]


def test_detection_that_does_not_end_is_an_error(inside: Namespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kit, "DAD_PATIENCE", 0.1)
    inside.write_sysctl("net/ipv6/conf/eth0/dad_transmits", "100")
    with pytest.raises(Conflict, match="duplicate address detection on eth0 did not end"):
        configure_interface(inside, "eth0", result([ip("2001:db8::3/64")]), dad=True)


# The namespace.


def test_namespace_is_opened_by_its_path(container: Container) -> None:
    with open_container(Kernel(), container.path) as opened:
        assert opened.path == container.path


@pytest.mark.parametrize(
    "path, details",
    [
        ("/run/netns/gone", "/run/netns/gone: No such file or directory"),
        ("/etc/passwd", "/etc/passwd: not a network namespace"),
        ("/etc/passwd/x", "/etc/passwd/x: Not a directory"),
        ("/proc/self/ns/mnt", "/proc/self/ns/mnt: not a network namespace"),
    ],
)
def test_path_to_no_namespace_is_refused_by_add_and_passed_over_by_delete(path: str, details: str) -> None:
    with pytest.raises(InvalidNamespace) as caught:
        open_container(Kernel(), path)
    assert (caught.value.code, caught.value.msg, caught.value.details) == (8, "cannot open CNI_NETNS", details)
    assert find_container(Kernel(), path) is None


def test_delete_takes_an_empty_path_and_one_of_a_process_that_is_gone(container: Container) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # a zombie has no namespace any more
    assert (find_container(Kernel(), ""), find_container(Kernel(), f"/proc/{pid}/ns/net")) == (None, None)
    os.waitpid(pid, 0)
    assert find_container(Kernel(), f"/proc/{pid}/ns/net") is None
    found = find_container(Kernel(), container.path)
    assert found is not None
    found.close()


@facts(223)
def test_name_that_is_taken_in_the_container_is_refused_before_anything_is_made(inside: Namespace) -> None:
    require_free_name(inside, "eth1")
    with pytest.raises(Conflict) as caught:
        require_free_name(inside, "eth0")
    assert caught.value.msg == "the container already has an interface 'eth0'"
    assert caught.value.details == "a veth; DEL it first or use another CNI_IFNAME"


@facts(223)
@pytest.mark.parametrize("outer, inner", [("vethx", "eth1"), ("vethy", "eth0")])
def test_pair_with_a_name_that_is_taken_is_not_made(
    host: Host, container: Container, inside: Namespace, outer: str, inner: str
) -> None:
    with Namespace(host.path) as outside, pytest.raises(NetlinkError, match="File exists"):
        outside.rtnl.apply(add_veth(outer, inner, inside.fd))
    assert (host.links(), container.links()) == (["vethx"], ["eth0"])
