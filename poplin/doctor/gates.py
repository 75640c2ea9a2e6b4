"""The chains of others through which forwarded packets go and that may drop them: nft's, and those of iptables.

The nft kind of iptables is nft, and told apart by the names it gives. The legacy kind has tables of its own, which its
tool prints; it is run only where the kernel says that such a table exists, as it would make one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from poplin.doctor.finding import command, is_nft_name
from poplin.doctor.place import Place
from poplin.linux.nft.forward import MARK
from poplin.linux.nft.listing import NF_DROP, BaseChain, lets_mark_pass
from poplin.linux.nft.rules import Chain
from poplin.plugins.kit.iptables_tool import LEGACY, NFT, PROGRAMS, find_tool, has_legacy_table, save_table
from poplin.plugins.kit.passage import CHAINS, FORWARD, NFT_TABLES, RULE, TABLE, choose_place, has_nft_rule
from poplin.spec.errors import IOFailure

IPTABLES, FIREWALLD, OTHER = "iptables", "firewalld", "nft"
OWN_TABLE = "poplin"
VERSIONS = {"ip": {4}, "ip6": {6}, "inet": {4, 6}, "bridge": {4, 6}}
MARK_ACCEPTED = f"--mark {MARK:#x}/{MARK:#x} "


@dataclass(frozen=True)
class Gate:
    """One chain; `is_open` if what has our mark passes, `remedy` is the line that opens it."""

    kind: str
    name: str
    versions: frozenset[int]
    is_open: bool
    evidence: str
    remedy: str = ""


def list_gates(place: Place) -> list[Gate]:
    """Every gate that drops by its policy, and that of firewalld. Raises OSError, IOFailure."""
    chains = [each for each in place.forward_chains if each.table.split()[1] != OWN_TABLE]
    return [*(gate for each in chains if (gate := look_at(each, place))), *list_legacy(place)]


# nft.


def look_at(chain: BaseChain, place: Place) -> Gate | None:
    """The gate that a chain of nft is; None if it lets pass what its rules do not decide about."""
    family, _, table = chain.table.partition(" ")
    versions = frozenset(VERSIONS.get(family, ()))
    policy = "drop" if chain.policy == NF_DROP else "accept"
    evidence = f"nft: chain {chain}: hook forward, priority {chain.priority}, policy {policy}"
    if table == FIREWALLD:
        return Gate(FIREWALLD, f"firewalld's chain {chain}", versions, False, evidence)
    if chain.policy != NF_DROP:
        return None
    if not (is_nft_name(table) and is_nft_name(chain.name)):  # nobody who could be told how to open it
        return Gate(OTHER, f"chain {chain}", versions, False, evidence)
    is_open = lets_mark_pass(place.host.nft.socket, Chain(chain.table, chain.name), MARK)
    version = next((number for number, name in NFT_TABLES.items() if name == chain.table), 0)
    insertion = find_insertion(version, NFT, place) if version and chain.name == FORWARD else ""
    if insertion:
        is_open = is_open or has_nft_rule(place.host, version)
        return Gate(IPTABLES, f"chain {FORWARD} of {PROGRAMS[version]}", versions, is_open, evidence, insertion)
    rule = f"{command('nft', 'add', 'rule', family, table, chain.name)} meta mark and {MARK:#x} != 0 accept"
    return Gate(OTHER, f"chain {chain}", versions, is_open, evidence, rule)


# iptables.


def find_insertion(version: int, kind: str, place: Place) -> str:
    """The line that lets pass what has the mark; empty if iptables has no tool here, or does not know the table."""
    tool = find_tool(version, kind)
    try:
        lines = place.host.run(save_table, tool, TABLE) if tool else []
    except IOFailure:  # somebody wrote a table of this name with nft
        return ""
    return insert_rule(tool, lines) if tool else ""


def insert_rule(tool: str, lines: Sequence[str]) -> str:
    """The same from a saved table."""
    return f"{tool} -w -I {choose_place(lines)} {RULE}"


def list_legacy(place: Place) -> Iterator[Gate]:
    """For each IP version whose table of the legacy kind there is and drops. Raises IOFailure."""
    for version, program in PROGRAMS.items():
        if not place.see(has_legacy_table, place.host, version, TABLE):
            continue
        tool = find_tool(version, LEGACY)
        if not tool:
            place.note_unseen(IOFailure(f"cannot read the table of {program}", f"there is no {program}-{LEGACY} here"))
            continue
        lines = place.host.run(save_table, tool, TABLE)
        if any(line.startswith(f":{FORWARD} DROP ") for line in lines):
            yield read_legacy(lines, version, tool)


def read_legacy(lines: Sequence[str], version: int, tool: str) -> Gate:
    """The gate in a saved table."""
    rules = [line for line in lines if line.startswith(tuple(f"-A {name} " for name in CHAINS))]
    is_open = any(MARK_ACCEPTED in f"{line} " and line.endswith("-j ACCEPT") for line in rules)
    evidence = f"{tool}-save -t {TABLE}: :{FORWARD} DROP"
    name = f"chain {FORWARD} of {tool.rpartition('/')[2]}"
    return Gate(IPTABLES, name, frozenset({version}), is_open, evidence, insert_rule(tool, lines))
