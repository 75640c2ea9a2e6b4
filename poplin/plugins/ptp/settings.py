"""What a ptp network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.backend import read_backend
from poplin.plugins.kit.dns import find_dns
from poplin.plugins.kit.mtu import read_mtu
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call


class Settings:
    """One ptp network's configuration. `mtu` 0 means the default, `dns` None that IPAM's stands."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        self.ip_masq = fields.flag("ipMasq")
        self.mtu = read_mtu(fields)
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        read_backend(fields, "ipMasqBackend")
        require_early_addresses(call)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()


def require_early_addresses(call: Call) -> None:
    """Raises InvalidConfig without an IPAM plugin, and for the one that could only ask over the link, which is made of
    the addresses here."""
    ipam.require_type(call)
    if ipam.ipam_type(call) == "dhcp":
        raise InvalidConfig(
            "ptp cannot have its addresses from dhcp", "its link ends at this host, where no DHCP server is; use bridge"
        )
