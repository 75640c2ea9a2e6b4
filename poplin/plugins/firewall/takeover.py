"""What firewall of the reference made for an address, when we are the ones to CHECK or DEL it.

    filter  CNI-FORWARD -d 10.22.0.2/32 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT     of either iptables
            CNI-FORWARD -s 10.22.0.2/32 -j ACCEPT
    firewalld   10.22.0.2/32 in the zone

Only rules of just this form and address are looked at, and the chains stay: they have rules of its users.
"""

from __future__ import annotations

from poplin.linux.nft.elements import Element
from poplin.linux.nft.forward import ALLOWED
from poplin.linux.nft.rules import Chain, find_rules, remove_rules
from poplin.plugins.firewall.plan import list_addresses
from poplin.plugins.firewall.settings import BACKENDS, USUAL_ZONE
from poplin.plugins.kit.iptables_tool import list_legacy_tools, restore_table, save_table, spell_edits
from poplin.plugins.kit.skel import note
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.nft.rules import Rule
    from poplin.plugins.firewall.firewalld import Firewalld
    from poplin.plugins.kit.teardown import Teardown
    from poplin.spec.address import IP
    from poplin.spec.call import Call
    from poplin.spec.result import Result

TABLE = "filter"
CHAIN = "CNI-FORWARD"
NFT_TABLES = {4: f"ip {TABLE}", 6: f"ip6 {TABLE}"}
LEGACY_RULES = ("-d {} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "-s {} -j ACCEPT")


def remove_reference(call: Call, kernel: Kernel, told: Result, firewalld: Firewalld, teardown: Teardown) -> None:
    """All of it that is of these addresses, but not what somebody has by now who was attached by us."""
    host = kernel.host
    wanted = [ip for ip in list_addresses(told) if not host.nft.find(Element(ALLOWED[ip.version], (ip,)))]
    if wanted:
        teardown.run(remove_nft_rules, host, wanted)
        teardown.run(remove_legacy_rules, host, wanted)
        teardown.run(remove_sources, call, wanted, firewalld)


def has_reference_rules(host: Namespace, addresses: Sequence[IP]) -> bool:
    """Whether there are rules for each of these. Raises NetlinkError, IOFailure."""
    sources = {constant for rule in list_nft_rules(host, addresses) for constant in rule.constants}
    if all(ip.packed in sources for ip in addresses):
        return True
    saved = {line for tool in list_legacy_tools(host, TABLE) for line in host.run(save_table, tool, TABLE)}
    return all(f"-A {rule}" in saved for rule in spell_legacy_rules(addresses))


def list_nft_rules(host: Namespace, addresses: Sequence[IP]) -> list[Rule]:
    """Those of the nft kind."""
    wanted = [(ip.packed,) for ip in addresses]
    tables = {NFT_TABLES[ip.version] for ip in addresses}
    rules = [rule for table in sorted(tables) for rule in find_rules(host.nft.socket, Chain(table, CHAIN))]
    return [each for each in rules if each.constants in wanted and not each.jump]


def remove_nft_rules(host: Namespace, addresses: Sequence[IP]) -> None:
    """Delete them. Raises NetlinkError."""
    remove_rules(host.nft.socket, list_nft_rules(host, addresses))


def remove_legacy_rules(host: Namespace, addresses: Sequence[IP]) -> None:
    """The same of the legacy kind. Raises IOFailure."""
    wanted = spell_legacy_rules(addresses)
    for tool in list_legacy_tools(host, TABLE):
        lines = host.run(save_table, tool, TABLE)
        edits = [f"-D {rule}" for rule in wanted if f"-A {rule}" in lines]
        if edits:
            host.change(spell_edits(tool, TABLE, edits), restore_table, tool, TABLE, edits)


def spell_legacy_rules(addresses: Sequence[IP]) -> list[str]:
    """As iptables-save prints them."""
    return [f"{CHAIN} {rule.format(f'{ip}/{ip.bits}')}" for ip in addresses for rule in LEGACY_RULES]


def remove_sources(call: Call, addresses: Sequence[IP], firewalld: Firewalld) -> None:
    """Of firewalld, if the network is one that it is told of. That it does not answer is no reason to fail: most who
    come here never were in a zone."""
    try:
        backend, zone = call.fields.text("backend"), call.fields.text("firewalldZone") or USUAL_ZONE
        if BACKENDS.get(backend) in (None, backend) and firewalld.is_here():
            for ip in addresses:
                firewalld.remove(ip, zone)
    except CNIError as error:
        note(call, str(error))
