"""What a network may tell tuning, read and checked before anything is touched.

An operator's `args.cni` counts before the network's own keys; switches are put together from both.
"""

from __future__ import annotations

from poplin.linux.wire.link import format_mac
from poplin.plugins.kit.mac import OPERATOR, find_mac
from poplin.plugins.kit.mtu import read_mtu
from poplin.plugins.tuning.backups import find_folder
from poplin.plugins.tuning.switches import read_switches
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.plugins.tuning.attributes import Values
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

LONGEST_QUEUE = (1 << 32) - 1


class Settings:
    """`attributes` of the interface by name and `switches` by path below /proc/sys, only those asked for; `keys` are
    the switches as the network calls them, `folder` is where backups are kept."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        operators = fields.fields("args").fields("cni")
        self.keys, self.switches = read_switches(call, fields, operators)
        mac = find_mac(call, fields.text("mac"), first=OPERATOR)
        promisc = find_flag(fields, operators, "promisc")
        self.attributes: Values = {
            **({"mac": format_mac(mac)} if mac else {}),
            **({"promisc": True} if promisc else {}),  # it is only ever switched on
            **find_mtu(fields, operators),
            **find_all_multicast(fields, operators),
            **find_queue(fields, operators),
        }
        self.folder = find_folder(call)
        if call.is_strict:
            fields.reject_unknown()


def find_flag(fields: Fields, operators: Fields, key: str) -> bool | None:
    """A switch that may also be left alone."""
    source = operators if key in operators else fields
    return source.flag(key) if key in source else None


def find_all_multicast(fields: Fields, operators: Fields) -> Values:
    """On or off, if it is said."""
    wanted = find_flag(fields, operators, "allmulti")
    return {} if wanted is None else {"allmulti": wanted}


def find_mtu(fields: Fields, operators: Fields) -> Values:
    """0 leaves it alone. Raises InvalidConfig."""
    mtu = read_mtu(operators if "mtu" in operators else fields)
    return {"mtu": mtu} if mtu else {}


def find_queue(fields: Fields, operators: Fields) -> Values:
    """How many packets the transmit queue takes; 0 is a value. Raises InvalidConfig."""
    source = operators if "txQLen" in operators else fields
    length = source.find_number("txQLen")
    if length is None:
        return {}
    if not 0 <= length <= LONGEST_QUEUE:
        raise InvalidConfig(f"invalid txQLen {length}", f"it can be 0 to {LONGEST_QUEUE}")
    return {"txQLen": length}
