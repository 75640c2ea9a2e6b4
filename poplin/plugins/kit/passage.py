"""The one rule in chains of others that lets pass what we accept: see forward.nft.

    -I DOCKER-USER 1 -m mark --mark 0x10000000/0x10000000 -m comment --comment "Poplin: ..." -j ACCEPT

What iptables drops, with Docker's policy or ufw's, nobody else can accept. So where iptables has a FORWARD chain, of
either kind and for either IP version, that chain gets the rule, or DOCKER-USER, which Docker leaves to its users and
goes through first. It is there while there is an address that may pass, and is for all of them.

Whether it is there costs one question to the kernel on a host without iptables; only to write it a program is run.
"""

from __future__ import annotations

from poplin.linux.nft.forward import ALLOWED, MARK
from poplin.linux.nft.rules import Chain, find_chains, find_rules, remove_rules
from poplin.linux.xtables import read_table
from poplin.plugins.kit.iptables_tool import (
    LEGACY,
    NFT,
    find_tool,
    has_legacy_table,
    restore_table,
    save_table,
    spell_edits,
)
from poplin.plugins.kit.locking import NamespaceLock
from poplin.spec.errors import IOFailure
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poplin.linux.netns import Namespace
    from poplin.linux.nft.rules import Rule

TABLE = "filter"
NFT_TABLES = {4: f"ip {TABLE}", 6: f"ip6 {TABLE}"}
FORWARD, DOCKER_USER = CHAINS = ("FORWARD", "DOCKER-USER")
# What FORWARD may lead to that has a say before us: the chains of the reference's firewall, its users' among them.
RESPECTED = ("CNI-FORWARD", "CNI-ISOLATION-STAGE-1")
COMMENT = "Poplin: accepted by table inet poplin"
RULE = f'-m mark --mark {MARK:#x}/{MARK:#x} -m comment --comment "{COMMENT}" -j ACCEPT'
FOREIGN = "incompatible"  # how iptables calls a table that somebody wrote with nft


class Place(Record):
    """Where such a rule has to be: iptables of one kind, for one IP version."""

    __slots__ = ("kind", "version")

    def __init__(self, version: int, kind: str) -> None:
        self.version = version
        self.kind = kind

    def __str__(self) -> str:
        return f"the filter table of iptables-{self.kind} for IPv{self.version}"

    @property
    def tool(self) -> str:
        """The program that owns it, empty if there is none."""
        return find_tool(self.version, self.kind)


def ensure_passage(host: Namespace, versions: Sequence[int], tell: Callable[[str], object]) -> None:
    """Have the rule wherever it has to be; `tell` is told of places where it cannot be. Repeatable.

    Raises NetlinkError, IOFailure.
    """
    if not find_missing(host, versions):
        return
    with NamespaceLock(host, is_needed=False):  # of many who find it missing one writes it; twice does no harm
        for place in find_missing(host, versions):
            open_passage(host, place, tell)


def find_missing(host: Namespace, versions: Sequence[int]) -> list[Place]:
    """Where it is not, and would have to be. Raises NetlinkError, OSError."""
    tables = {NFT_TABLES[version]: version for version in versions}
    chains = find_chains(host.nft.socket, [Chain(table, FORWARD) for table in tables])
    places = [Place(tables[f"{each.family} {each.table}"], NFT) for each in chains]
    places += [Place(version, LEGACY) for version in versions if has_legacy_table(host, version, TABLE)]
    return [each for each in places if not HAS_RULE[each.kind](host, each.version)]


def has_nft_rule(host: Namespace, version: int) -> bool:
    """Whether it is in FORWARD, or in the chain for users, provided that FORWARD goes there."""
    rules = find_rules(host.nft.socket, Chain(NFT_TABLES[version], FORWARD))
    if not any(map(is_ours, rules)) and any(each.jump == DOCKER_USER for each in rules):
        rules = find_rules(host.nft.socket, Chain(NFT_TABLES[version], DOCKER_USER))
    return any(map(is_ours, rules))


