"""Which addresses hide, which networks are spared, and when a network is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from calls import kernel_of, make_call, told, valid
from firewall import elements
from netlab import Host

from poplin.linux.kernel import Kernel
from poplin.linux.nft.elements import Element, add_element
from poplin.linux.nft.nat import KEPT, MASQUERADED, NAT
from poplin.plugins.kit.masquerade import (
    collect_masquerade,
    masquerade,
    remove_masquerade,
)
from poplin.spec.address import parse_ip, parse_prefix


@pytest.fixture
def kernel(host: Host) -> Iterator[Kernel]:
    with kernel_of(host) as kernel:
        yield kernel


def hide(kernel: Kernel, container_id: str, *addresses: str, network: str = "mynet") -> None:
    """ADD's part."""
    call = make_call({"ipMasq": True}, container_id, network=network)
    masquerade(call, kernel, [parse_prefix(each) for each in addresses])


def show(host: Host) -> dict[str, list[str]]:
    """What the sets have, once something was loaded."""
    return elements(host)


def test_addresses_hide_and_their_networks_are_kept(host: Host, kernel: Kernel) -> None:
    hide(kernel, "c1", "10.1.2.3/24", "fd00::3/64")
    hide(kernel, "c2", "10.1.2.4/24", "10.9.0.1/16", "192.0.2.7/32", "2001:db8::7/128")
    assert show(host) == {
        "masq4": ["10.1.2.3", "10.1.2.4", "10.9.0.1", "192.0.2.7"],
        "masq6": ["2001:db8::7", "fd00::3"],
        "keep4": ["10.1.2.0/24 . 10.1.2.0/24", "10.9.0.0/16 . 10.9.0.0/16"],
        "keep6": ["fd00::/64 . fd00::/64"],
    }
    before = show(host)
    hide(kernel, "c1", "10.1.2.3/24", "fd00::3/64")
    assert show(host) == before


def test_nothing_is_touched_for_no_addresses(host: Host, kernel: Kernel) -> None:
    hide(kernel, "c1")
    remove_masquerade(make_call(), kernel)
    collect_masquerade(make_call(valid()), kernel)
    assert host.sh("nft list ruleset") == ""


def test_network_inside_another_is_covered_and_one_around_them_comes_with_gc(host: Host, kernel: Kernel) -> None:
    hide(kernel, "c1", "10.1.0.3/16")
    hide(kernel, "c2", "10.1.2.4/24", network="inner")
    assert show(host) == {"masq4": ["10.1.0.3", "10.1.2.4"], "keep4": ["10.1.0.0/16 . 10.1.0.0/16"]}
    remove_masquerade(make_call(told("10.1.0.3/16")), kernel)
    collect_masquerade(make_call(valid()), kernel)
    assert show(host) == {"masq4": ["10.1.2.4"], "keep4": ["10.1.0.0/16 . 10.1.0.0/16"]}
    remove_masquerade(make_call(told("10.1.2.4/24"), "c2", network="inner"), kernel)
    collect_masquerade(make_call(valid(), network="inner"), kernel)
    assert show(host) == {}


def test_network_around_one_that_is_kept_is_kept_beside_it(host: Host, kernel: Kernel) -> None:
    hide(kernel, "c1", "10.1.2.3/24", network="inner")
    hide(kernel, "c2", "10.1.0.4/16")
    kept = ["10.1.0.0/16 . 10.1.0.0/16", "10.1.2.0/24 . 10.1.2.0/24"]
    assert show(host) == {"masq4": ["10.1.0.4", "10.1.2.3"], "keep4": kept}
    remove_masquerade(make_call(told("10.1.0.4/16"), "c2"), kernel)
    remove_masquerade(make_call(told("10.1.2.3/24"), network="inner"), kernel)
    collect_masquerade(make_call(valid()), kernel)
    assert show(host) == {}


