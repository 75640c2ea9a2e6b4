"""The same for what is on the host's links, for its devices, and for DHCP. The network is the namespace `lan`."""

from __future__ import annotations

from typing import Any

from docs.troubles import ADD, ADDED, BRIDGE, CHECK, STATIC, Trouble, network

DEL = "poplin del mynet /run/netns/blue"
STATUS = "poplin status mynet"
SECOND = "poplin add mynet /run/netns/green"


def on_link(kind: str = "macvlan", master: str = "up0", **fields: Any) -> str:
    """A network on up0."""
    return network({"type": kind, "master": master, "ipam": STATIC, **fields})


def leased(kind: str = "macvlan", version: str = "1.1.0", **ipam: Any) -> str:
    """A network whose addresses come from a server."""
    return network({"type": kind, "master": "up0", "ipam": {"type": "dhcp", **ipam}}, version=version)


GIVING = network({"type": "host-device", "device": "ens1"})
LINK = "ip link add up0 type veth peer name up1 && ip link set up0 up"
CARD = "ip link add ens1 type veth peer name wire"
LAN = """ip netns add lan
ip link add up0 type veth peer name eth0 netns lan && ip link set up0 up
ip -n lan link set eth0 up && ip -n lan address add 192.168.1.1/24 dev eth0"""
SERVER = (
    "ip netns exec lan dnsmasq --no-daemon --conf-file=/dev/null --pid-file= --port=0 --interface=eth0 "
    "--no-ping --leasefile-ro --dhcp-range=192.168.1.100,192.168.1.199,1h 2>/dev/null >&2 &"
)
LISTENING = "until ss -xlH src /run/cni/dhcp.sock | grep -q dhcp; do sleep 0.05; done"  # a file may be stale
DAEMON = f"poplin dhcp daemon -timeout 200ms -resendmax 200ms -resendtimeout 20s 2>/dev/null &\n{LISTENING}"
HASTY = DAEMON.replace("20s", "1s")
THEIRS = f"/usr/lib/cni/dhcp daemon 2>/dev/null >&2 &\n{LISTENING}"
END = "kill $!; wait $! 2>/dev/null; true"  # of what was last put into the background

LAN_TROUBLES = (
    # On a link.
    Trouble("there is no link '...', the `master`", ADD, on_link(), f"{LINK} && {ADD}"),
    Trouble("missing `master`", ADD, on_link("vlan", ""), f"{LINK}\n{on_link('vlan')}\n{STATUS}"),
    Trouble("the host has no default route", ADD, f"{LINK}\n{on_link(master='')}"),
    Trouble("invalid mtu ...; on ...", ADD, f"{LINK}\n{on_link(mtu=9000)}"),
    Trouble("unknown mode", ADD, f"{LINK}\n{on_link(mode='bridged')}", f"{on_link(mode='bridge')}\n{ADD}"),
    Trouble("the master '...' is down", STATUS, f"{LINK}; ip link set up0 down\n{on_link('vlan')}"),
    Trouble(
        "ip link add ... type macvlan ...: Device or",
        ADD,
        f"{LINK}; ip link add br0 type bridge; ip link set up0 master br0\n{on_link()}",
        f"{on_link(master='br0')}\n{ADD}",
    ),
    Trouble(
        "ip link add ... type macvlan ...: Invalid",
        SECOND,
        f"{LINK}\n{on_link(mode='passthru')}\n{ADDED}",
    ),
    Trouble(
        "ip link set dev ...: Address already in use",
        SECOND,
        f"{LINK}\n{on_link(mac='02:00:00:00:00:01')}\n{ADDED}",
        f"{on_link()}\n{SECOND}",
    ),
    Trouble(
        "prevResult must have one interface",
        ADD,
        network(BRIDGE, {"type": "ipvlan"}),
        f"{LINK}\n{network(BRIDGE, {'type': 'ipvlan', 'master': 'up0'})}\n{STATUS}",
    ),
    Trouble("the master '...' is gone", CHECK, f"{LINK}\n{on_link()}\n{ADDED}; ip link delete up0", f"{LINK}\n{ADD}"),
    Trouble(
        "interface '...' has another mtu",
        CHECK,
        f"{LINK}\n{on_link(mtu=1400)}\n{ADDED}; ip -n blue link set eth0 mtu 1300",
    ),
    # Devices.
    Trouble("no selector says which device", ADD, network({"type": "host-device"}), f"{GIVING}\n{CARD} && {ADD}"),
    Trouble("the host has no interface of", ADD, GIVING, f"{CARD} && {ADD}"),
    Trouble("'...' cannot be given back", DEL, f"{GIVING}\n{CARD}; {ADDED}; ip link add ens1 type bridge"),
    Trouble("there is no bridge '...'", ADD, network({"type": "tap", "bridge": "br1"})),
    # DHCP.
    Trouble("no DHCP daemon answers", STATUS, f"{LINK}\n{leased()}", f"{LISTENING} && {STATUS}"),
    Trouble(
        "what listens at ... is no DHCP daemon of Poplin's",
        ADD,
        f"{LAN}\n{leased()}\n{SERVER}\n{THEIRS}",
        f"{END}\n{DAEMON}\n{ADD}",
    ),
    Trouble("no more tries: ...", ADD, f"{LAN}\n{leased()}\n{HASTY}", f"{END}\n{SERVER}\n{DAEMON}\n{ADD}"),
    Trouble(
        "ptp cannot have its addresses from dhcp",
        ADD,
        f"{LAN}\n{SERVER}\n{DAEMON}\n{leased('ptp')}",
        f"{leased()}\n{ADD}",
    ),
    Trouble(
        "unknown DHCP option",
        ADD,
        f"{LAN}\n{SERVER}\n{DAEMON}\n{leased(request=[{'option': 'hostname'}])}",
        f"{leased(request=[{'option': 'host-name'}, {'option': '42'}])}\n{ADD}",
    ),
    Trouble(
        "there is no interface '...' in ...; use dhcp",
        ADD,
        f"{LAN}\n{SERVER}\n{DAEMON}\n{leased('ptp', '1.0.0')}\n"
        "mkdir -p /opt/cni/bin; cp /usr/lib/cni/ptp /opt/cni/bin; export CNI_PATH=/opt/cni/bin:$PWD/bin",
        f"{leased()}\n{ADD}",
    ),
    Trouble(
        "no lease is maintained for",
        CHECK,
        f"{LAN}\n{SERVER}\n{DAEMON}\n{leased()}\n{ADDED}\n{END}\nrm /run/cni/dhcp/*.json\n{DAEMON}",
    ),
    Trouble(
        "a DHCP daemon listens at",
        "poplin dhcp daemon",
        THEIRS,
        f"{END}\n{DAEMON}\n{LINK}\n{leased()}\n{STATUS}",
    ),
    Trouble(
        "another DHCP daemon keeps these leases",
        "poplin dhcp daemon",
        DAEMON,
        f"{END}\n{DAEMON}\n{LINK}\n{leased()}\n{STATUS}",
    ),
)

# As IN_THE_CODE.
LAN_IN_THE_CODE = (
    "... has a device for VLAN",  # tests/vm has a kernel that can
    "this kernel knows no ...",  # tests/plugins/kit
    "cannot open ...: ...; load it",  # tests/plugins/tap
    "the lease of ... ran out",  # tests/dhcp waits for it
    "the DHCP daemon at ... gave no answer",  # tests/plugins/dhcp
    "the DHCP daemon at ... does not answer",  # the same, after ten seconds
)
