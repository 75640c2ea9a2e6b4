"""`conditionsV4` and `conditionsV6`: what else a packet must be like to be sent to a published port.

Written as for nft, or as for iptables, of which the usual matches are translated. They are the network's own, not the
host's: networks with the same conditions share rules, see `when.nft`.
"""

from __future__ import annotations

from poplin.plugins.kit.backend import IPTABLES, NFTABLES
from poplin.spec.address import parse_ip_or_prefix
from poplin.spec.errors import InvalidConfig, UnsupportedField

WORDS = {4: "ip", 6: "ip6"}  # how nft calls the versions
INTERFACE = "iifname"
# iptables' matches and the nft expression each stands for; {} is `ip` or `ip6`.
MATCHES = {
    "-s": "{} saddr",
    "--src": "{} saddr",
    "--source": "{} saddr",
    "-d": "{} daddr",
    "--dst": "{} daddr",
    "--destination": "{} daddr",
    "-i": INTERFACE,
    "--in-interface": INTERFACE,
}
ENDS_AN_EXPRESSION = frozenset(";\n\r\0#\\")


def guess_dialect(tokens: list[str]) -> str:
    """`iptables` if the first token begins with `-` or `!`, `nftables` otherwise, empty if there is none."""
    first = tokens[0] if tokens else ""
    return "" if not first else IPTABLES if first[0] in "-!" else NFTABLES


def translate(tokens: list[str], version: int) -> str:
    """The conditions as one nft expression. Raises InvalidConfig, or UnsupportedField for a match we do not know."""
    for token in tokens:
        if not token.isascii() or not ENDS_AN_EXPRESSION.isdisjoint(token):
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
            raise UnsupportedField(
                f"cannot translate {' '.join(tokens)!r} of conditionsV{version} from iptables", known
            )
        expression = MATCHES[match].format(WORDS[version])
        operand = write_interface(value) if expression == INTERFACE else check_address(value, version)
        words.append(f"{expression} {'!= ' if negated else ''}{operand}")
        del left[:2]
    return " ".join(words)


def write_interface(name: str) -> str:
    """In quotes, `+` at its end as nft's `*`."""
    return f'"{name[:-1]}*"' if name.endswith("+") else f'"{name}"'


def check_address(text: str, version: int) -> str:
    """An address, perhaps with a prefix length, as it is. Raises InvalidConfig: nft would ask DNS for a name."""
    try:
        parse_ip_or_prefix(text)
    except ValueError as error:
        raise InvalidConfig(f"invalid address in conditionsV{version}", str(error)) from None
    return text
