"""One chain in the `nat` table of iptables and what leads to it: found and removed, whichever kind of iptables it is.

The nft kind is nft, so the kernel is asked for the chain by its name, which costs next to nothing when there is none.
The legacy kind has tables of its own that only its tool understands; it is run only where the kernel says that such a
table exists, and edits it in one step.
"""

from __future__ import annotations

from poplin.linux.nft.rules import Chain, find_chains, remove_chain
from poplin.plugins.kit.iptables_tool import list_legacy_tools, restore_table, save_table, spell_edits
from poplin.spec.errors import IOFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from poplin.linux.netns import Namespace
    from poplin.spec.address import Prefix

TABLE = "nat"
NFT_TABLES = ("ip nat", "ip6 nat")
TRIES = 5  # each after somebody else's change


def remove_nat_chains(host: Namespace, chains: Mapping[str, str], addresses: Sequence[Prefix] = ()) -> None:
    """Delete chains, each with the rules in it and those of its entry, the value, that lead to it.

    With `addresses` only those for one of these, and the chain stays if others lead there too. Raises NetlinkError,
    IOFailure.
    """
    socket = host.nft.socket
    constants = {constant for each in addresses for constant in spellings(each)}
    for found in find_chains(socket, [Chain(table, name) for name in chains for table in NFT_TABLES]):
        remove_chain(socket, found, chains[found.name], constants)
    for tool in list_legacy_tools(host, TABLE):
        for name, entry in chains.items():
            remove_legacy_chain(host, tool, name, entry, addresses)


def has_nat_chain(host: Namespace, name: str) -> bool:
    """Whether there is such a chain for either IP version. Raises NetlinkError, IOFailure."""
    if find_chains(host.nft.socket, [Chain(table, name) for table in NFT_TABLES]):
        return True
    return any(has_chain(host.run(save_table, tool, TABLE), name) for tool in list_legacy_tools(host, TABLE))


def spellings(address: Prefix) -> list[bytes]:
    """What nft rules for this address compare with: the address, or, as old releases of the reference have it, its
    network, of which nft takes no more bytes than matter."""
    network = address.first.packed
    return [address.ip.packed, network if address.length % 8 else network[: address.length // 8]]


# The legacy kind.


def remove_legacy_chain(host: Namespace, tool: str, name: str, entry: str, addresses: Sequence[Prefix]) -> None:
    """The same by one of these tools. Raises IOFailure."""
    for tries_left in reversed(range(TRIES)):
        lines = host.run(save_table, tool, TABLE)
        if not has_chain(lines, name):
            return
        try:
            edited = edits(lines, name, entry, addresses)
            host.change(spell_edits(tool, TABLE, edited), restore_table, tool, TABLE, edited)
            return
        except IOFailure:
            if not tries_left:
                raise


def has_chain(lines: list[str], name: str) -> bool:
    """Whether the saved table has a chain."""
    return any(line.startswith(f":{name} ") for line in lines)


def edits(lines: list[str], name: str, entry: str, addresses: Sequence[Prefix]) -> list[str]:
    """What does it, from the saved table."""
    jumps = [line for line in lines if line.startswith(f"-A {entry} ") and line.endswith(f" -j {name}")]
    sources = [f" -s {text} " for each in addresses for text in (f"{each.ip}/{each.ip.bits}", each.network)]
    gone = [line for line in jumps if not sources or any(source in line for source in sources)]
    chain = [f"-F {name}", f"-X {name}"] if len(gone) == len(jumps) else []
    return [*(f"-D{line[2:]}" for line in gone), *chain]
