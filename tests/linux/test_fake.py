"""The kernel in memory against the real one: the same scenarios, the same refusals, the same tables afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from errno import EADDRNOTAVAIL, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ESRCH
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.fake.mirror import MirrorKernel
from poplin.linux.kernel import Kernel
from poplin.linux.neighbour import is_on_link
from poplin.linux.netlink import NetlinkError, Request
from poplin.linux.netns import Namespace
from poplin.linux.shaping import Shape, ensure_shape, read_shape
from poplin.linux.wire import addr, neigh
from poplin.linux.wire.addr import add_address, delete_address
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.bucket import make_bucket
from poplin.linux.wire.filter import ALL, Filter, add_filter, delete_filter, delete_filters
from poplin.linux.wire.htb import add_class, add_htb
from poplin.linux.wire.ifb import add_ifb
from poplin.linux.wire.link import Link, delete_group, delete_link, parse_mac, set_link
from poplin.linux.wire.macvlan import add_macvlan, find_mode
from poplin.linux.wire.move import delete_alternative_name, move_link, rename_link
from poplin.linux.wire.qdisc import TC_H_CLSACT_INGRESS, TC_H_INGRESS, add_fifo, add_ingress, delete_qdisc
from poplin.linux.wire.route import RouteEntry, add_route, append_route, delete_route
from poplin.linux.wire.tbf import set_tbf
from poplin.linux.wire.upper import Upper
from poplin.linux.wire.veth import add_veth
from poplin.spec.address import parse_ip, parse_prefix

MAC, OTHER = parse_mac("02:00:00:00:00:01"), parse_mac("02:00:00:00:00:02")
BUCKET, SLOWER = make_bucket(10**6, 10**5, 25_000), make_bucket(10**5, 10**5, 25_000)
SUBNETS = Shape(BUCKET, (parse_prefix("fd00::/8"), parse_prefix("10.0.0.0/8")), "src", is_excluding=True)
ADDRESS, FAR, NEAR = parse_prefix("10.1.2.3/24"), parse_prefix("10.5.0.0/16"), parse_ip("10.1.2.1")


class World:
    """A host and a container, whichever kernel they are on."""

    def __init__(self, host: Namespace, container: Namespace) -> None:
        self.host = host
        self.container = container

    def index(self, name: str, where: str = "host") -> int:
        """The number of a link that must be there."""
        return self.namespace(where).rtnl.get_link(name).index

    def namespace(self, where: str) -> Namespace:
        return self.host if where == "host" else self.container

    def do(self, *requests: Request, where: str = "host") -> int:
        """errno of the first refusal, 0 if there is none."""
        try:
            self.namespace(where).rtnl.apply(*requests)
        except NetlinkError as error:
            return error.errno or -1
        return 0

    def move(self, name: str, where: str, new_name: str, *, alias: str, up: bool = False) -> int:
        """A link goes to the other namespace."""
        moved = self.namespace(where).rtnl.get_link(name)
        there = self.host if where == "container" else self.container
        return self.do(move_link(moved, there.fd, new_name, alias=alias, up=up), where=where)

    def links(self, where: str) -> list[tuple[object, ...]]:
        """Name, kind, MTU, up, alias, master's and peer's name of each link."""
        links = self.namespace(where).rtnl.list_links()
        names = {each.index: each.name for each in links}
        told = [(e.name, e.kind, e.mtu, e.is_up, e.alias, names.get(e.master)) for e in links]
        return sorted(told, key=str)

    def tables(self, where: str) -> tuple[list[object], ...]:
        """What a namespace holds, without numbers, random addresses and what the kernel adds by itself."""
        rtnl = self.namespace(where).rtnl
        names = {each.index: each.name for each in rtnl.list_links()}
        addresses = [(names[a.index], str(a.prefix)) for a in rtnl.list_addresses(family=2) if names[a.index] != "lo"]
        routes = [
            (names[r.index], str(r.dst), str(r.gw), r.table, r.priority, r.mtu, r.scope, r.protocol)
            for r in rtnl.list_routes(2)
        ]
        return self.links(where), sorted(addresses), sorted(routes, key=lambda told: (told[3:5], told[1]))


@pytest.fixture
def real(host: Host, container: Container) -> Iterator[World]:
    with Namespace(host.path) as outside, Namespace(container.path) as inside:
        outside.rtnl.apply(set_link("lo", up=False))  # the laboratory sets it up
        yield World(outside, inside)


@pytest.fixture
def fake() -> World:
    kernel = FakeKernel(["/run/netns/c1"])
    return World(kernel.host, kernel.open("/run/netns/c1"))


def make_pair(world: World) -> int:
    """`veth0` on the host, `eth0` in the container."""
    return world.do(add_veth("veth0", "eth0", world.container.fd, mtu=1400, peer_mac=MAC))


def address_eth0(world: World) -> int:
    """The pair, both ends up, with an address inside."""
    make_pair(world)
    world.do(set_link("veth0", up=True))
    index = world.index("eth0", "container")
    return world.do(add_address("eth0", index, ADDRESS), set_link("eth0", index, up=True), where="container")


def make_macvlan(world: World, master: str, mode: str, name: str = "eth0", where: str = "container", **how: Any) -> int:
    """A macvlan on a link of the host's."""
    below = world.host.rtnl.get_link(master)
    return world.do(add_macvlan(Upper(name, below, world.namespace(where).fd, **how), mode))


