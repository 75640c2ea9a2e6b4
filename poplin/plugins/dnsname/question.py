"""One question to a name server over UDP: which addresses has this name (RFC 1035, and RFC 6891 for long answers).

header    u16 id, flags, questions, answers, authorities, additionals
question  name, u16 type, class
record    name, u16 type, class, u32 ttl, u16 length, length bytes
name      length and letters of each label, then 0; or two bytes from 0xc0 on, which lead to one that was before
"""

from __future__ import annotations

import posix
import time
from _socket import SOCK_CLOEXEC, SOCK_DGRAM
from _socket import socket as Descriptor

from poplin.linux.netlink import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.spec.address import IP

PORT = 53
RECURSION_DESIRED = 0x0100
IS_ANSWER = 0x8000
IS_CUT = 0x0200
CLASS_IN = 1
TYPES = {4: 1, 6: 28}  # A, AAAA
TYPE_OPT = 41
LARGEST = 4096
POINTER = 0xC0
ANSWER_PATIENCE = 2.0  # seconds; the server is on this machine, which may be busy
PAUSE = 0.005

HEADER = Struct(">HHHHHH")
QUESTION = Struct(">HH")
RECORD = Struct(">HHIH")


class Answer:
    """The addresses, and whether there were more than fit."""

    __slots__ = ("addresses", "is_cut")

    def __init__(self, addresses: list[bytes], *, is_cut: bool) -> None:
        self.addresses = addresses
        self.is_cut = is_cut


def wait_for_names(server: IP, names: Sequence[str], address: IP, seconds: float) -> str:
    """Until each name has the address at this server; the one that has not in that time, empty if all have."""
    deadline = time.monotonic() + seconds
    for name in names:
        while not has_address(server, name, address):
            if time.monotonic() > deadline:
                return name
            time.sleep(PAUSE)
    return ""


def has_address(server: IP, name: str, address: IP) -> bool:
    """Whether the server says now that this is one of the name's."""
    answer = find_answer(server, name, address.version)
    return answer is not None and (address.packed in answer.addresses or (answer.is_cut and bool(answer.addresses)))


def find_answer(server: IP, name: str, version: int) -> Answer | None:
    """What the server says, None if it is silent or nobody is there."""
    ident = int.from_bytes(posix.urandom(2), "big")
    socket = Descriptor(server.family, SOCK_DGRAM | SOCK_CLOEXEC)
    try:
        socket.settimeout(ANSWER_PATIENCE)
        socket.connect((str(server), PORT))
        socket.send(pack_question(ident, name, TYPES[version]))
        return unpack_answer(socket.recv(LARGEST), ident, TYPES[version])
    except OSError:
        return None
    finally:
        socket.close()


def pack_question(ident: int, name: str, kind: int) -> bytes:
    """As `dig NAME`."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in name.split("."))
    room = b"\0" + RECORD.pack(TYPE_OPT, LARGEST, 0, 0)
    return HEADER.pack(ident, RECURSION_DESIRED, 1, 0, 0, 1) + labels + b"\0" + QUESTION.pack(kind, CLASS_IN) + room


def unpack_answer(data: bytes, ident: int, kind: int) -> Answer | None:
    """None for what is no answer to the question."""
    try:
        given, flags, questions, answers, _, _ = unpack(HEADER, data, 0)
        if given != ident or not flags & IS_ANSWER:
            return None
        at = HEADER.size
        for _ in range(questions):
            at = skip_name(data, at) + QUESTION.size
        found = []
        for _ in range(answers):
            at = skip_name(data, at)
            of_kind, _, _, length = unpack(RECORD, data, at)
            at += RECORD.size
            if of_kind == kind:
                found.append(data[at : at + length])
            at += length
        return Answer(found, is_cut=bool(flags & IS_CUT))
    except IndexError:  # it is shorter than it says
        return None


def unpack(form: Struct, data: bytes, at: int) -> tuple[int, ...]:
    """Numbers. Raises IndexError."""
    if at + form.size > len(data):
        raise IndexError(at)
    return form.unpack_from(data, at)


def skip_name(data: bytes, at: int) -> int:
    """Where it goes on behind a name. Raises IndexError."""
    while length := data[at]:
        if length >= POINTER:
            return at + 2
        at += 1 + length
    return at + 1
