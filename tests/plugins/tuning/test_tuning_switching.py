"""A node changes from the reference's tuning to ours and back, with containers running."""

from __future__ import annotations

from typing import Any

from tuning_lab import Tuning

MAC = "c2:11:22:33:44:55"
ALL: dict[str, Any] = {"mac": MAC, "promisc": True, "mtu": 1454, "allmulti": True}  # Debian's knows no txQLen
TUNED = {**ALL, "promisc": 1, "txQLen": 1000}
NAMED = {"net.ipv4.conf.eth0.log_martians": "1"}  # and its CHECK no IFNAME
SWITCH = "net/ipv4/conf/eth0/log_martians"


def test_what_the_reference_tuned_we_check_and_put_back(tuning: Tuning) -> None:
    before = tuning.state()
    reply = tuning.reference("ADD", **ALL, sysctl=NAMED)
    assert (reply.status, tuning.state()) == (0, TUNED)
    tuning.do("CHECK", "1.0.0", **ALL, sysctl=NAMED, prevResult=reply.object)
    tuning.do("DEL", "1.0.0", **ALL, sysctl=NAMED, prevResult=reply.object)
    assert (tuning.state(), tuning.files()) == (before, [])


def test_what_we_tuned_the_reference_checks_and_puts_back(tuning: Tuning) -> None:
    before = tuning.state()
    result = tuning.do("ADD", "1.0.0", **ALL, sysctl=NAMED)
    assert tuning.reference("CHECK", **ALL, sysctl=NAMED, prevResult=result).status == 0
    assert tuning.reference("DEL", **ALL, sysctl=NAMED, prevResult=result).status == 0
    assert (tuning.state(), tuning.files()) == (before, [])


def test_our_backup_of_switches_alone_does_the_reference_no_harm(tuning: Tuning) -> None:
    before = tuning.state()
    tuning.do("ADD", "1.0.0", sysctl=NAMED)
    assert tuning.reference("DEL", sysctl=NAMED).status == 0
    assert (tuning.state(), tuning.files(), tuning.container.sysctl(SWITCH)) == (before, [], "1")


def test_add_again_after_the_reference_remembers_the_first_values(tuning: Tuning) -> None:
    before = tuning.state()
    assert tuning.reference("ADD", **ALL).status == 0
    tuning.do("ADD", "1.0.0", **ALL)
    assert tuning.state() == TUNED
    tuning.do("DEL", "1.0.0", **ALL)
    assert (tuning.state(), tuning.files()) == (before, [])


def test_a_backup_that_the_reference_left_of_another_life_does_not_count(tuning: Tuning) -> None:
    """Its DEL forgets none whose namespace is gone."""
    tuning.folder.mkdir()
    tuning.path.write_text('{\n "mac": "02:00:00:00:00:77",\n "mtu": 9000\n}')
    tuning.do("ADD", mtu=1400)
    assert (tuning.backup()["mtu"], "mac" in tuning.backup()) == (1500, False)
    tuning.do("DEL", mtu=1400)
    assert (tuning.state()["mac"], tuning.state()["mtu"], tuning.files()) == (tuning.mac, 1500, [])


def test_a_vanished_namespace_of_the_references_leaves_nothing(tuning: Tuning) -> None:
    assert tuning.reference("ADD", **ALL).status == 0
    tuning.container.remove()
    tuning.do("DEL", "1.0.0", **ALL)
    assert tuning.files() == []
