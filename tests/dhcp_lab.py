"""A network with DHCP servers in namespaces, and the daemon that holds leases from them."""

from __future__ import annotations

import json
import signal
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from netlab import CHECKOUT, INTERPRETER, PATIENCE, Container, Host

from poplin.dhcp.packet import BOOTREPLY, NOBODY, Option, Packet, Type, pack, unpack
from poplin.linux.netns import Namespace
from poplin.spec.address import IP, parse_ip, parse_prefix

BRIDGE = "br0"
SERVER = "192.168.1.1"
PROGRAM = "import sys; sys.path.insert(0, {folder!r}); from poplin.dhcp.daemon import run; sys.exit(run(sys.argv[1:]))"
ETH_P_IP = 0x0800
SERVER_PORT, CLIENT_PORT = 67, 68
POLL = 0.01


def wait_until(is_so: Callable[[], object], what: str) -> None:
    """Until it is; for ever means that the test fails."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(POLL)


# The network.


def make_network(host: Host) -> None:
    """A bridge on the host, where the servers are."""
    host.sh(f"ip link add {BRIDGE} type bridge")
    host.sh(f"ip address add {SERVER}/24 dev {BRIDGE}")
    host.sh(f"ip link set {BRIDGE} up")


def plug(host: Host, container: Container, ifname: str = "eth0") -> None:
    """A link of the container's on the bridge, without an address and down, as an interface plugin has it for IPAM."""
    outer = f"{container.id}{ifname}"
    host.sh(f"ip link add {outer} type veth peer name {ifname} netns {container.path}")
    host.sh(f"ip link set {outer} master {BRIDGE} up")


def configure(container: Container, result: dict[str, Any], ifname: str = "eth0") -> None:
    """What the interface plugin does with the answer to ADD."""
    for each in result["ips"]:
        container.sh(f"ip address add {each['address']} dev {ifname}")
    for route in result.get("routes", []):
        container.sh(f"ip route append {route['dst']} via {route['gw']} dev {ifname} proto 112")


# The daemon.


class Daemon:
    """`dhcp daemon` on a host, started as the entry script starts it."""

    def __init__(self, host: Host, folder: Path, *flags: str, environ: dict[str, str] | None = None) -> None:
        """`flags` may be changed before a restart."""
        self.host = host
        self.socket = folder / "dhcp.sock"
        self.leases = folder / "dhcp"
        self._log = folder / "daemon.log"
        self.flags = flags
        self._environ = environ or {}
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        python = [INTERPRETER, "-I", "-S", "-c", PROGRAM.format(folder=str(CHECKOUT))]
        command = ["nsenter", f"--net={self.host.path}", *python, "-socketpath", str(self.socket), *self.flags]
        before = len(self.log)
        with self._log.open("ab") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environ)
        wait_until(lambda: "listening" in self.log[before:] or process.poll() is not None, "the daemon listens")
        assert process.poll() is None, self.log[before:]
        return process

    @property
    def log(self) -> str:
        """All it ever said."""
        return read_log(self._log)

    def ask(self, verb: str, container: Container | None = None, ifname: str = "eth0", **more: Any) -> dict[str, Any]:
        """Its answer. `more`: args, valid, network, ipam."""
        with self.call(verb, container, ifname, **more) as caller:
            return read_answer(caller)

    @contextmanager
    def call(
        self, verb: str, container: Container | None = None, ifname: str = "eth0", **more: Any
    ) -> Iterator[socket.socket]:
        """A connection on which the request has been sent."""
        ipam = {"type": "dhcp", "daemonSocketPath": str(self.socket), **more.get("ipam", {})}
        request = {
            "verb": verb,
            "containerID": container.id if container else "",
            "netns": more.get("netns", container.path if container else ""),
            "ifname": ifname,
            "args": more.get("args", ""),
            "config": {"cniVersion": "1.1.0", "name": more.get("network", "mynet"), "type": "macvlan", "ipam": ipam},
            "valid": more.get("valid", []),
        }
        with self.connect() as caller:
            caller.sendall(json.dumps(request).encode() + b"\n")
            yield caller

    def connect(self) -> socket.socket:
        """A connection on which nothing has been said."""
        caller = socket.socket(socket.AF_UNIX)
        caller.settimeout(PATIENCE)
        caller.connect(str(self.socket))
        return caller

    def add(self, container: Container, ifname: str = "eth0", **more: Any) -> dict[str, Any]:
        """The result of an ADD that must succeed, put on the interface."""
        answer = self.ask("ADD", container, ifname, **more)
        assert "error" not in answer, (answer, self.log)
        configure(container, answer["result"], ifname)
        return answer["result"]  # type: ignore[no-any-return]

    def files(self) -> list[Path]:
        """What is written down."""
        return sorted(self.leases.glob("*.json"))

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit status, -N if signal N ended it; repeatable."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it and start another."""
        self.stop(number)
        self.process = self._start()


