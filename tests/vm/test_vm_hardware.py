"""host-device with a real network card: it outlives the namespace it was given to, and gets its name back.

The kernel hands it to the machine's first namespace, so the plugin is run there.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from card import RECORDS, records, state
from netlab import PATIENCE, REFERENCE, Host, with_prev_result

MACS = ("52:54:00:00:00:01", "52:54:00:00:00:02")
FIRST = "/proc/1/ns/net"
# Somebody inside, so that the namespace lives on when its name is gone.
HOLDER = ("sh", "-c", "echo; exec sleep 3600")


class Machine(Host):
    """The machine itself, with two cards that a cable joins."""

    def __init__(self, bin_dir: Path) -> None:
        self.id, self.path, self.bin_dir = "1", FIRST, bin_dir
        self.containers = []

    def card(self, number: int = 0) -> dict[str, Any]:
        """One of the cards."""
        (found,) = [link for link in self.json("link show") if link["address"] == MACS[number]]
        return found

    def remove(self) -> None:
        """Only the containers."""
        for container in self.containers:
            container.remove()

    def wait_for_card(self) -> str:
        """What the card is called when the kernel has handed it back."""
        deadline = time.monotonic() + PATIENCE
        while MACS[0] not in {link["address"] for link in self.json("link show")}:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return str(self.card()["ifname"])


@pytest.fixture
def machine(laboratory: None, bin_dir: Path) -> Iterator[Machine]:
    shutil.rmtree(RECORDS, ignore_errors=True)
    made = Machine(bin_dir)
    for number in range(len(MACS)):
        name = made.card(number)["ifname"]
        made.sh(f"ip link set {name} down")
        made.sh(f"ip link set {name} name ens{number} alias ''")
        made.sh(f"ip link set ens{number} up")
    yield made
    made.remove()
    made.wait_for_card()


def network(**fields: Any) -> dict[str, Any]:
    ipam = {"type": "static", "addresses": [{"address": "10.10.0.1/24"}]}
    return {"cniVersion": "1.1.0", "name": "mynet", "type": "host-device", "device": "ens0", "ipam": ipam, **fields}


def is_as_before(machine: Machine) -> bool:
    """Whether the card is on the machine as if nothing had been."""
    return state(machine, "ens0") == (MACS[0], "", True) and records() == []


def test_the_card_goes_and_comes_back(machine: Machine) -> None:
    container = machine.add_container()
    machine.sh("ip address add 10.10.0.254/24 dev ens1")
    result = machine.cni("ADD", network(), container)
    assert state(container, "eth0") == (MACS[0], "ens0", True)
    assert container.pings("10.10.0.254")
    assert machine.cni("CHECK", with_prev_result(network(), result), container) == {}
    machine.cni("DEL", network(), container)
    assert is_as_before(machine)
    machine.sh("ip address delete 10.10.0.254/24 dev ens1")


@pytest.mark.parametrize("by", ["DEL at once", "DEL", "DEL untold", "GC", "ADD"])
def test_the_card_of_a_dead_namespace_gets_its_name_back(machine: Machine, by: str) -> None:
    first, second = machine.add_container(), machine.add_container()
    machine.sh("ip link set ens0 alias left")
    machine.cni("ADD", network(), first)
    first.remove()
    if by != "DEL at once":
        assert machine.wait_for_card() == "eth0"
    if by == "ADD":
        machine.cni("ADD", network(), second)
        assert state(second, "eth0") == (MACS[0], "ens0", True)
        machine.cni("DEL", network(), second)
    elif by == "GC":
        machine.cni("GC", network())
    else:
        machine.cni("DEL", network(), first, environ={"CNI_NETNS": ""} if by == "DEL untold" else {})
    assert state(machine, "ens0") == (MACS[0], "left", True)
    assert records() == []


@pytest.mark.parametrize("by", ["DEL", "GC", "ADD"])
@pytest.mark.parametrize("has_alternative_name", [False, True], ids=["under another name", "with its own beside it"])
def test_the_card_whose_alias_was_taken_away_gets_its_name_back(
    machine: Machine, by: str, has_alternative_name: bool
) -> None:
    first, second = machine.add_container(), machine.add_container()
    machine.cni("ADD", network(), first)
    first.sh("ip link set eth0 alias '' down")
    first.sh("ip link set eth0 name evil0")
    first.remove()
    assert machine.wait_for_card() == "evil0"
    if has_alternative_name:
        machine.sh("ip link property add dev evil0 altname ens0")
    machine.cni(by, network(), second if by == "ADD" else first)
    if by == "ADD":
        assert state(second, "eth0") == (MACS[0], "ens0", True)
        machine.cni("DEL", network(), second)
    assert is_as_before(machine)


def test_the_card_of_a_namespace_that_somebody_still_holds(machine: Machine) -> None:
    container = machine.add_container()
    machine.cni("ADD", network(), container)
    inside = ["nsenter", f"--net={container.path}", *HOLDER]
    with subprocess.Popen(inside, stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout and holder.stdout.readline()
            container.remove()
            machine.cni("DEL", network(), container)
            assert records() == [f"mynet/{container.id}:eth0"]
        finally:
            holder.kill()
    machine.wait_for_card()
    machine.cni("GC", network())
    assert is_as_before(machine)


def test_the_inner_name_is_taken_when_the_card_comes_back(machine: Machine) -> None:
    container = machine.add_container()
    index = machine.card()["ifindex"]
    machine.cni("ADD", network(), container)
    machine.sh("ip link add eth0 type bridge")
    container.remove()
    assert machine.wait_for_card() == f"dev{index}"
    machine.cni("DEL", network(), container)
    assert is_as_before(machine)
    machine.sh("ip link delete eth0")


def test_the_card_has_one_name_inside_and_outside(machine: Machine) -> None:
    container = machine.add_container()
    how: dict[str, Any] = {"environ": {"CNI_IFNAME": "ens0"}}
    machine.cni("ADD", network(), container, **how)
    container.remove()
    assert machine.wait_for_card() == "ens0"
    assert state(machine, "ens0") == (MACS[0], "ens0", False)
    machine.cni("DEL", network(), container, **how)
    assert is_as_before(machine)


@pytest.mark.parametrize("selector", ["pciBusID", "deviceID", "kernelpath", "hwaddr"])
def test_the_real_sysfs_knows_the_card(machine: Machine, selector: str) -> None:
    container = machine.add_container()
    device = Path("/sys/class/net/ens0/device").resolve()  # .../0000:00:02.0/virtio0
    selectors: dict[str, dict[str, Any]] = {
        "pciBusID": {"pciBusID": device.parent.name},
        "deviceID": {"runtimeConfig": {"deviceID": device.parent.name}},
        "kernelpath": {"kernelpath": str(device)},
        "hwaddr": {"hwaddr": MACS[0]},
    }
    conf = network(device="", **selectors[selector])
    machine.cni("ADD", conf, container)
    assert state(container, "eth0") == (MACS[0], "ens0", True)
    container.remove()
    machine.cni("DEL", conf, container)
    assert is_as_before(machine)


@pytest.mark.parametrize(("first", "second"), [("ours", "theirs"), ("theirs", "ours")])
def test_switching_both_ways(machine: Machine, first: str, second: str) -> None:
    container = machine.add_container()
    folders = {"ours": machine.bin_dir, "theirs": REFERENCE}
    how = {side: {"bin_dir": folder, "environ": {"CNI_PATH": str(folder)}} for side, folder in folders.items()}
    conf = network(cniVersion="1.0.0")
    result = with_prev_result(conf, machine.cni("ADD", conf, container, **how[first]))
    machine.cni("CHECK", result, container, **how[second])
    machine.cni("DEL", result, container, **how[second])
    assert state(machine, "ens0")[::2] == (MACS[0], False)
    assert container.links() == []
