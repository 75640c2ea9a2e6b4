"""What a macvlan network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.linux.wire.macvlan import MODES
from poplin.plugins.kit import ipam
from poplin.plugins.kit.dns import find_dns
from poplin.plugins.kit.mac import find_mac
from poplin.plugins.kit.master import Master, read_mode
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

DEFAULT_MODE = "bridge"
LONGEST_QUEUE = 0xFFFFFFFF  # the kernel's number has 32 bits


class Settings:
    """One macvlan network's configuration. `queue` 0 is the default, `dns` None leaves IPAM's, `mac` b"" is any."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.master = Master(fields)
        self.mode = read_mode(fields, MODES, DEFAULT_MODE)
        self.queue = read_queue(fields)
        self.mac = find_mac(call, fields.text("mac"))
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        ipam.ipam_type(call)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()


def read_queue(fields: Fields) -> int:
    """`bcqueuelen`: how many broadcasts may wait for the master's containers. Raises InvalidConfig."""
    length = fields.number("bcqueuelen")
    if not 0 <= length <= LONGEST_QUEUE:
        raise InvalidConfig(f"invalid bcqueuelen {length}", f"it can be 0 to {LONGEST_QUEUE}, 0 for the default")
    return length
