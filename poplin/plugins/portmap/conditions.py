"""`conditionsV4` and `conditionsV6`: what else a packet must be like to be sent to a published port.

Written as for nft, or as for iptables, of which the usual matches are translated. They are the network's own, not the
host's: networks with the same conditions share rules, see `when.nft`.
"""

from __future__ import annotations

from poplin.plugins.kit.backend import IPTABLES, NFTABLES
from poplin.spec.errors import InvalidConfig, UnsupportedField

WORDS = {4: "ip", 6: "ip6"}  # how nft calls the versions
# iptables' matches and the nft expression each stands for; {} is `ip` or `ip6`.
MATCHES = {
    "-s": "{} saddr",
    "--src": "{} saddr",
    "--source": "{} saddr",
    "-d": "{} daddr",
    "--dst": "{} daddr",
    "--destination": "{} daddr",
    "-i": "iifname",
    "--in-interface": "iifname",
}
ENDS_AN_EXPRESSION = frozenset(";\n\r\0#\\")


def guess_dialect(tokens: list[str]) -> str:
    """`iptables` if the first token begins with `-` or `!`, `nftables` otherwise, empty if there is none."""
    first = tokens[0] if tokens else ""
    return "" if not first else IPTABLES if first[0] in "-!" else NFTABLES


def translate(tokens: list[str], version: int) -> str:
    """The conditions as one nft expression. Raises InvalidConfig, or UnsupportedField for a match we do not know."""
    for token in tokens:
        if not ENDS_AN_EXPRESSION.isdisjoint(token):
            raise InvalidConfig(f"invalid token {token!r} in conditionsV{version}", "one token is one word of a match")
    if guess_dialect(tokens) != IPTABLES:
        return " ".join(tokens)
    words = []
    left = list(tokens)
    while left:
        negated = left[0] == "!" and bool(left.pop(0))
        match, value = [*left, "", ""][:2]
        if match not in MATCHES or not value:
            known = f"known are {', '.join(MATCHES)}, each with a value; write others as for nft"
            raise UnsupportedField(f"cannot translate {' '.join(left)!r} of conditionsV{version} from iptables", known)
        words.append(f"{MATCHES[match].format(WORDS[version])} {'!= ' if negated else ''}{quote(value)}")
        del left[:2]
    return " ".join(words)


def quote(value: str) -> str:
    """An interface's name in quotes, `+` at its end as nft's `*`; an address as it is."""
    if value[:1].isdigit() or ":" in value:
        return value
    return f'"{value[:-1]}*"' if value.endswith("+") else f'"{value}"'