def read_answer(caller: socket.socket) -> dict[str, Any]:
    """The object that comes before the daemon closes the connection."""
    answer = json.loads(read_all(caller))
    assert isinstance(answer, dict)
    return answer


def read_all(caller: socket.socket) -> bytes:
    """What comes before it closes."""
    said = b""
    while chunk := caller.recv(1 << 16):
        said += chunk
    return said


# Servers.


@contextmanager
def dnsmasq(host: Host, folder: Path, first: str, last: str, *flags: str) -> Iterator[Path]:
    """A real server; its log."""
    log = folder / "dnsmasq.log"
    command = [
        *("nsenter", f"--net={host.path}", "dnsmasq", "--no-daemon", "--port=0", "--conf-file=/dev/null"),
        *("--pid-file=", f"--interface={BRIDGE}", "--no-ping", "--log-dhcp", f"--log-facility={log}"),
        *("--dhcp-sequential-ip", f"--dhcp-leasefile={folder / 'dnsmasq.leases'}", "--dhcp-authoritative"),
        *(f"--dhcp-range={first},{last},255.255.255.0,5m", *flags),
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: process.poll() is not None or "DHCP, IP range" in read_log(log), "dnsmasq is ready")
        assert process.poll() is None, read_log(log)
        yield log
    finally:
        process.terminate()
        process.wait(PATIENCE)


def read_log(log: Path) -> str:
    """What is in a log that may not be there yet."""
    return log.read_text() if log.exists() else ""


@dataclass
class Seen:
    """A message as it was on the wire."""

    packet: Packet
    to_mac: str
    source: str
    destination: str

    @property
    def type(self) -> Type:
        """What it says."""
        return Type(self.packet.type)

    @property
    def is_broadcast(self) -> bool:
        """Whether everybody on the link gets it."""
        return self.to_mac == "ff:ff:ff:ff:ff:ff"


