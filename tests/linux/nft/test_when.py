"""Rules of conditions are removed when no port is under them, and never under an ADD that comes at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from firewall import elements
from netlab import Host

from poplin.linux.nft.elements import Element, add_element
from poplin.linux.nft.ruleset import Ruleset
from poplin.linux.nft.when import Conditions, collect_conditions, list_marks
from poplin.spec.address import parse_ip

CONDITIONS = Conditions({4: "ip saddr 192.0.2.0/24", 6: ""})
OTHERS = Conditions({4: "", 6: "ip6 saddr 2001:db8::/32"})
PORT = Element(CONDITIONS.maps.every[4], ("tcp", 8080), (parse_ip("10.1.2.3"), 80), "c1")


@pytest.fixture
def ruleset(host: Host) -> Iterator[Ruleset]:
    with host.entered():
        ruleset = Ruleset()
        yield ruleset
        ruleset.close()


def test_only_what_nobody_needs_is_removed(host: Host, ruleset: Ruleset) -> None:
    ruleset.ensure(OTHERS.skeleton)
    ruleset.apply(CONDITIONS.skeleton, add_element(PORT))
    collect_conditions(ruleset)
    assert [each.key for each in list_marks(ruleset)] == [CONDITIONS.skeleton.mark.key]
    assert OTHERS.maps.every[4].name not in host.sh("nft list ruleset")
    ruleset.remove([PORT])
    before = host.sh("nft list ruleset")
    assert CONDITIONS.maps.every[4].name in before
    collect_conditions(ruleset)
    collect_conditions(ruleset)
    assert list_marks(ruleset) == []
    assert CONDITIONS.maps.every[4].name not in host.sh("nft list ruleset")


class Disturbed(Ruleset):
    """Somebody else's ADD comes right before or after the mark goes, or right before the rules do."""

    def __init__(self, moment: str, disturb: Callable[[], None]) -> None:
        super().__init__()
        self.moment = moment
        self.disturb = disturb

    def remove(self, elements: Sequence[Element]) -> None:
        if self.moment == "before the mark":
            self.disturb()
        super().remove(elements)
        if self.moment == "after the mark":
            self.disturb()

    def run(self, text: str) -> None:
        if self.moment == "before the rules":
            self.disturb()
        super().run(text)


@pytest.mark.parametrize("moment", ["before the mark", "after the mark", "before the rules"])
def test_a_port_that_comes_meanwhile_stays(host: Host, ruleset: Ruleset, moment: str) -> None:
    ruleset.ensure(CONDITIONS.skeleton)
    rules = host.sh("nft list chain inet poplin publish" + CONDITIONS.maps.every[4].name.removeprefix("ports4"))
    disturbed = Disturbed(moment, lambda: ruleset.apply(CONDITIONS.skeleton, add_element(PORT)))
    collect_conditions(disturbed)
    disturbed.close()
    assert elements(host) == {PORT.set.name: ["tcp . 8080 : 10.1.2.3 . 80"]}
    assert [each.key for each in list_marks(ruleset)] == [CONDITIONS.skeleton.mark.key]
    assert host.sh("nft list chain inet poplin publish" + PORT.set.name.removeprefix("ports4")) == rules


def test_a_removal_that_fails_says_so(host: Host, ruleset: Ruleset) -> None:
    ruleset.ensure(CONDITIONS.skeleton)
    host.sh("nft add chain inet poplin theirs")
    host.sh(f"nft add rule inet poplin theirs jump publish{PORT.set.name.removeprefix('ports4')}")
    with pytest.raises(OSError, match="nft refuses the rules: Error: Could not process rule: Device or resource busy"):
        collect_conditions(ruleset)
