"""A made-up sysfs, over the real one in the laboratory's own mount namespace: plugins read what a test puts there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

PLACES = ("/sys/bus", "/sys/devices")


class Sysfs:
    """Devices on their buses."""

    def add_pci(self, address: str, driver: str = "", *interfaces: str, child: str = "") -> Path:
        """A PCI device whose interfaces are those of `child`, if it is given; its folder below /sys/devices."""
        folder = Path("/sys/devices/pci0000:00") / address
        self.add_interfaces(folder / child, *interfaces)
        if driver:
            target = Path("/sys/bus/pci/drivers") / driver
            target.mkdir(parents=True, exist_ok=True)
            (folder / "driver").symlink_to(target)
        self.add_to_bus("pci", address, folder)
        return folder

    def add_auxiliary(self, name: str, *interfaces: str) -> Path:
        """A part of a device; its folder."""
        folder = Path("/sys/devices/pci0000:00/0000:00:09.0") / name
        self.add_interfaces(folder, *interfaces)
        self.add_to_bus("auxiliary", name, folder)
        return folder

    def add_interfaces(self, folder: Path, *interfaces: str) -> None:
        """A folder for each."""
        folder.mkdir(parents=True)
        for interface in interfaces:
            (folder / "net" / interface).mkdir(parents=True)

    def add_to_bus(self, bus: str, name: str, folder: Path) -> None:
        """The bus knows its devices by links."""
        devices = Path("/sys/bus") / bus / "devices"
        devices.mkdir(parents=True, exist_ok=True)
        (devices / name).symlink_to(folder)


@pytest.fixture
def sysfs(laboratory: None) -> Iterator[Sysfs]:
    """Empty, until the test ends."""
    for place in PLACES:
        subprocess.run(["mount", "-t", "tmpfs", "none", place], check=True, timeout=120)
    yield Sysfs()
    for place in PLACES:
        subprocess.run(["umount", place], check=True, timeout=120)
