"""host-local and the reference's on the same folder, in turns and at once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from netlab import REFERENCE, lease_files

from poplin.plugins.host_local.ranges import Range, RangeSet
from poplin.spec.address import IP, parse_prefix

OTHER = REFERENCE / "host-local"
SUBNETS = ("10.1.2.0/29", "fd00::/125")
DUAL = {"ranges": [[{"subnet": subnet}] for subnet in SUBNETS]}
AT_ONCE = 200
INTERLEAVINGS = 200
STEPS = 10


@pytest.fixture
def shared(network: Any) -> Any:
    """A network both can serve: Debian's reference knows versions up to 1.0.0."""
    network.version = "1.0.0"
    return network


def given(reply: dict[str, Any]) -> list[str] | None:
    """The addresses of a result, None for an error."""
    return None if "code" in reply else [ip["address"].partition("/")[0] for ip in reply["ips"]]


@pytest.mark.facts("plugins-main-ipam", 192)
def test_each_honours_the_leases_of_the_other(shared: Any) -> None:
    shared.ipam = DUAL
    assert given(shared.run(OTHER, "ADD", "theirs")) == ["10.1.2.2", "fd00::2"]
    assert given(shared.call("ADD", "ours")) == ["10.1.2.3", "fd00::3"]
    assert given(shared.run(OTHER, "ADD", "theirs2")) == ["10.1.2.4", "fd00::4"]
    assert shared.call("ADD", "theirs")["code"] == 102
    assert "code" in shared.run(OTHER, "ADD", "ours")
    assert shared.call("CHECK", "theirs") == {}
    assert shared.run(OTHER, "CHECK", "ours") == {}
    assert shared.call("DEL", "theirs") == {}
    assert shared.run(OTHER, "DEL", "ours") == {}
    assert "code" in shared.run(OTHER, "CHECK", "theirs")
    assert shared.call("CHECK", "ours")["code"] == 103
    assert shared.leases() == {"10.1.2.4": b"theirs2\r\neth0", "fd00::4": b"theirs2\r\neth0"}
    assert given(shared.call("ADD", "ours")) == ["10.1.2.5", "fd00::5"]


class Model:
    """What both must do: round robin over the free addresses of each set, all sets or none."""

    def __init__(self) -> None:
        self.sets = [RangeSet([Range(parse_prefix(subnet))]) for subnet in SUBNETS]
        self.last: list[IP | None] = [None for _ in SUBNETS]
        self.held: dict[str, list[IP]] = {}

    def add(self, cid: str) -> list[str] | None:
        """The addresses, None where ADD has to fail."""
        taken = {ip for ips in self.held.values() for ip in ips}
        turns = [made.candidates(last) for made, last in zip(self.sets, self.last, strict=True)]
        free = [[ip for ip in turn if ip not in taken] for turn in turns]
        if cid in self.held or not all(free):
            return None
        self.held[cid] = [choice[0] for choice in free]
        self.last = [*self.held[cid]]
        return list(map(str, self.held[cid]))

    def leases(self) -> dict[str, bytes]:
        return {str(ip): f"{cid}\r\neth0".encode() for cid, ips in self.held.items() for ip in ips}


@pytest.mark.facts("plugins-main-ipam", 192)
def test_after_whatever_the_reference_did_the_next_add_is_right(shared: Any) -> None:
    dice = random.Random(4)
    exhausted = 0
    for number in range(INTERLEAVINGS):
        shared = type(shared)(shared.data_dir, f"net{number}")
        shared.version, shared.ipam = "1.0.0", DUAL
        model = Model()
        for step in range(STEPS):
            cid = f"c{dice.randrange(7)}"
            is_ours = step == STEPS - 1 or dice.random() < 0.5
            if step == STEPS - 1 or cid not in model.held or dice.random() < 0.2:
                want = model.add(cid)
                reply = shared.call("ADD", cid) if is_ours else shared.run(OTHER, "ADD", cid)
                assert given(reply) == want, (number, step, cid, reply)
                exhausted += want is None and cid not in model.held
            else:
                model.held.pop(cid, None)
                assert (shared.call("DEL", cid) if is_ours else shared.run(OTHER, "DEL", cid)) == {}
            assert shared.leases() == model.leases(), (number, step, cid)
    assert exhausted > 0


@pytest.mark.facts("plugins-main-ipam", 191, 192)
def test_two_hundred_at_once_of_both_kinds_get_distinct_addresses(shared: Any, bin_dir: Path) -> None:
    programs = [bin_dir / "host-local", OTHER]
    adding = {f"c{number}": shared.start(programs[number % 2], "ADD", f"c{number}") for number in range(AT_ONCE)}
    replies = {cid: shared.read(process) for cid, process in adding.items()}
    addresses = {cid: given(reply) for cid, reply in replies.items()}
    assert sorted(ip for ips in addresses.values() for ip in ips or []) == lease_files(shared.data_dir)
    assert shared.leases() == {ips[0]: f"{cid}\r\neth0".encode() for cid, ips in addresses.items() if ips}
    assert set(lease_files(shared.data_dir)) == {f"10.1.2.{host}" for host in range(2, 2 + AT_ONCE)}
    deleting = [shared.start(programs[number // 2 % 2], "DEL", f"c{number}") for number in range(AT_ONCE)]
    assert [shared.read(process) for process in deleting] == [{}] * AT_ONCE
    assert shared.leases() == {}


def test_the_executable_answers_as_the_call_in_process(shared: Any, bin_dir: Path) -> None:
    shared.ipam = DUAL
    assert given(shared.run(bin_dir / "host-local", "ADD", "one")) == ["10.1.2.2", "fd00::2"]
    by_process, by_call = shared.run(bin_dir / "host-local", "ADD", "one"), shared.call("ADD", "one")
    assert by_process == by_call
    assert by_call["code"] == 102
    assert shared.run(bin_dir / "host-local", "DEL", "one") == {}
    assert shared.leases() == {}
