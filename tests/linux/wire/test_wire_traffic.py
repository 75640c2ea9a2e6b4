"""Traffic control on the wire: golden bytes, an independent decoder, tc(8) itself, and garbage."""

from __future__ import annotations

import inspect
import json
import struct
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linux.wire import golden_traffic
from linux.wire.golden import Golden
from linux.wire.golden_traffic import BUCKET, FASTEST, SLOWEST, TRAFFIC
from linux.wire.oracle import explain
from netlab import Container

from poplin.linux.netlink import NetlinkError, Request
from poplin.linux.netns import Namespace
from poplin.linux.wire import filter, htb, ifb, link, qdisc, tbf
from poplin.linux.wire.filter import DESTINATION, SIDES, SOURCE, Filter, add_filter, find_subnet, match_subnet
from poplin.linux.wire.link import set_link
from poplin.linux.wire.qdisc import TC_H_CLSACT_INGRESS, TC_H_INGRESS, TC_H_ROOT, Qdisc
from poplin.spec.address import IP, Prefix, parse_prefix

MODULES = (filter, htb, ifb, qdisc, tbf)
UNPACKERS = {
    qdisc.RTM_NEWQDISC: qdisc.unpack_qdisc,
    htb.RTM_NEWTCLASS: htb.unpack_class,
    filter.RTM_NEWTFILTER: filter.unpack_filter,
}
REFUSALS = (struct.error, LookupError)

golden = pytest.mark.parametrize("case", TRAFFIC, ids=lambda case: case.command)


@golden
def test_request_says_which_command_it_is(case: Golden) -> None:
    assert case.request.text == case.command


@golden
def test_request_has_the_golden_bytes(case: Golden) -> None:
    assert case.request.body.hex(" ", -4) == case.body


@pytest.mark.parametrize("case", [each for each in TRAFFIC if each.meaning], ids=lambda case: case.command)
def test_an_independent_decoder_reads_what_was_meant(case: Golden) -> None:
    assert explain(case.request) == case.meaning


def test_every_request_maker_has_a_golden_case() -> None:
    makers = {
        name
        for module in MODULES
        for name, thing in inspect.getmembers(module, inspect.isfunction)
        if thing.__annotations__.get("return") == "Request" and thing.__module__ == module.__name__
    }
    source = inspect.getsource(golden_traffic)
    assert [name for name in makers if f"        {name}(" not in source] == []


# Records.


def test_a_qdisc_is_read_as_it_was_made() -> None:
    made = Qdisc(7, "bfifo", 0x300000, 0x10030, b"\5\0\0\0")
    assert qdisc.unpack_qdisc(qdisc.add_qdisc("veth0", made).body) == made
    assert qdisc.fifo_limit(made) == 5


@pytest.mark.parametrize("bucket", [BUCKET, FASTEST, SLOWEST])
def test_a_bucket_is_read_as_it_was_made(bucket: Any) -> None:
    assert tbf.bucket_of(qdisc.unpack_qdisc(tbf.set_tbf("veth0", 7, 0x10000, bucket).body)) == bucket
    handle, found = htb.unpack_class(htb.add_class("veth0", 7, 0x10030, bucket).body) or (0, bucket)
    found.limit = bucket.limit
    assert (handle, found) == (0x10030, bucket)


def test_the_default_class_is_read() -> None:
    assert htb.default_class(qdisc.unpack_qdisc(htb.add_htb("veth0", 7, 0x10000, 0x10030).body)) == 0x10030


def test_a_class_of_another_kind_is_none() -> None:
    body = qdisc.message(7, 0x10001, 0x10000) + qdisc.text_attribute(qdisc.TCA_KIND, "tbf")
    assert htb.unpack_class(body) is None


def with_handle(request: Request, handle: int = 0x80000800) -> bytes:
    """The body as the kernel tells it: with the number it gave to the filter."""
    _, index, _, parent, info = qdisc.MESSAGE.unpack_from(request.body)
    return qdisc.message(index, handle, parent, info) + request.body[qdisc.MESSAGE.size :]


@pytest.mark.parametrize("redirect", [None, 0, 9])
def test_a_filter_is_read_as_it_was_made(redirect: int | None) -> None:
    made = Filter(0x10000, 16, filter.IPV4, 0x10030, match_subnet(DESTINATION, parse_prefix("10.0.0.0/13")), redirect)
    made.handle = 0x80000800
    request = add_filter("veth0", 7, made, "ip dst 10.0.0.0/13", "ifb0")
    if redirect == 0:  # nobody asks for a link that is gone, but the kernel tells of it
        made.redirect = 9
        body = with_handle(add_filter("veth0", 7, made, "", "ifb0")).replace(b"\1\0\0\0\x09\0\0\0", b"\1\0\0\0\0\0\0\0")
        made.redirect = 0
        assert filter.unpack_filter(body) == made
    else:
        assert filter.unpack_filter(with_handle(request)) == made