def is_ours(rule: Rule) -> bool:
    """Whether a rule is the one."""
    return rule.comment == COMMENT


def has_legacy_rule(host: Namespace, version: int) -> bool:
    """Whether it is anywhere in the table."""
    return COMMENT.encode() in host.run(read_table, version, TABLE)


HAS_RULE = {NFT: has_nft_rule, LEGACY: has_legacy_rule}


def open_passage(host: Namespace, place: Place, tell: Callable[[str], object]) -> None:
    """Write it. Raises IOFailure."""
    tool = place.tool
    if not tool:
        tell(
            f"{place} may drop what is allowed here, and there is no iptables to tell it; install the package iptables"
        )
        return
    try:
        edit = f"-I {choose_place(host.run(save_table, tool, TABLE))} {RULE}"
        host.change(spell_edits(tool, TABLE, [edit]), restore_table, tool, TABLE, [edit])
    except IOFailure as error:
        if FOREIGN not in error.details:
            raise
        tell(f"{place} was written with nft and may drop what is allowed here; `poplin doctor` says what it needs")


def choose_place(lines: Sequence[str]) -> str:
    """Chain and number, from the saved table: behind what has a say before us, and if there is one in the chain that
    is there for rules of others."""
    targets = [target_of(line) for line in lines if line.startswith(f"-A {FORWARD} ")]
    start = max((number + 1 for number, each in enumerate(targets) if each in RESPECTED), default=0)
    return f"{DOCKER_USER} 1" if DOCKER_USER in targets[start:] else f"{FORWARD} {start + 1}"


def target_of(line: str) -> str:
    """Where a saved rule leads; empty if nowhere."""
    return (line.rpartition(" -j ")[2].split() if " -j " in line else [""])[0]


# And away again.


def release_passage(host: Namespace, tell: Callable[[str], object]) -> None:
    """Take the rule out for IP versions of which no address may pass any more. An ADD that comes at the same time puts
    its address first and then looks for the rule: either it sees that it is gone, or we see the address."""
    idle = [version for version in list_opened(host) if not host.nft.has_elements(ALLOWED[version])]
    for version in idle:
        remove_rules(host.nft.socket, list_nft_rules(host, [version]))
        remove_legacy_rules(host, version)
    busy = [version for version in idle if host.nft.has_elements(ALLOWED[version])]
    if busy:
        ensure_passage(host, busy, tell)


def list_opened(host: Namespace) -> list[int]:
    """The IP versions for which it is anywhere. Raises NetlinkError, OSError."""
    families = {each.chain.family for each in list_nft_rules(host, list(NFT_TABLES))}
    return [v for v, table in NFT_TABLES.items() if table.split()[0] in families or is_in_legacy(host, v)]


def list_nft_rules(host: Namespace, versions: Sequence[int]) -> list[Rule]:
    """Those in nftables. Raises NetlinkError."""
    chains = [Chain(NFT_TABLES[version], name) for version in versions for name in CHAINS]
    found = find_chains(host.nft.socket, chains)
    return [rule for each in found for rule in find_rules(host.nft.socket, each) if is_ours(rule)]


def is_in_legacy(host: Namespace, version: int) -> bool:
    """Whether it is in the table beside nftables. Raises OSError."""
    return has_legacy_table(host, version, TABLE) and has_legacy_rule(host, version)


def remove_legacy_rules(host: Namespace, version: int) -> None:
    """Those beside nftables. Raises IOFailure."""
    tool = find_tool(version, LEGACY)
    if tool and is_in_legacy(host, version):
        lines = host.run(save_table, tool, TABLE)
        edits = [f"-D{line[2:]}" for line in lines if line.startswith("-A ") and f'"{COMMENT}"' in line]
        host.change(spell_edits(tool, TABLE, edits), restore_table, tool, TABLE, edits)
