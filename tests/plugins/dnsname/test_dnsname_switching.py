"""A node changes from the reference's dnsname to ours and back, with containers running."""

from __future__ import annotations

import pytest
from dnsname_lab import DOMAIN, Names, lookup, wait_until

OURS, THEIRS = "ours", "the reference's"
WHOSE = (OURS, THEIRS)


def do(names: Names, whose: str, command: str, name: str, **fields: object) -> None:
    """A verb for the container of this name, made when it is first asked for."""
    container = names.find(name) or names.add_container(name)
    (names.do if whose == OURS else names.reference)(command, container, **fields)


@pytest.mark.parametrize("first", WHOSE)
@pytest.mark.parametrize("second", WHOSE)
def test_each_adds_to_what_the_other_began_and_removes_what_it_wrote(names: Names, first: str, second: str) -> None:
    do(names, first, "ADD", "one", aliases=["uno"])
    pid = names.pid()
    do(names, second, "ADD", "two", aliases=["due"])
    one, two = names.get("one"), names.get("two")
    assert (names.servers(), names.pid()) == ([pid], pid)
    for name in ("one", "uno", f"one.{DOMAIN}"):
        assert lookup(two, name) == names.addresses(one)
    wait_until(lambda: lookup(one, f"due.{DOMAIN}") == names.addresses(two), "the second is found")
    do(names, second, "DEL", "one")
    wait_until(lambda: lookup(two, f"uno.{DOMAIN}") == ["NXDOMAIN"], "the first is forgotten")
    assert lookup(two, "two") == names.addresses(two)
    do(names, first, "DEL", "two")
    wait_until(names.is_clean, "nothing is left")


def test_we_check_what_the_reference_wrote(names: Names) -> None:
    one = names.add_container("one")
    names.reference("ADD", one, aliases=["web"])
    names.do("CHECK", one, aliases=["web"])
    assert names.refuse("CHECK", one, aliases=["www"])[0] == 103


def test_of_the_references_two_containers_of_one_name_del_forgets_the_right_one(names: Names) -> None:
    """Its own DEL forgets both, and ends the server under the other."""
    one, two, asking = (names.add_container(name) for name in ("twin", "twin", "asking"))
    for each in (one, two):
        names.reference("ADD", each)
    names.do("ADD", asking)
    names.do("DEL", one)
    wait_until(lambda: lookup(asking, f"twin.{DOMAIN}") == names.addresses(two), "the other is still found")


def test_gc_leaves_what_does_not_say_whose_it_is(names: Names) -> None:
    one = names.add_container("one")
    names.reference("ADD", one)
    names.do("GC", None, **{"cni.dev/valid-attachments": []})
    assert lookup(one, "one") == names.addresses(one)


def test_what_the_reference_leaves_of_ours_the_next_of_that_address_replaces(names: Names) -> None:
    """It looks for names, and of a container without one there is none."""
    nameless, other = names.add_container(""), names.add_container("other")
    names.do("ADD", nameless)
    names.do("ADD", other)
    names.reference("DEL", nameless)
    assert len(names.lines()) == 4
    names.names[nameless.id] = "next"
    names.reference("DEL", other)
    names.do("ADD", nameless)
    assert names.lines() == [f"{each} next #mynet/{nameless.id}/eth0" for each in names.addresses(nameless)]
