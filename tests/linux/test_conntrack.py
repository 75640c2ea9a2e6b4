"""Flows are found by port and forgotten: on the real kernel with UDP through a dnat rule, and as pyroute2 reads it."""

from __future__ import annotations

from errno import ENOENT
from socket import AF_INET, AF_INET6
from typing import Any

import pytest
from netlab import Container, Host
from pyroute2 import NFCTSocket
from pyroute2.netlink.nfnetlink.nfctsocket import nfct_msg
from traffic import DOUBTFUL, HOPEFUL, add_outside, call, serving

from poplin.linux.conntrack import MOST_WALKS, Flow, delete_flow, flush_udp, list_flows, list_port, remove_flow
from poplin.linux.netlink import NetlinkError, Request, pack_message
from poplin.linux.netns import Namespace
from poplin.linux.nft.ruleset import NetfilterSocket

PORT = 8053
versions = pytest.mark.parametrize("version", [4, 6])


class Lab:
    """Two containers behind a host, one of which gets what comes to the host's ports, and a machine beyond it."""

    def __init__(self, host: Host, version: int) -> None:
        self.host = host
        self.family = "ip" if version == 4 else "ip6"
        self.address = "192.0.2.1" if version == 4 else "2001:db8:f::1"  # the host's
        self.beyond_address = "192.0.2.2" if version == 4 else "2001:db8:f::2"
        self.any = "0.0.0.0" if version == 4 else "::"
        self.network = "10.1.2." if version == 4 else "fd00::"
        host.set_sysctl("net/ipv6/conf/default/accept_dad", "0")  # new links may speak at once
        self.beyond = add_outside(host)
        host.sh("ip link add br0 type bridge")
        self.join(host, "br0", 1)
        for key in ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"):
            host.set_sysctl(key, "1")
        self.beyond.sh(f"ip route add {self.network}{'0/24' if version == 4 else '/64'} via {self.address}")
        self.containers = [self.add_container(number) for number in (2, 3)]

    def join(self, here: Container, link: str, number: int) -> None:
        """Give a link the network's address with this number."""
        here.sh(f"ip address add {self.network}{number}/{24 if self.family == 'ip' else '64 nodad'} dev {link}".strip())
        here.sh(f"ip link set {link} up")

    def add_container(self, number: int) -> Container:
        """One on the bridge."""
        made = self.host.add_container()
        self.host.sh(f"ip link add v{number} type veth peer name eth0 netns {made.id}")
        self.host.sh(f"ip link set v{number} master br0 up")
        self.join(made, "eth0", number)
        made.sh(f"ip {'-6' if self.family == 'ip6' else '-4'} route add default via {self.network}1")
        return made

    def publish(self, number: int, protocol: str = "udp", ports: str = f"{PORT}-{PORT + 99}") -> None:
        """These ports of the host lead to the container with this number."""
        chain = "chain inet lab pre { type nat hook prerouting priority -100; }"
        to = f"dnat {self.family} to {self.network}{number}"
        rule = f"rule inet lab pre fib daddr type local {protocol} dport {ports} {to}"
        self.host.sh(f"nft 'add table inet lab; add {chain}; flush chain inet lab pre; add {rule}'")

    def flows(self) -> list[tuple[int, str, int]]:
        """(protocol, original destination, its port) of every flow, by pyroute2."""
        with self.host.entered(), NFCTSocket(AF_INET if self.family == "ip" else AF_INET6) as socket:
            tuples = [each.get("CTA_TUPLE_ORIG") for each in socket.dump()]
        found = []
        for each in tuples:
            ips, proto = each.get("CTA_TUPLE_IP"), each.get("CTA_TUPLE_PROTO")
            address = ips.get("CTA_IP_V4_DST") or ips.get("CTA_IP_V6_DST")
            found.append((proto.get("CTA_PROTO_NUM"), address, proto.get("CTA_PROTO_DST_PORT")))
        return sorted(each for each in found if each[2])  # not of neighbour discovery

    def call(self, port: int = PORT, source: int = 40000, protocol: str = "udp", patience: int = HOPEFUL) -> str | None:
        """Who answers to the machine beyond the host; an own source port keeps to one flow."""
        answer = call(self.beyond, self.address, port, protocol, source, patience)
        return answer and answer[:3]

    def flush(self, version: int, *ports: int) -> None:
        """What is tested."""
        with Namespace(self.host.path) as host:
            flush_udp(host, version, ports)


