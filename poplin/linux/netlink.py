"""Netlink: the message and attribute codec, and the one socket.

    nlmsghdr  u32 length, u16 type, u16 flags, u32 sequence, u32 port      linux/netlink.h
    nlattr    u16 length, u16 type, payload, padding to 4

A `Request` is one message that has not been sent, with the `ip` line it stands for: that line is what errors quote,
what a dry run prints and what the fake kernel shows. Requests that belong together go out in one send.

The kernel is trusted to send whole messages: a body that is too short, or that lacks what it always has, makes its
decoder raise struct.error or a LookupError, and everything else is read as it stands.
"""

from __future__ import annotations

import sys
from _socket import SOCK_CLOEXEC, SOCK_RAW, SOL_SOCKET
from _socket import socket as Descriptor
from posix import strerror

try:
    from _struct import Struct as Struct  # struct's own core; the wrapper would be one more file to find
except ImportError:
    from struct import Struct as Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# linux/netlink.h
AF_NETLINK = 16
NETLINK_CAP_ACK = 10
NETLINK_EXT_ACK = 11
NETLINK_GET_STRICT_CHK = 12
NETLINK_ROUTE = 0
NLA_F_NESTED = 0x8000
NLA_TYPE_MASK = 0x3FFF
NLMSG_DONE = 3
NLMSG_ERROR = 2
NLMSGERR_ATTR_MSG = 1
NLM_F_ACK = 0x004
NLM_F_ACK_TLVS = 0x200
NLM_F_CREATE = 0x400
NLM_F_DUMP = 0x300
NLM_F_DUMP_INTR = 0x010
NLM_F_ECHO = 0x008
NLM_F_EXCL = 0x200
NLM_F_REPLACE = 0x100
NLM_F_REQUEST = 0x001
SOL_NETLINK = 270
SO_NETNS_COOKIE = 71  # asm-generic/socket.h

HEADER = Struct("=IHHII")
ATTRIBUTE = Struct("=HH")
ERROR = Struct("=i")
U32 = Struct("=I")

RECEIVE_SIZE = 1 << 16  # the kernel fills at most 32 KiB a datagram
BATCH = 100  # requests in one send: the socket's buffer holds about 270 acknowledgements, then the kernel drops some
DUMP_TRIES = 5  # a dump the kernel calls interrupted is repeated, as the reference does


class NetlinkError(OSError):
    """The kernel refused a request: `errno` as usual; the text has the request, the reason and the kernel's words."""

    def __init__(self, code: int, request: str, words: str = "") -> None:
        super().__init__(code, f"{request}: {strerror(code)}" + (f" ({words})" if words else ""))

    def __str__(self) -> str:
        return str(self.strerror)


class Request:
    """One message: type, flags, the body after the header, and the command line it equals."""

    __slots__ = ("body", "flags", "kind", "text")

    def __init__(self, kind: int, flags: int, body: bytes, text: str) -> None:
        self.kind = kind
        self.flags = flags
        self.body = body
        self.text = text

    def __repr__(self) -> str:
        return f"<Request {self.text}>"


# The codec.


