"""Elements as messages: golden bytes, the bytes nft itself sends for the same command, and each reading the other's."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from errno import EEXIST, ENOENT

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linux.nft.golden_elements import GOLDEN, PORTS4, SETS, Golden, make
from netlab import Host

from poplin.linux.netlink import NLM_F_CREATE, NLM_F_EXCL, NetlinkError, unpack_attributes
from poplin.linux.netns import Namespace
from poplin.linux.nft.elements import (
    LONGEST_COMMENT,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    Element,
    Set,
    add_element,
    delete_element,
    get_element,
    list_elements,
    unpack_elements,
)
from poplin.linux.nft.kinds import ADDRESS4, ADDRESS6, IFNAME, MAC, PORT, PROTOCOL, PROTOCOLS, Kind
from poplin.linux.nft.ruleset import Ruleset
from poplin.spec.address import IP, parse_ip

golden = pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case.element.set.name} {case.words[:40]}")


@pytest.fixture
def lab(host: Host) -> Host:
    """A host with every set of the golden cases, empty."""
    for table in ("inet lab", "bridge lab"):
        host.sh(f"nft add table {table}")
    for of, kind, types in SETS.values():
        host.sh(f"nft 'add {kind} {of.family} {of.table} {of.name} {{ type {types}; }}'")
    return host


@pytest.fixture
def ruleset(lab: Host) -> Iterator[Ruleset]:
    with Namespace(lab.path) as namespace:
        yield namespace.nft


def where(of: Set) -> str:
    """How nft names a set."""
    return f"{of.family} {of.table} {of.name}"


def listed(host: Host, of: Set) -> str:
    """What `nft list` prints between the braces of `elements`, on one line."""
    kind = "map" if of.data else "set"
    found = re.search(r"elements = \{ (.*?) \}", host.sh(f"nft list {kind} {where(of)}"), re.DOTALL)
    return " ".join(found[1].split()) if found else ""


# Bytes and words.


@golden
def test_message_has_the_golden_bytes_and_the_words_of_nft(case: Golden) -> None:
    request = add_element(case.element)
    assert request.body == bytes.fromhex(case.body)
    assert request.text == f"nft create element {where(case.element.set)} {{ {case.words} }}"
    assert add_element(case.element, exclusive=False).text == request.text.replace("create", "add")
    assert add_element(case.element, exclusive=False).body == request.body


def test_exclusive_is_a_flag_and_a_deletion_names_the_key_alone() -> None:
    element = make("ports4", "tcp", 8080, data=("10.1.2.3", 80), comment="c1")
    made, added, gone, got = (
        add_element(element),
        add_element(element, exclusive=False),
        delete_element(element),
        get_element(element),
    )
    assert [each.flags for each in (made, added, gone, got)] == [NLM_F_CREATE | NLM_F_EXCL, NLM_F_CREATE, 0, 0]
    assert [each.kind for each in (made, gone, got, list_elements(PORTS4))] == [0xA0C, 0xA0E, 0xA0D, 0xA0D]
    bare = "01000000 08000100 6c616200 0b000200 706f7274 73340000 18000380 14000180 10000180 0c000100 06000000 1f900000"
    assert gone.body == got.body == bytes.fromhex(bare)
    assert gone.text == "nft delete element inet lab ports4 { tcp . 8080 }"
    assert got.text == "nft get element inet lab ports4 { tcp . 8080 }"
    assert list_elements(PORTS4).text == "nft list set inet lab ports4"
    assert list_elements(PORTS4).body == bytes.fromhex(bare)[:24]


def test_deletion_of_a_range_names_both_ends() -> None:
    element = make("keep4", "10.1.2.0", "10.1.2.0", end=("10.1.2.255", "10.1.2.255"), comment="mynet/")
    words = "element inet lab keep4 { 10.1.2.0-10.1.2.255 . 10.1.2.0-10.1.2.255 }"
    assert delete_element(element).text == f"nft delete {words}"
    assert delete_element(element).body.endswith(bytes.fromhex("10000a80 0c000100 0a0102ff 0a0102ff"))


@golden
def test_nft_sends_the_same_bytes(lab: Host, case: Golden) -> None:
    told = lab.sh(f"nft --debug=mnl 'add element {where(case.element.set)} {{ {case.words} }}'")
    ours = unpack_attributes(add_element(case.element).body[4:])[NFTA_SET_ELEM_LIST_ELEMENTS]
    assert ours in [nest for nest in map(elements_in, messages(told)) if nest]


def messages(told: str) -> Iterator[bytes]:
    """The bodies of the messages in nft's own hex dump: a header line or four bytes of data on each line."""
    body = b""
    for line in re.sub(r"\x1b\[[0-9;]*m", "", told).splitlines():
        if "message length" in line:
            yield body
            body = b""
        elif header := re.match(r"\|(\d{5})\|([N-])[-B]\|(\d{5})\|", line):
            length, nested, kind = header.groups()
            body += struct.pack("=HH", int(length), int(kind) | (0x8000 if nested == "N" else 0))
        elif data := re.match(r"\| (.. .. .. ..) +\|\t\| +(?:data|extra header)", line):
            body += bytes.fromhex(data[1])
    yield body


