"""nftables as we use it: elements go in and out by netlink, rules are loaded as text when they are missing.

One transaction is one send, taken whole or not at all:

    NFNL_MSG_BATCH_BEGIN, messages, NFNL_MSG_BATCH_END          linux/netfilter/nfnetlink.h

Only the last message asks for an acknowledgement; whatever is refused is told anyway.
"""

from __future__ import annotations

from errno import ENOENT

from poplin.linux.netlink import (
    BATCH,
    DUMP_TRIES,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLMSG_DONE,
    NLMSG_ERROR,
    RECEIVE_SIZE,
    NetlinkError,
    Request,
    Socket,
    pack_message,
    unpack_error,
    unpack_messages,
)
from poplin.linux.nft.elements import (
    Element,
    Set,
    add_element,
    delete_element,
    get_element,
    list_elements,
    unpack_elements,
)
from poplin.linux.nft.presence import NETLINK_NETFILTER, NFNL_SUBSYS_NFTABLES, header

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.nft.skeleton import Skeleton

SOL_SOCKET = 1  # asm-generic/socket.h
SO_SNDBUFFORCE = 32
SO_RCVBUFFORCE = 33
FORCE = 25  # how far these are from SO_SNDBUF and SO_RCVBUF
TRIES = 5  # each after somebody else's change
REFUSAL_SIZE = 1024  # of memory; the kernel tells each refusal of a transaction in a datagram of its own
NFNL_MSG_BATCH_BEGIN = 0x10
NFNL_MSG_BATCH_END = 0x11


class NetfilterSocket(Socket):
    """A netlink socket of the netfilter family, which knows transactions."""

    def __init__(self) -> None:
        super().__init__(NETLINK_NETFILTER)

    def transact(self, requests: Sequence[Request]) -> None:
        """All of these or, raising NetlinkError for the first that is refused, none."""
        if not requests:  # before Linux 6.9 nobody would answer
            return
        resource = NFNL_SUBSYS_NFTABLES >> 8
        begin = Request(NFNL_MSG_BATCH_BEGIN, 0, header("", resource), "nft -f -")
        end = Request(NFNL_MSG_BATCH_END, 0, header("", resource), "nft -f -")
        first = self._sequence + 1
        last = first + len(requests)
        data = b""
        for request in (begin, *requests, end):
            self._sequence += 1
            message = pack_message(request, self._sequence, NLM_F_ACK if self._sequence == last else 0)
            data += message + bytes(-len(message) % 4)
        if len(requests) > BATCH:
            self._make_room(len(data), len(requests))
        self._socket.send(data)
        refused = self._read_verdict((begin, *requests, end), first, last)
        if refused:
            raise refused

    def dump(self, request: Request) -> list[bytes]:
        """The bodies of all messages that answer a dump. Raises NetlinkError.

        While others change something the kernel may pass over what was there all along, and says so. It is asked again,
        and if that does not help, these are the answers of all tries: the same things several times.
        """
        told = []
        for _ in range(DUMP_TRIES):
            bodies, interrupted = self._dump_once(request)
            if not interrupted:
                return bodies
            told += bodies
        return told

    def _make_room(self, size: int, refusals: int) -> None:
        """For a send of this size, which cannot be divided, and as many answers. Without privilege (a user namespace)
        the kernel's limits hold."""
        for option, wanted in ((SO_SNDBUFFORCE, size), (SO_RCVBUFFORCE, refusals * REFUSAL_SIZE)):
            try:
                if self._socket.getsockopt(SOL_SOCKET, option - FORCE) < wanted:
                    self._socket.setsockopt(SOL_SOCKET, option, wanted)
            except PermissionError:
                self._socket.setsockopt(SOL_SOCKET, option - FORCE, wanted)

    def peek(self, request: Request) -> list[bytes]:
        """The bodies of the first messages that answer a dump; the socket is good for nothing after it."""
        self._send([request], NLM_F_DUMP)
        messages = unpack_messages(self._socket.recv(RECEIVE_SIZE))
        return [body for kind, _, _, body in messages if kind not in (NLMSG_ERROR, NLMSG_DONE)]

    def find_answered(self, requests: Sequence[Request]) -> list[Request]:
        """Those of these gets that have an answer, asked in one send. Raises NetlinkError for all but ENOENT."""
        first = self._sequence + 1
        self._send(requests, 0)
        answered, refused, waiting = [], None, len(requests)
        while waiting:
            for kind, flags, sequence, body in unpack_messages(self._socket.recv(RECEIVE_SIZE)):
                if sequence < first:
                    continue
                waiting -= 1
                request = requests[sequence - first]
                if kind != NLMSG_ERROR:
                    answered.append(request)
                    continue
                code, words = unpack_error(body, flags)
                if code != ENOENT:
                    refused = refused or NetlinkError(code, request.text, words)
        if refused:
            raise refused
        return answered

    def _read_verdict(self, requests: Sequence[Request], first: int, last: int) -> NetlinkError | None:
        refused: NetlinkError | None = None
        while True:
            for kind, flags, sequence, body in unpack_messages(self._socket.recv(RECEIVE_SIZE)):
                if kind != NLMSG_ERROR or sequence < first:
                    continue
                code, words = unpack_error(body, flags)
                if code and refused is None:
                    refused = NetlinkError(code, requests[sequence - first].text, words)
                # an error of the whole transaction bears the number of its beginning, and nothing comes after it
                if sequence in (first, last):
                    return refused


