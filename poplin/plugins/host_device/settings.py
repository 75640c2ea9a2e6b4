"""What a host-device network may be told, read and checked before anything is touched.

Any of the selectors says which device it is. What of them becomes part of a path is checked to be one name.
"""

from __future__ import annotations

from poplin.linux.sysfs import DEVICES
from poplin.linux.wire.link import LONGEST_ALTERNATIVE_NAME
from poplin.plugins.kit import ipam
from poplin.plugins.kit.dns import find_dns
from poplin.spec.errors import InvalidConfig
from poplin.spec.names import NOT_IN_LINK_NAME

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

SELECTORS = ("device", "hwaddr", "kernelpath", "pciBusID")
FROM_RUNTIME = "runtimeConfig.deviceID"
# How many octets a hardware address has: Ethernet's, those of EUI-64, InfiniBand's; and how they may be written.
OCTETS = (6, 8, 20)
SPELLINGS = ((":", 2), ("-", 2), (".", 4))


class Settings:
    """One host-device network's configuration, selectors empty where they say nothing. `dns` None means that IPAM's
    stands; `dpdk_mode` that the device is for a program, whatever its driver."""

    def __init__(self, call: Call, *, needs_selector: bool = True) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField. STATUS is not told the runtime's selector."""
        fields = call.fields
        self.device = read_device(fields)
        self.hwaddr = read_hardware_address(fields)
        self.kernelpath = read_kernel_path(fields)
        self.pci = read_name(fields, "pciBusID")
        self.device_id = read_name(fields.fields("runtimeConfig"), "deviceID")
        self.dpdk_mode = fields.flag("DPDKMode")
        dns = fields.fields("dns")
        self.dns = find_dns(dns)
        ipam.ipam_type(call)
        if call.is_strict:
            for each in (fields, dns):
                each.reject_unknown()
        if needs_selector and not self.has_selector:
            known = ", ".join([*SELECTORS, FROM_RUNTIME])
            raise InvalidConfig("no selector says which device to move", f"give one of {known}")

    @property
    def has_selector(self) -> bool:
        """Whether it says which device."""
        return bool(self.device or self.hwaddr or self.kernelpath or self.pci or self.device_id)


def read_device(fields: Fields) -> str:
    """The name of an interface, which may be an alternative one. Raises InvalidConfig."""
    name = fields.text("device")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # JSON can spell half a character
        size = LONGEST_ALTERNATIVE_NAME + 1
    if size > LONGEST_ALTERNATIVE_NAME or name in (".", "..") or not NOT_IN_LINK_NAME.isdisjoint(name):
        raise InvalidConfig("invalid `device`", f"{name!r} is no name of an interface")
    return name


def read_hardware_address(fields: Fields) -> str:
    """As the kernel's are printed here. Raises InvalidConfig."""
    text = fields.text("hwaddr")
    for separator, width in SPELLINGS:
        parts = text.split(separator)
        digits = "".join(parts).lower()
        is_even = len(parts) > 1 and all(len(part) == width for part in parts)
        if is_even and len(digits) // 2 in OCTETS and not digits.strip("0123456789abcdef"):
            return bytes.fromhex(digits).hex(":")
    if text:
        raise InvalidConfig("invalid `hwaddr`", f"{text!r} is not a hardware address like 02:00:00:00:00:01")
    return ""


def read_kernel_path(fields: Fields) -> str:
    """The folder of a device in sysfs. Raises InvalidConfig."""
    path = fields.text("kernelpath").rstrip("/")
    if path and not (path.startswith(DEVICES) and is_path_of_names(path[len(DEVICES) :])):
        raise InvalidConfig("invalid `kernelpath`", f"{path!r} is no folder below {DEVICES}")
    return path


def read_name(fields: Fields, key: str) -> str:
    """The name of a device on its bus. Raises InvalidConfig."""
    name = fields.text(key)
    if name and not ("/" not in name and is_path_of_names(name)):
        raise InvalidConfig(f"invalid `{fields.path(key)}`", f"{name!r} is no name of a device")
    return name


def is_path_of_names(path: str) -> bool:
    """Whether a relative path goes down by plain ASCII names, as all of sysfs are, and only down."""
    return path.isascii() and path.isprintable() and not {"", ".", ".."} & set(path.split("/"))