def elements_in(body: bytes) -> bytes:
    """The elements of a message about them."""
    return unpack_attributes(body[4:]).get(NFTA_SET_ELEM_LIST_ELEMENTS, b"")


# On the kernel.


@golden
def test_nft_reads_what_we_add(lab: Host, ruleset: Ruleset, case: Golden) -> None:
    ruleset.socket.transact([add_element(case.element)])
    assert listed(lab, case.element.set) == (case.shown or case.words)
    ruleset.socket.transact([delete_element(case.element)])
    assert listed(lab, case.element.set) == ""


@golden
def test_we_read_what_nft_adds(lab: Host, ruleset: Ruleset, case: Golden) -> None:
    of = case.element.set
    assert (ruleset.list(of), ruleset.find(case.element)) == ([], None)
    lab.sh(f"nft 'add element {where(of)} {{ {case.words} }}'")
    assert ruleset.list(of) == [case.element]
    assert ruleset.find(Element(of, case.element.key, end=case.element.end)) == case.element
    ruleset.remove([case.element])
    assert listed(lab, of) == ""


def test_longest_comment_is_the_longest_nft_takes(lab: Host) -> None:
    words = 'add element inet lab addr4 { 10.1.2.3 comment "%s" }'
    assert lab.sh(f"nft '{words % ('c' * LONGEST_COMMENT)}'") == ""
    with pytest.raises(AssertionError, match="too long"):
        lab.sh(f"nft '{words % ('c' * (LONGEST_COMMENT + 1))}'")


def test_find_tells_one_from_the_other(ruleset: Ruleset) -> None:
    elements = [make("ports4", "tcp", port, data=("10.1.2.3", 80), comment=f"c{port}") for port in (80, 81)]
    ruleset.socket.transact([add_element(each) for each in elements])
    assert [ruleset.find(each) for each in elements] == elements
    assert ruleset.find(make("ports4", "udp", 80)) is None
    assert ruleset.find(Element(Set("inet lab", "absent", (ADDRESS4,)), (parse_ip("10.1.2.3"),))) is None
    assert ruleset.find(Element(Set("inet absent", "addr4", (ADDRESS4,)), (parse_ip("10.1.2.3"),))) is None


def test_range_is_found_by_an_address_inside(ruleset: Ruleset) -> None:
    """As the kernel looks it up for a packet: what covers the key."""
    network = make("keep4", "10.1.2.0", "10.1.2.0", end=("10.1.2.255", "10.1.2.255"), comment="mynet/")
    ruleset.socket.transact([add_element(network)])
    assert ruleset.find(make("keep4", "10.1.2.7", "10.1.2.9")) == network
    assert ruleset.find(make("keep4", "10.1.2.7", "10.1.3.9")) is None


def test_list_reads_thousands_and_picks_by_comment(ruleset: Ruleset) -> None:
    first = parse_ip("10.1.0.0")
    elements = [Element(SETS["addr4"][0], (first + n,), comment=f"{n % 100:04d} mynet/c{n}/eth0") for n in range(3000)]
    ruleset.socket.transact([add_element(each) for each in elements])
    assert sorted(ruleset.list(SETS["addr4"][0]), key=lambda each: each.key) == elements
    found = ruleset.list(SETS["addr4"][0], "0042 ")
    assert sorted(found, key=lambda each: each.key) == elements[42::100]
    assert ruleset.list(Set("inet lab", "absent", (ADDRESS4,))) == []
    assert ruleset.list(Set("inet absent", "addr4", (ADDRESS4,))) == []


def test_list_names_each_once_however_often_the_kernel_is_interrupted(lab: Host, ruleset: Ruleset) -> None:
    """A dump may begin again because of others' changes."""
    of = SETS["addr4"][0]
    elements = [Element(of, (parse_ip("10.1.0.0") + n,), comment="mine") for n in range(2000)]
    ruleset.socket.transact([add_element(each) for each in elements])
    other = Element(of, (parse_ip("10.9.0.0"),))
    with Namespace(lab.path) as namespace, ThreadPoolExecutor() as pool:
        writer = namespace.nft.socket

        def disturb() -> None:
            for _ in range(500):
                writer.transact([add_element(other)])
                writer.transact([delete_element(other)])

        disturbing = pool.submit(disturb)
        while not disturbing.done():
            found = [each.key for each in ruleset.list(of, "mine")]
            assert len(found) == len(set(found))
        disturbing.result()
    assert len(ruleset.list(of)) == 2000


