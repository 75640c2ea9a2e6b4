"""What a network may tell vrf, read and checked before anything is touched."""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig
from poplin.spec.names import check_new_interface_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

NAME = "vrfname"
HIGHEST_TABLE = 0xFFFFFFFF


class Settings:
    """`name` of the VRF device; `table` 0 is the one it has, or for a new one the first that no other has."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.name = get_name(call)
        self.table = fields.number("table")
        if not 0 <= self.table <= HIGHEST_TABLE:
            raise InvalidConfig(f"invalid table {self.table}", f"it can be 1 to {HIGHEST_TABLE}, or 0 for any")
        if call.is_strict:
            fields.reject_unknown()


def get_name(call: Call) -> str:
    """`vrfname`, all that DEL needs. Raises DecodingFailure, InvalidConfig."""
    name = call.fields.text(NAME)
    if not name:
        raise InvalidConfig("configuration is expected to have a valid vrf name", f"set `{NAME}`")
    check_new_interface_name(name, NAME, InvalidConfig)
    return name
