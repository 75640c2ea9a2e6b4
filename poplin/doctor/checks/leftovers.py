"""What containers that are gone left: records, leases, links, elements of the firewall.

`poplin gc` removes it where the network is configured and its plugins know GC; where not, lines that do it one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import groupby

from poplin.doctor.finding import NOTE, WARNING, Finding, command, count, plain_path, remove_file
from poplin.doctor.place import Place
from poplin.doctor.strays import Stray, find_strays
from poplin.linux.atomicfile import is_temporary, read_file
from poplin.runtime.cache import Entry, decode
from poplin.runtime.status import has_verb
from poplin.spec.errors import CNIError
from poplin.spec.jsontext import loads_object

MOST_SHOWN = 5
CONFIG_ONLY = r's/.*"config": *"\([^"]*\)".*/\1/'
KINDS = {
    "link": "link on the host",
    "element": "element in the firewall",
    "lease": "lease",
}


def examine(place: Place) -> Iterator[Finding]:
    """By network."""
    gone = sorted(place.gone, key=lambda entry: (entry.network, entry.attachment.identity))
    for name, entries in groupby(gone, key=lambda entry: entry.network):
        yield tell_gone(name, list(entries), place)
    strays = sorted(find_strays(place), key=lambda each: (each.network, each.is_of_earlier_boot, each.kind))
    for (name, is_old), found in groupby(strays, key=lambda each: (each.network, each.is_of_earlier_boot)):
        yield tell_strays(name, list(found), place, is_old=is_old)
    yield from find_unreadable(place)


# Records.


def tell_gone(name: str, entries: list[Entry], place: Place) -> Finding:
    """Attachments of a network whose containers are gone."""
    number = len(entries)
    is_gone, was = ("is gone", "was") if number == 1 else ("are gone", "were")
    shown = [f"{each.attachment.container_id} {each.attachment.ifname}: no {each.attachment.netns}" for each in entries]
    evidence = shorten([f"{place.cache.results}: {text}" for text in shown])
    configured = place.find_network(name)
    can_collect = configured is not None and not configured.network.disable_gc
    mend = collect(name) if can_collect else " && ".join(delete(each, place) for each in entries)
    return Finding(
        WARNING, f"{count(number, 'container')} of network {name} {is_gone}, and {was} not detached", evidence, mend
    )


def collect(name: str) -> str:
    """The line that has its plugins remove what nobody uses."""
    return command("poplin", "gc", name)


def delete(entry: Entry, place: Place) -> str:
    """The line that detaches one; of a network that is not configured any more, by what is on record of it."""
    item = entry.attachment
    netns = plain_path(item.netns)
    line = command(
        "poplin", "del", entry.network, netns, "--container-id", item.container_id, f"--ifname={item.ifname}"
    )
    if place.find_network(entry.network):
        return line
    record = plain_path(place.cache.path(entry.network, *item.identity))
    extract = f"""{command("sed", CONFIG_ONLY, record)} | base64 -d >"$d/recorded.conflist\""""
    return f'd=$(mktemp -d) && {extract} && NETCONFPATH="$d" {line} && rm -r "$d"'


def find_unreadable(place: Place) -> Iterator[Finding]:
    """Files among the records that are none."""
    for name in place.see_all(list_names, place.cache.results):
        path = f"{place.cache.results}/{name}"
        content = place.see(read_named, path)
        reason = find_fault(content) if content is not None and not is_temporary(name) else ""
        if reason:
            text = f"{path} is no record of an attachment, and nobody can detach by it"
            yield Finding(WARNING, text, (f"{path}: {reason}",), remove_file(path))


def list_names(folder: str) -> list[str]:
    """The files in it; none if it is not there."""
    try:
        return sorted(os.listdir(folder))
    except FileNotFoundError:
        return []


def read_named(path: str) -> bytes | None:
    """The content, None if it was removed meanwhile. Raises OSError that says of which file, also of a folder."""
    try:
        return read_file(path)
    except OSError as error:
        error.filename = path
        raise


def find_fault(content: bytes) -> str:
    """Why a file is no record. A bare result is one, as libraries wrote it before there were kinds."""
    if not content:
        return "it is empty"
    try:
        if "kind" not in loads_object(content):
            return ""
        decode(content).attachment.check()
    except CNIError as error:
        return " ".join(str(error).split())
    return ""


# Things on no record.


def tell_strays(name: str, found: list[Stray], place: Place, *, is_old: bool) -> Finding:
    """What is left of a network's attachments."""
    counts = {kind: sum(each.kind == kind for each in found) for kind in KINDS}
    listed = ", ".join(count(number, KINDS[kind]) for kind, number in counts.items() if number)
    evidence = shorten([each.what for each in found])
    removals = " && ".join(filter(None, (each.removal for each in found)))
    mend = collect(name) if collects(name, place) else removals
    if is_old:
        text = f"network {name} has leases of before the machine was started, which the next ADD frees: {listed}"
        return Finding(NOTE, text, evidence, mend)
    text = f"network {name} has {listed} of attachments that are on no record in {place.cache.results}"
    return Finding(WARNING, text, evidence, mend)


def collects(name: str, place: Place) -> bool:
    """Whether `poplin gc` has every plugin of the network collect its own."""
    found = place.find_network(name)
    if found is None or found.network.disable_gc or not has_verb(found.network, "GC"):
        return False
    return all(place.is_ours(each) for each in found.types)


def shorten(texts: Sequence[str]) -> tuple[str, ...]:
    """The first few, and how many more there are."""
    rest = len(texts) - MOST_SHOWN
    return (*texts[:MOST_SHOWN], *([f"and {rest} more"] if rest > 0 else []))
