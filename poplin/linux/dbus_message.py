"""D-Bus messages to bytes and back: strings in, strings, booleans and numbers out. Pure.

message   endian 'l' or 'B', type, flags, version 1, u32 body length, u32 serial, u32 length of the fields
          fields: u8 code, signature, value, each from a multiple of 8 on; then the body from a multiple of 8 on
string    u32 length, UTF-8, NUL          signature   u8 length, letters, NUL          boolean, number   u32
"""

from __future__ import annotations

from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    Arguments = tuple[str | bool | int, ...]

METHOD_CALL, METHOD_RETURN, ERROR = 1, 2, 3
NO_AUTO_START = 2
PATH, INTERFACE, MEMBER, ERROR_NAME, REPLY_SERIAL, DESTINATION, SIGNATURE = 1, 2, 3, 4, 5, 6, 8
HEADER = 16  # bytes, with the length of the fields
ENDIANS = (b"l", b"B")
LONGEST = 1 << 27  # bytes of a message, by the specification


class BusError(Exception):
    """The bus, or who was called, said no: the `name` of the error, and its words."""

    def __init__(self, name: str, words: str = "") -> None:
        super().__init__(name, words)
        self.name = name
        self.words = words or name

    def __str__(self) -> str:
        return self.words


class BusTimeout(BusError):
    """No answer in time."""


class Message(Record):
    """A message that came: its kind, the number of the call it answers, and what is in it."""

    __slots__ = ("arguments", "error", "kind", "reply_serial")

    def __init__(self, kind: int, reply_serial: int, error: str, arguments: Arguments) -> None:
        self.kind = kind
        self.reply_serial = reply_serial
        self.error = error
        self.arguments = arguments


# To bytes.


def pack_call(serial: int, destination: str, path: str, interface: str, member: str, *arguments: str) -> bytes:
    """The bytes of a method call whose arguments are strings."""
    body = b""
    for each in arguments:
        body += bytes(-len(body) % 4) + pack_string(each)
    fields = b""
    given = ((PATH, "o", path), (INTERFACE, "s", interface), (MEMBER, "s", member), (DESTINATION, "s", destination))
    for code, kind, text in given:
        fields = align(fields) + bytes([code]) + pack_signature(kind) + pack_string(text)
    if arguments:
        fields = align(fields) + bytes([SIGNATURE]) + pack_signature("g") + pack_signature("s" * len(arguments))
    start = b"l" + bytes([METHOD_CALL, NO_AUTO_START, 1])
    lengths = (len(body), serial, len(fields))
    return align(start + b"".join(each.to_bytes(4, "little") for each in lengths) + fields) + body


def pack_string(text: str) -> bytes:
    """Length, text and NUL."""
    data = text.encode()
    return len(data).to_bytes(4, "little") + data + b"\0"


def pack_signature(kinds: str) -> bytes:
    """The same with a short length."""
    return bytes([len(kinds)]) + kinds.encode() + b"\0"


def align(data: bytes) -> bytes:
    """Up to the next multiple of 8."""
    return data + bytes(-len(data) % 8)


# From bytes.


def message_size(data: bytes) -> int:
    """How long the message is that begins here; of less than its header, that. Raises BusError."""
    if len(data) < HEADER:
        return HEADER
    size = HEADER + up_to_8(number_at(data, 12)) + number_at(data, 4)
    if data[:1] not in ENDIANS or size > LONGEST:
        raise BusError("BadMessage", "what the bus sends is no message")
    return size


def unpack_message(data: bytes) -> Message:
    """One whole message. Raises BusError."""
    end = HEADER + number_at(data, 12)
    fields: dict[int, str | int] = {}
    at = HEADER
    try:
        while at < end:
            code = data[at]
            kind, at = read_signature(data, at + 1)
            fields[code], at = read_value(data, kind, at)
            at = up_to_8(at)
        values = read_body(data, str(fields.get(SIGNATURE, "")), up_to_8(end))
    except IndexError:
        raise BusError("BadMessage", "a message of the bus is too short for what is in it") from None
    return Message(data[1], int(fields.get(REPLY_SERIAL, 0)), str(fields.get(ERROR_NAME, "")), values)


def read_body(data: bytes, signature: str, at: int) -> Arguments:
    """What a body begins with that we can read; what else there may be, and follows it, is not ours to know."""
    values: list[str | bool | int] = []
    for kind in signature:
        if kind not in "sobu":
            break
        value, at = read_value(data, kind, at)
        values.append(bool(value) if kind == "b" else value)
    return tuple(values)


def read_value(data: bytes, kind: str, at: int) -> tuple[str | int, int]:
    """A value of this kind from here on, and where it ends. Raises BusError, IndexError."""
    if kind == "g":
        return read_signature(data, at)
    if kind not in ("s", "o", "u", "b"):
        raise BusError("BadMessage", f"a message of the bus has a field of type {kind!r}")
    at += -at % 4
    number = number_at(data, at)
    if kind in ("u", "b"):
        return number, at + 4
    end = at + 4 + number
    if end >= len(data):
        raise IndexError
    return data[at + 4 : end].decode(errors="replace"), end + 1


def read_signature(data: bytes, at: int) -> tuple[str, int]:
    """The letters, and where what follows them begins. Raises IndexError."""
    end = at + 1 + data[at]
    if end >= len(data):
        raise IndexError
    return data[at + 1 : end].decode(errors="replace"), end + 1


def number_at(data: bytes, at: int) -> int:
    """Four bytes in the message's order. Raises IndexError."""
    if at + 4 > len(data):
        raise IndexError
    return int.from_bytes(data[at : at + 4], "big" if data[:1] == b"B" else "little")


def up_to_8(at: int) -> int:
    """The next multiple of 8."""
    return at + 7 & ~7
