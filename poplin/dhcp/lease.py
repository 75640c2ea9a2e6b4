"""What a server grants: an address until a time, and the routes that go with it.

Times are seconds of CLOCK_BOOTTIME, which goes on while the machine sleeps and means the same to a daemon that is
started again. A lease for ever has times that never come.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from math import inf
from typing import Any

from poplin.dhcp.packet import NOBODY, Option, Packet
from poplin.linux.wire.route import RT_SCOPE_LINK
from poplin.spec.address import IP, Prefix, parse_ip, parse_prefix
from poplin.spec.result import DNS, IPConfig, Result, Route

FOR_EVER = 0xFFFFFFFF  # seconds, RFC 2131, section 3.3
USUAL_TIME = 3600  # seconds of a server that does not say
RENEWAL, REBINDING = 0.5, 0.875  # of the lease's time, where the server does not say (RFC 2131, section 4.4.5)
DOMAIN = re.compile(r"[A-Za-z0-9._-]*")  # what else a server says is not put into anybody's files
NO_HOSTS = (parse_prefix("0.0.0.0/8"), parse_prefix("127.0.0.0/8"), parse_prefix("224.0.0.0/3"))
ROUTING = (Option.ROUTERS, Option.STATIC_ROUTES, Option.CLASSLESS_ROUTES)
ON_LINK = NOBODY  # as a router: the destination is on the link (RFC 3442)
EVERYWHERE = Prefix(NOBODY, 0)


@dataclass(frozen=True)
class Lease:
    """`renewal`, `rebinding` and `expiry` are when its client asks this server, any server, and stops using it.
    `xid` is the number of the exchange that got it."""

    address: Prefix
    server: IP
    xid: int
    acquired: float
    renewal: float
    rebinding: float
    expiry: float
    gateway: IP | None = None
    routes: tuple[Route, ...] = ()
    dns: DNS = DNS()  # noqa: RUF009, nobody changes it

    def is_same_network(self, other: Lease) -> bool:
        """Whether the container's interface is to look the same."""
        return (self.address, self.gateway, self.routes) == (other.address, other.gateway, other.routes)

    def as_object(self) -> dict[str, Any]:
        """For a file."""
        times = {name: None if getattr(self, name) == inf else getattr(self, name) for name in TIMES}
        routes = [
            {"dst": str(each.dst), "gw": str(each.gw) if each.gw else "", "scope": each.scope} for each in self.routes
        ]
        dns = {"nameservers": self.dns.nameservers, "domain": self.dns.domain}
        gateway = str(self.gateway) if self.gateway else ""
        ends = {"address": str(self.address), "server": str(self.server), "gateway": gateway, "xid": self.xid}
        return {**ends, **times, "routes": routes, "dns": dns}


TIMES = tuple(each.name for each in fields(Lease) if each.type == "float")


def parse_lease(found: Mapping[str, Any]) -> Lease:
    """From a file. Raises KeyError, TypeError or ValueError for what is none."""
    return Lease(
        address=parse_prefix(found["address"]),
        server=parse_ip(found["server"]),
        xid=int(found["xid"]),
        gateway=parse_ip(found["gateway"]) if found["gateway"] else None,
        routes=tuple(
            Route(parse_prefix(each["dst"]), parse_ip(each["gw"]) if each["gw"] else None, scope=each["scope"])
            for each in found["routes"]
        ),
        dns=DNS(list(found["dns"]["nameservers"]), str(found["dns"]["domain"])),
        **{name: inf if found[name] is None else float(found[name]) for name in TIMES},
    )


def result_of(lease: Lease, priority: int = 0) -> Result:
    """What ADD answers; with `priority` as the metric of all its routes."""
    routes = [Route(each.dst, each.gw, priority=priority, scope=each.scope) for each in lease.routes]
    return Result(ips=[IPConfig(lease.address, lease.gateway)], routes=routes, dns=lease.dns)


# From a server's answer.


def make_lease(answer: Packet, asked: float, previous: Lease | None = None) -> Lease | None:
    """The lease that an ACK grants to who asked at `asked`; None without a subnet mask. What the ACK of a renewal
    leaves out is as before. Raises ValueError for options that cannot be read, and for an address nobody can have."""
    if not is_for_a_host(answer.yiaddr):
        raise ValueError(f"{answer.yiaddr} is no address of a host")
    mask = answer.find_ip(Option.SUBNET_MASK)
    if mask is None and previous is None:
        return None
    length = mask_length(mask) if mask else previous.address.length if previous else 0
    seconds = read_times(answer)
    gateway, routes = read_routes(answer, length, previous)
    server = answer.find_ip(Option.SERVER) or (previous.server if previous else NOBODY)
    return Lease(
        address=Prefix(answer.yiaddr, length),
        server=server,
        xid=answer.xid,
        acquired=asked,
        renewal=asked + seconds[0],
        rebinding=asked + seconds[1],
        expiry=asked + seconds[2],
        gateway=gateway,
        routes=routes,
        dns=read_dns(answer) or (previous.dns if previous else DNS()),
    )


