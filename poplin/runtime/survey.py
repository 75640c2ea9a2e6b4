"""What is connected: the results on record laid beside what the kernel has, and where the two drift apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from poplin.linux.kernel import Kernel
from poplin.linux.netns import Namespace
from poplin.linux.wire.link import Link
from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Cache, Entry
from poplin.runtime.liveness import find_namespace, locate
from poplin.runtime.published import Published, SeenPort
from poplin.spec.convert import convert_to_newest_family
from poplin.spec.errors import CNIError, DecodingFailure
from poplin.spec.fields import Fields
from poplin.spec.netlist import parse_network_list
from poplin.spec.result import Interface, Result, parse_result
from poplin.spec.versions import NEWEST


@dataclass(frozen=True)
class SeenInterface:
    """One end: recorded by ADD, or found behind the container's interface. `master` is the bridge it is a port of."""

    name: str
    in_container: bool
    mac: str = ""
    is_present: bool = True
    master: str = ""


@dataclass(frozen=True)
class SeenAddress:
    """One recorded address of the container."""

    text: str
    is_present: bool


@dataclass
class SeenAttachment:
    """One container on one network; `drift` says in words what is not as ADD left it."""

    network: str
    attachment: Attachment
    is_alive: bool = False
    bridge: SeenInterface | None = None
    interfaces: list[SeenInterface] = field(default_factory=list)
    addresses: list[SeenAddress] = field(default_factory=list)
    ports: list[SeenPort] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class SeenLink:
    """A link on the host that says it is an attachment's which nobody has on record."""

    name: str
    key: str  # network/container id/interface


@dataclass(frozen=True)
class Survey:
    """Every attachment on record, by network and container, and what there is beside."""

    attachments: list[SeenAttachment]
    unrecorded: list[SeenLink]


def survey(cache: Cache, kernel: Kernel | None = None) -> Survey:
    """Read the records and the kernel. Raises IOFailure, OSError."""
    own = kernel or Kernel()
    try:
        tagged = {link.alias: link for link in own.host.rtnl.list_links("veth") if link.alias}
        published = Published(own.host)
        seen = [look_at(locate(entry), own, tagged, published) for entry in cache.list_entries()]
    finally:
        if kernel is None:
            own.host.close()
    known = {key_of(item) for item in seen}
    strangers = [SeenLink(link.name, key) for key, link in tagged.items() if key.count("/") == 2 and key not in known]
    return Survey(
        sorted(seen, key=lambda item: (item.network, item.attachment.identity)),
        sorted(strangers, key=lambda link: link.key),
    )


def key_of(item: SeenAttachment) -> str:
    """What our plugins write on the attachment's link."""
    return "/".join((item.network, *item.attachment.identity))


def look_at(entry: Entry, kernel: Kernel, tagged: Mapping[str, Link], published: Published) -> SeenAttachment:
    """One attachment; `tagged` are the host's links by alias, which our plugins make the attachment's key."""
    seen = SeenAttachment(entry.network, entry.attachment)
    try:
        result = convert_to_newest_family(parse_result(entry.result), NEWEST) if entry.result else Result()
    except DecodingFailure as error:
        seen.drift.append(f"the recorded result does not parse: {error}")
        result = Result()
    inside = find_namespace(kernel, entry.attachment.netns)
    seen.is_alive = inside is not None
    if inside is None:
        seen.drift.append(f"namespace {entry.attachment.netns or '(none recorded)'} is gone")
    try:
        look_at_host_ends(seen, result, kernel.host)
        look_at_container_ends(seen, result, inside, kernel.host)
        if all(end.in_container for end in seen.interfaces):
            link = tagged.get(key_of(seen))
            seen.interfaces += [describe(link.name, False, link.mac, link, kernel.host)] if link else []
        look_at_bridge(seen, entry, kernel.host)
        look_at_ports(seen, entry, published, is_ours=key_of(seen) in tagged)
    finally:
        if inside:
            inside.close()
    return seen


# The host's side.


def look_at_host_ends(seen: SeenAttachment, result: Result, host: Namespace) -> None:
    """Every interface the result has without a sandbox."""
    for recorded in result.interfaces:
        if not recorded.sandbox:
            link = host.rtnl.find_link(recorded.name)
            seen.interfaces.append(describe(recorded.name, False, recorded.mac, link, host))
            compare(seen, recorded, link, "on the host")


