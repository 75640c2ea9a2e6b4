"""What an ipvlan network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.linux.wire.ipvlan import MODES
from poplin.plugins.kit import ipam
from poplin.plugins.kit.dns import find_dns
from poplin.plugins.kit.master import Master, read_mode

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

DEFAULT_MODE = "l2"


class Settings:
    """One ipvlan network's configuration. Without `has_ipam` the plugin before it in the chain gives the addresses;
    `dns` None means that what came with them stands."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.master = Master(fields)
        self.mode = read_mode(fields, MODES, DEFAULT_MODE)
        self.has_ipam = bool(ipam.ipam_type(call))
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()
