"""Devices as sysfs has them: which network interfaces are theirs, and which driver they have.

    /sys/bus/pci/devices/0000:05:00.0/net/ens1             a network card
    /sys/bus/pci/devices/0000:05:00.0/virtio0/net/ens1     a virtual one, whose driver is one level below
    /sys/bus/pci/devices/0000:05:00.0/driver               a link to /sys/bus/pci/drivers/mlx5_core
    /sys/bus/auxiliary/devices/mlx5_core.sf.4/net/ens1f0   a part of a card

What belongs to another network namespace than the one sysfs was mounted in is not shown.
"""

from __future__ import annotations

import posix

DEVICES = "/sys/devices/"
PCI, AUXILIARY = "/sys/bus/pci/devices", "/sys/bus/auxiliary/devices"
VIRTIO = "virtio"


def has_device(bus: str, name: str) -> bool:
    """Whether the bus, PCI or AUXILIARY, has a device of this name."""
    return posix.access(f"{bus}/{name}", posix.F_OK)


def find_driver(address: str) -> str:
    """The name of the driver of a PCI device, empty if it has none or is not there."""
    try:
        return posix.readlink(f"{PCI}/{address}/driver").rpartition("/")[2]
    except OSError:
        return ""


def find_interface(device: str) -> str:
    """The first interface of the device with this path, by name; empty if it has none or is not there."""
    children = [each for each in list_folder(device) if each.startswith(VIRTIO)]
    folders = [f"{device}/net", *(f"{device}/{each}/net" for each in children)]
    return next((name for folder in folders for name in list_folder(folder)), "")


def list_folder(path: str) -> list[str]:
    """The names in it, sorted; none if it is not there."""
    try:
        return sorted(posix.listdir(path))
    except OSError:
        return []