def look_at_bridge(seen: SeenAttachment, entry: Entry, host: Namespace) -> None:
    """What it is a port of in the kernel; failing that, what the network it was made with says."""
    outer = [end for end in seen.interfaces if not end.in_container]
    name = next((end.master for end in outer if end.master), "") or find_configured_bridge(entry.config)
    if not name:
        return
    link = host.rtnl.find_link(name)
    seen.bridge = describe(name, False, "", link, None)
    if link is None and all(end.name != name for end in outer):
        seen.drift.append(f"bridge {name} is missing on the host")
    if seen.is_alive and all(end.name == name for end in outer):
        seen.drift.append(f"its link to bridge {name} is missing on the host")


def look_at_ports(seen: SeenAttachment, entry: Entry, published: Published, *, is_ours: bool) -> None:
    """What it publishes; a port of a container that is gone leads nowhere, there or not."""
    seen.ports = published.look_up(entry, [address.text for address in seen.addresses], is_ours=is_ours)
    if seen.is_alive:
        seen.drift += [f"port {port} is not published" for port in seen.ports if port.is_present is False]


def find_configured_bridge(config: bytes) -> str:
    """The bridge of a network whose first plugin is of that type; before 0.3.0 no result tells of it."""
    try:
        plugin = parse_network_list(config).plugins[0]
        return Fields(plugin.source).text("bridge", "cni0") if plugin.type == "bridge" else ""
    except (CNIError, IndexError):
        return ""


def describe(name: str, in_container: bool, mac: str, link: Link | None, host: Namespace | None) -> SeenInterface:
    """What the kernel has where it has it, else what was recorded."""
    master = host.rtnl.find_link_by_index(link.master) if host and link and link.master else None
    return SeenInterface(name, in_container, link.mac if link else mac, bool(link), master.name if master else "")


def compare(seen: SeenAttachment, recorded: Interface, link: Link | None, where: str) -> None:
    """Note a recorded interface that is missing, or is another one of the same name.

    The MAC of a bridge says nothing: without one of its own it has that of some port.
    """
    if link is None:
        seen.drift.append(f"interface {recorded.name} is missing {where}")
    elif recorded.mac and recorded.mac.lower() != link.mac and link.kind != "bridge":
        seen.drift.append(f"interface {recorded.name} {where} has MAC {link.mac}, not {recorded.mac}")


# The container's side.


def look_at_container_ends(seen: SeenAttachment, result: Result, inside: Namespace | None, host: Namespace) -> None:
    """Its interfaces, their addresses, and the host end where the result did not tell of it (before 0.3.0)."""
    ifname = seen.attachment.ifname
    recorded = [item for item in result.interfaces if item.sandbox] or [Interface(ifname)]
    for item in recorded:
        link = inside.rtnl.find_link(item.name) if inside else None
        seen.interfaces.append(describe(item.name, True, item.mac, link, None))
        if inside:
            compare(seen, item, link, "in the container")
            if link and not any(not other.in_container for other in seen.interfaces):
                seen.interfaces += find_peer(link, inside, host)
    for index, address in list_recorded_addresses(result):
        name = result.interfaces[index].name if index is not None else ifname
        is_present = bool(inside and address in list_addresses(inside, name))
        seen.addresses.append(SeenAddress(address, is_present))
        if inside and not is_present:
            seen.drift.append(f"address {address} is missing on {name}")


def find_peer(link: Link, inside: Namespace, host: Namespace) -> list[SeenInterface]:
    """The host's end of a veth pair: the link of that number whose own peer is this one."""
    outer = host.rtnl.find_link_by_index(link.link) if link.kind == "veth" and link.link else None
    if outer is None or outer.link != link.index or outer.kind != "veth":
        return []
    return [describe(outer.name, False, outer.mac, outer, host)]


def list_recorded_addresses(result: Result) -> Iterable[tuple[int | None, str]]:
    """(interface index or None, address) of those in the container; an index out of range counts as none."""
    for item in result.ips:
        index = item.interface if item.interface is not None and 0 <= item.interface < len(result.interfaces) else None
        if index is None or result.interfaces[index].sandbox:
            yield index, str(item.address)


def list_addresses(inside: Namespace, name: str) -> list[str]:
    """The addresses of a link in the kernel; none if there is no such link."""
    link = inside.rtnl.find_link(name)
    return [str(address.prefix) for address in inside.rtnl.list_addresses(link.index)] if link else []
