"""Messages as bytes: what we send to the octet, and what others may send us."""

from __future__ import annotations

import pytest

from poplin.dhcp.packet import BOOTREPLY, BOOTREQUEST, Option, Packet, Type, pack, unpack
from poplin.spec.address import parse_ip

MAC = bytes.fromhex("02aabbccddee")
HEAD = bytes.fromhex("010106000badcafe00000000" + "00000000" * 4) + MAC + bytes(10) + bytes(64 + 128)
MAGIC = bytes.fromhex("63825363")


def test_a_message_is_laid_out_as_the_rfc_has_it():
    options = {Option.CLIENT: b"\0me", Option.MESSAGE_TYPE: bytes([Type.DISCOVER])}
    data = pack(Packet(BOOTREQUEST, 0x0BADCAFE, MAC, options))
    expected = HEAD + MAGIC + bytes([53, 1, 1]) + bytes([61, 3]) + b"\0me" + bytes([255])
    assert data == expected.ljust(300, b"\0"), "options by their codes, and no message is shorter than 300 octets"


def test_addresses_and_the_broadcast_flag_have_their_places():
    data = pack(Packet(BOOTREPLY, 1, MAC, {}, parse_ip("10.0.0.1"), parse_ip("10.0.0.2"), broadcast=True))
    assert (data[0], data[10:12], data[12:20]) == (2, b"\x80\0", bytes([10, 0, 0, 1, 10, 0, 0, 2]))
    assert unpack(data) == Packet(2, 1, MAC, {}, parse_ip("10.0.0.1"), parse_ip("10.0.0.2"), broadcast=True)


def test_what_is_packed_is_unpacked():
    packet = Packet(BOOTREQUEST, 7, MAC, {Option.MESSAGE_TYPE: bytes([Type.ACK]), 12: b"web", 255 - 1: b"x" * 255})
    assert unpack(pack(packet)) == packet
    assert packet.type == Type.ACK


def test_a_value_too_long_for_an_option_is_refused():
    with pytest.raises(ValueError, match="option 12 has 256 octets, of 255 at most"):
        pack(Packet(BOOTREQUEST, 7, MAC, {12: b"x" * 256}))


def test_an_option_may_go_on_in_file_and_sname_and_in_a_second_of_its_code():
    sname = (bytes([12, 2]) + b"ij" + bytes([255])).ljust(64, b"\0")
    file = (bytes([12, 2]) + b"gh" + bytes([255])).ljust(128, b"\0")
    options = bytes([12, 3]) + b"abc" + bytes([0, 0, 12, 3]) + b"def" + bytes([52, 1, 3, 255])
    found = unpack(HEAD[: 28 + 16] + sname + file + MAGIC + options)
    assert found.options == {12: b"abcdefghij"}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(HEAD + MAGIC[:3], id="cut short"),
        pytest.param(HEAD + b"\0\0\0\0" + bytes([255]), id="BOOTP"),
        pytest.param(HEAD[:2] + bytes([17]) + HEAD[3:] + MAGIC, id="a MAC of 17 octets"),
    ],
)
def test_what_is_no_message_is_refused(data):
    with pytest.raises(ValueError, match="DHCP message"):
        unpack(data)


@pytest.mark.parametrize("tail", [bytes([12]), bytes([12, 5]) + b"cut", bytes([255, 12, 1, 65])])
def test_options_end_where_they_are_cut_short(tail):
    found = unpack(HEAD + MAGIC + bytes([53, 1, 2]) + tail)
    assert found.options == {53: b"\2"}


def test_values_of_the_wrong_length_are_no_numbers_and_no_addresses():
    packet = Packet(BOOTREPLY, 1, MAC, {51: b"\0\0\1", 54: b"\1\2"})
    assert (packet.find_number(51), packet.find_ip(54), packet.find_ip(3), packet.type) == (None, None, None, 0)