def attribute(kind: int, payload: bytes) -> bytes:
    """One attribute with its padding."""
    return ATTRIBUTE.pack(4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def nest(kind: int, *attributes: bytes) -> bytes:
    """An attribute that holds attributes."""
    return attribute(kind | NLA_F_NESTED, b"".join(attributes))


def text_attribute(kind: int, text: str) -> bytes:
    """A string with its closing NUL."""
    return attribute(kind, text.encode() + b"\0")


def u32_attribute(kind: int, value: int) -> bytes:
    """A number of 32 bits in the host's order."""
    return attribute(kind, U32.pack(value))


def unpack_u32(payload: bytes | None, default: int = 0) -> int:
    """The number of a 32-bit attribute; `default` where it is absent."""
    return default if payload is None else int(U32.unpack_from(payload)[0])


def unpack_text(payload: bytes | None) -> str:
    """The string of an attribute, without what follows its NUL; empty where it is absent."""
    return "" if payload is None else payload.split(b"\0", 1)[0].decode("utf-8", "replace")


def list_attributes(data: bytes) -> list[tuple[int, bytes]]:
    """(type, payload) of each attribute, in order; a truncated tail is ignored."""
    found = []
    at, end = 0, len(data)
    while at + 4 <= end:
        length, kind = ATTRIBUTE.unpack_from(data, at)
        if length < 4 or at + length > end:
            break
        found.append((kind & NLA_TYPE_MASK, data[at + 4 : at + length]))
        at += length + 3 & ~3
    return found


def unpack_attributes(data: bytes) -> dict[int, bytes]:
    """Payload by type; the last of a repeated type wins."""
    return dict(list_attributes(data))


def pack_message(request: Request, sequence: int, flags: int = 0) -> bytes:
    """The message as it goes out, with `flags` beside the request's own."""
    length = HEADER.size + len(request.body)
    return HEADER.pack(length, request.kind, request.flags | flags | NLM_F_REQUEST, sequence, 0) + request.body


def unpack_messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """(type, flags, sequence, body) of each message in a datagram; a truncated one ends it."""
    at = 0
    while at + HEADER.size <= len(data):
        length, kind, flags, sequence, _ = HEADER.unpack_from(data, at)
        if length < HEADER.size or at + length > len(data):
            return
        yield kind, flags, sequence, data[at + HEADER.size : at + length]
        at += length + 3 & ~3


def unpack_error(body: bytes, flags: int) -> tuple[int, str]:
    """errno (0 for an acknowledgement) and the kernel's own words from an NLMSG_ERROR."""
    code = -ERROR.unpack_from(body)[0]
    if not flags & NLM_F_ACK_TLVS:
        return code, ""
    # NETLINK_CAP_ACK leaves only the header of our request between the number and the attributes
    return code, unpack_text(unpack_attributes(body[4 + HEADER.size :]).get(NLMSGERR_ATTR_MSG))


# The socket.


class Socket:
    """A netlink socket of the namespace the thread is in when it is made."""

    def __init__(self, protocol: int = NETLINK_ROUTE) -> None:
        self._socket = Descriptor(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)
        self._sequence = 0
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK):
            self._socket.setsockopt(SOL_NETLINK, option, 1)

    def close(self) -> None:
        """Close the descriptor."""
        self._socket.close()

    def find_namespace_cookie(self) -> int:
        """The number of the socket's namespace, which no other one gets; 0 before Linux 5.14."""
        try:
            return int.from_bytes(self._socket.getsockopt(SOL_SOCKET, SO_NETNS_COOKIE, 8), sys.byteorder)
        except OSError:
            return 0

    def send(self, requests: Sequence[Request]) -> None:
        """Have the kernel do all requests, in order, in one send. Raises NetlinkError for the first it refuses.

        The kernel goes on after a refusal, so what follows must be harmless or undone by the caller.
        """
        refused: NetlinkError | None = None
        for start in range(0, len(requests), BATCH):
            error = self._send_batch(requests[start : start + BATCH])
            refused = refused or error
        if refused is not None:
            raise refused

    def _send_batch(self, requests: Sequence[Request]) -> NetlinkError | None:
        first = self._sequence + 1
        self._send(requests, NLM_F_ACK)
        refused: NetlinkError | None = None
        waiting = len(requests)
        while waiting:
            for kind, flags, sequence, body in unpack_messages(self._socket.recv(RECEIVE_SIZE)):
                if kind != NLMSG_ERROR or sequence < first:
                    continue
                waiting -= 1
                code, words = unpack_error(body, flags)
                if code and refused is None:
                    refused = NetlinkError(code, requests[sequence - first].text, words)
        return refused

    def ask(self, request: Request) -> bytes:
        """The body of the one message that answers a get. Raises NetlinkError."""
        self._send([request], 0)
        while True:
            for kind, flags, sequence, body in unpack_messages(self._socket.recv(RECEIVE_SIZE)):
                if sequence != self._sequence:
                    continue
                if kind == NLMSG_ERROR:
                    code, words = unpack_error(body, flags)
                    raise NetlinkError(code, request.text, words)
                return body

    def find(self, request: Request) -> bytes | None:
        """The same for a get that the kernel may answer with nothing but an acknowledgement. Raises NetlinkError."""
        self._send([request], NLM_F_ACK | NLM_F_ECHO)
        answer = None
        while True:
            for kind, flags, sequence, body in unpack_messages(self._socket.recv(RECEIVE_SIZE)):
                if sequence != self._sequence:
                    continue
                if kind != NLMSG_ERROR:
                    answer = body
                    continue
                code, words = unpack_error(body, flags)
                if code:
                    raise NetlinkError(code, request.text, words)
                return answer

    def dump(self, request: Request) -> list[bytes]:
        """The bodies of all messages that answer a dump. Raises NetlinkError."""
        for _ in range(DUMP_TRIES):
            bodies, interrupted = self._dump_once(request)
            if not interrupted:
                break
        return bodies

    def _dump_once(self, request: Request) -> tuple[list[bytes], bool]:
        self._send([request], NLM_F_DUMP)
        bodies: list[bytes] = []
        interrupted = False
        while True:
            for kind, flags, sequence, body in unpack_messages(self._socket.recv(RECEIVE_SIZE)):
                if sequence != self._sequence:
                    continue
                interrupted = interrupted or bool(flags & NLM_F_DUMP_INTR)
                if kind == NLMSG_ERROR:
                    code, words = unpack_error(body, flags)
                    raise NetlinkError(code, request.text, words)
                if kind == NLMSG_DONE:
                    code = -ERROR.unpack_from(body)[0] if len(body) >= 4 else 0
                    if code > 0:
                        raise NetlinkError(code, request.text)
                    return bodies, interrupted
                bodies.append(body)

    def _send(self, requests: Iterable[Request], flags: int) -> None:
        data = b""
        for request in requests:
            self._sequence += 1
            message = pack_message(request, self._sequence, flags)
            data += message + bytes(-len(message) % 4)
        self._socket.send(data)
