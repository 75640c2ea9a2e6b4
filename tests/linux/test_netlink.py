"""The codec, and the socket in conversation with a kernel that says what it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from errno import EEXIST, EINVAL, ENODEV, EPERM

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netlab import Container

from poplin.linux import netlink
from poplin.linux.netlink import (
    BATCH,
    ERROR,
    HEADER,
    NLM_F_ACK_TLVS,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSGERR_ATTR_MSG,
    NetlinkError,
    Request,
    Socket,
    attribute,
    nest,
    pack_message,
    text_attribute,
    u32_attribute,
    unpack_attributes,
    unpack_error,
    unpack_messages,
    unpack_text,
    unpack_u32,
)
from poplin.linux.netns import Namespace
from poplin.linux.wire.link import set_link
from poplin.linux.wire.route import RouteEntry, add_route
from poplin.spec.address import parse_ip, parse_prefix

NEWTHING = 99

# Attributes and messages.


@pytest.mark.parametrize(
    "made, octets",
    [
        (attribute(1, b""), "04000100"),
        (attribute(1, b"a"), "05000100 61000000"),
        (attribute(1, b"abcd"), "08000100 61626364"),
        (text_attribute(3, "lo"), "07000300 6c6f0000"),
        (u32_attribute(4, 1500), "08000400 dc050000"),
        (nest(18, u32_attribute(1, 2)), "0c001280 08000100 02000000"),
        (nest(18), "04001280"),
    ],
)
def test_attribute_has_length_type_payload_and_padding(made: bytes, octets: str) -> None:
    assert made.hex(" ", -4) == octets


@given(st.dictionaries(st.integers(0, 0x3FFF), st.binary(max_size=40), max_size=8))
def test_attributes_survive_the_way_there_and_back(wanted: dict[int, bytes]) -> None:
    assert unpack_attributes(b"".join(attribute(kind, payload) for kind, payload in wanted.items())) == wanted


@given(st.binary(max_size=120))
def test_attributes_of_garbage_are_those_that_fit(data: bytes) -> None:
    found = unpack_attributes(data)
    assert sum(4 + len(payload) for payload in found.values()) <= len(data)


def test_truncated_tail_is_ignored() -> None:
    data = u32_attribute(1, 7) + u32_attribute(2, 8)
    for length in range(8, 16):
        assert unpack_attributes(data[:length]) == {1: b"\7\0\0\0"}


def test_attribute_shorter_than_its_header_ends_the_list() -> None:
    assert unpack_attributes(u32_attribute(1, 7) + bytes(8) + u32_attribute(2, 8)) == {1: b"\7\0\0\0"}


def test_last_attribute_of_a_repeated_type_wins() -> None:
    assert unpack_attributes(u32_attribute(1, 7) + u32_attribute(1, 8)) == {1: b"\10\0\0\0"}


def test_flags_of_an_attribute_s_type_are_no_part_of_it() -> None:
    assert list(unpack_attributes(attribute(18 | 0x8000, b"") + attribute(5 | 0x4000, b""))) == [18, 5]


def test_absent_attributes_read_as_defaults() -> None:
    assert (unpack_u32(None), unpack_u32(None, 7), unpack_u32(b"\1\0\0\0", 7)) == (0, 7, 1)
    assert (unpack_text(None), unpack_text(b"lo\0junk"), unpack_text(b"lo")) == ("", "lo", "lo")


def test_message_has_its_header() -> None:
    request = Request(16, 0x600, b"abcde", "ip link add")
    assert pack_message(request, 7, 4).hex(" ", -4) == "15000000 10000506 07000000 00000000 61626364 65"


@given(st.lists(st.tuples(st.integers(0, 0xFFFF), st.binary(max_size=20)), max_size=5))
def test_datagram_of_many_messages_is_taken_apart(messages: list[tuple[int, bytes]]) -> None:
    datagram = b"".join(message(kind, number, body) for number, (kind, body) in enumerate(messages))
    assert [(kind, body) for kind, _, _, body in unpack_messages(datagram)] == messages


@given(st.binary(max_size=120))
def test_datagram_of_garbage_has_only_messages_that_fit(data: bytes) -> None:
    assert sum(HEADER.size + len(body) for *_, body in unpack_messages(data)) <= len(data)


@pytest.mark.parametrize("cut", range(1, 20))
def test_truncated_message_ends_the_datagram(cut: int) -> None:
    datagram = message(NEWTHING, 1, b"abcd") + message(NEWTHING, 2, b"efgh")
    assert [body for *_, body in unpack_messages(datagram[:-cut])] == [b"abcd"]


def test_error_without_words_is_a_number() -> None:
    assert unpack_error(ERROR.pack(-EEXIST) + HEADER.pack(16, 16, 0, 1, 0), 0) == (EEXIST, "")


def test_error_carries_the_kernel_s_words() -> None:
    words = text_attribute(NLMSGERR_ATTR_MSG, "no such thing")
    assert unpack_error(ERROR.pack(-EINVAL) + bytes(HEADER.size) + words, NLM_F_ACK_TLVS) == (EINVAL, "no such thing")


@pytest.mark.parametrize(
    "error, text",
    [
        (NetlinkError(EEXIST, "ip link add x"), "ip link add x: File exists"),
        (NetlinkError(EPERM, "ip link add x", "because"), "ip link add x: Operation not permitted (because)"),
    ],
)
def test_error_tells_request_reason_and_words(error: NetlinkError, text: str) -> None:
    assert str(error) == text
    assert isinstance(error, OSError)


# The socket.


class Script:
    """A descriptor that keeps what is sent and answers each send with the datagrams of the next entry.

    An entry is a function of the sequence numbers sent; so that answers fit whatever numbers the socket chose.
    """

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.sent: list[list[int]] = []
        self.waiting: list[bytes] = []

    def setsockopt(self, *option: int) -> None:
        """Options are the real socket's business."""

    def send(self, data: bytes) -> None:
        """Queue the next answer."""
        assert self.waiting == []
        numbers = [sequence for _, _, sequence, _ in unpack_messages(data)]
        self.sent.append(numbers)
        self.waiting = self.answers.pop(0)(*numbers)

    def recv(self, size: int) -> bytes:
        """The next datagram; there must be one, or the socket would wait for ever."""
        return self.waiting.pop(0)