def is_for_a_host(ip: IP) -> bool:
    """Whether an interface can have the address."""
    return not any(ip in each for each in NO_HOSTS)


def read_times(answer: Packet) -> tuple[float, float, float]:
    """(renewal, rebinding, whole) in seconds from now; a server's own times count if they are in this order."""
    given = answer.find_number(Option.LEASE_TIME)
    if given == FOR_EVER:
        return inf, inf, inf
    if given == 0:
        raise ValueError("a lease of no time")
    whole = float(USUAL_TIME if given is None else given)
    renewal = answer.find_number(Option.RENEWAL_TIME) or whole * RENEWAL
    rebinding = answer.find_number(Option.REBINDING_TIME) or whole * REBINDING
    if renewal <= rebinding <= whole:
        return float(renewal), float(rebinding), whole
    return whole * RENEWAL, whole * REBINDING, whole


def mask_length(mask: IP) -> int:
    """24 of 255.255.255.0. Raises ValueError."""
    ones = mask.value.bit_count()
    if not ones or mask.value != (1 << 32) - (1 << 32 - ones):
        raise ValueError(f"{mask} is no subnet mask")
    return ones


def read_routes(answer: Packet, length: int, previous: Lease | None) -> tuple[IP | None, tuple[Route, ...]]:
    """(the first router, all routes); those of before if the server says nothing of any."""
    if previous and not any(code in answer.options for code in ROUTING):
        return previous.gateway, previous.routes
    gateway = answer.find_ip(Option.ROUTERS)
    return gateway, tuple(list_routes(answer, gateway, Prefix(answer.yiaddr, length)))


def list_routes(answer: Packet, gateway: IP | None, address: Prefix) -> Iterator[Route]:
    """Classless routes if there are any, and then nothing else (RFC 3442); or classful ones and the default route. A
    router outside the address's network is on the link all the same, as where each machine has a /32."""
    classless = answer.options.get(Option.CLASSLESS_ROUTES)
    if classless:
        yield from list_classless_routes(classless)
        return
    yield from list_classful_routes(answer.options.get(Option.STATIC_ROUTES, b""))
    if gateway and gateway not in address:
        yield Route(Prefix(gateway, 32), ON_LINK, scope=RT_SCOPE_LINK)
    if gateway:
        yield Route(EVERYWHERE, gateway)


def list_classful_routes(value: bytes) -> Iterator[Route]:
    """Option 33: pairs of destination and router; how much of a destination counts its first bits say (RFC 791)."""
    for at in range(0, len(value) - 7, 8):
        dst, gw = (IP(32, int.from_bytes(value[start : start + 4], "big")) for start in (at, at + 4))
        length = 8 if dst.value >> 31 == 0 else 16 if dst.value >> 30 == 0b10 else 24
        if dst != NOBODY:  # RFC 2132, section 5.8: the default route is not told here
            yield Route(Prefix(dst, length).network, gw)


def list_classless_routes(value: bytes) -> Iterator[Route]:
    """Option 121: prefix length, as much of the destination as that is, router. Raises ValueError."""
    at = 0
    while at < len(value):
        length = value[at]
        octets = (length + 7) // 8
        end = at + 1 + octets + 4
        if length > 32 or end > len(value):
            raise ValueError(f"the classless routes {value.hex()} are cut short or have a prefix of {length} bits")
        dst = IP(32, int.from_bytes(value[at + 1 : at + 1 + octets].ljust(4, b"\0"), "big"))
        gw = IP(32, int.from_bytes(value[end - 4 : end], "big"))
        yield Route(Prefix(dst, length).network, gw, scope=RT_SCOPE_LINK if gw == ON_LINK else None)
        at = end


def read_dns(answer: Packet) -> DNS:
    """The name servers and the domain, if the server tells; it does if it is asked (`request`)."""
    value = answer.options.get(Option.NAME_SERVERS, b"")
    servers = [str(IP(32, int.from_bytes(value[at : at + 4], "big"))) for at in range(0, len(value) - 3, 4)]
    domain = answer.options.get(Option.DOMAIN_NAME, b"").rstrip(b"\0").decode("utf-8", "replace")
    return DNS(servers, domain if DOMAIN.fullmatch(domain) else "")
