"""The client's side of DHCP (RFC 2131, section 4.4) without sockets and clocks: events in, actions out.

             start            offer             ack
    INIT ──────────▶ SELECTING ────▶ REQUESTING ────▶ BOUND ◀───────────────┐
                         ▲               │ nak          │ renewal           │ ack
                         ├───────────────┘              ▼                   │
                         ├──────────────────────── RENEWING ── rebinding ─▶ REBINDING
                         └───── nak, expiry ───────────────────────────────────┘

Every method takes the time and answers with what is to be done now; `deadline` is when `tick` wants to be called. Until
there has been a lease the client gives up after a while, because somebody waits; later it asks for as long as it takes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import inf
from random import Random

from poplin.dhcp.actions import Action, Bound, Expired, GaveUp, Send
from poplin.dhcp.lease import Lease, is_for_a_host, make_lease
from poplin.dhcp.packet import BOOTREPLY, BOOTREQUEST, NOBODY, Option, Packet, Type, pack, unpack
from poplin.spec.address import IP

LARGEST_MESSAGE = (1500).to_bytes(2, "big")
# Seconds between the first questions of all, before the waits of `Timing`: a bridge may notice its new port after the
# container's end is up, and what it loses would be missed for as long as a server may take.
EARLY = (0.2, 0.8)
REQUESTS = 3  # sent for one offer, before another is asked for
PAUSE_AFTER_NAK = 2.0  # seconds, before the next question
JITTER = 1.0  # seconds by which waits differ, so that not all machines of a rack ask at once (section 4.1)
SHORTEST_WAIT = 60.0  # seconds between two questions for a renewal (section 4.4.5)


class State(Enum):
    """Those of RFC 2131, figure 5."""

    INIT = "init"
    SELECTING = "selecting"
    REQUESTING = "requesting"
    BOUND = "bound"
    RENEWING = "renewing"
    REBINDING = "rebinding"


@dataclass(frozen=True)
class Identity:
    """Who asks, and what for: options by code; `requested` is option 55. `broadcast` asks for answers to everybody."""

    mac: bytes
    client_id: bytes
    requested: tuple[int, ...]
    provided: dict[int, bytes]
    broadcast: bool = False


@dataclass(frozen=True)
class Timing:
    """Seconds: the first wait for an answer, which doubles up to `resend_max`; and how long ADD tries."""

    timeout: float = 10.0
    resend_max: float = 62.0
    resend_timeout: float = 208.0


class Client:
    """One interface's client."""

    def __init__(self, identity: Identity, timing: Timing, random: Random | None = None) -> None:
        self.identity = identity
        self.timing = timing
        self.state = State.INIT
        self.lease: Lease | None = None
        self.deadline: float | None = None
        self._random = random or Random()
        self._xid = 0
        self._asked = 0.0  # when the exchange began: a lease counts from there
        self._patience = inf  # when to give up
        self._offer: Packet | None = None
        self._sent = 0
        self._early: list[float] = []
        self._wait = 0.0
        self._trouble = "no DHCP server answered on the link"

    # Events.

    def start(self, now: float, *, gives_up: bool = True) -> list[Action]:
        """Ask whoever is there for an address, for as long as somebody waits or for as long as it takes."""
        self._patience = now + self.timing.resend_timeout if gives_up else inf
        self._early = [wait for wait in EARLY if wait < self.timing.timeout]
        return self._discover(now)

    def resume(self, lease: Lease, now: float) -> list[Action]:
        """Go on with a lease of an earlier life."""
        self.lease = lease
        self._xid = lease.xid
        return self._rest(now)

    def receive(self, payload: bytes, now: float) -> list[Action]:
        """A message from the network; what is not for us, or makes no sense, changes nothing."""
        try:
            packet = unpack(payload)
        except ValueError:
            return []
        if packet.op != BOOTREPLY or packet.xid != self._xid or packet.chaddr != self.identity.mac:
            return []
        handle = HANDLERS.get((self.state, packet.type))
        try:
            return handle(self, packet, now) if handle else []
        except ValueError as error:
            self._trouble = f"the server {packet.find_ip(Option.SERVER)} answers what makes no sense: {error}"
            return []

    def tick(self, now: float) -> list[Action]:
        """The time has come, or something woke us earlier."""
        if self.deadline is None or now < self.deadline:
            return []
        return TICKS[self.state](self, now)

    def release(self, now: float) -> list[Action]:
        """Give the address back, and be silent."""
        lease, self.lease = self.lease, None
        self._be_silent()
        return [self._say_goodbye(lease.address.ip, lease.server)] if lease and now < lease.expiry else []

    # Getting a lease.

    def _discover(self, now: float) -> list[Action]:
        self.state = State.SELECTING
        self._xid = self._random.getrandbits(32)
        self._offer = None
        self._asked = now
        self._wait = self.timing.timeout
        return self._resend(now)

    def _resend(self, now: float) -> list[Action]:
        """DISCOVER again."""
        if self._early:
            self.deadline = min(now + self._early.pop(0), self._patience)
        else:
            self._pause(now)
        return [Send(self._pack(Type.DISCOVER))]

    def _pause(self, now: float) -> None:
        """Wait, the next time twice as long; with some variation, and no longer than anybody has patience."""
        jitter = min(JITTER, self._wait / 10)
        self.deadline = min(now + self._wait + self._random.uniform(-jitter, jitter), self._patience)
        self._wait = min(self._wait * 2, self.timing.resend_max)

    def _on_offer(self, offer: Packet, now: float) -> list[Action]:
        if offer.find_ip(Option.SERVER) is None or not is_for_a_host(offer.yiaddr):
            return []
        self.state = State.REQUESTING
        self._early, self._offer = [], offer
        self._sent = 0
        self._wait = self.timing.timeout
        return self._request(now)

    def _request(self, now: float) -> list[Action]:
        """Take the offer: the first that came, as RFC 2131 allows."""
        assert self._offer
        server = self._offer.find_ip(Option.SERVER)
        assert server
        self._sent += 1
        self._asked = now
        self._pause(now)
        wanted: dict[int, bytes] = {
            Option.REQUESTED_ADDRESS: self._offer.yiaddr.packed,
            Option.SERVER: server.packed,
        }
        return [Send(self._pack(Type.REQUEST, wanted))]

    def _on_first_ack(self, ack: Packet, now: float) -> list[Action]:
        if not self._is_from_chosen(ack) or not self._offer or ack.yiaddr != self._offer.yiaddr:
            return []
        lease = make_lease(ack, self._asked)
        if lease:
            return self._bind(lease, now)
        server = ack.find_ip(Option.SERVER) or NOBODY
        goodbye = self._say_goodbye(ack.yiaddr, server)
        self._trouble = f"the server {server} gave no subnet mask"
        if self._patience < inf:
            return [goodbye, *self._give_up(self._trouble)]
        self._ask_later(now)
        return [goodbye]

    def _on_first_nak(self, nak: Packet, now: float) -> list[Action]:
        if not self._is_from_chosen(nak):
            return []
        self._trouble = f"the server {nak.find_ip(Option.SERVER)} refused {self._offer and self._offer.yiaddr}"
        self._ask_later(now)
        return []

    def _ask_later(self, now: float) -> None:
        """A server that takes back what it offers would keep us both busy."""
        self._offer = None
        self.state = State.SELECTING
        self.deadline = min(now + PAUSE_AFTER_NAK, self._patience)

    def _is_from_chosen(self, answer: Packet) -> bool:
        return self._offer is not None and answer.find_ip(Option.SERVER) == self._offer.find_ip(Option.SERVER)

    def _tick_selecting(self, now: float) -> list[Action]:
        return self._resend(now) if now < self._patience else self._give_up(self._explain())

    def _tick_requesting(self, now: float) -> list[Action]:
        if now >= self._patience:
            return self._give_up(self._explain())
        if self._sent < REQUESTS:
            return self._request(now)
        self._trouble = f"the server {self._offer and self._offer.find_ip(Option.SERVER)} never confirmed its offer"
        return self._discover(now)

    def _give_up(self, reason: str) -> list[Action]:
        self._be_silent()
        return [GaveUp(reason)]

    def _explain(self) -> str:
        return f"no more tries: {self._trouble}"

    def _be_silent(self) -> None:
        self.state, self.deadline, self._offer = State.INIT, None, None

    # Having one.

    def _bind(self, lease: Lease, now: float) -> list[Action]:
        previous, self.lease = self.lease, lease
        self._patience, self._offer = inf, None
        return [Bound(lease, previous), *self._rest(now)]

    def _rest(self, now: float) -> list[Action]:
        """Until the lease's next time, which may have come already."""
        assert self.lease
        if now < self.lease.renewal:
            self.state = State.BOUND
            self.deadline = None if self.lease.renewal == inf else self.lease.renewal
            return []
        return self._ask_again(now)

    def _ask_again(self, now: float) -> list[Action]:
        """Have the lease prolonged: by its server, later by any, by none when it is over."""
        assert self.lease
        if now >= self.lease.expiry:
            return self._lose(now)
        is_rebinding = now >= self.lease.rebinding
        self.state = State.REBINDING if is_rebinding else State.RENEWING
        end = self.lease.expiry if is_rebinding else self.lease.rebinding
        self.deadline = min(end, now + max(SHORTEST_WAIT, (end - now) / 2))
        self._asked = now
        payload = self._pack(Type.REQUEST, ciaddr=self.lease.address.ip)
        return [Send(payload, None if is_rebinding else self.lease.server)]

    def _on_ack(self, ack: Packet, now: float) -> list[Action]:
        return self._bind(lease, now) if (lease := make_lease(ack, self._asked, self.lease)) else []

    def _on_nak(self, nak: Packet, now: float) -> list[Action]:
        """The server knows better: this address is not for here."""
        return self._lose(now)

    def _lose(self, now: float) -> list[Action]:
        """Without the address, ask as who never had one."""
        assert self.lease
        lost, self.lease = self.lease, None
        return [Expired(lost), *self._discover(now)]

    # Messages.

    def _pack(self, kind: Type, more: dict[int, bytes] | None = None, *, ciaddr: IP = NOBODY) -> bytes:
        options: dict[int, bytes] = {
            Option.MESSAGE_TYPE: bytes([kind]),
            Option.PARAMETERS: bytes(self.identity.requested),
            Option.LARGEST_MESSAGE: LARGEST_MESSAGE,
            Option.CLIENT: self.identity.client_id,
            **self.identity.provided,
            **(more or {}),
        }
        broadcast = self.identity.broadcast and ciaddr == NOBODY  # who has the address can be reached at it
        return pack(Packet(BOOTREQUEST, self._xid, self.identity.mac, options, ciaddr, broadcast=broadcast))

    def _say_goodbye(self, address: IP, server: IP) -> Send:
        client_id = self.identity.provided.get(Option.CLIENT, self.identity.client_id)
        options: dict[int, bytes] = {
            Option.MESSAGE_TYPE: bytes([Type.RELEASE]),
            Option.SERVER: server.packed,
            Option.CLIENT: client_id,
        }
        xid = self._random.getrandbits(32)
        return Send(pack(Packet(BOOTREQUEST, xid, self.identity.mac, options, address)), server)


HANDLERS: dict[tuple[State, int], Callable[[Client, Packet, float], list[Action]]] = {
    (State.SELECTING, Type.OFFER): Client._on_offer,
    (State.REQUESTING, Type.ACK): Client._on_first_ack,
    (State.REQUESTING, Type.NAK): Client._on_first_nak,
    (State.RENEWING, Type.ACK): Client._on_ack,
    (State.RENEWING, Type.NAK): Client._on_nak,
    (State.REBINDING, Type.ACK): Client._on_ack,
    (State.REBINDING, Type.NAK): Client._on_nak,
}
TICKS: dict[State, Callable[[Client, float], list[Action]]] = {
    State.SELECTING: Client._tick_selecting,
    State.REQUESTING: Client._tick_requesting,
    State.BOUND: Client._ask_again,
    State.RENEWING: Client._ask_again,
    State.REBINDING: Client._ask_again,
}
