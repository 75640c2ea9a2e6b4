"""A table of an author's plugin: loaded when it is needed, elements of attachments come, are checked, and go."""

from __future__ import annotations

from typing import Any

import pytest
from calls import kernel_of, make_call, valid
from netlab import Host

from poplin.kit import ADDRESS4, PORT, Call, CheckFailed, Element, Table, parse_ip

RULES = """
    set seen { type ipv4_addr . inet_service; }
    set ranges { type ipv4_addr . ipv4_addr; flags interval; }
    chain forward {
        type filter hook forward priority filter; policy accept;
        ip saddr . tcp dport @seen drop
    }
"""


def make_table(rules: str = RULES, version: int = 1) -> tuple[Table, Any, Any]:
    """It, and its sets."""
    table = Table("cni-test", rules, version)
    return table, table.set("seen", ADDRESS4, PORT), table.set("ranges", ADDRESS4, ADDRESS4)


def elements_of(call: Call, table: Table, seen: Any, ranges: Any, last: int = 2) -> list[Element]:
    """A single one and a range."""
    net = parse_ip(f"10.{last}.0.0")
    return [
        table.element(call, seen, parse_ip(f"10.1.0.{last}"), 80),
        table.element(call, ranges, net, net, end=[net, net + 255]),
    ]


def listed(host: Host) -> str:
    return host.sh("nft list table inet cni-test")


def test_an_attachment_comes_is_checked_and_goes(host: Host) -> None:
    table, *sets = make_table()
    one, other = make_call(container_id="c1"), make_call(container_id="c2")
    mine, others = elements_of(one, table, *sets), elements_of(other, table, *sets, last=3)
    with kernel_of(host) as kernel:
        for _ in range(2):  # repeatable
            table.hold(one, kernel, mine)
        table.hold(other, kernel, others)
        table.check(one, kernel, mine)
        assert "mynet/c1/eth0" in listed(host)
        table.release(one, kernel, mine)
        table.release(one, kernel)
        with pytest.raises(CheckFailed, match=r"element inet cni-test seen { 10\.1\.0\.2 \. 80 } is missing"):
            table.check(one, kernel, mine)
        table.check(other, kernel, others)
    assert ("mynet/c1/eth0" in listed(host), "mynet/c2/eth0" in listed(host)) == (False, True)


def test_del_and_gc_without_a_table_load_nothing(host: Host) -> None:
    table, *_ = make_table()
    with kernel_of(host) as kernel:
        table.require(kernel)
        table.release(make_call(), kernel)
        table.collect_garbage(make_call(), kernel)
    assert host.sh("nft list tables") == ""


def test_gc_removes_what_is_not_valid_of_this_network(host: Host) -> None:
    table, *sets = make_table()
    with kernel_of(host) as kernel:
        for number, name in enumerate(("c1", "c2"), 2):
            table.hold(
                make_call(container_id=name),
                kernel,
                elements_of(make_call(container_id=name), table, *sets, last=number),
            )
        listed_to_gc = valid(("c2", "eth0"))
        table.collect_garbage(make_call(listed_to_gc, network="other"), kernel)
        assert "mynet/c1/eth0" in listed(host)
        table.collect_garbage(make_call(listed_to_gc), kernel)
    assert ("mynet/c1/eth0" in listed(host), "mynet/c2/eth0" in listed(host)) == (False, True)


def test_check_notices_that_somebody_flushed_the_firewall(host: Host) -> None:
    table, *sets = make_table()
    mine = elements_of(make_call(), table, *sets)
    with kernel_of(host) as kernel:
        table.hold(make_call(), kernel, mine)
        host.sh("nft flush ruleset")
        with pytest.raises(CheckFailed):
            table.check(make_call(), kernel, mine)
        table.hold(make_call(), kernel, mine)
        table.check(make_call(), kernel, mine)


def test_newer_rules_come_in_the_place_of_the_old_and_elements_stay(host: Host) -> None:
    table, *sets = make_table()
    newer, *newer_sets = make_table(RULES.replace("tcp dport @seen drop", "tcp dport @seen reject"), version=2)
    with kernel_of(host) as kernel:
        table.hold(make_call(), kernel, elements_of(make_call(), table, *sets))
        newer.hold(
            make_call(container_id="c2"), kernel, elements_of(make_call(container_id="c2"), newer, *newer_sets, last=3)
        )
    text = listed(host)
    assert ("reject" in text, "drop" in text, "mynet/c1/eth0" in text) == (True, False, True)


def test_a_range_in_a_set_of_one_field_is_refused() -> None:
    table = Table("cni-test", RULES)
    with pytest.raises(ValueError, match=r"^set alone has one field; a range needs a set of several"):
        table.element(make_call(), table.set("alone", ADDRESS4), parse_ip("10.0.0.1"), end=[parse_ip("10.0.0.9")])
