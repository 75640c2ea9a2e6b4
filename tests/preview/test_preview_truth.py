"""A preview is true: done by hand it leaves the same host as the verb itself, and the result is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from firewall_lab import Iptables
from preview_lab import Rehearsed, container, known_result, lines, network

from poplin.runtime import Attachment, NetworkList

V4, V6 = "10.1.2.0/24", "fd00:1::/64"
EVERYWHERE = ("0.0.0.0/0", "::/0")
WEB = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}
NAMES = {"hostPort": 53, "containerPort": 5353, "protocol": "udp"}
ONE_ADDRESS = {"hostPort": 8443, "containerPort": 443, "protocol": "tcp", "hostIP": "192.0.2.1"}
ODD_ROUTES = [{"dst": "10.5.0.0/16", "gw": "10.1.2.9"}, {"dst": "10.6.0.0/16", "mtu": 1400, "table": 77, "scope": 0}]
LIMITS = {"ingressRate": 10**7, "ingressBurst": 10**6, "egressRate": 8 * 10**6, "egressBurst": 8 * 10**5}
MAC = "02:ab:cd:ef:00:01"


SUBNET_ENV = (
    "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.2.1/24\n"
    "FLANNEL_IPV6_NETWORK=fd00::/48\nFLANNEL_IPV6_SUBNET=fd00:0:0:1::1/64\n"
    "FLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n"
)


LO_DOWN = ["ip -n blue link set dev lo down"]  # there is no asking whether it is


@dataclass
class Case:
    """A network made from the folder of leases, what the container asks for, and what was there before."""

    network: Callable[[str], NetworkList]
    asks: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Rehearsed], object] = lambda host: None


def leases(folder: str, *subnets: str, routes: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """An `ipam` section."""
    ranges = [[{"subnet": subnet}] for subnet in subnets]
    ipam = {"type": "host-local", "dataDir": folder, "ranges": ranges, "routes": [{"dst": dst} for dst in routes]}
    return ipam | fields


def bridge(*subnets: str, **fields: Any) -> Callable[[str], NetworkList]:
    """A bridge network."""
    return lambda folder: network(bridge_plugin(folder, *subnets, **fields))


def bridge_plugin(folder: str, *subnets: str, routes: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    """Its plugin."""
    ipam = {"ipam": leases(folder, *subnets, routes=routes)} if subnets else {}
    return {"type": "bridge", "bridge": "br0", **ipam, **fields}


def limited(**fields: Any) -> Callable[[str], NetworkList]:
    """A bridge network whose containers are limited."""
    bandwidth = {"type": "bandwidth", "capabilities": {"bandwidth": True}, **fields}
    return lambda folder: network(bridge_plugin(folder, V4, V6, isGateway=True), bandwidth)


def publishing(*subnets: str, **fields: Any) -> Callable[[str], NetworkList]:
    """A bridge network whose containers publish ports."""
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}, **fields}
    return lambda folder: network(bridge_plugin(folder, *subnets, isGateway=True, ipMasq=True), portmap)


def ptp(*subnets: str, **fields: Any) -> Callable[[str], NetworkList]:
    """A ptp network."""
    return lambda folder: network({"type": "ptp", "ipam": leases(folder, *subnets, routes=EVERYWHERE), **fields})


def host_device(*subnets: str, **fields: Any) -> Callable[[str], NetworkList]:
    """A network that gives one of the host's devices."""

    def make(folder: str) -> NetworkList:
        ipam = {"ipam": leases(folder, *subnets, routes=EVERYWHERE)} if subnets else {}
        return network({"type": "host-device", "device": "ens1", **ipam, **fields})

    return make


def on_link(kind: str, *subnets: str, **fields: Any) -> Callable[[str], NetworkList]:
    """A network of containers on one of the host's links."""

    def make(folder: str) -> NetworkList:
        ipam = {"ipam": leases(folder, *subnets, routes=EVERYWHERE)} if subnets else {}
        return network({"type": kind, **fields, **ipam})

    return make


