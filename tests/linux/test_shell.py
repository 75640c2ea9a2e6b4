"""What the kernel in memory logs is what a shell reads as meant."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.linux.fake.shell import quote, spell


@pytest.mark.parametrize(
    ("text", "namespace", "line"),
    [
        ("ip link set dev eth0 up", "", "ip link set dev eth0 up"),
        ("ip link set dev eth0 up", "blue", "ip -n blue link set dev eth0 up"),
        ("ip link set dev eth0 up", "/proc/7/ns/net", "nsenter --net=/proc/7/ns/net ip link set dev eth0 up"),
        ("sysctl -w net/ipv4/ip_forward=1", "blue", "ip netns exec blue sysctl -w net/ipv4/ip_forward=1"),
        ("sysctl -w net/ipv4/tcp_rmem=4 5 6", "", "sysctl -w 'net/ipv4/tcp_rmem=4 5 6'"),
        ("ip link delete dev a;b", "c d", "ip -n 'c d' link delete dev 'a;b'"),
        ("ip link delete dev it's", "", "ip link delete dev 'it'\"'\"'s'"),
        ('nft add element inet poplin x { "a" }', "", "nft 'add element inet poplin x { \"a\" }'"),
        ("nft flush chain inet poplin x", "", "nft flush chain inet poplin x"),
        ("sed -e 's|a|b|g' f | nft -f -", "", "sed -e 's|a|b|g' f | nft -f -"),
        ("ip link set dev eth0 alias the left one", "blue", "ip -n blue link set dev eth0 alias 'the left one'"),
        (
            "ip link set dev eth0 netns /proc/thread-self/ns/net name ens1 alias ",
            "blue",
            "ip -n blue link set dev eth0 netns /proc/$$/ns/net name ens1 alias ''",
        ),
        ("# as it is; said", "blue", "# as it is; said"),
    ],
)
def test_a_change_reads_as_somebody_would_type_it(text: str, namespace: str, line: str) -> None:
    assert spell(text, namespace) == line


@given(st.text(st.characters(exclude_characters="\0"), max_size=20))
def test_any_word_is_one_word_for_the_shell(word: str) -> None:
    assert shlex.split(quote(word)) == [word]
