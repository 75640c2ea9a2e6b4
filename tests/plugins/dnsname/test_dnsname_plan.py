"""What dnsname would do, on a kernel that only remembers; and what it reads and writes, without any."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from calls import make_call, told
from hypothesis import given
from hypothesis import strategies as st

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.bridge import add_bridge
from poplin.plugins.dnsname import add, delete, garbage
from poplin.plugins.dnsname.names import join_names
from poplin.plugins.dnsname.question import TYPES, pack_question, unpack_answer
from poplin.plugins.dnsname.records import format_lines, has_record, make_lines, own_lines, read_lines, replace_lines
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.call import Call, Config, Environment
from poplin.spec.names import is_host_name

FOLDER = "/run/names/containers/cni/dnsname/mynet"
ONE, TWO = parse_ip("10.88.0.2"), parse_ip("fd88::2")


def call(verb: str = "ADD", **fields: Any) -> Call:
    """One about this attachment."""
    made = make_call({"type": "dnsname", "domainName": "dns.podman", **told("10.88.0.2/24", "fd88::2/64"), **fields})
    if verb == "ADD":
        made.config.fields.mapping("prevResult")["interfaces"] = [{"name": "cni0"}]
    environ = {**made.env.everything, "CNI_COMMAND": verb, "CNI_NETNS": "blue", "XDG_RUNTIME_DIR": "/run/names"}
    return Call(Environment({**environ, "CNI_ARGS": "K8S_POD_NAME=web"}), Config(made.config.source))


@pytest.fixture
def kernel() -> FakeKernel:
    """A host with a bridge that has an address."""
    made = FakeKernel(["blue"])
    made.host.rtnl.apply(add_bridge("cni0", bytes.fromhex("020000000001")))
    index = made.host.rtnl.get_link("cni0").index
    made.host.rtnl.apply(add_address("cni0", index, parse_prefix("10.88.0.1/24")))
    made.log.clear()
    return made


def test_add_tells_what_it_writes_and_starts(kernel: FakeKernel) -> None:
    result = add.run(call(), kernel)
    assert kernel.log == [
        f"mkdir -p {FOLDER}",
        f"write {FOLDER}/lock",
        f"write {FOLDER}/addnhosts",
        f"write {FOLDER}/dnsmasq.conf",
        f"/usr/sbin/dnsmasq --user=root --group= --conf-file={FOLDER}/dnsmasq.conf",
    ]
    assert kernel.files.find(f"{FOLDER}/addnhosts") == (
        b"10.88.0.2\tweb\t#mynet/c1/eth0\nfd88::2\tweb\t#mynet/c1/eth0\n"
    )
    assert result["dns"] == {"nameservers": ["10.88.0.1"], "search": ["dns.podman"]}
    assert not Path("/run/names").exists()


def test_dnsmasq_is_told_what_the_reference_tells_it_but_for_the_order(kernel: FakeKernel) -> None:
    add.run(call(), kernel)
    content = kernel.files.find(f"{FOLDER}/dnsmasq.conf") or b""
    assert content.decode().splitlines()[1:] == [
        "local=//",
        "local=/dns.podman/",
        "domain=dns.podman",
        "expand-hosts",
        f"pid-file={FOLDER}/pidfile",
        "except-interface=lo",
        "bind-dynamic",
        "no-hosts",
        "interface=cni0",
        f"addn-hosts={FOLDER}/addnhosts",
    ]


@pytest.mark.parametrize("verb", ["DEL", "GC"])
def test_the_last_one_takes_everything_along(kernel: FakeKernel, verb: str) -> None:
    add.run(call(), kernel)
    kernel.log.clear()
    (delete if verb == "DEL" else garbage).run(call("DEL"), kernel)
    assert kernel.log == [
        *(f"remove {FOLDER}/{name}" for name in ("addnhosts", "dnsmasq.conf", "lock")),
        f"rmdir {FOLDER}",
    ]


# Lines.


def test_whose_a_line_is() -> None:
    ours, theirs, nameless = read_lines(b"10.88.0.2\tweb\t#net/c1/eth0\n10.88.0.3\tweb\n\n10.88.0.4\t\n")
    assert [line.key for line in (ours, theirs, nameless)] == ["net/c1/eth0", "", ""]
    assert [own_lines("net/c1/eth0", "web", None)(line) for line in (ours, theirs, nameless)] == [True, True, False]
    assert [own_lines("net/c2/eth0", "web", [ONE])(line) for line in (ours, theirs, nameless)] == [False] * 3
    third, fourth = parse_ip("10.88.0.3"), parse_ip("10.88.0.4")
    assert [own_lines("net/c2/eth0", "web", [third])(line) for line in (ours, theirs, nameless)] == [False, True, False]
    assert [own_lines("net/c2/eth0", "", [fourth])(line) for line in (ours, theirs, nameless)] == [False, False, True]


def test_an_address_has_one_line() -> None:
    lines = read_lines(b"10.88.0.2\told\n10.88.0.9\tother\t#net/c9/eth0\n10.88.0.8\tweb\t#net/c1/eth0\n")
    added = make_lines("net/c1/eth0", [ONE, TWO], ["web", "www"])
    assert format_lines(replace_lines(lines, "net/c1/eth0", added)).decode().splitlines() == [
        "10.88.0.9\tother\t#net/c9/eth0",
        "10.88.0.2\tweb\twww\t#net/c1/eth0",
        "fd88::2\tweb\twww\t#net/c1/eth0",
    ]


def test_a_record_has_all_addresses_and_names() -> None:
    lines = read_lines(b"10.88.0.2\tweb\tWWW\nfd88::2\tweb\n")
    assert has_record(lines, [ONE], ["Web", "www"])
    assert not has_record(lines, [ONE, TWO], ["web", "www"])
    assert not has_record(lines, [parse_ip("10.88.0.3")], [])


@given(st.binary())
def test_whatever_others_wrote_survives(content: bytes) -> None:
    lines = read_lines(content)
    assert format_lines(lines).split(b"\n")[:-1] == [each for each in content.split(b"\n") if each.strip()]


# Names.


@pytest.mark.parametrize("name", ["a", "A-1", "my_app", "a.b.example.com", "1", "x" * 63])
def test_a_host_name(name: str) -> None:
    assert is_host_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", "a.", ".a", "-a", "a b", "a\n", "a\tb", "#a", "é", "\u0130", "x" * 64, "x." * 127 + "x", "a\0"]
)
def test_no_host_name(name: str) -> None:
    assert not is_host_name(name)


def test_names_come_once_whatever_their_case() -> None:
    assert join_names("Web", ["web", "www", "WWW", "db"]) == ["Web", "www", "db"]
    assert join_names("no name", ["www"]) == ["www"]


# Questions.

# Which addresses a.d has, and that they are 10.0.0.2 and 10.0.0.3.
QUESTION = bytes.fromhex("1234010000010000000000010161016400000100010000291000000000000000")
ANSWER = bytes.fromhex(
    "123485800001000200000000016101640000010001c00c000100010000000000040a000002c00c000100010000000000040a000003"
)


def test_a_question_as_it_travels() -> None:
    assert pack_question(0x1234, "a.d", TYPES[4]) == QUESTION


def test_an_answer_is_read() -> None:
    answer = unpack_answer(ANSWER, 0x1234, TYPES[4])
    assert answer is not None
    assert (answer.addresses, answer.is_cut) == ([b"\x0a\0\0\x02", b"\x0a\0\0\x03"], False)
    assert unpack_answer(ANSWER, 0x1235, TYPES[4]) is None
    assert unpack_answer(QUESTION, 0x1234, TYPES[4]) is None


@pytest.mark.parametrize("size", range(len(ANSWER) - 4))
def test_an_answer_that_was_cut_off_is_none_or_has_less(size: int) -> None:
    answer = unpack_answer(ANSWER[:size], 0x1234, TYPES[4])
    assert answer is None or len(answer.addresses) < 2


@given(st.binary(max_size=80))
def test_garbage_is_no_answer(garbage: bytes) -> None:
    answer = unpack_answer(ANSWER[:12] + garbage, 0x1234, TYPES[4])
    assert answer is None or len(answer.addresses) <= 2