def test_thousands_go_in_and_out_in_one_transaction_each(lab: Host, ruleset: Ruleset) -> None:
    elements = [Element(SETS["addr4"][0], (parse_ip("10.1.0.0") + n,), comment="c" * 80) for n in range(4000)]
    ruleset.socket.transact([add_element(each) for each in elements[1:]])
    with pytest.raises(NetlinkError) as caught:
        ruleset.socket.transact([add_element(each) for each in elements])
    words = f'10.1.0.1 comment "{"c" * 80}"'
    assert str(caught.value) == f"nft create element inet lab addr4 {{ {words} }}: File exists"
    assert len(ruleset.list(elements[0].set)) == 3999
    ruleset.remove(elements)
    assert listed(lab, elements[0].set) == ""
    ruleset.remove(elements)


def test_range_that_is_gone_is_not_taken_for_the_one_around_it(lab: Host, ruleset: Ruleset) -> None:
    around = make("keep4", "10.1.0.0", "10.1.0.0", end=("10.1.255.255", "10.1.255.255"))
    inside = make("keep4", "10.1.2.0", "10.1.2.0", end=("10.1.2.255", "10.1.2.255"))
    ruleset.socket.transact([add_element(around)])
    ruleset.remove([inside])
    assert ruleset.list(around.set) == [around]
    assert (ruleset.is_there(around), ruleset.is_there(inside)) == (True, False)


def test_remove_takes_what_is_there_and_passes_over_the_rest(lab: Host, ruleset: Ruleset) -> None:
    one, two, three = (make("addr4", f"10.1.2.{n}") for n in (1, 2, 3))
    ruleset.socket.transact([add_element(one), add_element(three)])
    ruleset.remove([one, two, three])
    assert listed(lab, one.set) == ""
    ruleset.remove([one, two, three])
    ruleset.remove([two])
    ruleset.remove([])
    ruleset.remove([Element(Set("inet absent", "addr4", (ADDRESS4,)), one.key)])


@pytest.mark.parametrize("exclusive", [True, False])
def test_key_that_is_there_is_refused_if_wanted_or_if_its_data_differ(ruleset: Ruleset, exclusive: bool) -> None:
    there = make("ports4", "tcp", 80, data=("10.1.2.3", 80), comment="c1")
    other = make("ports4", "tcp", 80, data=("10.1.2.4", 80), comment="c2")
    ruleset.socket.transact([add_element(there)])
    with pytest.raises(NetlinkError) as caught:
        ruleset.socket.transact([add_element(other, exclusive=exclusive)])
    assert caught.value.errno == EEXIST
    if not exclusive:
        ruleset.socket.transact([add_element(there, exclusive=False)])
    assert ruleset.list(PORTS4) == [there]


def test_error_names_the_command(ruleset: Ruleset) -> None:
    with pytest.raises(NetlinkError) as caught:
        ruleset.socket.transact([delete_element(make("addr4", "10.1.2.3"))])
    assert caught.value.errno == ENOENT
    assert str(caught.value) == "nft delete element inet lab addr4 { 10.1.2.3 }: No such file or directory"


# Any value.

names = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters='"/'), min_size=1, max_size=15)
VALUES = {
    ADDRESS4: st.builds(IP, st.just(32), st.integers(0, 2**32 - 1)),
    ADDRESS6: st.builds(IP, st.just(128), st.integers(0, 2**128 - 1)),
    PROTOCOL: st.sampled_from(sorted(PROTOCOLS)),
    PORT: st.integers(0, 65535),
    IFNAME: names,
    MAC: st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":")),
}
kinds = st.lists(st.sampled_from(list(VALUES)), min_size=1, max_size=4).map(tuple)


def values_of(data: st.DataObject, wanted: tuple[Kind, ...]) -> tuple[object, ...]:
    return tuple(data.draw(VALUES[kind]) for kind in wanted)


@given(st.data(), kinds, st.one_of(st.just(()), kinds), st.booleans())
def test_any_element_survives_the_way_there_and_back(
    data: st.DataObject, key: tuple[Kind, ...], content: tuple[Kind, ...], is_range: bool
) -> None:
    of = Set("inet lab", "any", key, content)
    comment = data.draw(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
    end = values_of(data, key) if is_range else ()
    element = Element(of, values_of(data, key), values_of(data, content), comment, end)
    assert list(unpack_elements(of, add_element(element).body)) == [element]


@golden
def test_truncated_message_is_tolerated_or_refused(case: Golden) -> None:
    body = bytes.fromhex(case.body)
    for length in range(len(body)):
        read_or_refuse(case.element.set, body[:length])


@given(st.sampled_from([of for of, *_ in SETS.values()]), st.binary(max_size=200))
def test_garbage_is_tolerated_or_refused(of: Set, body: bytes) -> None:
    read_or_refuse(of, body)


def read_or_refuse(of: Set, body: bytes) -> None:
    """What no kernel sends may be refused, as every decoder here does it."""
    try:
        elements = list(unpack_elements(of, body))
    except (struct.error, LookupError):
        return
    assert all(each.set is of for each in elements)