# Scenarios: each is a list of steps and what each of them answers.

Step = Callable[[World], object]


def on_eth0(make: Callable[[int], Request]) -> Step:
    """A request about eth0 in the container, by its number."""
    return lambda world: world.do(make(world.index("eth0", "container")), where="container")


def on_host(*requests: Request) -> Step:
    return lambda world: world.do(*requests)


def on_veth0(make: Callable[[int], Request]) -> Step:
    """A request about veth0 on the host, by its number."""
    return lambda world: world.do(make(world.index("veth0")))


def shape(world: World) -> Shape | None:
    """How veth0 on the host is shaped."""
    return read_shape(world.host.rtnl, world.host.rtnl.get_link("veth0"))


def filters(world: World, parent: int = TC_H_CLSACT_INGRESS) -> list[Filter]:
    """Those at veth0 on the host."""
    return world.host.rtnl.list_filters("veth0", world.index("veth0"), parent)


def redirect(index: int, target: int) -> Request:
    """What comes in goes to another link."""
    return add_filter("veth0", index, Filter(TC_H_CLSACT_INGRESS, 1, ALL, 0x10001, redirect=target), "u32 0 0", "bwp0")


def described(link: Link) -> tuple[str, bool, str]:
    """What a move changes, and what it does not."""
    return link.alias, link.is_up, link.mac


def tuned(world: World) -> tuple[object, ...]:
    """What can be changed of eth0 in the container while it works."""
    link = world.container.rtnl.get_link("eth0")
    return link.mac, link.mtu, link.txqlen, link.is_promiscuous, link.takes_all_multicast


def route(**how: object) -> Callable[[int], RouteEntry]:
    return lambda index: RouteEntry(FAR, index, **how)  # type: ignore[arg-type]


