"""host-device: of several records of one device only that of who has it counts, whatever calls were killed or late."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from calls import kernel_of, make_call
from card import RECORDS, Card, records, state
from netlab import Container, Host

from poplin.plugins.host_device import add
from poplin.spec.errors import Conflict

Network = Callable[..., dict[str, Any]]
NET1: dict[str, Any] = {"environ": {"CNI_IFNAME": "net1"}}


@pytest.fixture
def killed(host: Host, container: Container, card: Card, network: Network) -> str:
    """The record of an ADD into the container that was killed before it had moved the device."""
    host.cni("ADD", network(), container)
    (name,) = records()
    content = (RECORDS / name).read_bytes()
    host.cni("DEL", network(), container)
    (RECORDS / name).write_bytes(content)
    return name


@pytest.mark.parametrize("verb", ["DEL", "GC"])
def test_a_record_of_a_killed_add_takes_the_device_from_nobody(
    host: Host, container: Container, card: Card, network: Network, killed: str, verb: str
) -> None:
    other = network(name="othernet")
    host.cni("ADD", other, container, **NET1)
    assert records() == [f"othernet/{container.id}:net1"]
    host.cni(verb, network(), container)
    assert (host.links(), container.links()) == (["wire"], ["net1"])
    host.cni("DEL", other, container, **NET1)
    assert (card.is_as_before, records()) == (True, [])


def test_who_has_the_device_is_told_rightly(
    host: Host, container: Container, card: Card, network: Network, killed: str
) -> None:
    second, third = host.add_container(), host.add_container()
    host.cni("ADD", network(), second)
    reply = host.call("ADD", network(), third)
    assert (reply.code, reply.object["details"]) == (7, f"attachment mynet/{second.id}/eth0 has it")


def test_a_record_goes_also_if_the_address_is_another_by_now(
    host: Host, container: Container, card: Card, network: Network, killed: str
) -> None:
    host.sh("ip link set ens1 address 02:00:00:00:00:97")
    host.cni("ADD", network(name="othernet"), container, **NET1)
    assert records() == [f"othernet/{container.id}:net1"]


def test_records_of_other_devices_stay(host: Host, card: Card, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    host.sh(f"ip link add ens2 address {card.mac} type veth peer name wire2")
    host.cni("ADD", network(device="ens2"), first)
    host.cni("ADD", network(), second)
    assert records() == sorted(f"mynet/{each.id}:eth0" for each in (first, second))


def test_a_device_that_waits_for_its_name_keeps_its_record(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    card.hand_back(container)
    host.sh("ip link add ens1 type bridge")
    second, by_address = host.add_container(), network(device="", hwaddr=card.mac)
    host.cni("ADD", by_address, second)
    assert records() == sorted(f"mynet/{each.id}:eth0" for each in (container, second))
    host.cni("DEL", by_address, second)
    host.sh("ip link delete ens1")
    host.cni("GC", network())
    assert (card.is_as_before, records()) == (True, [])


def test_an_add_that_failed_leaves_the_records_of_others(
    host: Host, container: Container, card: Card, network: Network, killed: str
) -> None:
    second = host.add_container()
    second.sh("ip link add eth0 type veth peer name far")
    assert host.call("ADD", network(), second).code == 102
    assert records() == [killed]


def test_of_two_adds_at_once_the_slower_takes_nothing_back(
    host: Host, container: Container, card: Card, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, other = add.make_loan, network(name="othernet")

    def make_late(*arguments: Any) -> Any:
        host.cni("ADD", other, container, **NET1)
        return real(*arguments)

    monkeypatch.setattr(add, "make_loan", make_late)
    with kernel_of(host) as kernel:
        call = make_call(network(), container.id)
        call.env.netns = container.path
        with pytest.raises(Conflict, match="'ens1' is not on the host any more"):
            add.run(call, kernel)
    assert (container.links(), records()) == (["net1"], [f"othernet/{container.id}:net1"])
    assert state(container, "net1") == (card.mac, "ens1", True)
    host.cni("DEL", other, container, **NET1)
    assert (card.is_as_before, records()) == (True, [])


def test_a_relative_path_of_the_namespace_is_found_from_elsewhere(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container, environ={"CNI_NETNS": os.path.relpath(container.path)})
    (name,) = records()
    assert container.path in (RECORDS / name).read_text()
    host.cni("GC", network())
    assert (card.is_as_before, records()) == (True, [])