def static(folder: str) -> NetworkList:
    """A bridge network with addresses from the configuration."""
    addresses = [{"address": "10.1.2.7/24", "gateway": "10.1.2.1"}, {"address": "fd00:1::7/64"}]
    ipam = {"type": "static", "addresses": addresses, "routes": ODD_ROUTES}
    return network({"type": "bridge", "bridge": "br0", "isGateway": True, "ipam": ipam})


def attach_red(*others: Callable[[str], NetworkList]) -> Callable[[Rehearsed], object]:
    """Another container was there before, on these networks, an interface each."""

    def prepare(host: Rehearsed) -> None:
        red = host.add_container("red")
        for number, other in enumerate(others):
            host.do("ADD", other(str(host.leases)), Attachment("red", red.path, f"eth{number}"))

    return prepare


def uplink(host: Rehearsed) -> None:
    """The host's way out takes only small packets."""
    host.sh("ip link add up0 mtu 1400 type veth peer name up1")
    host.sh("ip address add 192.0.2.1/24 dev up0 && ip link set up0 up && ip link set up1 up")
    host.sh("ip route add default via 192.0.2.2")


def card(host: Rehearsed) -> None:
    """The host has a device to give."""
    host.sh("ip link add ens1 type veth peer name wire && ip link set wire up")
    host.sh("ip link set ens1 up alias 'the one on the left'")
    host.sh("ip link property add dev ens1 altname enp5s0")


def link_inside(host: Rehearsed) -> None:
    """The container has a link already."""
    host.sh(
        "ip -n blue link add up0 type veth peer name up1 && ip -n blue link set up0 up && ip -n blue link set up1 up"
    )


def beside(folder: str, name: str) -> str:
    """A place beside the leases'."""
    return f"{folder.rpartition('/')[0]}/{name}"


def tuned(**fields: Any) -> Callable[[str], NetworkList]:
    """A bridge network whose interfaces are tuned."""

    def make(folder: str) -> NetworkList:
        bridge = bridge_plugin(folder, V4, V6, isDefaultGateway=True, capabilities={"mac": True})
        return network(bridge, {"type": "tuning", "dataDir": beside(folder, "tuning"), **fields})

    return make


def flannel(folder: str) -> NetworkList:
    """A flannel network; what is kept is among the leases, where it is compared."""
    places = {"subnetFile": beside(folder, "subnet.env"), "dataDir": f"{folder}/flannel", "ipam": {"dataDir": folder}}
    return network({"type": "flannel", "delegate": {"bridge": "br0", "isDefaultGateway": True}, **places})


def daemon(host: Rehearsed) -> None:
    """flannel's has written what it has to say."""
    (host.folder / "subnet.env").write_text(SUBNET_ENV)


def firewalled(**fields: Any) -> Callable[[str], NetworkList]:
    """A bridge network whose containers are let through."""

    def make(folder: str) -> NetworkList:
        plain = bridge_plugin(folder, V4, V6, isDefaultGateway=True)
        return network(plain, {"type": "firewall", "backend": "nftables", **fields})

    return make


def docker(host: Rehearsed) -> None:
    """Docker is there, with iptables of both kinds."""
    for kind in ("nft", "legacy"):
        Iptables(host.host, kind).be_docker()


def named(name: str, make: Callable[[str], NetworkList]) -> Callable[[str], NetworkList]:
    """The network under another name."""

    def renamed(folder: str) -> NetworkList:
        made = make(folder)
        return network(*(plugin.source for plugin in made.plugins), name=name)

    return renamed