def test_what_is_told_beside_filters_is_none() -> None:
    assert filter.unpack_filter(filter.list_filters("veth0", 7, 1).body + qdisc.text_attribute(1, "u32")) is None


@pytest.mark.parametrize(
    ("side", "subnet", "keys"),
    [
        (SOURCE, "10.0.0.0/8", ((0xFF000000, 0x0A000000, 12),)),
        (DESTINATION, "10.1.2.3/32", ((0xFFFFFFFF, 0x0A010203, 16),)),
        (DESTINATION, "0.0.0.0/0", ((0, 0, 16),)),
        (SOURCE, "::/0", ((0, 0, 8),)),
        (SOURCE, "fd00::/32", ((0xFFFFFFFF, 0xFD000000, 8),)),
        (DESTINATION, "fd00::/33", ((0xFFFFFFFF, 0xFD000000, 24), (0x80000000, 0, 28))),
        (DESTINATION, "fd00::1/128", tuple((0xFFFFFFFF, w, 24 + 4 * n) for n, w in enumerate((0xFD000000, 0, 0, 1)))),
    ],
)
def test_a_subnet_is_matched_word_by_word(side: str, subnet: str, keys: tuple[filter.Key, ...]) -> None:
    assert match_subnet(side, parse_prefix(subnet)) == keys


ips = st.one_of(
    st.builds(IP, st.just(32), st.integers(0, 2**32 - 1)), st.builds(IP, st.just(128), st.integers(0, 2**128 - 1))
)


@given(ips.flatmap(lambda ip: st.builds(Prefix, st.just(ip), st.integers(0, ip.bits))), st.sampled_from(SIDES))
def test_any_subnet_is_found_again(subnet: Prefix, side: str) -> None:
    made = Filter(1, 1, filter.OF_PROTOCOL[subnet.ip.version], 1, match_subnet(side, subnet))
    assert find_subnet(made) == (side, subnet.network)


@pytest.mark.parametrize(
    "strange",
    [
        Filter(1, 1, filter.IPV4, 1, ()),
        Filter(1, 1, filter.ALL, 1),
        Filter(1, 1, filter.IPV4, 1, ((0xFFFF, 80, 20),)),
        Filter(1, 1, filter.IPV4, 1, ((0xFF00FF00, 0x0A000000, 12),)),
        Filter(1, 1, filter.IPV4, 1, ((0xFF000000, 0x0A000000, 12), (0xFF000000, 0x0A000000, 16))),
        Filter(1, 1, filter.IPV6, 1, ((0xFFFFFFFF, 0, 8), (0xFFFFFFFF, 0, 16))),
    ],
)
def test_a_filter_that_is_for_no_subnet_is_known_for_that(strange: Filter) -> None:
    assert find_subnet(strange) is None


# tc(8) as the judge.


@pytest.fixture
def inside(container: Container) -> Iterator[Namespace]:
    """A namespace with `veth0` and an ifb."""
    container.sh("ip link add veth0 type veth peer name veth1")
    with Namespace(container.path) as namespace:
        namespace.rtnl.apply(ifb.add_ifb("bwp0", 1400), set_link("veth0", up=True))
        yield namespace


def tell(container: Container, what: str) -> list[dict[str, Any]]:
    """What tc(8) tells of veth0."""
    return json.loads(container.sh(f"tc -j {what} show dev veth0"))  # type: ignore[no-any-return]


def test_tc_reads_the_redirect(container: Container, inside: Namespace) -> None:
    index, target = (inside.rtnl.get_link(name).index for name in ("veth0", "bwp0"))
    wanted = Filter(TC_H_CLSACT_INGRESS, 1, filter.ALL, 0x10001, redirect=target)
    inside.rtnl.apply(qdisc.add_ingress("veth0", index), add_filter("veth0", index, wanted, "u32 0 0", "bwp0"))
    told = json.loads(container.sh("tc -j filter show dev veth0 ingress"))[-1]
    assert (told["protocol"], told["pref"], told["kind"]) == ("all", 1, "u32")
    assert (told["options"]["flowid"], told["options"]["match"]["mask"]) == ("1:1", "0")
    [action] = told["options"]["actions"]
    assert (action["kind"], action["mirred_action"], action["direction"]) == ("mirred", "redirect", "egress")
    assert (action["to_dev"], action["control_action"]) == ("bwp0", {"type": "stolen"})
    [found] = inside.rtnl.list_filters("veth0", index, TC_H_CLSACT_INGRESS)
    assert (found.redirect, found.keys, found.handle) == (target, wanted.keys, 0x80000800)
    inside.rtnl.remove_link("bwp0")
    assert [each.redirect for each in inside.rtnl.list_filters("veth0", index, TC_H_CLSACT_INGRESS)] == [0]


