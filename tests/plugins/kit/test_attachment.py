"""Names and aliases of the host's links, and finding an attachment by them."""

from __future__ import annotations

from collections.abc import Iterator
from string import hexdigits

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netlab import Container, Host

from poplin.linux.netns import Namespace
from poplin.linux.rtnl import Rtnl
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit.attachment import (
    LONGEST_ALIAS,
    MOST_NAMES,
    find_host_link,
    find_stale_links,
    host_link_names,
    link_alias,
)

KEY = "mynet/c1/eth0"

keys = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,40}/[a-z0-9][a-z0-9._-]{0,300}/[a-z0-9]{1,15}", fullmatch=True)


class Wires:
    """Pairs from a host into a container, under given names and aliases."""

    def __init__(self, rtnl: Rtnl, container: Namespace) -> None:
        self.rtnl = rtnl
        self.container = container

    def add(self, name: str, alias: str = "") -> None:
        """One more pair."""
        count = len(self.container.rtnl.list_links("veth"))
        self.rtnl.apply(add_veth(name, f"eth{count}", self.container.fd), set_link(name, alias=alias))


@pytest.fixture
def wires(host: Host, container: Container) -> Iterator[Wires]:
    with Namespace(host.path) as outside, Namespace(container.path) as inside:
        yield Wires(outside.rtnl, inside)


# Names.


def test_names_are_the_same_every_time() -> None:
    assert next(host_link_names(KEY)) == "vetha529fbf5"
    assert list(host_link_names(KEY)) == list(host_link_names(KEY))


@given(keys)
def test_names_are_distinct_and_look_like_those_of_the_reference(key: str) -> None:
    names = list(host_link_names(key))
    assert len(set(names)) == MOST_NAMES
    assert all(name.startswith("veth") and len(name) == 12 and set(name[4:]) <= set(hexdigits) for name in names)


def test_names_of_a_thousand_attachments_are_distinct() -> None:
    names = [next(host_link_names(f"mynet/c{number}/eth0")) for number in range(1000)]
    assert len(set(names)) == 1000


# Aliases.


def test_alias_is_the_key() -> None:
    assert link_alias(KEY) == KEY
    longest = "n/" + "c" * (LONGEST_ALIAS - 7) + "/eth0"
    assert (len(longest), link_alias(longest)) == (255, longest)


def test_alias_of_a_long_key_is_its_beginning_and_a_checksum() -> None:
    key = "mynet/" + "c" * 300 + "/eth0"
    alias = link_alias(key)
    assert len(alias) == LONGEST_ALIAS
    assert alias[:-16] == key[:238] + "~"
    assert set(alias[-16:]) <= set(hexdigits)
    assert alias not in (link_alias(key + "1"), link_alias(key[:-5] + "x/eth0"))


@given(keys, keys)
def test_alias_fits_the_kernel_and_is_of_one_key(one: str, other: str) -> None:
    assert len(link_alias(one)) <= LONGEST_ALIAS
    assert (link_alias(one) == link_alias(other)) == (one == other)


def test_kernel_takes_the_longest_alias(wires: Wires) -> None:
    key = "mynet/" + "c" * 300 + "/eth0"
    name = next(host_link_names(key))
    wires.add(name, link_alias(key))
    assert wires.rtnl.get_link(name).alias == link_alias(key)
    assert find_host_link(wires.rtnl, key) == wires.rtnl.get_link(name)


# Finding.


@pytest.mark.parametrize("taken", range(MOST_NAMES))
def test_link_is_found_behind_names_that_others_took(wires: Wires, taken: int) -> None:
    names = list(host_link_names(KEY))
    for name in names[:taken]:
        wires.add(name, "mynet/other/eth0" if taken % 2 else "")
    wires.add(names[taken], KEY)
    found = find_host_link(wires.rtnl, KEY)
    assert found is not None and found.name == names[taken]


def test_link_of_another_attachment_is_not_taken_for_ours(wires: Wires) -> None:
    name = next(host_link_names(KEY))
    assert find_host_link(wires.rtnl, KEY) is None
    wires.add(name)
    assert find_host_link(wires.rtnl, KEY) is None
    wires.rtnl.apply(set_link(name, alias="mynet/c2/eth0"))
    assert find_host_link(wires.rtnl, KEY) is None


def test_stale_links_are_this_network_s_and_not_listed(wires: Wires) -> None:
    long = "mynet/" + "c" * 300
    aliases = ("mynet/c1/eth0", "mynet/c1/eth1", "mynet/c2/eth0", "mynet2/c1/eth0", "", f"{long}/eth0", f"{long}/eth1")
    for number, alias in enumerate(aliases):
        wires.add(f"w{number}", link_alias(alias))
    valid = frozenset([("c1", "eth0"), ("c" * 300, "eth1")])
    assert [each.name for each in find_stale_links(wires.rtnl, "mynet", valid)] == ["w1", "w2", "w5"]
    assert [each.name for each in find_stale_links(wires.rtnl, "nothing", valid)] == []