@pytest.fixture
def lab(host: Host, request: pytest.FixtureRequest) -> Lab:
    return Lab(host, request.getfixturevalue("version"))


@versions
def test_next_packet_of_a_flow_meets_the_rules_as_they_are_now(lab: Lab, version: int) -> None:
    first, second = lab.containers
    with serving(first, PORT, "udp", lab.any, "one"), serving(second, PORT, "udp", lab.any, "two"):
        lab.publish(2)
        assert lab.call() == "one"
        lab.publish(3)
        assert lab.call() == "one", "the flow was decided by its first packet"
        lab.flush(version, PORT)
        assert lab.call() == "two"
        assert lab.flows() == [(17, lab.address, PORT)]


@versions
def test_other_ports_protocols_and_hosts_keep_their_flows(lab: Lab, version: int) -> None:
    first, _ = lab.containers
    with (
        serving(first, PORT, "udp", lab.any, "one"),
        serving(first, PORT + 1, "udp", lab.any, "one"),
        serving(first, PORT, "tcp", lab.any, "one"),
        serving(lab.beyond, PORT, "udp", lab.any, "far"),
    ):
        lab.publish(2)
        assert (lab.call(), lab.call(PORT + 1)) == ("one", "one")
        lab.publish(2, "tcp")
        assert lab.call(protocol="tcp") == "one"
        assert call(first, lab.beyond_address, PORT, "udp") == f"far{lab.network}2"
    before = lab.flows()
    gone = (17, lab.address, PORT)
    others = [
        (6, lab.address, PORT),
        (17, lab.address, PORT + 1),
        (17, lab.beyond_address, PORT),  # through the host: of a container to the same port of somebody else
    ]
    assert before == sorted([gone, *others])
    lab.flush(version, PORT + 50)
    lab.flush(version)
    lab.flush(10 - version, PORT)
    assert lab.flows() == before
    lab.flush(version, PORT)
    assert lab.flows() == sorted(others)


@pytest.mark.parametrize("version", [4])
def test_many_ports_are_asked_for_at_once(lab: Lab, version: int) -> None:
    with serving(lab.containers[0], PORT, "udp", lab.any, "one"), serving(lab.beyond, PORT, "udp", lab.any, "far"):
        lab.publish(2)
        assert lab.call() == "one"
        assert call(lab.containers[0], lab.beyond_address, PORT, "udp") == "far10.1.2.2"
    assert lab.call(PORT + 99, patience=DOUBTFUL) is None
    lab.flush(version, *range(PORT, PORT + MOST_WALKS + 1))
    assert lab.flows() == [(17, lab.address, PORT + 99), (17, lab.beyond_address, PORT)]


class OldKernel(NetfilterSocket):
    """Before Linux 5.8 a dump has every flow of the family, whatever it was asked for."""

    def dump(self, request: Request) -> list[bytes]:
        return super().dump(Request(request.kind, request.flags, request.body[:4], request.text))


@versions
def test_kernel_that_ignores_the_filter_makes_no_difference(lab: Lab, version: int) -> None:
    with serving(lab.containers[0], PORT, "udp", lab.any, "one"), Namespace(lab.host.path) as host:
        lab.publish(2)
        assert (lab.call(), lab.call(PORT + 1, patience=DOUBTFUL)) == ("one", None)
        host.nft.close()
        host.nft.socket = host.run(OldKernel)
        assert len(list_flows(host.nft.socket, version, "udp", [PORT])) == 2
        flush_udp(host, version, [PORT])
    assert lab.flows() == [(17, lab.address, PORT + 1)]


@versions
def test_flow_in_a_zone_is_forgotten_too(lab: Lab, version: int) -> None:
    lab.host.sh("nft 'add table inet z; add chain inet z raw { type filter hook prerouting priority raw; }'")
    lab.host.sh(f"nft 'add rule inet z raw udp dport {PORT} ct zone set 7'")
    lab.publish(2)
    assert lab.call(patience=DOUBTFUL) is None
    assert lab.flows() == [(17, lab.address, PORT)]
    lab.flush(version, PORT)
    assert lab.flows() == []


