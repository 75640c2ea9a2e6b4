"""What a network may tell sbr, read and checked before anything is touched."""

from __future__ import annotations

from poplin.spec.address import parse_ip
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.address import IP
    from poplin.spec.call import Call

MOST_GATEWAYS = 2
HIGHEST_TABLE = 0xFFFFFFFF


class Settings:
    """`table`: one that is there already, of which only rules are made, None for tables of our own; `gateways` by IP
    version; `source_hints`: the networks' routes stay in the main table too."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.table = find_table(call)
        self.gateways = read_gateways(fields.texts("gateways"))
        self.source_hints = fields.flag("addSourceHints")
        if call.is_strict:
            fields.reject_unknown()


def find_table(call: Call) -> int | None:
    """The number, None if there is none. Raises DecodingFailure, InvalidConfig."""
    table = call.fields.find_number("table")
    if table is not None and not 1 <= table <= HIGHEST_TABLE:
        raise InvalidConfig(f"invalid table {table}", f"it can be 1 to {HIGHEST_TABLE}")
    return table


def read_gateways(texts: list[str]) -> dict[int, IP]:
    """By IP version. Raises InvalidConfig."""
    if len(texts) > MOST_GATEWAYS:
        raise InvalidConfig(f"too many gateways: {', '.join(texts)}", "there can be one for each IP version")
    gateways: dict[int, IP] = {}
    for text in texts:
        try:
            ip = parse_ip(text)
        except ValueError as error:
            raise InvalidConfig(f"invalid gateway {text!r}", str(error)) from None
        if ip.version in gateways:
            raise InvalidConfig(f"two gateways for IPv{ip.version}: {', '.join(texts)}", "remove one of them")
        gateways[ip.version] = ip
    return gateways
