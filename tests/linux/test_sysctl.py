"""Kernel switches, in both spellings of their names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netlab import Container

from poplin.linux.netns import Namespace
from poplin.linux.sysctl import dotted_key, read_sysctl, write_sysctl


@pytest.fixture
def inside(container: Container) -> Iterator[Namespace]:
    """A container with a link that has a dot in its name."""
    container.sh("ip link add eth0.5 type veth peer name other")
    with Namespace(container.path) as namespace:
        yield namespace


@pytest.mark.facts("plugins-main-ipam", 227)
@pytest.mark.parametrize(
    "text", ["net.ipv4.conf.eth0/5.arp_notify", "net/ipv4/conf/eth0.5/arp_notify"], ids=["dotted", "slashed"]
)
def test_switch_is_read_and_written_in_either_spelling(container: Container, inside: Namespace, text: str) -> None:
    key = dotted_key(text)
    assert key == "net/ipv4/conf/eth0.5/arp_notify"
    assert inside.read_sysctl(key) == "0"
    inside.write_sysctl(key, "1")
    assert (inside.read_sysctl(key), container.sysctl(key)) == ("1", "1")
    container.set_sysctl(key, "0")
    assert inside.read_sysctl(key) == "0"


@pytest.mark.parametrize(
    "text, key",
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net.ipv4.conf.eth0/5/7.arp_notify", "net/ipv4/conf/eth0.5.7/arp_notify"),
        ("hostname", "hostname"),
        ("", ""),
    ],
)
def test_first_separator_tells_the_spelling(text: str, key: str) -> None:
    assert dotted_key(text) == key


def test_value_of_several_words_is_one_line() -> None:
    assert len(read_sysctl("kernel/printk").split("\t")) == 4


@pytest.mark.parametrize("key", ["net/ipv4/conf/gone/arp_notify", "net/ipv4/no_such_switch"])
def test_switch_that_is_not_there_is_an_error_with_its_path(inside: Namespace, key: str) -> None:
    for act in (lambda: inside.run(read_sysctl, key), lambda: inside.run(write_sysctl, key, "1")):
        with pytest.raises(FileNotFoundError):
            act()


def test_value_the_kernel_refuses_is_an_error(inside: Namespace) -> None:
    with pytest.raises(OSError, match="Invalid argument"):
        inside.write_sysctl("net/ipv4/ip_forward", "perhaps")
