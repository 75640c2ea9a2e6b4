"""host-device: what says which device it is, on a made-up sysfs, and devices that programs drive by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card import Card, records, state
from netlab import Container, Host, lease_files, with_prev_result
from sysfs import Sysfs, sysfs

from poplin.spec.versions import FAMILIES, KNOWN

__all__ = ["sysfs"]

Network = Callable[..., dict[str, Any]]
PCI = "0000:05:00.0"
SUBFUNCTION = "mlx5_core.sf.4"
STATIC = {"type": "static", "addresses": [{"address": "10.10.0.1/24"}]}
with_interfaces = pytest.mark.parametrize("version", [each for each in KNOWN if FAMILIES[each] != "A"])


def select(network: Network, *subnets: str, **selectors: Any) -> dict[str, Any]:
    """A network with these selectors and no other."""
    return network(*subnets, **{"device": "", **selectors})


def goes_and_comes(host: Host, container: Container, card: Card, conf: dict[str, Any], ifname: str = "eth0") -> bool:
    """Whether it is our card that is moved, and given back."""
    how: dict[str, Any] = {"environ": {"CNI_IFNAME": ifname}}
    result = host.cni("ADD", conf, container, **how)
    assert result["interfaces"] == [{"name": ifname, "mac": card.mac, "sandbox": container.path}]
    assert state(container, ifname) == (card.mac, "ens1", True)
    host.cni("DEL", with_prev_result(conf, result), container, **how)
    return card.is_as_before


# Devices with an interface.


@pytest.mark.facts("plugins-main-ipam", 119)
def test_by_hardware_address(host: Host, container: Container, card: Card, network: Network) -> None:
    plain = card.mac.replace(":", "")
    dotted = ".".join(plain[at : at + 4] for at in (0, 4, 8))
    for spelling in (card.mac, card.mac.upper(), card.mac.replace(":", "-"), dotted):
        assert goes_and_comes(host, container, card, select(network, hwaddr=spelling))


def test_of_several_with_one_address_the_first_counts(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.sh("ip link add br9 type bridge")
    host.sh(f"ip link set br9 address {card.mac}")
    host.cni("ADD", select(network, hwaddr=card.mac), container)
    assert (host.links(), container.links()) == (["br9", "wire"], ["eth0"])


@pytest.mark.facts("plugins-main-ipam", 119)
def test_by_the_path_in_sysfs(host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs) -> None:
    folder = sysfs.add_pci(PCI, "mlx5_core", "ens1")
    for path in (str(folder), f"{folder}/"):
        assert goes_and_comes(host, container, card, select(network, kernelpath=path))
    for path in ("/sys/devices/nowhere", str(folder.parent)):
        reply = host.call("ADD", select(network, kernelpath=path), container)
        assert (reply.code, reply.object["msg"]) == (7, f"the host has no interface of `kernelpath` {path}")


@pytest.mark.facts("plugins-main-ipam", 119)
@pytest.mark.parametrize("child", ["", "virtio3"], ids=["a card", "virtio"])
def test_by_pci_address(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs, child: str
) -> None:
    sysfs.add_pci(PCI, "virtio-pci" if child else "mlx5_core", "ens1", child=child)
    assert goes_and_comes(host, container, card, select(network, pciBusID=PCI))


@pytest.mark.facts("plugins-main-ipam", 119)
def test_of_several_interfaces_of_a_device_the_first_counts(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs
) -> None:
    sysfs.add_pci(PCI, "mlx5_core", "wire", "ens1")
    assert goes_and_comes(host, container, card, select(network, pciBusID=PCI))


@pytest.mark.facts("plugins-main-ipam", 119)
def test_a_pci_device_without_an_interface(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs
) -> None:
    sysfs.add_pci(PCI, "nvme")
    reply = host.call("ADD", select(network, pciBusID=PCI), container)
    assert (reply.code, reply.object["msg"]) == (7, f"the host has no interface of PCI device {PCI}")
    assert card.is_as_before


@pytest.mark.facts("plugins-main-ipam", 117)
@with_interfaces
def test_an_auxiliary_device_that_the_runtime_chose(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs, version: str
) -> None:
    sysfs.add_auxiliary(SUBFUNCTION, "ens1")
    conf = select(network, version=version, runtimeConfig={"deviceID": SUBFUNCTION})
    assert goes_and_comes(host, container, card, conf, "net1")


@pytest.mark.facts("plugins-main-ipam", 120)
def test_a_pci_device_that_the_runtime_chose(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs
) -> None:
    sysfs.add_pci(PCI, "mlx5_core", "ens1")
    sysfs.add_pci("0000:06:00.0", "mlx5_core", "wire")
    conf = select(network, pciBusID="0000:06:00.0", runtimeConfig={"deviceID": PCI})
    assert goes_and_comes(host, container, card, conf)


@pytest.mark.facts("plugins-main-ipam", 120)
def test_a_device_that_the_runtime_chose_and_nobody_knows(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs
) -> None:
    sysfs.add_pci(PCI, "mlx5_core", "ens1")
    reply = host.call("ADD", select(network, runtimeConfig={"deviceID": "0000:07:00.0"}), container)
    assert reply.object == {
        "cniVersion": "1.1.0",
        "code": 7,
        "msg": "there is no device '0000:07:00.0', the `runtimeConfig.deviceID`",
        "details": "in /sys/bus/pci/devices or /sys/bus/auxiliary/devices",
    }
    assert card.is_as_before


def test_the_runtimes_auxiliary_device_stands_over_the_pci_address_of_the_network(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs
) -> None:
    sysfs.add_pci(PCI, "vfio-pci")
    sysfs.add_auxiliary(SUBFUNCTION, "ens1")
    conf = select(network, pciBusID=PCI, runtimeConfig={"deviceID": SUBFUNCTION})
    assert goes_and_comes(host, container, card, conf)


def test_the_first_selector_that_says_something_decides(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs
) -> None:
    host.sh("ip link add other type veth peer name far")
    folder = sysfs.add_pci(PCI, "mlx5_core", "other")
    sysfs.add_auxiliary(SUBFUNCTION, "other")
    selectors = {
        "device": "ens1",
        "hwaddr": card.mac,
        "kernelpath": str(sysfs.add_pci("0000:06:00.0", "mlx5_core", "ens1")),
        "pciBusID": "0000:06:00.0",
    }
    weaker = {"hwaddr": host.mac("other"), "kernelpath": str(folder), "pciBusID": PCI}
    for name, value in selectors.items():
        weaker.pop(name, None)
        host.cni("ADD", select(network, **{**weaker, name: value}), container)
        assert state(container, "eth0")[1] == "ens1", name
        host.cni("DEL", network(), container)


def test_a_device_that_came_back_is_put_right_whatever_selects_it(
    host: Host, card: Card, network: Network, sysfs: Sysfs
) -> None:
    sysfs.add_pci(PCI, "mlx5_core", "eth0")  # sysfs says what it is called now
    first, second = host.add_container(), host.add_container()
    host.cni("ADD", network(), first)
    card.hand_back(first)
    net = Path(f"/sys/devices/pci0000:00/{PCI}/net")
    reply = host.call("ADD", select(network, pciBusID=PCI), second)
    assert (reply.code, host.links()) == (7, ["ens1", "wire"]), "its name is right, and sysfs made up"
    (net / "eth0").rename(net / "ens1")
    host.cni("ADD", select(network, pciBusID=PCI), second)
    assert state(second, "eth0") == (card.mac, "ens1", True)


def test_a_device_that_came_back_is_not_taken_for_another(host: Host, card: Card, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    host.cni("ADD", network(), first)
    card.hand_back(first)
    reply = host.call("ADD", network(device="eth0"), second)
    assert (reply.code, reply.object["msg"]) == (7, "the host has no interface of `device` 'eth0'")
    assert card.is_as_before


# Devices that programs drive.


@with_interfaces
@pytest.mark.facts("plugins-main-ipam", 111)
@pytest.mark.facts("plugins-main-ipam", 112)
def test_a_device_for_a_program_is_only_told_of(
    host: Host, container: Container, network: Network, sysfs: Sysfs, version: str
) -> None:
    sysfs.add_pci(PCI, "vfio-pci")
    conf = select(network, version=version, pciBusID=PCI, ipam=STATIC)
    result = host.cni("ADD", conf, container)
    assert result["interfaces"] == [{"name": "eth0", "sandbox": container.path}]
    assert [(ip["address"], ip["interface"]) for ip in result["ips"]] == [("10.10.0.1/24", 0)]
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    assert (container.links(), records()) == ([], [])
    for _ in range(2):
        host.cni("DEL", with_prev_result(conf, result), container)


@pytest.mark.facts("plugins-main-ipam", 121)
@pytest.mark.parametrize("driver", ["vfio-pci", "uio_pci_generic", "igb_uio"])
@pytest.mark.parametrize("by", ["pciBusID", "deviceID"])
def test_drivers_that_give_devices_to_programs(
    host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs, driver: str, by: str
) -> None:
    sysfs.add_pci(PCI, driver, "ens1")
    selector = {"pciBusID": PCI} if by == "pciBusID" else {"runtimeConfig": {"deviceID": PCI}}
    assert "mac" not in host.cni("ADD", select(network, **selector), container)["interfaces"][0]
    assert card.is_as_before


@pytest.mark.facts("plugins-main-ipam", 121)
def test_other_drivers_do_not(host: Host, container: Container, card: Card, network: Network, sysfs: Sysfs) -> None:
    sysfs.add_pci(PCI, "mlx5_core", "ens1")
    assert host.cni("ADD", select(network, pciBusID=PCI), container)["interfaces"][0]["mac"] == card.mac


def test_a_device_without_a_driver_is_refused(host: Host, container: Container, network: Network, sysfs: Sysfs) -> None:
    sysfs.add_pci(PCI)
    reply = host.call("ADD", select(network, pciBusID=PCI), container)
    assert (reply.code, reply.object["msg"]) == (7, f"PCI device {PCI} has no driver")


def test_the_configuration_may_say_that_a_device_is_for_a_program(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    result = host.cni("ADD", network(DPDKMode=True), container)
    assert result["interfaces"] == [{"name": "eth0", "sandbox": container.path}]
    assert (card.is_as_before, container.links(), records()) == (True, [], [])


def test_delete_and_check_of_a_device_for_a_program_that_is_gone(
    host: Host, container: Container, network: Network, sysfs: Sysfs, leases: Path
) -> None:
    folder = sysfs.add_pci(PCI, "vfio-pci")
    conf = select(network, "10.1.2.0/24", pciBusID=PCI)
    result = host.cni("ADD", conf, container)
    (folder / "driver").unlink()
    Path(f"/sys/bus/pci/devices/{PCI}").unlink()
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    assert lease_files(leases) == ["10.1.2.2"]
    host.cni("DEL", with_prev_result(conf, result), container)
    assert lease_files(leases) == []


def test_a_program_gets_no_address_in_an_old_version_without_room(
    host: Host, container: Container, network: Network, sysfs: Sysfs, leases: Path
) -> None:
    sysfs.add_pci(PCI, "vfio-pci")
    assert host.call("ADD", select(network, version="0.2.0", pciBusID=PCI), container).code == 6
    result = host.cni("ADD", select(network, "10.1.2.0/24", version="0.2.0", pciBusID=PCI), container)
    assert (result["ip4"]["ip"], lease_files(leases)) == ("10.1.2.2/24", ["10.1.2.2"])
