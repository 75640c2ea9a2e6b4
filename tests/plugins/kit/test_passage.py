"""The rule in chains of others: where it belongs, which tool writes it, and who takes part at the same time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from calls import kernel_of
from firewall_lab import RULE, Iptables
from netlab import Host

from poplin.linux.kernel import Kernel
from poplin.linux.nft.elements import Element, add_element
from poplin.linux.nft.forward import ALLOWED, FORWARD, MARK
from poplin.plugins.kit.iptables_tool import LEGACY, NFT, find_tool, is_of_kind
from poplin.plugins.kit.passage import RULE as OWN_RULE
from poplin.plugins.kit.passage import choose_place, ensure_passage, find_missing, release_passage
from poplin.spec.address import parse_ip
from poplin.spec.errors import IOFailure

AT_ONCE = 8


@pytest.fixture
def kernel(host: Host) -> Iterator[Kernel]:
    with kernel_of(host) as kernel:
        yield kernel


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ([], "FORWARD 1"),
        (["-j ACCEPT", "-i wg0 -g OTHER"], "FORWARD 1"),
        (["-j DOCKER-USER", "-j DOCKER-FORWARD"], "DOCKER-USER 1"),
        (["-i up0 -j CNI-FORWARD"], "FORWARD 2"),
        (["-j CNI-FORWARD", "-j DOCKER-USER"], "DOCKER-USER 1"),
        (["-j DOCKER-USER", "-j DOCKER-FORWARD", "-j CNI-FORWARD", "-j REJECT --reject-with icmp-x"], "FORWARD 4"),
        (["-j CNI-ISOLATION-STAGE-1", '-m comment --comment "x -j y" -j CNI-FORWARD', "-j ACCEPT"], "FORWARD 3"),
    ],
)
def test_the_place_is_behind_who_has_a_say_before_us(rules: list[str], place: str) -> None:
    lines = ["*filter", ":FORWARD DROP [0:0]", "-A INPUT -j CNI-FORWARD", *(f"-A FORWARD {each}" for each in rules)]
    assert choose_place(lines) == place


def test_the_rule_is_about_the_mark_that_our_rules_set() -> None:
    with open(FORWARD.path) as file:
        assert f"meta mark set meta mark | {MARK:#x} accept" in file.read()
    assert OWN_RULE == RULE


def test_each_kind_has_a_tool_of_its_own() -> None:
    assert [find_tool(version, kind) for kind in (NFT, LEGACY) for version in (4, 6)] == [
        "/usr/sbin/iptables-nft",
        "/usr/sbin/ip6tables-nft",
        "/usr/sbin/iptables-legacy",
        "/usr/sbin/ip6tables-legacy",
    ]
    assert [is_of_kind("/usr/sbin/iptables-legacy", kind) for kind in (NFT, LEGACY)] == [False, True]
    assert is_of_kind("/usr/sbin/iptables", NFT) != is_of_kind("/usr/sbin/iptables", LEGACY)
    assert not is_of_kind("/nonexistent", NFT)


def test_where_there_is_no_tool_a_line_says_so(host: Host, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    Iptables(host, "nft").run("-P FORWARD DROP", (4,))
    monkeypatch.setattr("poplin.plugins.kit.iptables_tool.FOLDERS", ("/nonexistent",))
    told: list[str] = []
    ensure_passage(kernel.host, [4, 6], told.append)
    assert told == [
        "the filter table of iptables-nft for IPv4 may drop what is allowed here, and there is no iptables to tell it; "
        "install the package iptables"
    ]
    assert [str(each) for each in find_missing(kernel.host, [4, 6])] == ["the filter table of iptables-nft for IPv4"]


def test_what_iptables_refuses_is_an_error_unless_the_table_is_somebody_elses(
    host: Host, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    Iptables(host, "nft").run("-P FORWARD DROP", (4,))
    told: list[str] = []

    def refuse(words: str) -> None:
        def fail(*arguments: object) -> None:
            raise IOFailure("iptables failed", words)

        monkeypatch.setattr("poplin.plugins.kit.passage.restore_table", fail)

    refuse("table `filter' is incompatible, use 'nft' tool.")
    ensure_passage(kernel.host, [4], told.append)
    assert told == [
        "the filter table of iptables-nft for IPv4 was written with nft and may drop what is allowed here; "
        "`poplin doctor` says what it needs"
    ]
    refuse("another one is stuck")
    with pytest.raises(IOFailure, match="another one is stuck"):
        ensure_passage(kernel.host, [4], told.append)


@pytest.mark.parametrize("kind", [NFT, LEGACY])
def test_of_many_at_once_one_writes_it(host: Host, kind: str) -> None:
    iptables = Iptables(host, kind)
    iptables.be_docker()
    told: list[str] = []

    def ensure(_: int) -> None:
        with kernel_of(host) as kernel:
            ensure_passage(kernel.host, [4, 6], told.append)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(ensure, range(AT_ONCE)))
    assert told == []
    assert [iptables.chain("DOCKER-USER", version) for version in (4, 6)] == [[RULE, "-j RETURN"]] * 2


@pytest.mark.parametrize("kind", [NFT, LEGACY])
def test_it_is_released_only_for_versions_of_which_no_address_is_left(host: Host, kernel: Kernel, kind: str) -> None:
    iptables = Iptables(host, kind)
    iptables.run("-P FORWARD DROP")
    kernel.host.nft.apply(FORWARD, add_element(Element(ALLOWED[4], (parse_ip("10.1.2.3"),))))
    ensure_passage(kernel.host, [4, 6], print)
    assert [len(iptables.ours(version)) for version in (4, 6)] == [1, 1]
    release_passage(kernel.host, print)
    assert [len(iptables.ours(version)) for version in (4, 6)] == [1, 0]


@pytest.mark.parametrize("kind", [NFT, LEGACY])
def test_an_address_that_comes_while_it_is_released_has_it_put_back(
    host: Host, kernel: Kernel, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    iptables = Iptables(host, kind)
    iptables.run("-P FORWARD DROP", (4,))
    element = Element(ALLOWED[4], (parse_ip("10.1.2.3"),))
    kernel.host.nft.ensure(FORWARD)
    ensure_passage(kernel.host, [4], print)
    answers = iter([False, True, True])  # before and after it was taken away
    monkeypatch.setattr(
        type(kernel.host.nft), "has_elements", lambda ruleset, of: next(answers) if of is ALLOWED[4] else True
    )
    release_passage(kernel.host, print)
    assert len(iptables.ours()) == 1
    assert kernel.host.nft.find(element) is None