@pytest.mark.parametrize("inside", [("10.1.0.3/24",), ("10.1.255.3/24",), ("10.1.0.3/24", "10.1.255.3/24")])
def test_network_takes_the_place_of_those_inside_that_begin_or_end_where_it_does(
    host: Host, kernel: Kernel, inside: tuple[str, ...]
) -> None:
    """As when somebody widens a network that has containers."""
    hide(kernel, "c1", *inside)
    for _ in range(2):
        hide(kernel, "c2", "10.1.5.3/16")
        assert show(host)["keep4"] == ["10.1.0.0/16 . 10.1.0.0/16"]
    hide(kernel, "c3", *inside)
    assert show(host)["keep4"] == ["10.1.0.0/16 . 10.1.0.0/16"]
    remove_masquerade(make_call(told("10.1.5.3/16"), "c2"), kernel)
    collect_masquerade(make_call(valid(("c3", "eth0"))), kernel)
    assert show(host)["keep4"] == ["10.1.0.0/16 . 10.1.0.0/16"]


def test_address_is_taken_over_from_a_container_that_is_gone(host: Host, kernel: Kernel) -> None:
    hide(kernel, "old", "10.1.2.3/24", "10.1.2.4/24")
    hide(kernel, "new", "10.1.2.3/24")
    remove_masquerade(make_call(told("10.1.2.3/24", "10.1.2.4/24"), "old"), kernel)
    assert show(host)["masq4"] == ["10.1.2.3"]
    (left,) = kernel.host.nft.list(MASQUERADED[4])
    assert left.comment.endswith(" mynet/new/eth0")


@pytest.mark.parametrize(
    "conf",
    [
        {},
        {"ipMasq": False},
        {"ipMasq": True},
        {"ipMasq": True, **told("10.1.2.9/24")},
        {"prevResult": {"cniVersion": "9.9.9"}},
        {"prevResult": {"cniVersion": "1.1.0", "ips": "none"}},
    ],
)
def test_del_finds_what_the_call_does_not_tell(host: Host, kernel: Kernel, conf: dict[str, object]) -> None:
    hide(kernel, "c1", "10.1.2.3/24", "fd00::3/64")
    hide(kernel, "c2", "10.1.2.4/24")
    remove_masquerade(make_call(conf), kernel)
    assert {name: found for name, found in show(host).items() if name.startswith("masq")} == {"masq4": ["10.1.2.4"]}


def test_gc_drops_the_dead_and_the_networks_that_nobody_needs(host: Host, kernel: Kernel) -> None:
    long = "c" * 200
    hide(kernel, "live", "10.1.2.3/24")
    hide(kernel, "dead", "10.1.2.4/24", "10.3.0.4/16", "fd00::4/64")
    hide(kernel, f"{long}1", "10.4.0.5/16")
    hide(kernel, f"{long}2", "10.5.0.5/16")
    hide(kernel, "dead", "10.6.0.5/16", network="other")
    nft = kernel.host.nft
    nft.apply(NAT, add_element(Element(MASQUERADED[4], (parse_ip("10.7.0.1"),), comment="by hand")))
    low, high = (parse_ip("10.7.0.0"),) * 2, (parse_ip("10.7.255.255"),) * 2
    nft.apply(NAT, add_element(Element(KEPT[4], low, end=high, comment="by hand")))
    collect_masquerade(make_call(valid(("live", "eth0"), (f"{long}2", "eth0"))), kernel)
    networks = ["10.1.2.0/24", "10.5.0.0/16", "10.6.0.0/16", "10.7.0.0/16"]
    assert show(host) == {
        "masq4": ["10.1.2.3", "10.5.0.5", "10.6.0.5", "10.7.0.1"],
        "keep4": [f"{each} . {each}" for each in networks],
    }
    collect_masquerade(make_call(valid(("live", "eth0"), (f"{long}2", "eth0"))), kernel)
    assert len(show(host)["keep4"]) == 4