@pytest.fixture
def converse(monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """A Socket on a script, of which nothing must be left."""
    scripts = []

    def make(*answers) -> tuple[Socket, Script]:
        scripts.append(Script(*answers))
        monkeypatch.setattr(netlink, "Descriptor", lambda *how: scripts[-1])
        return Socket(), scripts[-1]

    yield make
    assert [(script.answers, script.waiting) for script in scripts] == [([], [])] * len(scripts)


def message(kind: int, sequence: int, body: bytes = b"", flags: int = 0) -> bytes:
    """One message of the kernel, padded."""
    data = HEADER.pack(HEADER.size + len(body), kind, flags, sequence, 0) + body
    return data + bytes(-len(data) % 4)


def ack(sequence: int, code: int = 0, words: str = "") -> bytes:
    """An acknowledgement, or a refusal."""
    body = ERROR.pack(-code) + bytes(HEADER.size) + (text_attribute(NLMSGERR_ATTR_MSG, words) if words else b"")
    return message(NLMSG_ERROR, sequence, body, NLM_F_ACK_TLVS if words else 0)


def done(sequence: int, code: int = 0, flags: int = 0) -> bytes:
    """The end of a dump."""
    return message(NLMSG_DONE, sequence, ERROR.pack(-code), flags)


def requests(count: int) -> list[Request]:
    return [Request(NEWTHING, 0, b"", f"request {number}") for number in range(count)]


def test_send_waits_for_every_acknowledgement(converse) -> None:
    socket, script = converse(lambda a, b, c: [ack(a), ack(b) + ack(c)])
    socket.send(requests(3))
    assert script.sent == [[1, 2, 3]]


def test_send_of_nothing_says_nothing(converse) -> None:
    socket, script = converse()
    socket.send([])
    assert script.sent == []


def test_send_raises_the_first_refusal_of_several(converse) -> None:
    socket, _ = converse(lambda a, b, c: [ack(a), ack(b, ENODEV, "which one?"), ack(c, EPERM)])
    with pytest.raises(NetlinkError) as caught:
        socket.send(requests(3))
    assert (str(caught.value), caught.value.errno) == ("request 1: No such device (which one?)", ENODEV)


def test_answers_to_earlier_requests_are_passed_over(converse) -> None:
    socket, _ = converse(
        lambda a: [ack(a)],
        lambda b: [ack(b - 1, EPERM) + message(NEWTHING, b, b"not an ack"), ack(b)],
        lambda c: [message(NEWTHING, c - 1, b"old"), message(NEWTHING, c, b"new")],
        lambda d: [message(NEWTHING, d - 1, b"old") + done(d - 1), message(NEWTHING, d, b"new") + done(d)],
    )
    socket.send(requests(1))
    socket.send(requests(1))
    assert socket.ask(requests(1)[0]) == b"new"
    assert socket.dump(requests(1)[0]) == [b"new"]


def test_many_requests_go_out_in_batches_and_all_are_done(converse) -> None:
    def answer(*numbers: int) -> list[bytes]:
        return [ack(number, EEXIST if number in (3, BATCH + 2) else 0) for number in numbers]

    socket, script = converse(answer, answer, answer)
    with pytest.raises(NetlinkError, match="request 2: File exists"):
        socket.send(requests(2 * BATCH + 1))
    assert list(map(len, script.sent)) == [BATCH, BATCH, 1]


def test_ask_raises_what_the_kernel_says(converse) -> None:
    socket, _ = converse(lambda a: [ack(a, ENODEV)])
    with pytest.raises(NetlinkError, match=r"^request 0: No such device$"):
        socket.ask(requests(1)[0])


def test_dump_gathers_messages_split_over_datagrams(converse) -> None:
    socket, _ = converse(
        lambda a: [
            message(NEWTHING, a, b"one.") + message(NEWTHING, a, b"two."),
            message(NEWTHING, a, b"3"),
            done(a),
        ]
    )
    assert socket.dump(requests(1)[0]) == [b"one.", b"two.", b"3"]


@pytest.mark.parametrize("flagged", ["message", "end"])
def test_interrupted_dump_is_repeated(converse, flagged: str) -> None:
    flags = {flagged: NLM_F_DUMP_INTR}
    socket, script = converse(
        lambda a: [message(NEWTHING, a, b"half", flags.get("message", 0)), done(a, flags=flags.get("end", 0))],
        lambda a: [message(NEWTHING, a, b"whole") + done(a)],
    )
    assert socket.dump(requests(1)[0]) == [b"whole"]
    assert script.sent == [[1], [2]]


def test_dump_that_is_always_interrupted_ends_with_what_there_is(converse) -> None:
    socket, script = converse(*[lambda a: [message(NEWTHING, a, b"part", NLM_F_DUMP_INTR), done(a)]] * 5)
    assert socket.dump(requests(1)[0]) == [b"part"]
    assert len(script.sent) == 5


@pytest.mark.parametrize("end", [ack, done], ids=["instead", "at the end"])
def test_error_in_a_dump_is_raised(converse, end) -> None:
    socket, _ = converse(lambda a: [message(NEWTHING, a, b"part"), end(a, EINVAL)])
    with pytest.raises(NetlinkError, match=r"^request 0: Invalid argument$"):
        socket.dump(requests(1)[0])


# The real kernel.


def test_refusal_has_the_request_the_reason_and_the_kernel_s_own_words(container: Container) -> None:
    with Namespace(container.path) as inside:
        route = RouteEntry(parse_prefix("10.5.0.0/16"), 1, parse_ip("10.1.2.1"))
        with pytest.raises(NetlinkError) as caught:
            inside.rtnl.apply(set_link("lo", 1, up=True), add_route("lo", route))
    request = "ip route add 10.5.0.0/16 via 10.1.2.1 dev lo proto 112"
    assert str(caught.value) == f"{request}: Network is unreachable (Nexthop has invalid gateway)"


def test_thousand_requests_at_once_are_all_done(container: Container) -> None:
    routes = [RouteEntry(parse_prefix(f"10.1.{n // 256}.{n % 256}/32"), 1) for n in range(1000)]
    with Namespace(container.path) as inside:
        inside.rtnl.apply(set_link("lo", 1, up=True), *(add_route("lo", each) for each in routes))
        assert {each.dst for each in inside.rtnl.list_routes(2)} == {each.dst for each in routes}