@pytest.mark.parametrize("subnet", ["10.0.0.0/13", "0.0.0.0/0", "192.0.2.9/32", "fd00::/40", "::/0", "2001:db8::1/128"])
@pytest.mark.parametrize("side", SIDES)
def test_tc_makes_the_same_filter_of_the_same_words(
    container: Container, inside: Namespace, side: str, subnet: str
) -> None:
    index, prefix = inside.rtnl.get_link("veth0").index, parse_prefix(subnet)
    protocol, word = filter.OF_PROTOCOL[prefix.ip.version], "ip" if prefix.ip.version == 4 else "ip6"
    wanted = Filter(0x10000, 16, protocol, 0x10030, match_subnet(side, prefix))
    request = add_filter("veth0", index, wanted, f"{word} {side} {subnet}")
    inside.rtnl.apply(htb.add_htb("veth0", index, 0x10000, 0x10001), request)
    container.sh(request.text.replace("prio 16", "prio 17"))
    ours, theirs = inside.rtnl.list_filters("veth0", index, 0x10000)
    if subnet != "::/0":  # for which tc(8) needs no words at all
        assert (ours.keys, ours.protocol, ours.classid) == (theirs.keys, theirs.protocol, theirs.classid)
    assert find_subnet(ours) == (side, prefix)


@pytest.mark.parametrize("bucket", [BUCKET, SLOWEST])
def test_tc_makes_the_same_bucket_of_the_same_words(container: Container, inside: Namespace, bucket: Any) -> None:
    index = inside.rtnl.get_link("veth0").index
    request = tbf.set_tbf("veth0", index, 0x10000, bucket)
    inside.rtnl.apply(request)
    ours = inside.rtnl.find_qdisc("veth0", index, TC_H_ROOT)
    container.sh("tc qdisc del dev veth0 root")
    container.sh(request.text)
    theirs = inside.rtnl.find_qdisc("veth0", index, TC_H_ROOT)
    assert ours and theirs
    assert tbf.bucket_of(ours) == bucket
    assert bucket.is_like(tbf.bucket_of(theirs))
    assert not bucket.is_like(FASTEST)


def test_tc_makes_the_same_classes_of_the_same_words(container: Container, inside: Namespace) -> None:
    index = inside.rtnl.get_link("veth0").index
    requests = [
        htb.add_htb("veth0", index, 0x10000, 0x10030),
        htb.add_class("veth0", index, 0x10030, BUCKET),
        htb.add_class("veth0", index, 0x10001, FASTEST),
        qdisc.add_fifo("veth0", index, 0x10030, 0x300000, "bfifo", 156250),
    ]
    told = []
    for do in (inside.rtnl.apply, lambda *each: [container.sh(request.text) for request in each]):
        do(*requests)
        told.append((tell(container, "qdisc"), container.sh("tc class show dev veth0")))
        inside.rtnl.apply(qdisc.delete_qdisc("veth0", index))
    assert told[0] == told[1]


def test_what_is_not_there_is_none(inside: Namespace) -> None:
    rtnl, index = inside.rtnl, inside.rtnl.get_link("veth0").index
    found = rtnl.find_qdisc("veth0", index, TC_H_ROOT)
    assert found is None or found.handle == 0
    assert [rtnl.find_qdisc("veth0", index, each) for each in (TC_H_INGRESS, 0x10030)] == [None, None]
    assert rtnl.list_filters("veth0", index, TC_H_CLSACT_INGRESS) == []
    rtnl.apply(qdisc.add_ingress("veth0", index), qdisc.delete_qdisc("veth0", index, TC_H_INGRESS))
    assert rtnl.find_qdisc("veth0", index, TC_H_INGRESS) is None
    with pytest.raises(NetlinkError, match="No such device"):
        rtnl.find_qdisc("gone", 4242, TC_H_ROOT)


# Garbage.


@golden
def test_truncated_body_is_tolerated_or_refused(case: Golden) -> None:
    unpack = UNPACKERS.get(case.request.kind, link.unpack_link)
    for length in range(len(case.request.body)):
        unpack_or_refuse(unpack, case.request.body[:length])


@given(st.sampled_from(list(UNPACKERS.values())), st.binary(max_size=200))
def test_garbage_is_tolerated_or_refused(unpack: Any, body: bytes) -> None:
    unpack_or_refuse(unpack, body)


@given(st.sampled_from([case for case in TRAFFIC if case.request.kind in UNPACKERS]), st.data())
def test_damaged_body_is_tolerated_or_refused(case: Golden, data: st.DataObject) -> None:
    body = bytearray(with_handle(case.request))
    for at in data.draw(st.lists(st.integers(20, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    unpack_or_refuse(UNPACKERS[case.request.kind], bytes(body))


def unpack_or_refuse(unpack: Any, body: bytes) -> None:
    """A record, which also prints, or one of the documented refusals."""
    try:
        record = unpack(body)
    except REFUSALS:
        return
    assert isinstance(repr(record), str)
