"""host-device: a device that the reference's plugin or ours has moved is checked and given back by the other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card import Card, records, state
from netlab import REFERENCE, Container, Host, lease_files, with_prev_result

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"


@pytest.mark.parametrize(("first", "second"), [("ours", "theirs"), ("theirs", "ours")])
@pytest.mark.parametrize("subnets", [(), (V4,), (V4, V6)], ids=["no address", "IPv4", "both"])
def test_one_attaches_and_the_other_checks_and_gives_back(
    host: Host,
    container: Container,
    card: Card,
    network: Network,
    leases: Path,
    subnets: tuple[str, ...],
    first: str,
    second: str,
) -> None:
    folders = {"ours": host.bin_dir, "theirs": REFERENCE}
    how = {side: {"bin_dir": folder, "environ": {"CNI_PATH": str(folder)}} for side, folder in folders.items()}
    conf = network(*subnets, version="1.0.0")
    result = host.cni("ADD", conf, container, **how[first])
    assert state(container, "eth0") == (card.mac, "ens1", True)
    assert host.cni("CHECK", with_prev_result(conf, result), container, **how[second]) == {}
    host.cni("DEL", with_prev_result(conf, result), container, **how[second])
    assert (host.links(), container.links(), lease_files(leases)) == (["ens1", "wire"], [], [])
    mac, alias, is_up = card.state
    assert (mac, is_up) == (card.mac, False), "nobody knows that it was up"
    assert alias == ("" if second == "ours" else "ens1"), "Debian's release leaves it"


def test_ours_after_theirs_leaves_no_alias(host: Host, container: Container, card: Card, network: Network) -> None:
    conf = network(version="1.0.0")
    for verb in ("ADD", "DEL"):
        host.cni(verb, conf, container, bin_dir=REFERENCE)
    assert card.state == (card.mac, "ens1", False)
    for verb in ("ADD", "DEL"):
        host.cni(verb, conf, container)
    assert card.state == (card.mac, "", False)


def test_our_garbage_collection_completes_what_the_reference_gave_back(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    conf = network(version="1.0.0")
    host.cni("ADD", conf, container)
    host.cni("DEL", conf, container, bin_dir=REFERENCE)
    assert records() == [f"mynet/{container.id}:eth0"]
    host.cni("GC", network())
    assert (card.is_as_before, records()) == (True, [])


def test_our_delete_completes_what_the_reference_gave_back(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    conf = network(version="1.0.0")
    host.cni("ADD", conf, container)
    host.cni("DEL", conf, container, bin_dir=REFERENCE)
    for _ in range(2):
        host.cni("DEL", conf, container)
        assert (card.is_as_before, records()) == (True, [])


def test_a_device_that_somebody_uses_again_is_left_as_it_is(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    conf = network(version="1.0.0")
    host.cni("ADD", conf, container)
    host.cni("DEL", conf, container, bin_dir=REFERENCE)
    host.sh("ip link set ens1 up")
    host.cni("GC", network())
    assert (card.state, records()) == ((card.mac, "ens1", True), [])


def test_a_device_whose_old_record_is_stale_can_be_had_again(host: Host, card: Card, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    conf = network(version="1.0.0")
    host.cni("ADD", conf, first)
    host.cni("DEL", conf, first, bin_dir=REFERENCE)
    host.cni("ADD", conf, second)
    host.cni("DEL", conf, first)
    assert state(second, "eth0") == (card.mac, "ens1", True)
    host.cni("DEL", conf, second)
    assert (card.state, records()) == ((card.mac, "", False), [])
