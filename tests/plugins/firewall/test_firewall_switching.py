"""A node changes from the reference's firewall to ours and back, with containers running."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from firewall_lab import OUTSIDE4, RULE, Guarded, Iptables, answers, reaches
from netlab import REFERENCE, Container, Host
from reference import KINDS, TOOLS


class Theirs:
    """The reference's plugin with one kind of iptables."""

    def __init__(self, guarded: Guarded, kind: str, folder: Path) -> None:
        self.guarded = guarded
        self.iptables = Iptables(guarded.host, kind)
        folder.mkdir()
        for tool in TOOLS:
            (folder / tool).symlink_to(f"/usr/sbin/{tool}-{kind}")
        self.environ = {"PATH": f"{folder}:/usr/sbin:/usr/bin", **guarded.environ}

    def call(self, command: str, container: Container, **fields: Any) -> None:
        """One verb, which must succeed."""
        conf = {**self.guarded.conf(container, backend="iptables", **fields), "cniVersion": "1.0.0"}
        conf["prevResult"] = {**conf["prevResult"], "cniVersion": "1.0.0"}
        self.guarded.host.cni(command, conf, container, bin_dir=REFERENCE, environ=self.environ)

    def rules(self) -> list[str]:
        """Those of addresses, of both versions."""
        return self.iptables.chain("CNI-FORWARD", 4)[1:] + self.iptables.chain("CNI-FORWARD", 6)[1:]


@pytest.fixture(params=KINDS)
def theirs(request: pytest.FixtureRequest, host: Host, guarded: Guarded, tmp_path: Path) -> Theirs:
    made = Theirs(guarded, request.param, tmp_path / "tools")
    made.iptables.run("-P FORWARD DROP")
    return made


def test_what_the_reference_let_through_we_check_and_take_back(guarded: Guarded, theirs: Theirs) -> None:
    mine, other = guarded.add_container(), guarded.add_container()
    theirs.call("ADD", other)
    before = theirs.rules()
    theirs.call("ADD", mine)
    assert len(theirs.rules()) == 2 * len(before) == 8
    theirs.iptables.run(f"-A CNI-ADMIN -d {guarded.address(mine)} -j RETURN", (4,))
    theirs.iptables.run(f"-A CNI-FORWARD -s {guarded.address(mine)} -p tcp -j ACCEPT", (4,))
    kept = f"-s {guarded.address(mine)}/32 -p tcp -j ACCEPT"
    assert guarded.call("CHECK", mine).status == 0
    for _ in range(2):
        guarded.expel(mine)
        assert [each for each in theirs.rules() if each != kept] == before
    assert theirs.rules() != before, "what users wrote stays"
    assert guarded.call("CHECK", mine).code == 103
    assert reaches(other, OUTSIDE4)
    assert not answers(mine, OUTSIDE4)


def test_del_without_prev_result_knows_no_addresses(guarded: Guarded, theirs: Theirs) -> None:
    container = guarded.add_container()
    theirs.call("ADD", container)
    before = theirs.rules()
    conf = {**guarded.conf(None), "name": "foo"}
    assert guarded.host.cni("DEL", conf, container, environ=guarded.environ) == {}
    assert theirs.rules() == before


def test_containers_of_both_run_side_by_side(guarded: Guarded, theirs: Theirs) -> None:
    reference, ours = guarded.add_container(), guarded.add_container("bar")
    theirs.call("ADD", reference)
    guarded.admit(ours)
    assert theirs.iptables.chain("FORWARD")[1:] == [RULE], "after theirs"
    assert all(reaches(each, OUTSIDE4) for each in (reference, ours))
    assert reaches(ours, guarded.address(reference))
    rules = theirs.rules()
    guarded.expel(ours)
    assert (theirs.rules(), theirs.iptables.ours()) == (rules, [])


def test_their_del_of_ours_is_harmless_and_ours_mends(guarded: Guarded, theirs: Theirs) -> None:
    container, next_one = guarded.add(), guarded.add_container()
    before = guarded.elements()
    theirs.call("CHECK", theirs_too(guarded, theirs))
    theirs.call("DEL", container)
    assert guarded.elements() == before, "it knows nothing of nft"
    guarded.results[next_one.id]["ips"] = guarded.results[container.id]["ips"]
    guarded.admit(next_one)
    assert guarded.elements() == before
    guarded.collect("foo", next_one)
    assert guarded.elements() == before
    guarded.collect("foo")
    assert (guarded.elements(), theirs.iptables.ours()) == ({}, [])


def theirs_too(guarded: Guarded, theirs: Theirs) -> Container:
    """A container that both let through: a node that changed back in the middle."""
    container = guarded.add("bar")
    theirs.call("ADD", container)
    guarded.expel(container)
    assert len(theirs.rules()) == 2, "our DEL of what was ours looks no further"
    return container


def test_a_repeated_del_leaves_alone_who_has_the_address_now(guarded: Guarded, theirs: Theirs) -> None:
    gone, new = guarded.add(), guarded.add_container()
    guarded.results[new.id]["ips"] = guarded.results[gone.id]["ips"]
    theirs.call("ADD", new)
    guarded.admit(new)
    rules = theirs.rules()
    guarded.expel(gone)
    assert theirs.rules() == rules
    assert guarded.call("CHECK", new).status == 0


def test_policies_of_the_reference_stay_in_force(guarded: Guarded, theirs: Theirs) -> None:
    """They stay in its chains for good, and our packets go through those first."""
    reference, ours = guarded.add_container("foo"), guarded.add_container("bar")
    theirs.iptables.run("-N CNI-ISOLATION-STAGE-1", (4,))
    theirs.iptables.run("-I FORWARD -j CNI-ISOLATION-STAGE-1", (4,))
    theirs.iptables.run("-A CNI-ISOLATION-STAGE-1 -i bar0 -o foo0 -j DROP", (4,))
    guarded.admit(ours)
    assert theirs.iptables.chain("FORWARD") == ["-j CNI-ISOLATION-STAGE-1", RULE]
    assert reaches(ours, OUTSIDE4)
    assert not answers(ours, guarded.address(reference))
