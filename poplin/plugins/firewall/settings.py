"""What a network may tell firewall, read and checked before anything is touched."""

from __future__ import annotations

from poplin.linux.nft.forward import OWN_CHAINS
from poplin.plugins.kit.backend import IPTABLES, NFTABLES
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

FIREWALLD = "firewalld"
BACKENDS = {FIREWALLD: FIREWALLD, IPTABLES: NFTABLES, NFTABLES: NFTABLES}  # by their names; any other leaves it to us
USUAL_ZONE = "trusted"
USUAL_ADMIN_CHAIN = "CNI-ADMIN"
LONGEST_CHAIN = 128  # NFT_NAME_MAXLEN is 256
IN_NAMES = "_-./"  # beside letters and digits

OPEN, SAME_BRIDGE, ISOLATED = POLICIES = ("open", "same-bridge", "isolated")


class Settings:
    """`backend`: `firewalld`, `nftables`, or empty for whichever is there; `zone` of firewalld; `admin_chain`, the
    administrator's own; `policy`, who else may come to the container."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.backend = BACKENDS.get(fields.text("backend"), "")
        self.zone = fields.text("firewalldZone") or USUAL_ZONE
        self.admin_chain = fields.text("iptablesAdminChainName") or USUAL_ADMIN_CHAIN
        self.policy = fields.text("ingressPolicy") or OPEN
        check_chain(self.admin_chain)
        if self.policy not in POLICIES:
            raise InvalidConfig(f"unknown ingressPolicy {self.policy!r}", f"known are {', '.join(POLICIES)}")
        if call.is_strict:
            fields.reject_unknown()


def check_chain(name: str) -> None:
    """It will be a word of nft. Raises InvalidConfig."""
    known = all((letter.isascii() and letter.isalnum()) or letter in IN_NAMES for letter in name)
    if not known or not (name[0].isalpha() or name[0] == "_") or len(name) > LONGEST_CHAIN:
        rule = f"a letter, then letters, digits and {' '.join(IN_NAMES)}, at most {LONGEST_CHAIN} in all"
        raise InvalidConfig(f"invalid iptablesAdminChainName {name[:200]!r}", rule)
    if name.partition("_")[0] in OWN_CHAINS or name in OWN_CHAINS:
        raise InvalidConfig(f"iptablesAdminChainName {name!r} is the name of a chain of ours", "choose another")
