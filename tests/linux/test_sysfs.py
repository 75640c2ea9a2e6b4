"""Devices in sysfs."""

from __future__ import annotations

from pathlib import Path

import pytest
from sysfs import Sysfs, sysfs

from poplin.linux.sysfs import AUXILIARY, PCI, find_driver, find_interface, has_device

__all__ = ["sysfs"]

CARD = "0000:05:00.0"


def test_a_card_has_a_driver_and_interfaces(sysfs: Sysfs) -> None:
    folder = sysfs.add_pci(CARD, "mlx5_core", "ens2", "ens1")
    assert has_device(PCI, CARD) and not has_device(AUXILIARY, CARD)
    assert find_driver(CARD) == "mlx5_core"
    assert find_interface(f"{PCI}/{CARD}") == find_interface(str(folder)) == "ens1"


def test_interfaces_of_a_virtual_card_are_one_level_below(sysfs: Sysfs) -> None:
    sysfs.add_pci(CARD, "virtio-pci", "ens1", child="virtio12")
    assert find_interface(f"{PCI}/{CARD}") == "ens1"


def test_a_part_of_a_card(sysfs: Sysfs) -> None:
    sysfs.add_auxiliary("mlx5_core.sf.4", "ens1f0")
    assert has_device(AUXILIARY, "mlx5_core.sf.4")
    assert find_interface(f"{AUXILIARY}/mlx5_core.sf.4") == "ens1f0"


@pytest.mark.parametrize("name", [CARD, "0000:99:00.0"], ids=["bare", "absent"])
def test_what_is_not_there(sysfs: Sysfs, name: str) -> None:
    sysfs.add_pci(CARD)
    Path(f"/sys/devices/pci0000:00/{CARD}/net").mkdir()
    assert (find_driver(name), find_interface(f"{PCI}/{name}")) == ("", "")
