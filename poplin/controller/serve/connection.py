"""One client's connection: uvicorn's HTTP protocol, with a limit on everything that a slow client could hold for ever.

uvicorn itself limits only the pause between two requests. The rest is found by looking at every connection from time to
time (`find_overrun`): what it waits for, and since when.
"""

from __future__ import annotations

import asyncio
import logging

import h11
from msgspec import Struct
from uvicorn import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from poplin.controller.serve.settings import Limits
from poplin.controller.serve.tls import certificate_names

LOG = logging.getLogger("poplin.controller.connection")

UNANSWERED = (h11.IDLE, h11.SEND_RESPONSE)
HEAD, PAUSE, BODY, ANSWER = "request head", "pause in a request body", "request body", "taking the answer"


class Waiting(Struct, frozen=True):
    """What a connection waits for from its client; `answers` tells one request of it from the next."""

    what: str
    answers: int


class Connection(H11Protocol):
    """Made before the TLS handshake; what comes before `connection_made` is kept, because asyncio may be that fast."""

    def __init__(self, config: Config, state: ServerState, limits: Limits) -> None:
        super().__init__(config, state, {})
        self._limits = limits
        self._early = b""
        self._is_lost = False
        self._answers = 0
        self._last_byte = 0.0
        self._waiting: Waiting | None = None
        self._since = 0.0

    # What asyncio calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The client is in."""
        if self._is_lost:
            return
        self._last_byte = self.loop.time()
        self.app_state = {"certificate_names": certificate_names(transport.get_extra_info("peercert"))}
        super().connection_made(transport)
        if self._early:
            self.data_received(self._early)

    def data_received(self, data: bytes) -> None:
        """More of a request."""
        if self.transport is None:
            self._early += data
            return
        self._last_byte = self.loop.time()
        super().data_received(data)

    def send_400_response(self, msg: str) -> None:
        """It is no HTTP: say so unless there is an answer already, and end. Whoever works on one need not go on."""
        if self.conn.our_state in UNANSWERED:
            super().send_400_response(msg)
        else:
            self.transport.close()
        if self.cycle:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def on_response_complete(self) -> None:
        """The answer is written; what comes now is another request."""
        self._answers += 1
        super().on_response_complete()

    def connection_lost(self, error: Exception | None) -> None:
        """The client has gone."""
        self._is_lost = True
        if self.transport is not None:
            super().connection_lost(error)

    # What the listener calls.

    def find_waiting(self) -> Waiting | None:
        """What we wait for from the client; None while it waits for us, or has nothing to ask."""
        what = ""
        if self.transport.get_write_buffer_size() or self.transport.is_closing():
            what = ANSWER
        elif self.conn.their_state is h11.SEND_BODY and not self._holds_body_up():
            what = BODY
        elif self.conn.their_state is h11.IDLE and not self.timeout_keep_alive_task:
            what = HEAD
        return Waiting(what, self._answers) if what else None

    def _holds_body_up(self) -> bool:
        """Whether it is we who do not want more of the body yet: too much is unread, or it was not asked for."""
        return self.flow.read_paused or self.cycle.waiting_for_100_continue

    def find_overrun(self, now: float) -> str:
        """What has taken too long at `now`, a time of the event loop; empty if nothing has."""
        waiting = self.find_waiting()
        if waiting != self._waiting:
            self._waiting, self._since = waiting, now
        if not waiting:
            return ""
        limit = {HEAD: self._limits.head, BODY: self._limits.body, ANSWER: self._limits.answer}[waiting.what]
        if now - self._since > limit:
            return waiting.what
        is_pausing = waiting.what == BODY and now - self._last_byte > self._limits.body_pause
        return PAUSE if is_pausing else ""

    def end(self, what: str) -> None:
        """Close it at once, as too slow over `what`."""
        LOG.info("client-too-slow", extra={"data": {"client": self.client, "waiting_for": what}})
        self.transport.abort()
