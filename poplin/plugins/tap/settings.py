"""What a tap network may be told, read and checked before anything is touched."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.dns import find_dns
from poplin.plugins.kit.mac import find_mac
from poplin.plugins.kit.mtu import SMALLEST_MTU, read_mtu
from poplin.spec.errors import InvalidConfig
from poplin.spec.names import check_interface_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

LARGEST_MTU = 65521  # 65535 without an Ethernet header, drivers/net/tun.c
LARGEST_ID = 0xFFFFFFFE  # of users and groups; one more means none


class Settings:
    """One tap network's configuration. `owner` and `group` are None where they are not given, for 0 is root; `mtu` 0 is
    the default, `dns` None that IPAM's stands."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, InvalidEnvironment, or UnsupportedField."""
        fields = call.fields
        self.multi_queue = fields.flag("multiQueue")
        self.owner = find_id(fields, "owner")
        self.group = find_id(fields, "group")
        self.context = read_context(fields)
        self.bridge = fields.text("bridge")
        self.mtu = read_mtu(fields)
        self.mac = find_mac(call, fields.text("mac"))
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        ipam.ipam_type(call)
        if self.bridge:
            check_interface_name(self.bridge, "`bridge`", InvalidConfig)
        if self.mtu > LARGEST_MTU:
            allowed = f"it can be {SMALLEST_MTU} to {LARGEST_MTU}, or 0 for the default"
            raise InvalidConfig(f"invalid mtu {self.mtu}", allowed)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()


def find_id(fields: Fields, key: str) -> int | None:
    """The number of a user or group. Raises InvalidConfig."""
    number = fields.find_number(key)
    if number is not None and not 0 <= number <= LARGEST_ID:
        raise InvalidConfig(f"invalid {key} {number}", f"it can be 0 to {LARGEST_ID}")
    return number


def read_context(fields: Fields) -> str:
    """A label of SELinux, as far as can be seen. Raises InvalidConfig."""
    context = fields.text("selinuxContext")
    if context and not (context.isascii() and context.isprintable() and " " not in context):
        wanted = "it is no label like system_u:system_r:container_t:s0"
        raise InvalidConfig("invalid `selinuxContext`", f"{context!r}: {wanted}")
    return context
