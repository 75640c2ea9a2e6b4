"""What the reference plugins left of this very attachment, when we are the ones to DEL it: found by computed names.

    ip nat, ip6 nat        POSTROUTING -s ADDRESS -j CNI-<24 hex digits>             ipMasq, with iptables
    inet cni_plugins_masquerade masq_checks, comment "<16 hex>-<16 hex>, ..."        ipMasq, with nft
    ip nat, ip6 nat        CNI-HOSTPORT-DNAT ... -j CNI-DN-<21 hex digits>           portmap, with iptables
    ip, ip6 cni_hostport   hostports, masquerading, comment "<container id>"         portmap, with nft
    bridge nat             PREROUTING iifname VETH jump cni-br-iface-<container id>-<interface>      macspoofchk

The digits are of SHA-512. Nothing else is looked at, the chains they share stay, and a host that never had the
reference plugins answers with a few times "no such chain".
"""

from __future__ import annotations

from poplin.linux.nft.rules import Chain, find_chains, find_rules, remove_chain, remove_rules
from poplin.plugins.kit.attachment import find_told_addresses
from poplin.plugins.kit.iptables import has_nat_chain, remove_nat_chains
from poplin.plugins.kit.reference_names import short_hash
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.nft.rules import Rule
    from poplin.spec.address import Prefix
    from poplin.spec.call import Call

CHAIN_NAME = 28  # characters, with the prefix
COMMENT_HASH = 16
MASQUERADE = Chain("inet cni_plugins_masquerade", "masq_checks")
PORT_TABLES = ("ip cni_hostport", "ip6 cni_hostport")
PORT_CHAINS = ("hostports", "hostip_hostports", "masquerading")  # the first is always there, the second of old releases
# of portmap with iptables: what the container's chain begins with, and who leads there; the second is of old releases
PORT_PREFIXES = (("CNI-DN-", "CNI-HOSTPORT-DNAT"), ("CNI-SN-", "CNI-HOSTPORT-SNAT"))
SPOOF_TABLE = "bridge nat"


def remove_reference_masquerade(call: Call, kernel: Kernel) -> None:
    """`ipMasq` of bridge and ptp. Of two attachments of a container to a network the other one's stays, if prevResult
    says which addresses are this one's. Raises CNIError."""
    name = chain_name("CNI-", call.config.name, call.container_id)
    addresses = find_told_addresses(call) or []
    with Teardown() as teardown:
        teardown.run(remove_nat_chains, kernel.host, {name: "POSTROUTING"}, addresses)
        teardown.run(remove_nft_masquerade, kernel.host, masquerade_comment(call))


def remove_nft_masquerade(host: Namespace, comment: str) -> None:
    """The attachment's rules in the chain they share. Raises NetlinkError."""
    rules = find_rules(host.nft.socket, MASQUERADE)
    remove_rules(host.nft.socket, [each for each in rules if each.comment.startswith(comment)])


def remove_reference_ports(call: Call, kernel: Kernel) -> None:
    """portmap's. Raises CNIError."""
    chains = {chain_name(prefix, call.config.name, call.container_id): entry for prefix, entry in PORT_PREFIXES}
    with Teardown() as teardown:
        teardown.run(remove_nat_chains, kernel.host, chains)
        teardown.run(remove_nft_ports, kernel.host, call.container_id, find_told_addresses(call) or [])


def remove_nft_ports(host: Namespace, container_id: str, addresses: list[Prefix]) -> None:
    """The container's rules in the chains they share, if known only those for these addresses. Raises NetlinkError."""
    socket = host.nft.socket
    targets = {each.ip.packed for each in addresses}
    for found in find_chains(socket, [Chain(table, PORT_CHAINS[0]) for table in PORT_TABLES]):
        chains = [Chain(f"{found.family} {found.table}", name) for name in PORT_CHAINS]
        rules = [rule for chain in chains for rule in find_rules(socket, chain) if rule.comment == container_id]
        remove_rules(socket, [each for each in rules if leads_to(each, targets)])


def leads_to(rule: Rule, targets: set[bytes]) -> bool:
    """Whether the rule is about one of these addresses; any rule if none is known."""
    return not targets or not targets.isdisjoint(rule.constants)


def has_reference_ports(call: Call, kernel: Kernel) -> bool:
    """Whether portmap of the reference publishes ports of this container. Raises NetlinkError, IOFailure."""
    name = chain_name(PORT_PREFIXES[0][0], call.config.name, call.container_id)
    if has_nat_chain(kernel.host, name):
        return True
    chains = [Chain(table, PORT_CHAINS[0]) for table in PORT_TABLES]
    rules = [rule for chain in chains for rule in find_rules(kernel.host.nft.socket, chain)]
    return any(rule.comment == call.container_id for rule in rules)


def remove_reference_spoof_check(call: Call, kernel: Kernel) -> None:
    """bridge's `macspoofchk`. Raises NetlinkError."""
    socket = kernel.host.nft.socket
    name = f"cni-br-iface-{call.container_id}-{call.ifname}"
    chains = {name: "PREROUTING", f"{name}-mac": name}
    for found in find_chains(socket, [Chain(SPOOF_TABLE, each) for each in chains]):
        remove_chain(socket, found, chains[found.name])


# Names.


def chain_name(prefix: str, network: str, container_id: str) -> str:
    """The name of a chain that belongs to this network and container. Raises ValueError if no digit would fit."""
    if len(prefix) >= CHAIN_NAME:
        raise ValueError(f"prefix {prefix!r} leaves nothing of the {CHAIN_NAME} characters of a chain's name")
    return prefix + short_hash(network + container_id, CHAIN_NAME - len(prefix))


def masquerade_comment(call: Call) -> str:
    """What the comments of this attachment's nft rules begin with."""
    attachment = short_hash(f"{call.ifname}:{call.container_id}", COMMENT_HASH)
    return f"{short_hash(call.config.name, COMMENT_HASH)}-{attachment}"