@versions
def test_flow_is_read_as_it_is_and_removed_once(lab: Lab, version: int) -> None:
    with serving(lab.containers[0], PORT, "udp", lab.any, "one"), Namespace(lab.host.path) as host:
        lab.publish(2)
        assert lab.call() == "one"
        socket = host.nft.socket
        (flow,) = list_flows(socket, version, "udp", [PORT])
        assert (flow.version, flow.protocol, flow.source_port, flow.destination_port) == (version, 17, 40000, PORT)
        ends = (str(flow.source), str(flow.destination), str(flow.reply_source))
        assert ends == (lab.beyond_address, lab.address, f"{lab.network}2")
        remove_flow(socket, flow)
        remove_flow(socket, flow)
        with pytest.raises(NetlinkError) as caught:
            socket.send([delete_flow(flow)])
    words = f"conntrack -D -f ipv{version} -p udp -s {lab.beyond_address} -d {lab.address}"
    assert caught.value.errno == ENOENT
    assert str(caught.value) == f"{words} --orig-port-src 40000 --orig-port-dst {PORT}: No such file or directory"
    assert lab.flows() == []


# Bytes.


def explain(request: Request) -> dict[str, Any]:
    """The attributes in pyroute2's words."""
    message = nfct_msg(pack_message(request, 1))
    message.decode()
    assert (message["header"]["type"] >> 8, message["version"], message["res_id"]) == (1, 0, 0)
    return {"family": message["nfgen_family"], **as_dict(message)}


def as_dict(nest: Any) -> dict[str, Any]:
    """A nest without its flags."""
    return {name: as_dict(value) if hasattr(value, "get") else value for name, value, *_ in nest["attrs"]}


@pytest.mark.parametrize(
    "request_, command, body, meaning",
    [
        (
            list_port(4, "udp", 53),
            "conntrack -L -f ipv4 -p udp --orig-port-dst 53",
            "02000000 18000180 14000280 05000100 11000000 06000300 00350000 0c001980 08000100 28000000",
            {
                "family": 2,
                "CTA_TUPLE_ORIG": {"CTA_TUPLE_PROTO": {"CTA_PROTO_NUM": 17, "CTA_PROTO_DST_PORT": 53}},
                "CTA_FILTER": {"CTA_FILTER_ORIG_FLAGS": 0x28},
            },
        ),
        (
            list_port(6, "sctp", 0),
            "conntrack -L -f ipv6 -p sctp",
            "0a000000 10000180 0c000280 05000100 84000000 0c001980 08000100 08000000",
            {
                "family": 10,
                "CTA_TUPLE_ORIG": {"CTA_TUPLE_PROTO": {"CTA_PROTO_NUM": 132}},
                "CTA_FILTER": {"CTA_FILTER_ORIG_FLAGS": 0x8},
            },
        ),
    ],
)
def test_question_has_the_golden_bytes(request_: Request, command: str, body: str, meaning: dict[str, Any]) -> None:
    assert (request_.text, request_.body.hex(" ", -4)) == (command, body)
    assert explain(request_) == meaning


# A flow as a kernel told it: 192.0.2.2:40000 to 192.0.2.1:8053, answered by 10.1.2.2, in zone 7.
TOLD = """
02000000
34000180 14000180 08000100 c0000202 08000200 c0000201 1c000280 05000100 11000000 06000200 9c400000 06000300 1f750000
34000280 14000180 08000100 0a010202 08000200 c0000202 1c000280 05000100 11000000 06000200 1f750000 06000300 9c400000
06001200 00070000
"""


def test_flow_is_deleted_by_its_own_tuple_and_zone() -> None:
    flow = Flow(4, bytes.fromhex(TOLD))
    tuple_ = "34000180" + TOLD.split("34000180")[1].split("34000280")[0]
    request = delete_flow(flow)
    assert (request.kind, request.body) == (0x102, bytes.fromhex(f"02000000 {tuple_} 06001200 00070000"))
    assert explain(request) == {
        "family": 2,
        "CTA_TUPLE_ORIG": {
            "CTA_TUPLE_IP": {"CTA_IP_V4_SRC": "192.0.2.2", "CTA_IP_V4_DST": "192.0.2.1"},
            "CTA_TUPLE_PROTO": {"CTA_PROTO_NUM": 17, "CTA_PROTO_SRC_PORT": 40000, "CTA_PROTO_DST_PORT": PORT},
        },
        "CTA_ZONE": 7,
    }
