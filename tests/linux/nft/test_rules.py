"""Rules of others are found by chain, comment, target and constants, and deleted; golden bytes, and nft as oracle."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from errno import EBUSY

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netlab import Host

from poplin.linux.netlink import NetlinkError, Request
from poplin.linux.netns import Namespace
from poplin.linux.nft.rules import (
    Chain,
    Rule,
    delete_chain,
    delete_rule,
    find_chains,
    find_rules,
    flush_chain,
    get_chain,
    list_rules,
    remove_chain,
    remove_rules,
    unpack_rule,
)
from poplin.linux.nft.ruleset import NetfilterSocket
from poplin.spec.address import parse_ip

POST = Chain("ip nat", "post")
MINE = Chain("ip nat", "mine")
RULES = """
table ip nat {
	chain mine {
		ip daddr 10.1.2.0/24 accept
		masquerade
	}
	chain other { }
	chain post {
		ip saddr 10.1.2.3 counter jump mine comment "first"
		ip saddr 10.1.2.4 goto mine comment "second"
		ip saddr 10.1.2.4 jump other
		tcp dport 8080 dnat to 10.1.2.5:80 comment "third"
	}
}
"""


@pytest.fixture
def socket(host: Host) -> Iterator[NetfilterSocket]:
    with Namespace(host.path) as namespace:
        yield namespace.nft.socket


@pytest.fixture
def rules(host: Host) -> Host:
    """The host with the rules above."""
    host.sh(f"sh -c 'echo \"$0\" | nft -f -' '{RULES}'")
    return host


@pytest.mark.parametrize(
    "request_, kind, text, body",
    [
        (get_chain(POST), 0xA04, "nft list chain ip nat post", "02000000 08000100 6e617400 09000300 706f7374 00000000"),
        (
            delete_chain(POST),
            0xA05,
            "nft delete chain ip nat post",
            "02000000 08000100 6e617400 09000300 706f7374 00000000",
        ),
        (
            list_rules(POST),
            0xA07,
            "nft --handle list chain ip nat post",
            "02000000 08000100 6e617400 09000200 706f7374 00000000",
        ),
        (
            flush_chain(POST),
            0xA08,
            "nft flush chain ip nat post",
            "02000000 08000100 6e617400 09000200 706f7374 00000000",
        ),
        (
            delete_rule(Rule(POST, 7)),
            0xA08,
            "nft delete rule ip nat post handle 7",
            "02000000 08000100 6e617400 09000200 706f7374 00000000 0c000300 00000000 00000007",
        ),
    ],
)
def test_request_has_the_golden_bytes_and_the_words_of_nft(request_: Request, kind: int, text: str, body: str) -> None:
    assert (request_.kind, request_.flags, request_.text) == (kind, 0, text)
    assert request_.body.hex(" ", -4) == body


def test_rules_are_read_with_comment_target_and_constants(rules: Host, socket: NetfilterSocket) -> None:
    found = find_rules(socket, POST)
    assert [(rule.comment, rule.jump) for rule in found] == [
        ("first", "mine"),
        ("second", "mine"),
        ("", "other"),
        ("third", ""),
    ]
    three, four, five = (parse_ip(f"10.1.2.{n}").packed for n in (3, 4, 5))
    assert found[0].constants == (three,)
    assert found[1].constants == found[2].constants == (four,)
    assert five in found[3].constants and (8080).to_bytes(2, "big") in found[3].constants
    handles = [line.rpartition(" handle ")[2] for line in rules.sh("nft -a list chain ip nat post").splitlines()]
    assert [str(rule.handle) for rule in found] == [each for each in handles[2:] if each.isdigit()]


def test_what_is_not_there_has_no_rules(rules: Host, socket: NetfilterSocket) -> None:
    absent = [Chain("ip nat", "absent"), Chain("ip6 nat", "post"), Chain("bridge absent", "post")]
    assert [find_rules(socket, each) for each in absent] == [[], [], []]
    assert find_chains(socket, [*absent, POST, Chain("ip nat", "p" * 300), MINE]) == [POST, MINE]
    assert find_chains(socket, absent) == find_chains(socket, []) == []
    assert find_chains(socket, [MINE]) == [MINE], "the socket is in step after refusals"


def test_rule_is_deleted_by_its_handle_once(rules: Host, socket: NetfilterSocket) -> None:
    found = find_rules(socket, POST)
    remove_rules(socket, [found[0], found[2]])
    assert find_rules(socket, POST) == [found[1], found[3]]
    remove_rules(socket, found[:3])
    assert find_rules(socket, POST) == [found[3]]
    with pytest.raises(NetlinkError, match=rf"^nft delete rule ip nat post handle {found[0].handle}: No such file"):
        socket.transact([delete_rule(found[0])])


def test_chain_goes_with_its_rules_and_what_leads_there(rules: Host, socket: NetfilterSocket) -> None:
    _, _, other, third = find_rules(socket, POST)
    remove_chain(socket, MINE, "post")
    assert find_rules(socket, POST) == [other, third]
    assert find_chains(socket, [MINE, POST]) == [POST]
    remove_chain(socket, MINE, "post")
    assert find_rules(socket, POST) == [other, third]


def test_chain_stays_while_another_s_rule_leads_there(rules: Host, socket: NetfilterSocket) -> None:
    first, second, other, third = find_rules(socket, POST)
    remove_chain(socket, MINE, "post", first.constants)
    assert find_rules(socket, POST) == [second, other, third]
    assert len(find_rules(socket, MINE)) == 2
    remove_chain(socket, MINE, "post", second.constants)
    assert find_rules(socket, POST) == [other, third]
    assert find_chains(socket, [MINE]) == []


def test_chain_that_a_stranger_leads_to_is_kept_whole(rules: Host, socket: NetfilterSocket) -> None:
    rules.sh("nft add rule ip nat other jump mine")
    before = rules.sh("nft list table ip nat")
    with pytest.raises(NetlinkError) as caught:
        remove_chain(socket, MINE, "post")
    assert (caught.value.errno, str(caught.value)) == (EBUSY, "nft delete chain ip nat mine: Device or resource busy")
    assert rules.sh("nft list table ip nat") == before


# Garbage.


@given(st.binary(max_size=200))
def test_garbage_is_tolerated_or_refused(body: bytes) -> None:
    try:
        rule = unpack_rule(POST, body)
    except (struct.error, LookupError):
        return
    assert rule.chain is POST


def test_truncated_rule_is_tolerated_or_refused(rules: Host, socket: NetfilterSocket) -> None:
    for body in socket.dump(list_rules(POST)):
        for length in range(len(body)):
            try:
                rule = unpack_rule(POST, body[:length])
            except (struct.error, LookupError):
                continue
            assert rule.handle > 0


def test_comments_of_the_nft_kind_of_iptables_are_read_too(host: Host, socket: NetfilterSocket) -> None:
    host.sh("iptables-nft -A FORWARD -s 10.1.2.3 -m comment --comment 'one of theirs' -j ACCEPT")
    host.sh("iptables-nft -A FORWARD -m mark --mark 0x1/0x1 -j RETURN")
    found = find_rules(socket, Chain("ip filter", "FORWARD"))
    assert [(each.comment, each.jump) for each in found] == [("one of theirs", ""), ("", "")]