ports = {"capability_args": {"portMappings": [WEB, NAMES, ONE_ADDRESS]}}
FULL = bridge(V4, V6, isDefaultGateway=True, ipMasq=True, routes=EVERYWHERE)
CASES = {
    "bridge without anything": Case(bridge()),
    "bridge of IPv4": Case(bridge(V4)),
    "bridge with gateway, masquerade, both versions": Case(FULL),
    "bridge with all switches": Case(
        lambda folder: network(
            {
                **bridge_plugin(folder, V4, isGateway=True, mtu=1300, hairpinMode=True, portIsolation=True),
                **{"macspoofchk": True, "capabilities": {"mac": True}},
            }
        ),
        {"capability_args": {"mac": MAC}},
    ),
    "bridge with a promiscuous mode and duplicate detection": Case(
        bridge(V4, V6, isGateway=True, promiscMode=True, enabledad=True)
    ),
    "bridge of an old version": Case(
        lambda folder: network(bridge_plugin(folder, V4, isGateway=True, ipMasq=True), version="0.3.1")
    ),
    "bridge, requested address": Case(bridge(V4), {"args": (("IP", "10.1.2.99"),)}),
    "bridge, second container": Case(FULL, before=attach_red(FULL)),
    "bridge, smaller network kept before": Case(
        bridge("10.1.0.0/16", isGateway=True, ipMasq=True),
        before=attach_red(named("small", bridge("10.1.9.0/24", bridge="br9", ipMasq=True))),
    ),
    "bridge, wider network kept before": Case(
        bridge(V4, isGateway=True, ipMasq=True),
        before=attach_red(named("wide", bridge("10.1.0.0/16", bridge="br9", ipMasq=True))),
    ),
    "bridge made by others": Case(
        bridge(V4, isGateway=True, forceAddress=True),
        before=lambda host: (host.sh("ip link add br0 type bridge"), host.sh("ip address add 10.9.9.1/24 dev br0")),
    ),
    "bridge behind a small uplink": Case(bridge(V4, isGateway=True), before=uplink),
    "bridge in a namespace without a name": Case(FULL, {"path": "/proc/self/root/run/netns/blue"}),
    "bridge under odd names": Case(bridge(V4, V6, bridge="br$(x)'0", isGateway=True), {"ifname": "eth;0'\""}),
    "static": Case(static),
    "ptp of both versions with masquerade": Case(ptp(V4, V6, ipMasq=True, mtu=1400)),
    "ptp of IPv4": Case(ptp(V4)),
    "ptp, second container": Case(ptp(V4, V6), before=attach_red(ptp(V4, V6))),
    "host-device of both versions": Case(host_device(V4, V6), before=card),
    "host-device without addresses": Case(host_device(), before=card),
    "host-device in a namespace without a name": Case(
        host_device(V4), {"path": "/proc/self/root/run/netns/blue"}, before=card
    ),
    "host-device under odd names": Case(host_device(V4), {"ifname": "eth;0'\""}, before=card),
    "host-device by an alternative name": Case(host_device(V4, device="enp5s0"), before=card),
    "host-device for a program": Case(host_device(V4, DPDKMode=True), before=card),
    "macvlan of both versions": Case(on_link("macvlan", V4, V6, master="up0", mtu=1300, bcqueuelen=50), before=uplink),
    "macvlan without addresses": Case(on_link("macvlan", master="up0", mode="vepa"), before=uplink),
    "macvlan with a MAC, on the default route's link": Case(
        on_link("macvlan", V4, capabilities={"mac": True}), {"capability_args": {"mac": MAC}}, uplink
    ),
    "macvlan that has all of its master": Case(
        on_link("macvlan", V4, master="up0", mode="passthru", mac=MAC), before=uplink
    ),
    "macvlan in the container": Case(on_link("macvlan", V4, master="up0", linkInContainer=True), before=link_inside),
    "macvlan in a namespace without a name": Case(
        on_link("macvlan", V4, master="up0"), {"path": "/proc/self/root/run/netns/blue"}, before=uplink
    ),
    "macvlan beside an interface of that name on the host": Case(
        on_link("macvlan", V4, master="eth0"),
        before=lambda host: host.sh("ip link add eth0 type veth peer name eth1 && ip link set eth0 up"),
    ),
    "macvlan under odd names": Case(on_link("macvlan", V4, master="up0"), {"ifname": "eth;0'\""}, before=uplink),
    "tap": Case(
        lambda folder: network(
            {
                "type": "tap",
                "owner": 4242,
                "multiQueue": True,
                "mtu": 1400,
                "ipam": leases(folder, V4, V6, routes=EVERYWHERE),
                "capabilities": {"mac": True},
            }
        ),
        {"capability_args": {"mac": MAC}},
    ),
    "tap on a bridge under odd names": Case(
        lambda folder: network({"type": "tap", "bridge": "br$(x)'0", "selinuxContext": "a_u:b_r:c_t:s0"}),
        {"ifname": "eth;0'\""},
        before=lambda host: host.blue.sh('ip link add "br$(x)\'0" type bridge'),
    ),
    "sbr": Case(lambda folder: network(bridge_plugin(folder, V4, V6, isDefaultGateway=True), {"type": "sbr"})),
    "tuning of everything": Case(
        tuned(
            **{"mtu": 1400, "promisc": True, "allmulti": True, "txQLen": 7, "mac": "02:ab:cd:ef:00:02"},
            sysctl={"net.ipv4.conf.IFNAME.arp_filter": "1", "net.ipv4.ip_local_port_range": "2048 65000"},
        ),
        {"capability_args": {"mac": MAC}},
    ),
    "tuning of switches under odd names": Case(
        tuned(sysctl={"net.ipv4.conf.IFNAME.arp_filter": "1"}), {"ifname": "eth;0'\""}
    ),
    "tuning of nothing": Case(tuned()),
    "flannel": Case(flannel, before=daemon),
    "flannel, second interface": Case(
        flannel,
        {"ifname": "eth1"},
        before=lambda host: (daemon(host), host.do("ADD", flannel(str(host.leases)), container())),
    ),
    "firewall": Case(firewalled(ingressPolicy="isolated", iptablesAdminChainName="site")),
    "firewall, second container": Case(firewalled(), before=attach_red(firewalled())),
    "firewall beside Docker": Case(firewalled(), before=docker),
    "firewall beside Docker, second container": Case(
        firewalled(), before=lambda host: (docker(host), attach_red(firewalled())(host))
    ),
    "loopback": Case(lambda folder: network({"type": "loopback"})),
    "ports": Case(publishing(V4, V6), ports),
    "ports, masqAll": Case(publishing(V4, V6, masqAll=True), ports),
    "ports, none": Case(publishing(V4)),
    "limits": Case(limited(), {"capability_args": {"bandwidth": LIMITS}}),
    "limits of another container before": Case(
        limited(), {"capability_args": {"bandwidth": LIMITS}}, attach_red(limited(**LIMITS))
    ),
    "limits for subnets": Case(limited(**LIMITS, unshapedSubnets=["10.0.0.0/8", "fd00::/33"])),
    "limits, none": Case(limited()),
    "ports under conditions": Case(
        publishing(V4, conditionsV4=["ip", "saddr", "!=", "192.0.2.0/24"]),
        ports,
    ),
    "ports, of a container before": Case(
        publishing(V4, V6), {"capability_args": {"portMappings": [NAMES]}}, attach_red(publishing(V4, V6))
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_preview_says_is_what_happens(rehearsed: Rehearsed, name: str) -> None:
    case = CASES[name]
    wanted, blue = case.network(str(rehearsed.leases)), container(**case.asks)
    case.before(rehearsed)
    with rehearsed.untouched():
        attached = rehearsed.preview("ADD", wanted, blue)
    rehearsed.replay(attached.steps)
    with rehearsed.untouched():
        detached = rehearsed.preview("DEL", wanted, blue)
    by_hand = rehearsed.state()
    rehearsed.replay(detached.steps)
    by_hand_after = rehearsed.state()
    assert lines(rehearsed.preview("DEL", wanted, blue)) == LO_DOWN * (name == "loopback")

    rehearsed.again()
    case.before(rehearsed)
    assert known_result(attached) == rehearsed.do("ADD", wanted, blue)
    assert by_hand ^ rehearsed.state() == set()
    assert lines(detached) == lines(rehearsed.preview("DEL", wanted, blue))
    rehearsed.do("DEL", wanted, blue)
    assert by_hand_after ^ rehearsed.state() == set()
