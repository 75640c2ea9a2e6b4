"""A connection to the system bus, as far as it takes to ask a service there; none is started for it."""

from __future__ import annotations

import time
from _socket import AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM, SOL_SOCKET
from _socket import socket as Descriptor

from poplin.linux.dbus_message import (
    ERROR,
    METHOD_RETURN,
    BusError,
    BusTimeout,
    Message,
    message_size,
    pack_call,
    unpack_message,
)
from poplin.linux.netlink import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from poplin.linux.dbus_message import Arguments

ADDRESS_VARIABLE = "DBUS_SYSTEM_BUS_ADDRESS"
USUAL_ADDRESS = "unix:path=/run/dbus/system_bus_socket"
PATIENCE = 5.0  # seconds for the bus itself, which only hands over, but may be busy while a machine starts
SO_SNDTIMEO = 21  # asm-generic/socket.h
TIMEVAL = Struct("ll")
CHUNK = 4096

BUS_NAME, BUS_PATH = "org.freedesktop.DBus", "/org/freedesktop/DBus"  # whose interface has the same name
# The bus learns from the socket who we are, also out of a user namespace; see EXTERNAL in the specification.
GREETING = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"
ACCEPTED = ("DATA", "OK")  # what its lines begin with


class Bus:
    """A connection to the bus at an address. Raises OSError if there is none, BusError if it does not want us."""

    def __init__(self, address: str = USUAL_ADDRESS) -> None:
        self._serial = 0
        self._received = b""
        self._socket = Descriptor(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC)
        try:
            self._connect(address)
            for wanted in ACCEPTED:
                line = self._read_line()
                if not line.startswith(wanted):
                    raise BusError("Refused", f"the bus at {address} refuses us: {line}")
            self.call(BUS_NAME, BUS_PATH, BUS_NAME, "Hello")
        except BaseException:
            self.close()
            raise

    def _connect(self, address: str) -> None:
        self._deadline = time.monotonic() + PATIENCE
        # a socket with Python's kind of timeout does not wait its turn when many call at once
        self._socket.setsockopt(SOL_SOCKET, SO_SNDTIMEO, TIMEVAL.pack(int(PATIENCE), int(PATIENCE % 1 * 1_000_000)))
        try:
            self._socket.connect(find_socket(address))
        except BlockingIOError:
            raise BusTimeout("Timeout", f"nobody takes calls at {address}") from None
        self._socket.settimeout(PATIENCE)
        self._socket.sendall(GREETING)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def has_owner(self, name: str) -> bool:
        """Whether somebody on the bus has this name. Raises BusError."""
        return self.call(BUS_NAME, BUS_PATH, BUS_NAME, "NameHasOwner", name) == (True,)

    def find_process(self, name: str) -> int:
        """The process that has this name, as the bus knows it. Raises BusError."""
        (number,) = self.call(BUS_NAME, BUS_PATH, BUS_NAME, "GetConnectionUnixProcessID", name)
        return int(number)

    def call(
        self, destination: str, path: str, interface: str, member: str, *arguments: str, seconds: float = PATIENCE
    ) -> Arguments:
        """What a method answers. Raises BusError, BusTimeout among them."""
        self._serial += 1
        self._deadline = time.monotonic() + seconds
        try:
            self._socket.settimeout(seconds)
            self._socket.sendall(pack_call(self._serial, destination, path, interface, member, *arguments))
        except OSError as error:
            raise BusError("Disconnected", f"the bus is gone: {error.strerror or error}") from None
        while True:
            message = self._read_message(f"{member} of {destination}")
            if message.reply_serial != self._serial or message.kind not in (METHOD_RETURN, ERROR):
                continue  # a signal
            if message.kind == ERROR:
                raise BusError(message.error, str(message.arguments[0]) if message.arguments else "")
            return message.arguments

    def _read_line(self) -> str:
        while b"\r\n" not in self._received:
            self._receive("the greeting")
        line, _, self._received = self._received.partition(b"\r\n")
        return line.decode(errors="replace")

    def _read_message(self, what: str) -> Message:
        while len(self._received) < (size := message_size(self._received)):
            self._receive(what)
        data, self._received = self._received[:size], self._received[size:]
        return unpack_message(data)

    def _receive(self, what: str) -> None:
        left = self._deadline - time.monotonic()
        try:
            if left <= 0:
                raise TimeoutError
            self._socket.settimeout(left)
            data = self._socket.recv(CHUNK)
        except TimeoutError:
            raise BusTimeout("Timeout", f"no answer to {what} in time") from None
        except OSError as error:
            raise BusError("Disconnected", f"the bus is gone: {error.strerror or error}") from None
        if not data:
            raise BusError("Disconnected", f"the bus hung up instead of answering {what}")
        self._received += data


def bus_address(environ: Mapping[str, str]) -> str:
    """Where the system bus is."""
    return environ.get(ADDRESS_VARIABLE) or USUAL_ADDRESS


def find_socket(address: str) -> str:
    """The path of the first socket in an address, `unix:path=/run/bus;unix:abstract=bus`. Raises BusError."""
    for each in address.split(";"):
        transport, _, keys = each.partition(":")
        values = dict(pair.partition("=")[::2] for pair in keys.split(","))
        if transport == "unix" and "path" in values:
            return unescape(values["path"])
        if transport == "unix" and "abstract" in values:
            return "\0" + unescape(values["abstract"])
    raise BusError("BadAddress", f"{address!r} names no socket, as unix:path=... does")


def unescape(text: str) -> str:
    """`%20` and its like."""
    first, *others = text.split("%")
    try:
        return first + "".join(chr(int(each[:2], 16)) + each[2:] for each in others)
    except ValueError:
        raise BusError("BadAddress", f"{text!r}: what follows % is no number of two digits") from None
