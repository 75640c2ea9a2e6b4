"""What a dummy network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.dns import find_dns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call


class Settings:
    """One dummy network's configuration. `dns` None means that IPAM's stands."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        ipam.require_type(call)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()
