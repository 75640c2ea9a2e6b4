"""Frames: what we write to the link, and what the kernel's filter and we pick from it."""

from __future__ import annotations

import struct

import pytest

from poplin.dhcp.frame import FILTER, checksum, unwrap, wrap
from poplin.spec.address import parse_ip

MAC = bytes.fromhex("02aabbccddee")


def answer(payload=b"message", *, port=68, protocol=17, fragment=0, options=b"", padding=b"", kind=0x0800, cut=0):
    """A server's frame, with what a test wants to be wrong about it."""
    udp = struct.pack("!HHHH", 67, port, 8 + len(payload), 0) + payload
    words = 5 + len(options) // 4
    length = words * 4 + len(udp)
    ends = bytes([10, 0, 0, 1, 10, 0, 0, 2])
    header = struct.pack("!BBHHHBBH", 0x40 | words, 0, length, 0, fragment, 64, protocol, 0) + ends + options
    frame = b"\xff" * 6 + MAC + struct.pack("!H", kind) + header + udp
    return frame[: len(frame) - cut] + padding


@pytest.mark.facts("plugins-main-ipam", 211)
def test_a_message_goes_to_everybody_from_nobody():
    frame = wrap(b"message", MAC)
    assert frame[:14] == b"\xff" * 6 + MAC + b"\x08\0"
    header, udp = frame[14:34], frame[34:42]
    assert (header[0], header[8], header[9]) == (0x45, 64, 17), "version and length, time to live, UDP"
    assert header[12:20] == bytes(4) + b"\xff" * 4
    assert struct.unpack("!HHH", udp[:6]) == (68, 67, 15)
    assert frame[42:] == b"message"


def test_both_checksums_are_right():
    frame = wrap(b"odd", MAC, parse_ip("10.0.0.2"), parse_ip("10.0.0.1"))
    header, rest = frame[14:34], frame[34:]
    assert header[12:20] == bytes([10, 0, 0, 2, 10, 0, 0, 1])
    assert checksum(header) == 0, "a sum over itself is nothing"
    assert checksum(header[12:20] + struct.pack("!BBH", 0, 17, len(rest)) + rest) == 0


@pytest.mark.parametrize(
    ("frame", "found"),
    [
        pytest.param(answer(), b"message", id="plain"),
        pytest.param(answer(padding=bytes(20)), b"message", id="padded by Ethernet"),
        pytest.param(answer(options=bytes(8)), b"message", id="options in the IPv4 header"),
        pytest.param(answer(port=67), None, id="for a server"),
        pytest.param(answer(protocol=6), None, id="TCP"),
        pytest.param(answer(kind=0x86DD), None, id="IPv6"),
        pytest.param(answer(fragment=0x2000), None, id="the first of several fragments"),
        pytest.param(answer(fragment=3), None, id="a later fragment"),
        pytest.param(answer(cut=1), None, id="cut short"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(wrap(b"x", MAC), None, id="our own question"),
    ],
)
def test_only_whole_messages_for_clients_are_unwrapped(frame, found):
    assert unwrap(frame) == found


def test_no_prefix_of_a_frame_breaks_it():
    frame = answer(options=bytes(4))
    assert [unwrap(frame[:end]) for end in range(len(frame))] == [None] * len(frame)


def run_filter(program: bytes, frame: bytes) -> int:
    """What classic BPF makes of a frame, as linux/filter.h has it: the instructions that our filter uses."""
    a = x = at = 0
    size = {0x28: 2, 0x48: 2, 0x30: 1}
    while True:
        code, yes, no, k = struct.unpack_from("=HBBI", program, at * 8)
        at += 1
        if code in size:
            start = k + (x if code == 0x48 else 0)
            if start + size[code] > len(frame):
                return 0
            a = int.from_bytes(frame[start : start + size[code]], "big")
        elif code == 0xB1:
            x = (frame[k] & 0xF) * 4
        elif code in (0x15, 0x45):
            at += yes if (a == k if code == 0x15 else a & k) else no
        else:
            assert code == 0x06
            return k


@pytest.mark.parametrize(
    ("frame", "taken"),
    [
        (answer(), True),
        (answer(options=bytes(8)), True),
        (answer(port=67), False),
        (answer(port=6868), False),
        (answer(protocol=6), False),
        (answer(kind=0x86DD), False),
        (answer(fragment=3), False),
        (b"\xff" * 20, False),
    ],
)
def test_the_kernels_filter_takes_what_may_be_an_answer(frame, taken):
    assert bool(run_filter(FILTER, frame)) == taken
