"""Connection tracking: find flows by protocol and original destination port, and make the kernel forget them.

    nfgenmsg                                        linux/netfilter/nfnetlink.h, as in nft/elements.py
    CTA_FILTER └ CTA_FILTER_ORIG_FLAGS              which fields of the tuple below must match (Linux 5.8)
    CTA_TUPLE_ORIG                                  the first packet's; CTA_TUPLE_REPLY what answers look like
      ├ CTA_TUPLE_IP    source, destination
      └ CTA_TUPLE_PROTO number, source port, destination port

NAT is decided by a flow's first packet. UDP flows never end while somebody keeps sending, so when a published port
comes or goes they are forgotten, and the next packet meets the rules as they are now.
"""

from __future__ import annotations

from errno import ENOENT

from poplin.linux.netlink import (
    NetlinkError,
    Request,
    attribute,
    nest,
    u32_attribute,
    unpack_attributes,
)
from poplin.linux.nft.kinds import PROTOCOL_NAMES, PROTOCOLS
from poplin.linux.nft.presence import header
from poplin.linux.wire.route import unpack_ip
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from poplin.linux.netns import Namespace
    from poplin.linux.nft.ruleset import NetfilterSocket
    from poplin.spec.address import IP

NFNL_SUBSYS_CTNETLINK = 1 << 8  # linux/netfilter/nfnetlink_conntrack.h
IPCTNL_MSG_CT_NEW = NFNL_SUBSYS_CTNETLINK | 0
IPCTNL_MSG_CT_GET = NFNL_SUBSYS_CTNETLINK | 1
IPCTNL_MSG_CT_DELETE = NFNL_SUBSYS_CTNETLINK | 2

CTA_FILTER = 25
CTA_FILTER_ORIG_FLAGS = 1
CTA_IP_SRC = {4: 1, 6: 3}
CTA_IP_DST = {4: 2, 6: 4}
CTA_PROTO_NUM = 1
CTA_PROTO_SRC_PORT = 2
CTA_PROTO_DST_PORT = 3
CTA_TUPLE_IP = 1
CTA_TUPLE_ORIG = 1
CTA_TUPLE_PROTO = 2
CTA_TUPLE_REPLY = 2
CTA_ZONE = 18
FILTER_PROTO_NUM = 1 << 3  # net/netfilter/nf_internals.h
FILTER_PROTO_DST_PORT = 1 << 5

FAMILIES = {4: "ip", 6: "ip6"}
# For each question the kernel walks its whole table, 9 ms with the usual 262,144 buckets however few flows there are.
# For more ports than this we ask once, for all flows of the protocol, 10 us each, and sort them out ourselves.
MOST_WALKS = 4


class Flow(Record):
    """One flow. Source and destination are those of its first packet, before any NAT; who answers is `reply_source`.
    `tuple` is how the kernel names it, with its `zone`, both as they came."""

    __slots__ = (
        "destination",
        "destination_port",
        "protocol",
        "reply_source",
        "source",
        "source_port",
        "tuple",
        "version",
        "zone",
    )

    def __init__(self, version: int, body: bytes) -> None:
        parts = unpack_attributes(body[4:])
        self.version = version
        self.tuple = parts[CTA_TUPLE_ORIG]
        self.zone = parts.get(CTA_ZONE, b"")
        self.source, self.destination, protocol = unpack_tuple(version, self.tuple)
        self.reply_source = unpack_tuple(version, parts[CTA_TUPLE_REPLY])[0]
        self.protocol = protocol[CTA_PROTO_NUM][0]
        self.source_port = int.from_bytes(protocol.get(CTA_PROTO_SRC_PORT, b""), "big")
        self.destination_port = int.from_bytes(protocol.get(CTA_PROTO_DST_PORT, b""), "big")


def flush_udp(host: Namespace, version: int, ports: Collection[int]) -> None:
    """Forget the UDP flows to these ports of this host's own addresses; those to other hosts go on.

    Raises NetlinkError. To be called when the rules are as they shall be.
    """
    if not ports:
        return
    socket = host.nft.socket
    flows = [each for each in list_flows(socket, version, "udp", ports) if each.destination_port in ports]
    own = {ip for ip in {each.destination for each in flows} if host.rtnl.is_local(ip)}
    for flow in flows:
        if flow.destination in own:
            remove_flow(socket, flow)


def list_flows(socket: NetfilterSocket, version: int, protocol: str, ports: Collection[int]) -> list[Flow]:
    """The flows of a protocol whose original destination port is one of these, and perhaps others of the protocol."""
    questions = [list_port(version, protocol, port) for port in ports]
    if len(questions) > MOST_WALKS:
        questions = [list_port(version, protocol, 0)]
    flows = [Flow(version, body) for question in questions for body in socket.dump(question)]
    return [each for each in flows if each.protocol == PROTOCOLS[protocol]]  # before Linux 5.8 there is no filter


def remove_flow(socket: NetfilterSocket, flow: Flow) -> None:
    """Make the kernel forget a flow; it may have ended by now. Raises NetlinkError."""
    try:
        socket.send([delete_flow(flow)])
    except NetlinkError as error:
        if error.errno != ENOENT:
            raise


# Requests.


def list_port(version: int, protocol: str, port: int) -> Request:
    """As `conntrack -L -f ipv4|ipv6 -p PROTOCOL --orig-port-dst PORT`; 0 is any port."""
    flags = FILTER_PROTO_NUM | (FILTER_PROTO_DST_PORT if port else 0)
    wanted = attribute(CTA_PROTO_NUM, bytes([PROTOCOLS[protocol]]))
    if port:
        wanted += attribute(CTA_PROTO_DST_PORT, port.to_bytes(2, "big"))
    body = header(FAMILIES[version]) + nest(CTA_TUPLE_ORIG, nest(CTA_TUPLE_PROTO, wanted))
    body += nest(CTA_FILTER, u32_attribute(CTA_FILTER_ORIG_FLAGS, flags))
    text = f"conntrack -L -f ipv{version} -p {protocol}" + (f" --orig-port-dst {port}" if port else "")
    return Request(IPCTNL_MSG_CT_GET, 0, body, text)


def delete_flow(flow: Flow) -> Request:
    """As `conntrack -D` of just this one; ENOENT if it has ended."""
    body = header(FAMILIES[flow.version]) + nest(CTA_TUPLE_ORIG, flow.tuple)
    if flow.zone:
        body += attribute(CTA_ZONE, flow.zone)
    ends = f"-s {flow.source} -d {flow.destination}"
    ports = f"--orig-port-src {flow.source_port} --orig-port-dst {flow.destination_port}"
    protocol = PROTOCOL_NAMES.get(flow.protocol, flow.protocol)
    return Request(IPCTNL_MSG_CT_DELETE, 0, body, f"conntrack -D -f ipv{flow.version} -p {protocol} {ends} {ports}")


def unpack_tuple(version: int, data: bytes) -> tuple[IP, IP, dict[int, bytes]]:
    """Source, destination, and the protocol's part."""
    parts = unpack_attributes(data)
    ips = unpack_attributes(parts[CTA_TUPLE_IP])
    protocol = unpack_attributes(parts[CTA_TUPLE_PROTO])
    return unpack_ip(ips[CTA_IP_SRC[version]]), unpack_ip(ips[CTA_IP_DST[version]]), protocol
