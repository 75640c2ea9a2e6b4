"""The sockets of one interface while somebody is asked over it.

The packet socket asks everybody and hears every answer, whether the interface has an address or not. What is for one
server alone leaves by a UDP socket at the leased address, if the interface still has that, so that the kernel finds the
way; if it cannot, the same packet goes to everybody on the link.

Both are made inside the container's namespace and keep it alive: close them when there is nothing to wait for.
"""

from __future__ import annotations

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable
from fcntl import ioctl
from termios import TIOCOUTQ

from poplin.dhcp.frame import CLIENT_PORT, ETH_P_IP, FILTER, SERVER_PORT, unwrap, wrap
from poplin.dhcp.packet import unpack
from poplin.linux.netns import Namespace
from poplin.linux.wire.link import Link
from poplin.spec.address import IP

SO_ATTACH_FILTER = 26  # asm-generic/socket.h, which Python's socket module does not name
INSTRUCTION = 8  # bytes of a `struct sock_filter`
LONGEST_FRAME = 1 << 16
LEAVING = 1.0  # seconds for a packet to leave, which waits while its neighbour is looked for
LEAVING_POLL = 0.005


class Wire:
    """Sockets in the namespace of `link`. `receive` gets each message, and `disturb` is called if the link goes down,
    which it also does when it is deleted."""

    def __init__(
        self, namespace: Namespace, link: Link, receive: Callable[[bytes], None], disturb: Callable[[], object]
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._receive = receive
        self._disturb = disturb
        self._frames = namespace.run(open_frames, link.name)
        self._unicast: socket.socket | None = None
        self._loop.add_reader(self._frames, self._read_frames)

    def close(self) -> None:
        """Let go of the namespace."""
        for each in (self._frames, self._unicast):
            if each:
                self._loop.remove_reader(each)
                each.close()

    def send(self, payload: bytes, mac: bytes, to: IP | None, namespace: Namespace, link: Link) -> None:
        """To one server, or to everybody. What cannot be sent is lost, as it might be on its way."""
        source = unpack(payload).ciaddr  # 0.0.0.0 as long as there is no address
        try:
            if to is None:
                self._frames.send(wrap(payload, mac, source))
            elif not self._send_unicast(payload, source, to, namespace, link):
                self._frames.send(wrap(payload, mac, source, to))
        except OSError:  # the link is down, its queue full
            return

    def _send_unicast(self, payload: bytes, source: IP, to: IP, namespace: Namespace, link: Link) -> bool:
        """Whether the kernel took it."""
        try:
            # asked for, because where there is no address at all the kernel lets anybody have any
            if source not in [each.prefix.ip for each in namespace.rtnl.list_addresses(link.index, socket.AF_INET)]:
                return False
            if self._unicast is None:
                self._unicast = namespace.run(open_unicast, link.name, str(source))
                self._loop.add_reader(self._unicast, self._read_unicast)
            self._unicast.sendto(payload, (str(to), SERVER_PORT))
        except OSError:  # no way to there, or the port is taken
            return False
        return True

    async def drain(self) -> None:
        """Until what was sent to one server has left the machine, or has had its time. The kernel may have to ask for
        the server's MAC first, and drops what waits for it when the link is deleted."""
        deadline = self._loop.time() + LEAVING
        while self._unicast and count_waiting(self._unicast) and self._loop.time() < deadline:
            await asyncio.sleep(LEAVING_POLL)

    def _read_frames(self) -> None:
        try:
            payload = unwrap(self._frames.recv(LONGEST_FRAME))
        except BlockingIOError:
            return
        except OSError:
            self._disturb()
            return
        if payload is not None:
            self._receive(payload)

    def _read_unicast(self) -> None:
        """The packet socket hears the same answers; this one is read so that the kernel does not call the port closed,
        and in case a firewall of the container's rewrites what arrives."""
        try:
            payload = self._unicast.recv(LONGEST_FRAME) if self._unicast else b""
        except OSError:
            return
        self._receive(payload)


def open_frames(name: str) -> socket.socket:
    """A packet socket on the link, for DHCP's answers alone. Raises OSError."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)  # 0: deaf until it is bound
    try:
        program = ctypes.create_string_buffer(FILTER, len(FILTER))
        fprog = struct.pack("HP", len(FILTER) // INSTRUCTION, ctypes.addressof(program))  # struct sock_fprog
        made.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, fprog)
        made.bind((name, ETH_P_IP))
    except BaseException:
        made.close()
        raise
    return made


def open_unicast(name: str, source: str) -> socket.socket:
    """A UDP socket on the link at the leased address. Raises OSError if the interface does not have it."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode() + b"\0")
        made.bind((source, CLIENT_PORT))
    except BaseException:
        made.close()
        raise
    return made


def count_waiting(unicast: socket.socket) -> int:
    """Bytes that have not left yet."""
    waiting = ioctl(unicast, TIOCOUTQ, bytes(4))  # which is SIOCOUTQ
    return int.from_bytes(waiting, "little" if struct.pack("=H", 1)[0] else "big")
