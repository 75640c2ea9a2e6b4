"""Elements belong to attachments: taken from whoever had them, given up by their owner alone, collected by network."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from errno import EINVAL

import pytest
from calls import kernel_of, make_call, valid
from netlab import Host

from poplin.linux.kernel import Kernel
from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.antispoof import ANTISPOOF, GUARDED, SENDERS
from poplin.linux.nft.elements import Element, add_element
from poplin.linux.nft.nat import MASQUERADED, NAT, PortMaps
from poplin.linux.nft.ruleset import Ruleset
from poplin.plugins.kit import ownership
from poplin.plugins.kit.attachment import digest, element_comment, is_owner, network_label
from poplin.spec.address import parse_ip

IPS = [parse_ip(f"10.1.2.{number}") for number in range(2, 10)]
PORTS = PortMaps().every[4]
AT_ONCE = 8


@pytest.fixture
def kernel(host: Host) -> Iterator[Kernel]:
    with kernel_of(host) as kernel:
        yield kernel


@pytest.fixture
def ruleset(kernel: Kernel) -> Ruleset:
    return kernel.host.nft


def hidden(number: int, key: str) -> Element:
    """One address of an attachment."""
    return Element(MASQUERADED[4], (IPS[number],), comment=element_comment(key))


def owners(ruleset: Ruleset) -> dict[str, str]:
    """Container id and interface by address."""
    return {str(each.key[0]): each.comment.split("/", 1)[1] for each in ruleset.list(MASQUERADED[4])}


# Taking.


@pytest.mark.facts("plugins-meta", 26)
def test_taking_twice_is_taking_once(ruleset: Ruleset) -> None:
    mine = [hidden(0, "mynet/c1/eth0"), hidden(1, "mynet/c1/eth0")]
    for _ in range(2):
        ownership.take(ruleset, NAT, mine)
        assert sorted(ruleset.list(MASQUERADED[4]), key=lambda each: each.key) == mine


def test_what_another_had_is_taken_and_the_rest_of_it_left(ruleset: Ruleset) -> None:
    ownership.take(ruleset, NAT, [hidden(n, "mynet/dead/eth0") for n in range(3)])
    ownership.take(ruleset, NAT, [hidden(1, "mynet/c1/eth0"), hidden(3, "mynet/c1/eth0")])
    assert owners(ruleset) == {
        "10.1.2.2": "dead/eth0",
        "10.1.2.3": "c1/eth0",
        "10.1.2.4": "dead/eth0",
        "10.1.2.5": "c1/eth0",
    }


def test_data_are_taken_over_with_the_key(ruleset: Ruleset) -> None:
    ownership.take(ruleset, NAT, [Element(PORTS, ("tcp", 80), (IPS[0], 80), element_comment("mynet/dead/eth0"))])
    mine = Element(PORTS, ("tcp", 80), (IPS[1], 8080), element_comment("mynet/c1/eth0"))
    ownership.take(ruleset, NAT, [mine])
    assert ruleset.list(PORTS) == [mine]


def test_everybody_who_takes_the_same_at_once_gets_it_in_turn(host: Host) -> None:
    def take(number: int) -> None:
        with kernel_of(host) as kernel:
            ownership.take(kernel.host.nft, NAT, [hidden(n, f"mynet/c{number}/eth0") for n in range(3)])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(take, range(AT_ONCE)))
    with kernel_of(host) as kernel:
        left = owners(kernel.host.nft)
    assert (len(left), len(set(left.values()))) == (3, 1), "the last one has all of it"


def test_other_refusals_are_told(ruleset: Ruleset) -> None:
    long = "v" * 20
    ownership.take(ruleset, ANTISPOOF, [Element(GUARDED, ("v1",))])
    with pytest.raises(NetlinkError) as caught:
        ownership.take(ruleset, ANTISPOOF, [Element(GUARDED, ("v2",)), Element(GUARDED, (long,))])
    assert (caught.value.errno, str(caught.value)) == (
        EINVAL,
        f'nft create element bridge poplin guarded {{ "{long}" }}: Invalid argument',
    )
    assert ruleset.list(GUARDED) == [Element(GUARDED, ("v1",))]


# Giving up.


@pytest.mark.parametrize("search", [True, False])
def test_only_what_is_one_s_own_is_given_up(ruleset: Ruleset, search: bool) -> None:
    ownership.take(ruleset, NAT, [hidden(0, "mynet/c1/eth0"), hidden(1, "mynet/c2/eth0"), hidden(2, "mynet/c1/eth1")])
    expected = [hidden(n, "mynet/c1/eth0") for n in range(4)]
    gone = ownership.give_up(ruleset, "mynet/c1/eth0", expected, [MASQUERADED[4]], search=search)
    assert gone == expected[:1]
    assert owners(ruleset) == {"10.1.2.3": "c2/eth0", "10.1.2.4": "c1/eth1"}
    assert ownership.give_up(ruleset, "mynet/c1/eth0", expected, [MASQUERADED[4]], search=search) == []


@pytest.mark.parametrize("search, left", [(True, {}), (False, {"10.1.2.4": "c1/eth0"})])
def test_what_the_call_does_not_know_of_is_searched_for(ruleset: Ruleset, search: bool, left: dict[str, str]) -> None:
    key = "mynet/c1/eth0"
    ownership.take(ruleset, NAT, [hidden(0, key), hidden(2, key)])
    ownership.give_up(ruleset, key, [hidden(0, key), hidden(1, key)], [MASQUERADED[4]], search=search)
    assert owners(ruleset) == left


def test_the_search_is_not_led_astray_by_a_name_that_looks_like_a_checksum(ruleset: Ruleset) -> None:
    other = hidden(1, f"mynet/{digest('mynet/c1/eth0')}/eth0")
    ownership.take(ruleset, NAT, [other])
    assert ownership.give_up(ruleset, "mynet/c1/eth0", [], [MASQUERADED[4]], search=True) == []
    assert ruleset.list(MASQUERADED[4]) == [other]


def test_nothing_is_loaded_to_give_up_nothing(host: Host, ruleset: Ruleset) -> None:
    expected = [hidden(0, "mynet/c1/eth0")]
    assert ownership.give_up(ruleset, "mynet/c1/eth0", expected, [MASQUERADED[4]], search=True) == []
    assert ownership.collect(ruleset, make_call(valid()), [MASQUERADED[4], GUARDED]) == []
    assert ownership.find_missing(ruleset, "mynet/c1/eth0", expected) == expected[0]
    assert host.sh("nft list ruleset") == ""


def test_missing_is_what_is_gone_of_another_or_has_other_data(ruleset: Ruleset) -> None:
    key, comment = "mynet/c1/eth0", element_comment("mynet/c1/eth0")
    there = Element(PORTS, ("tcp", 80), (IPS[0], 80), comment)
    theirs = Element(PORTS, ("tcp", 81), (IPS[0], 80), element_comment("mynet/c2/eth0"))
    ownership.take(ruleset, NAT, [there, theirs])
    moved, absent = Element(PORTS, there.key, (IPS[0], 81), comment), Element(PORTS, ("tcp", 82), (IPS[0], 80), comment)
    assert ownership.find_missing(ruleset, key, [there]) is None
    for missing in (theirs, moved, absent):
        assert ownership.find_missing(ruleset, key, [there, missing]) == missing


# Garbage.


def test_collecting_takes_the_dead_of_this_network_alone(ruleset: Ruleset) -> None:
    long = "c" * 200
    keys = [
        "mynet/live/eth0",
        "mynet/live/eth1",
        "mynet/dead/eth0",
        "mynet2/dead/eth0",
        "my/dead/eth0",
        f"mynet/{long}1/eth0",
        f"mynet/{long}2/eth0",
    ]
    ownership.take(ruleset, NAT, [hidden(number, key) for number, key in enumerate(keys)])
    ownership.take(ruleset, NAT, [Element(MASQUERADED[4], (IPS[7],), comment="somebody else's")])
    call = make_call(valid(("live", "eth0"), (f"{long}1", "eth0"), ("dead", "eth7")))
    gone = ownership.collect(ruleset, call, [MASQUERADED[4], PORTS])
    assert sorted(str(each.key[0]) for each in gone) == ["10.1.2.3", "10.1.2.4", "10.1.2.8"]
    left = sorted(str(each.key[0]) for each in ruleset.list(MASQUERADED[4]))
    assert left == ["10.1.2.2", "10.1.2.5", "10.1.2.6", "10.1.2.7", "10.1.2.9"]
    assert ownership.collect(ruleset, call, [MASQUERADED[4], PORTS]) == []


def test_networks_with_long_names_are_told_apart(ruleset: Ruleset) -> None:
    names = ["n" * 60 + last for last in "ab"]
    ownership.take(ruleset, NAT, [hidden(number, f"{name}/c1/eth0") for number, name in enumerate(names)])
    ownership.collect(ruleset, make_call(valid(), network=names[0]), [MASQUERADED[4]])
    (left,) = ruleset.list(MASQUERADED[4])
    assert is_owner(f"{names[1]}/c1/eth0", left)


def test_a_network_that_ends_like_another_is_not_taken_for_it(ruleset: Ruleset) -> None:
    """The comment of what a network has as a whole is its name alone, and this one's has `mynet/` at the place where
    that of an attachment has it."""
    whole = Element(MASQUERADED[4], (parse_ip("10.1.2.3"),), comment=network_label("production-nodes-mynet"))
    assert whole.comment[17:] == "mynet/"
    ownership.take(ruleset, NAT, [whole])
    assert ownership.collect(ruleset, make_call(valid()), [MASQUERADED[4]]) == []


def test_collecting_spans_sets_of_any_table(ruleset: Ruleset) -> None:
    for key, port in (("mynet/live/eth0", "v1"), ("mynet/dead/eth0", "v2")):
        comment = element_comment(key)
        ownership.take(
            ruleset,
            ANTISPOOF,
            [
                Element(GUARDED, (port,), comment=comment),
                Element(SENDERS, (port, "02:00:00:00:00:01"), comment=comment),
            ],
        )
    ownership.collect(ruleset, make_call(valid(("live", "eth0"))), (GUARDED, SENDERS))
    assert [each.key[0] for of in (GUARDED, SENDERS) for each in ruleset.list(of)] == ["v1", "v1"]


def test_thousands_of_dead_are_collected(ruleset: Ruleset) -> None:
    first = parse_ip("10.9.0.0")
    dead = [Element(MASQUERADED[4], (first + n,), comment=element_comment(f"mynet/c{n}/eth0")) for n in range(3000)]
    ruleset.ensure(NAT)
    ruleset.socket.transact([add_element(each) for each in dead])
    gone = ownership.collect(ruleset, make_call(valid(("c7", "eth0"))), [MASQUERADED[4]])
    assert len(gone) == 2999
    assert ruleset.list(MASQUERADED[4]) == [dead[7]]
