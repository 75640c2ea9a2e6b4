"""D-Bus messages against another library's, and the connection against a bus and against peers that misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from firewalld_lab import running_bus
from hypothesis import given
from hypothesis import strategies as st
from jeepney import DBusAddress, HeaderFields, MessageType, new_error, new_method_call, new_method_return, new_signal
from jeepney.low_level import Endianness, Message, Parser

from poplin.linux.dbus import (
    Bus,
    BusError,
    BusTimeout,
    bus_address,
    find_socket,
    message_size,
    pack_call,
    unpack_message,
)

WELCOME = b"DATA\r\nOK 1234\r\n"
THERE = DBusAddress("/a/b", "org.example.Name", "org.example.Interface")
KINDS = {str: "s", bool: "b", int: "u"}
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


def parse(data: bytes) -> Message:
    """As jeepney reads it."""
    parser = Parser()
    (message,) = parser.feed(data)
    return message


@given(st.integers(1, 2**32 - 1), st.lists(TEXT, max_size=4))
def test_calls_are_what_another_library_reads(serial: int, arguments: list[str]) -> None:
    data = pack_call(serial, "org.example.Name", "/a/b", "org.example.Interface", "Method", *arguments)
    message = parse(data)
    assert (message.header.message_type, message.header.serial) == (MessageType.method_call, serial)
    assert message.body == tuple(arguments)
    names = ("path", "interface", "member", "destination")
    fields = [message.header.fields[getattr(HeaderFields, name)] for name in names]
    assert fields == ["/a/b", "org.example.Interface", "Method", "org.example.Name"]
    assert message.header.flags == 2, "nobody is started for it"
    assert message_size(data) == len(data)


@given(
    st.lists(TEXT | st.booleans() | st.integers(0, 2**32 - 1), max_size=4),
    st.sampled_from(Endianness),
    st.integers(1, 2**32 - 1),
)
def test_answers_are_read_as_another_library_writes_them(
    values: list[str | bool | int], order: Endianness, serial: int
) -> None:
    call = new_method_call(THERE, "Method")
    call.header.serial = serial
    call.header.fields[HeaderFields.sender] = ":1.2"
    answer = new_method_return(call, "".join(KINDS[type(each)] for each in values), tuple(values))
    answer.header.endianness = order
    message = unpack_message(answer.serialise(serial=7))
    assert (message.kind, message.reply_serial, message.arguments) == (2, serial, tuple(values))


def test_errors_and_signals_and_what_we_have_no_use_for() -> None:
    call = new_method_call(THERE, "Method")
    call.header.serial = 5
    error = unpack_message(new_error(call, "org.example.No", "s", ("because",)).serialise(serial=1))
    assert (error.kind, error.error, error.arguments) == (3, "org.example.No", ("because",))
    signal = unpack_message(new_signal(THERE, "Changed", "sas", ("x", ["y"])).serialise(serial=1))
    assert (signal.kind, signal.reply_serial, signal.arguments) == (4, 0, ("x",))


@given(st.data())
def test_damaged_messages_are_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    call = new_method_call(THERE, "Method")
    call.header.serial = 1
    damaged = bytearray(new_method_return(call, "sb", ("text", True)).serialise(serial=1))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    whole = bytes(damaged[: data.draw(st.integers(16, len(damaged)))])
    try:
        unpack_message(whole)
    except BusError as error:
        assert error.name == "BadMessage"


@pytest.mark.parametrize("head", [b"x" + bytes(15), b"l" + bytes(3) + b"\xff" * 12])
def test_what_is_no_message_is_refused_before_it_is_waited_for(head: bytes) -> None:
    with pytest.raises(BusError, match="no message"):
        message_size(head)


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("unix:path=/run/bus", "/run/bus"),
        ("unix:guid=1,path=/run/a%20b%2c", "/run/a b,"),
        ("tcp:host=x,port=1;unix:abstract=bus", "\0bus"),
    ],
)
def test_the_socket_of_an_address(address: str, path: str) -> None:
    assert find_socket(address) == path


@pytest.mark.parametrize("address", ["", "tcp:host=x,port=1", "unix:tmpdir=/tmp", "unix:path=/a%2"])
def test_an_address_that_names_none(address: str) -> None:
    with pytest.raises(BusError, match=r"names no socket|no number"):
        find_socket(address + ("x" if address.endswith("%2") else ""))


def test_where_the_bus_is() -> None:
    assert bus_address({}) == "unix:path=/run/dbus/system_bus_socket"
    assert bus_address({"DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/x"}) == "unix:path=/x"


# Against a bus.


def test_who_is_on_the_bus(tmp_path: Path) -> None:
    with running_bus(tmp_path / "bus") as address:
        bus = Bus(address)
        assert bus.has_owner("org.freedesktop.DBus")
        assert not bus.has_owner("org.example.Name")
        assert Path(f"/proc/{bus.find_process('org.freedesktop.DBus')}/comm").read_text() == "dbus-daemon\n"
        with pytest.raises(BusError) as caught:
            bus.call("org.example.Name", "/", "org.example.Name", "Method", "x")
        assert caught.value.name == "org.freedesktop.DBus.Error.NameHasNoOwner"
        bus.close()


def test_where_there_is_no_bus(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Bus(f"unix:path={tmp_path / 'bus'}")


@contextmanager
def answering(path: Path, *answers: bytes) -> Iterator[str]:
    """A peer that says these things, each after something came."""

    def serve() -> None:
        talk, _ = listener.accept()
        with talk:
            for answer in answers:
                talk.recv(4096)
                talk.sendall(answer)
            if answers[-1].startswith(WELCOME):
                talk.recv(4096)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"unix:path={path}"
        thread.join()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"REJECTED EXTERNAL\r\n", "refuses us: REJECTED EXTERNAL"),
        (b"DATA\r\nREJECTED\r\n", "refuses us: REJECTED"),
        (b"", "hung up instead of answering the greeting"),
        (WELCOME + b"nonsense, not a message", "no message"),
        (WELCOME + pack_call(1, "org.example.Name", "/", "org.example.Name", "Half")[:20], "hung up instead of"),
    ],
)
def test_a_peer_that_is_no_bus_or_does_not_want_us(tmp_path: Path, answer: bytes, words: str) -> None:
    with answering(tmp_path / "bus", answer) as address, pytest.raises(BusError, match=words):
        Bus(address)


def test_a_peer_that_is_silent_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poplin.linux.dbus.PATIENCE", 0.05)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "bus"))
        listener.listen()
        with pytest.raises(BusTimeout, match="no answer to the greeting in time"):
            Bus(f"unix:path={tmp_path / 'bus'}")


def test_a_peer_that_takes_no_more_calls_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poplin.linux.dbus.PATIENCE", 0.05)
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as first:
        listener.bind(str(tmp_path / "bus"))
        listener.listen(0)
        first.connect(str(tmp_path / "bus"))
        with pytest.raises(BusTimeout, match="nobody takes calls at"):
            Bus(f"unix:path={tmp_path / 'bus'}")


def test_an_answer_in_pieces_and_signals_between(tmp_path: Path) -> None:
    def reply(serial: int, *values: bool) -> bytes:
        call = new_method_call(THERE, "M")
        call.header.serial = serial
        return new_method_return(call, "b" * len(values), values).serialise(serial=9)

    signal = new_signal(THERE, "NameAcquired", "s", ("x",)).serialise(serial=3)
    path = tmp_path / "bus"

    def serve() -> None:
        talk, _ = listener.accept()
        with talk:
            talk.recv(4096)
            for byte in WELCOME + reply(1) + signal:
                talk.sendall(bytes([byte]))
            talk.recv(4096)
            talk.sendall(signal + reply(1, False) + reply(2, True)[:30])
            talk.sendall(reply(2, True)[30:])
            while talk.recv(4096):  # until he hangs up: he may not have asked yet
                pass

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        bus = Bus(f"unix:path={path}")
        assert bus.has_owner("org.example.Name")
        bus.close()
        thread.join()