SCENARIOS: dict[str, list[tuple[Step, object]]] = {
    "a bridge is made once": [(on_host(add_bridge("br0", MAC)), 0), (on_host(add_bridge("br0", MAC)), EEXIST)],
    "a pair is made once": [(make_pair, 0), (make_pair, EEXIST)],
    "a pair whose far name is taken is not made at all": [
        (make_pair, 0),
        (lambda world: world.do(add_veth("veth1", "eth0", world.container.fd)), EEXIST),
        (lambda world: world.host.rtnl.find_link("veth1"), None),
    ],
    "a pair goes as a whole": [
        (make_pair, 0),
        (lambda world: world.container.rtnl.remove_link("eth0"), True),
        (lambda world: world.host.rtnl.remove_link("veth0"), False),
    ],
    "the ends of a pair know each other": [
        (make_pair, 0),
        (lambda world: world.host.rtnl.get_link("veth0").link == world.index("eth0", "container"), True),
        (lambda world: world.container.rtnl.get_link("eth0").link == world.index("veth0"), True),
        (lambda world: world.container.rtnl.get_link("eth0").mac, "02:00:00:00:00:01"),
    ],
    "a pair within one namespace": [(lambda world: world.do(add_veth("veth0", "veth1", world.host.fd)), 0)],
    "what is absent cannot be changed": [
        (on_host(set_link("gone", up=True)), ENODEV),
        (on_host(set_link("gone", 4242, up=True)), ENODEV),
        (on_host(delete_link("gone")), ENODEV),
        (on_host(delete_group(77)), ENODEV),
        (lambda world: world.host.rtnl.find_link_by_index(4242), None),
    ],
    "after a refusal the rest is done": [
        (on_host(set_link("gone", up=True), add_bridge("br0", MAC), add_bridge("br0", MAC)), ENODEV),
        (on_host(set_link("br0", alias="ours", up=True)), 0),
    ],
    "a port is freed when its bridge goes": [
        (make_pair, 0),
        (on_host(add_bridge("br0", MAC)), 0),
        (lambda world: world.do(set_link("veth0", master=world.index("br0"), up=True)), 0),
        (lambda world: [e.name for e in world.host.rtnl.list_links(master=world.index("br0"))], ["veth0"]),
        (lambda world: [e.name for e in world.host.rtnl.list_links("bridge")], ["br0"]),
        (on_host(delete_link("br0")), 0),
    ],
    "many links go at once": [
        (lambda world: [world.do(add_veth(f"veth{n}", f"eth{n}", world.container.fd)) for n in range(4)], [0] * 4),
        (on_host(add_bridge("br0", MAC)), 0),
        (lambda world: world.host.rtnl.remove_links(world.host.rtnl.list_links("veth")[:3]), None),
        (lambda world: len(world.container.rtnl.list_links("veth")), 1),
        (lambda world: world.host.rtnl.remove_links(world.host.rtnl.list_links("veth")), None),
    ],
    "an address is added once and deleted once": [
        (address_eth0, 0),
        (on_eth0(lambda index: add_address("eth0", index, ADDRESS)), EEXIST),
        (on_eth0(lambda index: add_address("eth0", index, parse_prefix("10.1.3.4/24"))), 0),
        (on_eth0(lambda index: delete_address("eth0", index, ADDRESS)), 0),
        (on_eth0(lambda index: delete_address("eth0", index, ADDRESS)), EADDRNOTAVAIL),
        (on_eth0(lambda index: add_address("eth0", 4242, ADDRESS)), ENODEV),
    ],
    "one route to a destination, unless it is appended": [
        (address_eth0, 0),
        (on_eth0(lambda index: add_route("eth0", route(gw=NEAR)(index))), 0),
        (on_eth0(lambda index: add_route("eth0", route(gw=NEAR)(index))), EEXIST),
        (on_eth0(lambda index: add_route("eth0", route(gw=NEAR + 1)(index))), EEXIST),
        (on_eth0(lambda index: append_route("eth0", route(gw=NEAR + 1)(index))), 0),
        (on_eth0(lambda index: append_route("eth0", route(gw=NEAR)(index))), EEXIST),
        (on_eth0(lambda index: add_route("eth0", route(priority=9)(index))), 0),
        (on_eth0(lambda index: add_route("eth0", route(table=5000, mtu=1400, scope=200)(index))), 0),
        (on_eth0(lambda index: add_route("eth0", RouteEntry(FAR, 4242))), ENODEV),
    ],
    "a route is deleted once": [
        (address_eth0, 0),
        (on_eth0(lambda index: add_route("eth0", route(gw=NEAR)(index))), 0),
        (on_eth0(lambda index: delete_route("eth0", route(gw=NEAR)(index))), 0),
        (on_eth0(lambda index: delete_route("eth0", route(gw=NEAR)(index))), ESRCH),
    ],
    "the kernel's own route comes and goes with address and link": [
        (address_eth0, 0),
        (lambda world: [str(r.dst) for r in world.container.rtnl.list_routes(2)], ["10.1.2.0/24"]),
        (on_eth0(lambda index: add_route("eth0", route(gw=NEAR)(index))), 0),
        (on_eth0(lambda index: set_link("eth0", index, up=False)), 0),
        (lambda world: world.container.rtnl.list_routes(2), []),
        (on_eth0(lambda index: set_link("eth0", index, up=True)), 0),
        (on_eth0(lambda index: add_address("eth0", index, parse_prefix("10.9.9.9/32"))), 0),
        (lambda world: [str(r.dst) for r in world.container.rtnl.list_routes(2)], ["10.1.2.0/24"]),
        (on_eth0(lambda index: delete_address("eth0", index, ADDRESS)), 0),
        (lambda world: world.container.rtnl.list_routes(2), []),
    ],
    "an address may come without a route to its network": [
        (make_pair, 0),
        (on_eth0(lambda index: add_address("eth0", index, ADDRESS, prefix_route=False)), 0),
        (on_eth0(lambda index: set_link("eth0", index, up=True)), 0),
        (lambda world: [str(a.prefix) for a in world.container.rtnl.list_addresses(family=2)], [str(ADDRESS)]),
        (lambda world: world.container.rtnl.list_routes(2), []),
        (on_eth0(lambda index: append_route("eth0", route(scope=253, src=ADDRESS.ip)(index))), 0),
        (lambda world: [(r.src, r.scope) for r in world.container.rtnl.list_routes(2)], [(ADDRESS.ip, 253)]),
    ],
    "a link moves with its name and alias, and leaves what it had": [
        (address_eth0, 0),
        (on_eth0(lambda index: add_route("eth0", route(gw=NEAR)(index))), 0),
        (lambda world: world.move("eth0", "container", "ens1", alias="left"), 0),
        (lambda world: world.container.rtnl.find_link("eth0"), None),
        (lambda world: world.container.rtnl.list_routes(2), []),
        (lambda world: described(world.host.rtnl.get_link("ens1")), ("left", False, "02:00:00:00:00:01")),
        (lambda world: world.move("ens1", "host", "eth0", alias="", up=True), 0),
        (lambda world: described(world.container.rtnl.get_link("eth0")), ("", True, "02:00:00:00:00:01")),
        (lambda world: world.container.rtnl.list_addresses(family=2), []),
    ],
    "a pair is one wherever its ends are": [
        (make_pair, 0),
        (lambda world: world.move("eth0", "container", "ens1", alias=""), 0),
        (lambda world: world.host.rtnl.get_link("veth0").link == world.index("ens1"), True),
        (lambda world: world.host.rtnl.get_link("ens1").netnsid, None),
        (lambda world: world.move("veth0", "host", "eth0", alias=""), 0),
        (on_host(delete_link("ens1")), 0),
    ],
    "a link does not move to where its old name and its new one are taken": [
        (make_pair, 0),
        (on_host(add_bridge("eth0", MAC), add_bridge("ens1", MAC)), 0),
        (lambda world: world.move("eth0", "container", "ens1", alias=""), EEXIST),
        (lambda world: world.container.rtnl.get_link("eth0").kind, "veth"),
    ],
    "a link gets another name, but no other's": [
        (make_pair, 0),
        (on_host(add_bridge("br0", MAC)), 0),
        (lambda world: world.do(rename_link(world.host.rtnl.get_link("veth0"), "br0", alias="x")), EEXIST),
        (lambda world: world.do(rename_link(world.host.rtnl.get_link("veth0"), "ens1", alias="x")), 0),
        (lambda world: world.host.rtnl.get_link("ens1").alias, "x"),
    ],
    "what can be tuned of a link is what it was tuned to": [
        (make_pair, 0),
        (lambda world: tuned(world), ("02:00:00:00:00:01", 1400, 1000, False, False)),
        (on_eth0(lambda index: set_link("eth0", index, mtu=1300, txqlen=0, promisc=True)), 0),
        (lambda world: tuned(world), ("02:00:00:00:00:01", 1300, 0, True, False)),
        (on_eth0(lambda index: set_link("eth0", index, mac=OTHER, promisc=False, allmulti=True, txqlen=7)), 0),
        (lambda world: tuned(world), ("02:00:00:00:00:02", 1300, 7, False, True)),
    ],
    "a macvlan has the MTU of its master, and goes with it": [
        (on_host(add_bridge("br0", MAC, mtu=1400)), 0),
        (lambda world: make_macvlan(world, "br0", "bridge"), 0),
        (lambda world: make_macvlan(world, "br0", "bridge"), EEXIST),
        (lambda world: world.container.rtnl.get_link("eth0").link == world.index("br0"), True),
        (lambda world: find_mode(world.container.rtnl.get_link("eth0")), "bridge"),
        (lambda world: world.container.rtnl.get_link("eth0").netnsid is None, False),
        (lambda world: make_macvlan(world, "br0", "vepa", name="eth1", mtu=1300), 0),
        (lambda world: make_macvlan(world, "br0", "vepa", where="host"), 0),
        (lambda world: world.host.rtnl.get_link("eth0").netnsid, None),
        (lambda world: [each.mtu for each in world.container.rtnl.list_links("macvlan")], [1400, 1300]),
        (on_host(delete_link("br0")), 0),
        (lambda world: world.container.rtnl.list_links("macvlan"), []),
        (lambda world: world.host.rtnl.list_links("macvlan"), []),
    ],
    "a macvlan that has all of its master has its MAC": [
        (on_host(add_bridge("br0", MAC)), 0),
        (lambda world: make_macvlan(world, "br0", "passthru", mac=parse_mac("02:00:00:00:00:02")), 0),
        (lambda world: world.container.rtnl.get_link("eth0").mac, "02:00:00:00:00:01"),
        (lambda world: world.do(add_macvlan(Upper("eth1", Link(4242, "gone"), world.container.fd), "bridge")), ENODEV),
    ],
    "a queue may change, but not into another kind": [
        (make_pair, 0),
        (on_veth0(lambda index: set_tbf("veth0", index, 0x10000, BUCKET)), 0),
        (on_veth0(lambda index: set_tbf("veth0", index, 0x10000, SLOWER)), 0),
        (lambda world: shape(world), Shape(SLOWER)),
        (on_veth0(lambda index: add_htb("veth0", index, 0x10000, 0x10030)), EEXIST),
        (on_veth0(lambda index: delete_qdisc("veth0", index)), 0),
        (on_veth0(lambda index: delete_qdisc("veth0", index)), ENOENT),
        (lambda world: shape(world), None),
        (lambda world: world.do(set_tbf("gone", 4242, 0x10000, BUCKET)), ENODEV),
    ],
    "a queue has classes and filters, which go with it": [
        (make_pair, 0),
        (on_veth0(lambda index: add_class("veth0", index, 0x10030, BUCKET)), ENOENT),
        (on_veth0(lambda index: add_fifo("veth0", index, 0x10030, 0x300000, "bfifo", 9)), ENOENT),
        (lambda world: ensure_shape(world.host.rtnl, world.host.rtnl.get_link("veth0"), SUBNETS), None),
        (lambda world: shape(world), SUBNETS),
        (on_veth0(lambda index: add_class("veth0", index, 0x10030, BUCKET)), EEXIST),
        (lambda world: len(filters(world, 0x10000)), 2),
        (on_veth0(lambda index: delete_qdisc("veth0", index)), 0),
        (lambda world: filters(world, 0x10000), []),
        (lambda world: ensure_shape(world.host.rtnl, world.host.rtnl.get_link("veth0"), Shape(BUCKET)), None),
        (lambda world: shape(world), Shape(BUCKET)),
    ],
    "what comes in is redirected by filters in a place of their own": [
        (make_pair, 0),
        (on_host(add_ifb("bwp0", 1400)), 0),
        (on_veth0(lambda index: redirect(index, 99)), EINVAL),
        (on_veth0(lambda index: add_ingress("veth0", index)), 0),
        (on_veth0(lambda index: add_ingress("veth0", index)), EEXIST),
        (lambda world: world.do(redirect(world.index("veth0"), world.index("bwp0"))), 0),
        (lambda world: [each.redirect == world.index("bwp0") for each in filters(world)], [True]),
        (on_veth0(lambda index: delete_filter("veth0", index, Filter(TC_H_CLSACT_INGRESS, 1, 3, 0, handle=7))), ENOENT),
        (lambda world: world.do(delete_filter("veth0", world.index("veth0"), filters(world)[0])), 0),
        (lambda world: filters(world), []),
        (lambda world: world.do(redirect(world.index("veth0"), world.index("bwp0"))), 0),
        (lambda world: world.do(delete_filters("veth0", world.index("veth0"), filters(world)[0])), 0),
        (lambda world: filters(world), []),
        (lambda world: world.do(redirect(world.index("veth0"), world.index("bwp0"))), 0),
        (on_veth0(lambda index: delete_qdisc("veth0", index, TC_H_INGRESS)), 0),
        (lambda world: filters(world), []),
        (lambda world: world.host.rtnl.find_qdisc("veth0", world.index("veth0"), TC_H_INGRESS), None),
    ],
    "what a link has goes with it": [
        (address_eth0, 0),
        (on_eth0(lambda index: add_route("eth0", route(gw=NEAR)(index))), 0),
        (on_host(delete_link("veth0")), 0),
    ],
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_fake_does_as_the_real_kernel(real: World, fake: World, name: str) -> None:
    for number, (step, wanted) in enumerate(SCENARIOS[name], 1):
        assert (number, step(real), step(fake)) == (number, wanted, wanted)
    assert fake.tables("host") == real.tables("host")
    assert fake.tables("container") == real.tables("container")


@pytest.mark.parametrize("name", SCENARIOS)
def test_mirror_goes_on_where_the_real_kernel_is(real: World, bin_dir: Path, name: str) -> None:
    """Half of the steps are done for real on a second host, and the rest only in memory."""
    other = Host("mirrored", bin_dir)
    inside = other.add_container()
    try:
        with Namespace(other.path) as outside, Namespace(inside.path) as within, other.entered():
            started = World(outside, within)
            started.host.rtnl.apply(set_link("lo", up=False))
            half = len(SCENARIOS[name]) // 2
            for step, wanted in SCENARIOS[name][:half]:
                assert (step(real), step(started)) == (wanted, wanted)
            before = started.tables("host"), started.tables("container")
            kernel = MirrorKernel()
            mirror = World(kernel.host, kernel.open(inside.path))
            for number, (step, wanted) in enumerate(SCENARIOS[name][half:], 1):
                assert (number, step(real), step(mirror)) == (number, wanted, wanted)
            assert mirror.tables("host") == real.tables("host")
            assert mirror.tables("container") == real.tables("container")
            assert (started.tables("host"), started.tables("container")) == before
            kernel.close()
    finally:
        other.remove()


def test_mirror_knows_alternative_names(host: Host, container: Container) -> None:
    host.sh("ip link add veth0 type veth peer name veth1")
    container.sh("ip link add ens1 type bridge")
    host.sh("ip link property add dev veth0 altname ens1 altname the-one-on-the-left")
    with host.entered(), Namespace(host.path) as outside, Namespace(container.path) as inside:
        kernel = MirrorKernel()
        for world in (World(kernel.host, kernel.open(container.path)), World(outside, inside)):
            found = world.host.rtnl.get_link("the-one-on-the-left")
            assert (found.name, found.alternative_names) == ("veth0", ("ens1", "the-one-on-the-left"))
            assert world.do(rename_link(found, "ens1", alias="")) == EEXIST
            assert world.move("veth0", "host", "eth0", alias="") == EEXIST
            assert world.do(delete_alternative_name(found, "ens1")) == 0
            assert world.do(delete_alternative_name(found, "ens1")) == ENOENT
            assert world.do(rename_link(found, "ens1", alias="")) == 0
            assert world.move("ens1", "host", "eth0", alias="") == 0
            assert world.container.rtnl.get_link("the-one-on-the-left").name == "eth0"
        kernel.close()


def test_mirror_knows_a_namespace_by_every_path(host: Host, container: Container) -> None:
    with host.entered():
        kernel = MirrorKernel()
        here = kernel.open(container.path)
        assert here is kernel.open(f"/proc/self/root{container.path}")
        assert (here.identity, here.name) == (Namespace(container.path).identity, container.id)
        assert kernel.open(host.path) is kernel.host
        assert (kernel.is_own_namespace(host.path), kernel.is_own_namespace(container.path)) == (True, False)
        with pytest.raises(FileNotFoundError):
            kernel.open("/run/netns/gone")
        kernel.close()


def test_mirror_takes_switches_for_links_it_made_from_the_default(host: Host, container: Container) -> None:
    container.set_sysctl("net/ipv4/conf/default/arp_notify", "1")
    with host.entered():
        kernel = MirrorKernel()
        inside = kernel.open(container.path)
        kernel.host.rtnl.apply(add_veth("veth0", "eth0", inside.fd, inside.name))
        key = "net/ipv4/conf/eth0/arp_notify"
        assert (inside.read_sysctl(key), kernel.host.read_sysctl("net/ipv4/ip_forward")) == ("1", "0")
        inside.write_sysctl(key, "0")
        assert inside.read_sysctl(key) == "0"
        for change in (inside.read_sysctl, lambda key: inside.write_sysctl(key, "1")):
            with pytest.raises(FileNotFoundError):
                change("net/ipv4/conf/eth9/arp_notify")
        kernel.host.prefer_sysctl("net/ipv4/no_such_switch", "1")
        assert kernel.log[1:] == [f"ip netns exec {container.id} sysctl -w {key}=0"]
        kernel.close()
    assert (container.links(), container.sysctl("net/ipv4/conf/default/arp_notify")) == ([], "1")


def test_mirror_asks_the_real_kernel_the_way_unless_it_was_made_in_memory(host: Host) -> None:
    host.sh("ip link add d0 type bridge")
    host.sh("ip address add 10.1.2.3/24 dev d0")
    host.sh("ip link set d0 up")
    with host.entered():
        kernel = MirrorKernel()
        rtnl = kernel.host.rtnl
        assert (rtnl.is_local(ADDRESS.ip), rtnl.is_local(NEAR), rtnl.find_route_to(FAR.ip)) == (True, False, None)
        assert rtnl.find_route_to(NEAR).index == rtnl.get_link("d0").index  # type: ignore[union-attr]
        rtnl.apply(add_bridge("d1", MAC), set_link("d1", up=True))
        made = rtnl.get_link("d1").index
        rtnl.apply(add_address("d1", made, parse_prefix("10.5.1.1/16")))
        assert rtnl.find_route_to(FAR.ip + 7).index == made  # type: ignore[union-attr]
        assert (rtnl.is_local(parse_ip("10.5.1.1")), rtnl.is_local(FAR.ip + 7)) == (True, False)
        kernel.close()


def test_mirror_asks_no_neighbour(host: Host) -> None:
    host.sh("ip link add d0 type bridge")
    host.sh("ip address add 10.1.2.3/24 dev d0")
    host.sh("ip link set d0 up")
    host.sh("ip neighbour add 10.1.2.1 lladdr 02:00:00:00:00:01 dev d0 nud reachable")
    before = host.sh("ip neighbour")
    with host.entered():
        kernel = MirrorKernel()
        assert (is_on_link(kernel.host, NEAR), is_on_link(kernel.host, NEAR + 8)) == (True, False)
        asked = "# ip neighbour add {} dev d0 nud none use is not done: what the kernel knows already has to do"
        assert kernel.log == [asked.format(NEAR), asked.format(NEAR + 8)]
        kernel.close()
    assert host.sh("ip neighbour") == before


def test_kernels_stand_in_for_each_other(host: Host, container: Container) -> None:
    fake = FakeKernel(["/run/netns/c1"])
    with host.entered():
        for kernel, path in ((Kernel(), container.path), (fake, "/run/netns/c1")):
            assert kernel.host is kernel.host
            assert kernel.open(path).identity != kernel.host.identity
            assert (kernel.is_own_namespace(path), kernel.is_own_namespace("")) == (False, False)
            with pytest.raises(FileNotFoundError):
                kernel.open("/run/netns/gone")
            kernel.open(path).close()
        assert Kernel().is_own_namespace(host.path)
        assert not Kernel().is_own_namespace("/run/netns/gone")
    assert fake.is_own_namespace("host")


def test_log_has_every_change_as_a_command_and_no_refusal() -> None:
    kernel = FakeKernel(["/run/netns/c1"])
    inside = kernel.open("/run/netns/c1")
    kernel.host.rtnl.apply(add_veth("veth0", "eth0", inside.fd, inside.name))
    inside.rtnl.apply(set_link("eth0", up=True))
    with pytest.raises(NetlinkError, match=r"^ip link delete dev gone: No such device$"):
        inside.rtnl.apply(delete_link("gone"))
    inside.write_sysctl("net/ipv4/ip_forward", "1")
    kernel.host.write_sysctl("net/ipv4/ip_forward", "1")
    assert kernel.log == [
        "ip link add veth0 type veth peer name eth0 netns c1",
        "ip -n c1 link set dev eth0 up",
        "ip netns exec c1 sysctl -w net/ipv4/ip_forward=1",
        "sysctl -w net/ipv4/ip_forward=1",
    ]
    assert (inside.read_sysctl("net/ipv4/ip_forward"), inside.read_sysctl("net/ipv4/conf/all/forwarding")) == ("1", "0")


def test_fake_says_so_where_it_knows_nothing() -> None:
    rtnl = FakeKernel().host.rtnl
    neighbour = neigh.set_neighbour("lo", 1, NEAR, MAC)
    for ask in (lambda: rtnl.apply(neighbour), lambda: rtnl.list_neighbours()):
        with pytest.raises(NetlinkError, match="the kernel in memory does not know it") as caught:
            ask()
        assert caught.value.errno == EOPNOTSUPP
    assert rtnl.find_route_to(NEAR) is None


def test_addresses_are_filtered_as_asked() -> None:
    rtnl = FakeKernel().host.rtnl
    rtnl.apply(add_bridge("br0", MAC), add_bridge("br1", MAC))
    four, six = parse_prefix("10.0.0.1/8"), parse_prefix("2001:db8::1/64")
    rtnl.apply(add_address("br0", 2, four), add_address("br0", 2, six), add_address("br1", 3, four))
    assert rtnl.list_addresses(2) == [addr.Address(2, four), addr.Address(2, six, flags=addr.IFA_F_NODAD)]
    assert [each.index for each in rtnl.list_addresses(family=2)] == [2, 3]
