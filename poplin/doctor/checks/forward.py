"""Firewalls of others: what they drop at the forward hook, no accept of ours can save.

A packet passes every chain at the hook, whoever made it, and each may drop it. So the firewall plugin sets a bit of the
mark of what it lets pass, and has one rule in the chains of iptables that accepts what has the bit. In chains of nft
that somebody wrote himself that rule is his to add. Rules are not judged here, only policies; of firewalld it is known
that it rejects what no zone lets pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from poplin.doctor.configured import FIREWALL, Configured
from poplin.doctor.finding import ERROR, NOTE, Finding, name_all
from poplin.doctor.gates import FIREWALLD, IPTABLES, Gate, list_gates
from poplin.doctor.place import Place
from poplin.doctor.rewrite import add_plugin, remove_field
from poplin.plugins.kit.backend import BACKENDS
from poplin.spec.fields import Fields

BRIDGE_SWITCHES = {4: "net/bridge/bridge-nf-call-iptables", 6: "net/bridge/bridge-nf-call-ip6tables"}
RELOAD = "poplin reload"


@dataclass(frozen=True)
class Exposed:
    """A network whose packets pass the hook. `is_guarded`: it has our firewall plugin; `has_marked`: with that a
    container was attached, which is there now."""

    configured: Configured
    versions: frozenset[int]
    is_guarded: bool
    has_marked: bool
    backend: str
    why: str


def examine(place: Place) -> Iterator[Finding]:
    """What is dropped, and why."""
    gates = place.see_all(list_gates, place)
    if gates:
        yield from judge(gates, list_exposed(place))


def list_exposed(place: Place) -> list[Exposed]:
    """The networks that can be hurt."""
    filtered = {version for version, key in BRIDGE_SWITCHES.items() if place.find_switch(key) == "1"}
    return [found for each in place.networks if (found := expose(each, filtered, place))]


def expose(configured: Configured, filtered: set[int], place: Place) -> Exposed | None:
    """What of this network passes the hook; None if nothing does."""
    if configured.is_forwarded:
        versions, why = configured.versions, "this host forwards for it"
    elif configured.bridge and configured.versions & filtered:
        versions, why = configured.versions & filtered, f"{BRIDGE_SWITCHES[min(filtered)]} is 1, so bridges ask too"
    else:
        return None
    made_with = [place.find_made_with(each) for each in place.list_alive(configured.name)]
    has_marked = any(made and any(each.type == FIREWALL for each in made.plugins) for made in made_with)
    firewall = configured.find_plugin(FIREWALL)
    backend = str((firewall or Fields({})).raw("backend") or "")
    return Exposed(configured, frozenset(versions), firewall is not None, has_marked, backend, why)


# Facts to findings.


def judge(gates: Iterable[Gate], exposed: Iterable[Exposed]) -> Iterator[Finding]:
    """Each gate that drops what it should let pass, and each network that cannot pass any."""
    exposed = list(exposed)
    gates = list(gates)
    for gate in gates:
        hurt = [each for each in exposed if each.versions & gate.versions]
        if gate.kind == FIREWALLD:
            yield from judge_backends(gate, hurt)
        elif not gate.is_open:
            yield judge_gate(gate, hurt)
    for each in exposed:
        closed = [gate for gate in gates if each.versions & gate.versions]
        if closed and not each.is_guarded:
            yield tell_unguarded(each, closed)


def judge_gate(gate: Gate, hurt: list[Exposed]) -> Finding:
    """A gate that does not know our mark."""
    names = name_all([each.configured.name for each in hurt])
    text = f"{gate.name} drops what none of its rules accepts"
    reasons = tuple(f"network {each.configured.name}: {each.why}" for each in hurt)
    evidence = (gate.evidence, *reasons)
    if not hurt:
        return Finding(NOTE, f"{text}; no network that is configured passes it", evidence, gate.remedy)
    if gate.kind != IPTABLES:
        return Finding(ERROR, f"{text}, containers' packets too: {names}", evidence, gate.remedy)
    if any(each.has_marked for each in hurt):
        lost = f"{text}, and the rule of the firewall plugin is gone from it: {names}"
        return Finding(ERROR, lost, evidence, RELOAD)
    later = f"{text}; the firewall plugin will add its rule to it with the first container"
    return Finding(NOTE, later, evidence, gate.remedy)


def judge_backends(gate: Gate, hurt: list[Exposed]) -> Iterator[Finding]:
    """firewalld lets pass what the firewall plugin tells it of, unless the plugin is told not to."""
    for each in hurt:
        if each.is_guarded and each.backend in BACKENDS:
            text = (
                f"network {each.configured.name} has the firewall plugin tell nftables, "
                f'with "backend": "{each.backend}", and firewalld, which is running, rejects its packets'
            )
            evidence = (gate.evidence, f"{each.configured.file}: firewall: backend is {each.backend}")
            yield Finding(ERROR, text, evidence, remove_field(each.configured, FIREWALL, "backend"))


def tell_unguarded(each: Exposed, gates: list[Gate]) -> Finding:
    """A network without the plugin that would get it past."""
    names = " and ".join(gate.name for gate in gates)
    text = f"network {each.configured.name} has no firewall plugin to get its packets past {names}"
    evidence = (f"{each.configured.file}: {each.why}", *(gate.evidence for gate in gates))
    return Finding(ERROR, text, evidence, add_plugin(each.configured, FIREWALL))
