"""What CHECK compares, one function at a time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netlab import Container, Host

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.kernel import Kernel
from poplin.linux.netns import Namespace
from poplin.linux.wire.link import Link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit.checks import (
    check_addresses,
    check_container_link,
    check_host_end,
    check_mac,
    check_routes,
    get_container_interface,
    is_same_namespace,
)
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.errors import CheckFailed
from poplin.spec.result import Interface, IPConfig, Result, Route

PATHS = ("/run/netns/c1", "/run/netns/c2")


@pytest.fixture
def inside(container: Container) -> Iterator[Namespace]:
    """A container with eth0, 10.1.2.3/24 and 10.9.9.9/32 on it, and some routes."""
    container.sh("ip link add eth0 address 02:00:00:00:00:01 type veth peer name peer")
    for name in ("peer", "eth0"):
        container.sh(f"ip link set {name} up")
    container.sh("ip address add 10.1.2.3/24 dev eth0")
    container.sh("ip address add 10.9.9.9/32 dev eth0")
    container.sh("ip route add 10.5.0.0/16 via 10.1.2.1")
    container.sh("ip route add default via 10.1.2.1")
    container.sh("ip route add 10.6.0.0/16 via 10.1.2.1 table 5000")
    with Namespace(container.path) as namespace:
        yield namespace


def refusal(check, *arguments: object) -> tuple[str, str]:
    """msg and details of a check that must fail."""
    with pytest.raises(CheckFailed) as caught:
        check(*arguments)
    return caught.value.msg, caught.value.details


# The interface of prevResult.


def test_last_interface_of_the_name_in_the_sandbox_is_taken() -> None:
    items = [
        Interface("eth0", sandbox=PATHS[0], mac="1"),
        Interface("eth0", sandbox=PATHS[0], mac="2"),
        Interface("eth0", mac="3"),
        Interface("eth0", sandbox=PATHS[1], mac="4"),
        Interface("eth1", sandbox=PATHS[0], mac="5"),
    ]
    assert get_container_interface(Result(interfaces=items), "eth0", PATHS[0], FakeKernel(PATHS)) is items[1]


def test_interface_of_another_sandbox_is_not_taken() -> None:
    found = Result(interfaces=[Interface("eth0", sandbox=PATHS[1]), Interface("eth1", sandbox=PATHS[0])])
    assert refusal(get_container_interface, found, "eth0", PATHS[0], FakeKernel(PATHS)) == (
        "prevResult has no interface 'eth0' in sandbox /run/netns/c1",
        "it has eth0 in /run/netns/c2",
    )
    assert refusal(get_container_interface, Result(), "eth0", PATHS[0], FakeKernel(PATHS))[1] == "it has none"


def test_sandboxes_are_the_same_if_both_paths_lead_to_one_namespace(host: Host, container: Container) -> None:
    alias = f"{container.path}-alias"
    container.sh(f"ln -s {container.path} {alias}")
    kernel = Kernel()
    assert is_same_namespace(kernel, container.path, alias) is True
    assert is_same_namespace(kernel, container.path, host.path) is False
    assert is_same_namespace(kernel, container.path, "/run/netns/gone") is False
    found = Result(interfaces=[Interface("eth0", sandbox=alias)])
    assert get_container_interface(found, "eth0", container.path, kernel).sandbox == alias


# The link.


def test_link_that_is_as_it_was_passes(inside: Namespace) -> None:
    for mac in ("02:00:00:00:00:01", "02:00:00:00:00:01".upper(), ""):
        assert check_container_link(inside, Interface("eth0", mac), "veth").name == "eth0"


def test_link_that_is_gone_or_another_is_found_out(inside: Namespace) -> None:
    assert refusal(check_container_link, inside, Interface("eth9", sandbox="/x"), "veth") == (
        "interface 'eth9' is gone from the container",
        "/x",
    )
    assert refusal(check_container_link, inside, Interface("eth0"), "macvlan") == (
        "interface 'eth0' is no macvlan",
        "it is a veth",
    )
    assert refusal(check_container_link, inside, Interface("lo"), "veth")[1] == "it is a device"
    assert refusal(check_container_link, inside, Interface("eth0", "02:00:00:00:00:02"), "veth") == (
        "interface 'eth0' has another MAC",
        "02:00:00:00:00:01 instead of 02:00:00:00:00:02",
    )


def test_host_s_end_must_be_there_and_in_the_result() -> None:
    kernel = FakeKernel([PATHS[0]])
    kernel.host.rtnl.apply(add_veth("veth0", "eth0", kernel.open(PATHS[0]).fd))
    kernel.host.rtnl.apply(add_veth("near", "far", kernel.host.fd))
    outer, inner = kernel.host.rtnl.get_link("veth0"), kernel.open(PATHS[0]).rtnl.get_link("eth0")
    result = Result(interfaces=[Interface("veth0", outer.mac), Interface("eth0", inner.mac, PATHS[0])])
    assert check_host_end(kernel.host, result, inner) == outer
    assert refusal(
        check_host_end, kernel.host, Result(interfaces=[Interface("veth0", "02:00:00:00:00:99")]), inner
    ) == (
        "interface 'veth0' has another MAC",
        f"{outer.mac} instead of 02:00:00:00:00:99",
    )
    elsewhere = Result(interfaces=[Interface("veth0", outer.mac, PATHS[0])])
    assert refusal(check_host_end, kernel.host, elsewhere, inner) == (
        "the host's end of 'eth0' is 'veth0', which prevResult does not have",
        "",
    )
    for index in (4242, kernel.host.rtnl.get_link("lo").index, kernel.host.rtnl.get_link("near").index):
        inner.link = index  # of nobody, of no veth, of another pair's end
        assert refusal(check_host_end, kernel.host, result, inner) == ("the host's end of 'eth0' is gone", "")


def test_mac_is_compared_whatever_its_case() -> None:
    link = Link(1, "eth0")
    link.mac = "02:00:00:00:00:ab"
    check_mac(link, Interface("eth0", "02:00:00:00:00:AB"))


# Addresses.


def addresses(*texts: str, interface: int | None = 0) -> Result:
    return Result(ips=[IPConfig(parse_prefix(text), None, interface) for text in texts])


def test_addresses_that_are_there_pass(inside: Namespace) -> None:
    link = inside.rtnl.get_link("eth0")
    check_addresses(inside, link, addresses("10.1.2.3/24", "10.9.9.9/32"), 0)
    check_addresses(inside, link, addresses("10.7.7.7/24", interface=1), 0)
    check_addresses(inside, link, addresses("10.7.7.7/24", interface=None), 0)


@pytest.mark.parametrize("text", ["10.1.2.4/24", "10.1.2.3/16", "2001:db8::1/64"])
def test_address_that_is_missing_is_named(container: Container, inside: Namespace, text: str) -> None:
    container.sh("ip -6 address flush dev eth0")
    link = inside.rtnl.get_link("eth0")
    assert refusal(check_addresses, inside, link, addresses("10.1.2.3/24", text), 0) == (
        f"address {text} is missing from eth0",
        "it has 10.1.2.3/24, 10.9.9.9/32",
    )


def test_address_without_its_network_s_route_is_found_out(container: Container, inside: Namespace) -> None:
    container.sh("ip route delete 10.1.2.0/24")
    link = inside.rtnl.get_link("eth0")
    assert refusal(check_addresses, inside, link, addresses("10.1.2.3/24"), 0) == (
        "route to the network of 10.1.2.3/24 is missing",
        "on eth0",
    )


# Routes.


def make_route(dst: str, gw: str = "", table: int | None = None) -> Route:
    return Route(parse_prefix(dst), parse_ip(gw) if gw else None, table=table)


def test_routes_that_are_there_pass(inside: Namespace) -> None:
    there = [
        make_route("10.5.0.0/16", "10.1.2.1"),
        make_route("10.5.1.1/16", table=254),
        make_route("10.5.0.0/16", table=0),  # the kernel takes it for 254
        make_route("0.0.0.0/0", "10.1.2.99"),  # another gateway is allowed here only
        make_route("10.6.0.0/16", "10.1.2.1", 5000),
    ]
    link = inside.rtnl.get_link("eth0")
    check_routes(inside, link, there)
    check_routes(inside, link, [])


@pytest.mark.parametrize(
    "missing, msg, details",
    [
        (make_route("10.7.0.0/16"), "route to 10.7.0.0/16 is missing from the container", "table 254"),
        (make_route("::/0"), "route to ::/0 is missing from the container", "table 254"),
        (
            make_route("10.5.0.0/16", "10.1.2.9"),
            "route to 10.5.0.0/16 via 10.1.2.9 is missing from the container",
            "table 254",
        ),
        (make_route("10.6.0.0/16"), "route to 10.6.0.0/16 is missing from the container", "table 254"),
        (make_route("10.5.0.0/16", table=5), "route to 10.5.0.0/16 is missing from the container", "table 5"),
    ],
)
def test_route_that_is_missing_is_named(inside: Namespace, missing: Route, msg: str, details: str) -> None:
    assert refusal(check_routes, inside, inside.rtnl.get_link("eth0"), [missing]) == (msg, details)


def test_route_that_a_rule_for_the_address_leads_to_is_found(container: Container, inside: Namespace) -> None:
    link, moved = inside.rtnl.get_link("eth0"), make_route("10.77.0.0/16", "10.1.2.1")
    container.sh("ip route add 10.77.0.0/16 via 10.1.2.1 table 300")
    text = "route to 10.77.0.0/16 via 10.1.2.1 is missing from the container"
    assert refusal(check_routes, inside, link, [moved]) == (text, "table 254")
    container.sh("ip rule add from 10.1.2.3 lookup 300")
    check_routes(inside, link, [moved])
    asked = make_route("10.77.0.0/16", "10.1.2.1")
    asked.table = 254
    assert refusal(check_routes, inside, link, [asked]) == (text, "table 254"), (
        "one that is to be there is looked for there"
    )
