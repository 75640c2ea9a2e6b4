"""What attachments left that are on no record: leases, links and elements of our firewall tables.

Somebody may be attaching a container right now, who records it when all is done: what looks stray is looked at again a
moment later, and only what is so both times counts. A lease is also given a minute.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from poplin.doctor.configured import Configured
from poplin.doctor.finding import command, delete_link, is_nft_name, remove_file
from poplin.doctor.place import Place
from poplin.linux.boot import read_boot
from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.antispoof import TABLE as BRIDGE_TABLE
from poplin.linux.nft.elements import Element, delete_element, list_elements, unpack_elements
from poplin.linux.nft.listing import list_sets
from poplin.linux.nft.nat import TABLE
from poplin.plugins.host_local.index import CLOCK_GRACE
from poplin.plugins.host_local.leases import LeaseFolder
from poplin.plugins.host_local.store import lease_folder
from poplin.plugins.kit.attachment import DIGEST, digest, network_label
from poplin.runtime.cache import Cache
from poplin.runtime.survey import survey

PAUSE = 1.0  # seconds
YOUNG = 60  # seconds
Key = tuple[str, str, str]  # network, container id, interface

COMMENT = re.compile(rf"[0-9a-f]{{{DIGEST}}} [^/]+/[^/]+/[^/]+")


@dataclass(frozen=True)
class Stray:
    """One thing nobody has: whose it was, and the line for a shell that removes it if GC does not."""

    kind: str
    network: str
    what: str
    removal: str
    is_of_earlier_boot: bool = False


def find_strays(place: Place) -> list[Stray]:
    """All of them."""
    found = list(list_strays(place))
    if not found:
        return []
    time.sleep(PAUSE)
    still = set(list_strays(place))
    return [each for each in found if each in still]


def list_strays(place: Place) -> Iterator[Stray]:
    """What looks so now."""
    recorded = place.see(list_recorded, place.cache)
    if recorded is None:  # then everything would look so
        return
    yield from place.see_all(list_links, place)
    yield from place.see_all(list_stale_elements, place, recorded)
    for network in place.networks:
        yield from place.see_all(list_leases, network, recorded)


def list_recorded(cache: Cache) -> list[Key]:
    """Every attachment on record, alive or not: the dead are told by their records."""
    return [(entry.network, *entry.attachment.identity) for entry in cache.list_entries()]


def list_links(place: Place) -> Iterator[Stray]:
    """Links on the host that bear a key."""
    for link in survey(place.cache, place.kernel).unrecorded:
        yield Stray("link", link.key.split("/")[0], f"{link.name} of {link.key}", delete_link(link.name))


def list_stale_elements(place: Place, recorded: list[Key]) -> Iterator[Stray]:
    """Elements of our tables that bear a key's checksum."""
    known = {digest("/".join(key)) for key in recorded}
    names = {network_label(each.name): each.name for each in place.networks}
    socket = place.host.nft.socket
    for table in filter(place.host.has_table, (TABLE, BRIDGE_TABLE)):
        for of in list_sets(socket, table):
            with suppress(NetlinkError):  # it was removed meanwhile
                for element in (each for body in socket.dump(list_elements(of)) for each in unpack_elements(of, body)):
                    if COMMENT.fullmatch(element.comment) and element.comment[:DIGEST] not in known:
                        label = element.comment[DIGEST + 1 :].partition("/")[0]
                        what = f"element {element.set.name} {{ {element} }}"
                        yield Stray("element", names.get(f"{label}/", label), what, remove_element(element))


def remove_element(element: Element) -> str:
    """The line that removes it; empty if nft(8) has no way to write its names."""
    is_plain = is_nft_name(element.set.name) and '"' not in "".join(map(str, (*element.key, *element.end)))
    return command("nft", delete_element(element).text.removeprefix("nft ")) if is_plain else ""


def list_leases(network: Configured, recorded: list[Key]) -> Iterator[Stray]:
    """Leases of one network."""
    if not network.leases:
        return
    path = lease_folder(network.leases.data_dir, network.name)
    if not os.path.isdir(path):
        return
    owners = {owner for name, *key in recorded if name == network.name for owner in list_owners(*key)}
    folder, boot = LeaseFolder(path), read_boot()
    for ip, changed in sorted(folder.scan()):
        owner = folder.find_owner(ip)
        if owner in owners or changed > time.time_ns() - YOUNG * 10**9:
            continue
        whose = " ".join(filter(None, owner)) if owner else "nobody, the file is not whole"
        is_old = changed < boot.began - CLOCK_GRACE
        yield Stray("lease", network.name, f"{path}/{ip} of {whose}", remove_file(f"{path}/{ip}"), is_old)


def list_owners(container_id: str, ifname: str) -> list[tuple[str, str]]:
    """As leases name the attachment; old ones name no interface."""
    return [(container_id, ifname), (container_id, "")]
