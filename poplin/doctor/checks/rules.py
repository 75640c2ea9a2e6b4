"""Poplin's own tables: are the rules that should be loaded there, and what live containers have in them?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from poplin.doctor.configured import FIREWALL
from poplin.doctor.finding import ERROR, NOTE, Finding
from poplin.doctor.place import Place
from poplin.linux.nft.antispoof import ANTISPOOF
from poplin.linux.nft.elements import Set
from poplin.linux.nft.forward import ALLOWED, FORWARD, ISOLATION, ZONED
from poplin.linux.nft.listing import list_chain_names
from poplin.linux.nft.nat import MASQUERADED, NAT
from poplin.linux.nft.rules import Chain, find_rules
from poplin.linux.nft.skeleton import Skeleton, marks_of
from poplin.plugins.firewall.firewalld import Firewalld
from poplin.plugins.firewall.settings import FIREWALLD, USUAL_ZONE
from poplin.plugins.kit.attachment import DIGEST, digest, link_alias
from poplin.runtime.survey import SeenAttachment, key_of
from poplin.spec.fields import Fields
from poplin.spec.netlist import PluginConfig

SKELETONS = (NAT, FORWARD, ANTISPOOF, ISOLATION)
MOST_SHOWN = 5
RELOAD = "poplin reload"


def examine(place: Place) -> Iterator[Finding]:
    """What is gone of the rules, and of what containers had."""
    for skeleton in SKELETONS:
        yield from compare(skeleton, place)
    for each in BELONGINGS:
        yield from find_lost(each, place)
    yield from find_unpublished(place)
    if any(each.table.split()[1] == FIREWALLD for each in place.forward_chains):
        yield from place.see_all(find_unzoned, place)


# Rules.


def compare(skeleton: Skeleton, place: Place) -> Iterator[Finding]:
    """The rules of one file, if its mark says that they are loaded."""
    if not place.host.has_table(skeleton.table):
        return
    marks = {each.key[0] for each in place.host.nft.list(marks_of(skeleton.table))}
    wanted = skeleton.mark.key[0]
    name = wanted.rpartition("-")[0]
    if wanted in marks:
        empty = [each for each in list_chains(skeleton) if not has_rules(skeleton.table, each, place)]
        if empty:
            text = f"rules of table {skeleton.table} were flushed: chains {', '.join(empty)} are empty or gone"
            yield Finding(ERROR, text, (f"nft: set skeletons has {wanted}, and chain {empty[0]} no rule",), RELOAD)
        return
    older = sorted(each for each in marks if each.rpartition("-")[0] == name)
    if older and place.alive:
        text = f"rules of an older Poplin are loaded in table {skeleton.table}; the next ADD replaces them"
        yield Finding(
            NOTE, text, (f"nft: set skeletons has {', '.join(older)}, and this program has {wanted}",), RELOAD
        )


def list_chains(skeleton: Skeleton) -> list[str]:
    """The chains of a file, each once."""
    lines = [line.split() for line in skeleton.read().splitlines()]
    return list(dict.fromkeys(words[1] for words in lines if words[:1] == ["chain"]))


def has_rules(table: str, name: str, place: Place) -> bool:
    """Whether the chain is there, and something in it."""
    socket = place.host.nft.socket
    return name in list_chain_names(socket, table) and bool(find_rules(socket, Chain(table, name)))


# Containers.


@dataclass(frozen=True)
class Belonging:
    """What one of our plugins keeps in sets for each container, and which plugins have it if they are told so."""

    text: str
    sets: tuple[Set, ...]
    is_wanted: Callable[[PluginConfig], bool]


def wants_masquerade(plugin: PluginConfig) -> bool:
    """Whether its containers hide behind the host."""
    return Fields(plugin.source).raw("ipMasq") is True


def is_firewall(plugin: PluginConfig) -> bool:
    """Whether it lets its containers through."""
    return plugin.type == FIREWALL


BELONGINGS = (
    Belonging("masqueraded", tuple(MASQUERADED.values()), wants_masquerade),
    Belonging("let through by the firewall plugin", tuple(ALLOWED.values()), is_firewall),
)


def find_lost(belonging: Belonging, place: Place) -> Iterator[Finding]:
    """Live containers of ours of which nothing is in the sets."""
    wanting = [each for each in place.alive if each.addresses and has(each, belonging, place)]
    if not wanting:
        return
    host = place.host
    elements = [each for of in belonging.sets for each in host.nft.list(of)] if host.has_table(NAT.table) else []
    known = {each.comment[:DIGEST] for each in elements}
    lost = [key_of(each) for each in wanting if digest(key_of(each)) not in known]
    if lost:
        names = " and ".join(of.name for of in belonging.sets)
        evidence = tuple(f"nft: sets {names} of table {NAT.table} have nothing of {key}" for key in lost[:MOST_SHOWN])
        text = f"{len(lost)} of {len(wanting)} containers are not {belonging.text} any more"
        yield Finding(ERROR, text, evidence, RELOAD)


def has(item: SeenAttachment, belonging: Belonging, place: Place) -> bool:
    """Whether one of our plugins made the attachment, and was to have this done."""
    made = place.find_made_with(item)
    is_ours = any(each.alias == link_alias(key_of(item)) for each in place.links)
    return made is not None and is_ours and any(map(belonging.is_wanted, made.plugins))


def find_unpublished(place: Place) -> Iterator[Finding]:
    """Ports of live containers that lead nowhere."""
    for item in place.alive:
        lost = [str(port) for port in item.ports if port.is_present is False]
        if lost:
            text = f"ports of {key_of(item)} are not published any more: {', '.join(lost)}"
            yield Finding(ERROR, text, (f"nft: maps of table {NAT.table}",), RELOAD)


def find_unzoned(place: Place) -> Iterator[Finding]:
    """Addresses of live containers that firewalld was told of, and has forgotten. Raises IOFailure."""
    if not place.host.has_table(NAT.table):
        return
    zones = {digest(key_of(each)): find_zone(each, place) for each in place.alive}
    told = [(each, zones.get(each.comment[:DIGEST])) for of in ZONED.values() for each in place.host.nft.list(of)]
    with Firewalld(os.environ, place.host) as firewalld:
        if not firewalld.is_here():
            return
        for each, zone in told:
            if zone and not firewalld.has(zone, each.key[0]):
                text = f"firewalld has forgotten that {each.key[0]} is in zone {zone}, and rejects what it sends"
                evidence = (f"firewalld: zone {zone} has no source {each.key[0]}", f"nft: set {each.set.name}: {each}")
                yield Finding(ERROR, text, evidence, RELOAD)


def find_zone(item: SeenAttachment, place: Place) -> str:
    """The zone of the network it was attached to; empty if that has no firewall plugin."""
    made = place.find_made_with(item)
    plugins = [Fields(each.source) for each in made.plugins if each.type == FIREWALL] if made else []
    return str(plugins[0].raw("firewalldZone") or USUAL_ZONE) if plugins else ""
