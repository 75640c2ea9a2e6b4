"""What a vlan network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.dns import find_dns
from poplin.plugins.kit.master import Master
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

LARGEST = 4094  # IEEE 802.1Q; 4095 is reserved, 0 a frame with a priority and no VLAN


class Settings:
    """One vlan network's configuration. `dns` None means that IPAM's stands."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.master = Master(fields)
        self.vid = read_vlan_id(fields)
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        if not self.master.name:
            raise InvalidConfig("missing `master`", "vlan needs the link whose VLAN the container is to have")
        ipam.require_type(call)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()


def read_vlan_id(fields: Fields) -> int:
    """`vlanId`. Raises InvalidConfig."""
    vid = fields.number("vlanId")
    if not 0 <= vid <= LARGEST:
        raise InvalidConfig(f"invalid vlanId {vid}", f"it can be 0 to {LARGEST}")
    return vid