class Ruleset:
    """The nftables of the namespace its socket was made in."""

    def __init__(self, socket: NetfilterSocket | None = None) -> None:
        self.socket = socket or NetfilterSocket()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def apply(self, skeleton: Skeleton, *requests: Request) -> None:
        """All of these in one transaction, in sets of `skeleton`, whose rules are loaded first if they are missing or
        older than this code. Raises NetlinkError, or OSError if they cannot be loaded."""
        self.ensure(skeleton)
        if skeleton.needs:  # GC may be about to remove these rules, see collect_conditions
            requests = (add_element(skeleton.mark, exclusive=False), *requests)
        try:
            self.socket.transact(requests)
        except NetlinkError as error:
            if error.errno != ENOENT:
                raise
            self.load(skeleton)  # somebody took a part of it away
            self.socket.transact(requests)

    def ensure(self, skeleton: Skeleton) -> None:
        """Load the rules of a skeleton unless they are there. Raises OSError."""
        if skeleton.needs:
            self.ensure(skeleton.needs)
        if self.find(skeleton.mark) is None:
            self.load(skeleton)

    def load(self, skeleton: Skeleton) -> None:
        """Load them, anew if they are there; elements stay. Raises OSError."""
        if skeleton.needs:
            self.load(skeleton.needs)
        self.run(skeleton.read())

    def run(self, text: str) -> None:
        """Have these commands of nft(8) done, all or none, in the namespace the thread is in. Raises OSError."""
        from poplin.linux.nft.load import load_text  # once after boot; libnftables costs 4 ms

        load_text(text)

    def find(self, element: Element) -> Element | None:
        """The element with this key, None if it, its set or its table is not there."""
        try:
            body = self.socket.ask(get_element(element))
        except NetlinkError as error:
            if error.errno != ENOENT:
                raise
            return None
        return next(unpack_elements(element.set, body), None)

    def list(self, of: Set, containing: str = "") -> list[Element]:
        """The elements of a set, or those with this in their comment; none if there is no such set."""
        try:
            bodies = self.socket.dump(list_elements(of))
        except NetlinkError as error:
            if error.errno != ENOENT:
                raise
            return []
        wanted = containing.encode()
        elements = (each for body in bodies if wanted in body for each in unpack_elements(of, body))
        return list({(each.key, each.end): each for each in elements if containing in each.comment}.values())

    def has_elements(self, of: Set) -> bool:
        """Whether there is an element in the set, of the namespace the thread is in, however many there are."""
        socket = NetfilterSocket()
        try:
            begun = socket.peek(list_elements(of))
        finally:
            socket.close()
        return any(True for body in begun for _ in unpack_elements(of, body)) or bool(self.list(of))

    def remove(self, elements: Sequence[Element]) -> None:
        """Take these out, in one transaction. Of those that are gone already the kernel is not told twice: a
        transaction that fails costs it 12 ms; and of a range that is gone it would take out the one around it."""
        left = [each for each in elements if not each.end or self.is_there(each)]
        for tries_left in reversed(range(TRIES)):
            try:
                if left:
                    self.socket.transact([delete_element(each) for each in left])
                return
            except NetlinkError as error:
                if not tries_left or error.errno != ENOENT:
                    raise
            left = [each for each in left if self.is_there(each)]

    def is_there(self, element: Element) -> bool:
        """Whether there is an element of just this key, not one that covers it."""
        found = self.find(element)
        return found is not None and (found.key, found.end) == (element.key, element.end)