@dataclass
class Server:
    """A server of our own, whose leases are as short as a test wants and which does what it is told."""

    host: Host
    id: str = SERVER
    address: str = "192.168.1.5/24"
    router: str = SERVER
    times: tuple[int, int, int] = (3600, 1800, 3150)  # the lease, renewal, rebinding
    silent: tuple[Type, ...] = ()  # to these it does not answer
    refused: tuple[Type, ...] = ()  # to these it answers NAK
    options: dict[int, bytes] = field(default_factory=dict)
    without: tuple[int, ...] = ()  # options that it leaves out
    answers_renewals: bool = True  # whether who has an address may keep it

    def __post_init__(self) -> None:
        self._seen: list[Seen] = []
        self._turn = threading.Lock()  # what is seen has been answered: who waits for it may change how we answer
        with Namespace(self.host.path) as namespace:
            self._ears = namespace.run(open_ears)
            self._mouth = namespace.run(open_mouth)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._over.set()
        self._thread.join(PATIENCE)
        self._ears.close()
        self._mouth.close()

    @property
    def seen(self) -> list[Seen]:
        """All messages, whose answers have been given."""
        with self._turn:
            return list(self._seen)

    @property
    def heard(self) -> list[Seen]:
        """The same without repetitions: who gets no answer soon asks again, however soon that is on a busy machine."""
        return list({(each.packet.xid, each.type): each for each in self.seen}.values())

    def all(self, kind: Type) -> list[Seen]:
        """The messages of a kind."""
        return [each for each in self.seen if each.type == kind]

    def wait_for(self, kind: Type, count: int = 1) -> list[Seen]:
        """These, when there are so many."""
        wait_until(lambda: len(self.all(kind)) >= count, f"{count} {kind.name}, seen {self.seen}")
        return self.all(kind)

    def _serve(self) -> None:
        while not self._over.is_set():
            try:
                frame = self._ears.recv(1 << 16)
            except TimeoutError:
                continue
            if seen := dissect(frame):
                with self._turn:
                    self._seen.append(seen)
                    self.answer(seen)

    def answer(self, seen: Seen) -> None:
        """Once, or once more."""
        packet = seen.packet
        chosen = packet.find_ip(Option.SERVER)
        is_for_us = chosen is None or chosen == parse_ip(self.id)
        if seen.type not in (Type.DISCOVER, Type.REQUEST) or seen.type in self.silent or not is_for_us:
            return
        if packet.ciaddr != NOBODY and not self.answers_renewals:
            return
        if seen.type in self.refused:
            self._say(packet, {Option.MESSAGE_TYPE: bytes([Type.NAK]), Option.SERVER: parse_ip(self.id).packed}, NOBODY)
            return
        prefix = parse_prefix(self.address)
        options: dict[int, bytes] = {
            Option.MESSAGE_TYPE: bytes([Type.OFFER if seen.type == Type.DISCOVER else Type.ACK]),
            Option.SERVER: parse_ip(self.id).packed,
            Option.SUBNET_MASK: struct.pack("!I", (1 << 32) - (1 << 32 - prefix.length)),
            Option.ROUTERS: parse_ip(self.router).packed,
            Option.LEASE_TIME: struct.pack("!I", self.times[0]),
            Option.RENEWAL_TIME: struct.pack("!I", self.times[1]),
            Option.REBINDING_TIME: struct.pack("!I", self.times[2]),
            **self.options,
        }
        told = {code: value for code, value in options.items() if code not in self.without}
        self._say(packet, told, prefix.ip)

    def _say(self, packet: Packet, options: dict[int, bytes], yours: IP) -> None:
        answer = Packet(BOOTREPLY, packet.xid, packet.chaddr, options, packet.ciaddr, yours)
        is_reachable = packet.ciaddr != NOBODY and yours != NOBODY
        self._mouth.sendto(pack(answer), (str(packet.ciaddr) if is_reachable else "255.255.255.255", CLIENT_PORT))


def open_ears() -> socket.socket:
    """Hears all that comes to the bridge."""
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_IP))
    made.bind((BRIDGE, ETH_P_IP))
    made.settimeout(0.05)
    return made


def open_mouth() -> socket.socket:
    """Speaks to the bridge; several servers may."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_REUSEADDR, socket.SO_BROADCAST):
        made.setsockopt(socket.SOL_SOCKET, option, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, BRIDGE.encode())
    made.bind(("", SERVER_PORT))
    return made


def dissect(frame: bytes) -> Seen | None:
    """The message for a server in a frame."""
    start = 14 + (frame[14] & 0xF) * 4
    if frame[23] != socket.IPPROTO_UDP or struct.unpack_from("!H", frame, start + 2)[0] != SERVER_PORT:
        return None
    source, destination = socket.inet_ntoa(frame[26:30]), socket.inet_ntoa(frame[30:34])
    return Seen(unpack(frame[start + 8 :]), frame[:6].hex(":"), source, destination)


# Fixtures.


@pytest.fixture
def network(host: Host) -> Host:
    """A host with a bridge for servers and containers."""
    make_network(host)
    return host


@pytest.fixture
def member(network: Host) -> Container:
    """A container with a link on the bridge."""
    container = network.add_container()
    plug(network, container)
    return container


StartDaemon = Callable[..., Daemon]


@pytest.fixture
def start_daemon(network: Host, tmp_path: Path) -> Iterator[StartDaemon]:
    """Starts one with flags; it ends with the test."""
    started: list[Daemon] = []

    def start(*flags: str, **how: Any) -> Daemon:
        started.append(Daemon(network, tmp_path, *flags, **how))
        return started[-1]

    yield start
    for each in started:
        each.stop()
        assert "Traceback" not in each.log, each.log


@pytest.fixture
def daemon(start_daemon: StartDaemon) -> Daemon:
    """One that is impatient."""
    return start_daemon("-timeout", "500ms", "-resendmax", "2s", "-resendtimeout", "20s")


@pytest.fixture
def make_server(network: Host) -> Iterator[Callable[..., Server]]:
    """Makes servers on the host."""
    made: list[Server] = []

    def make(**how: Any) -> Server:
        made.append(Server(network, **how))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def server(make_server: Callable[..., Server]) -> Server:
    """One of them."""
    return make_server()
