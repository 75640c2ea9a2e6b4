"""A place where clients come in: accepts, makes TLS, counts, and throws out who is too slow.

TLS begins after the connection is accepted instead of by asyncio's own server, which tells nobody of a handshake that
failed, never changes its certificates and counts no client before it has shown one.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from email.utils import formatdate
from typing import TYPE_CHECKING

from uvicorn import Config
from uvicorn.server import ServerState

from poplin.controller.serve.connection import Connection
from poplin.controller.serve.settings import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp

LOG = logging.getLogger("poplin.controller.listener")

BACKLOG = 1024
TICK = 1.0  # seconds between two looks at all connections, less if a limit is shorter
TICKS_A_LIMIT = 4


class Listener:
    """Serves one application at one address. `context` may be replaced meanwhile: the next client gets it."""

    def __init__(self, name: str, app: ASGIApp, bound: socket.socket, limits: Limits) -> None:
        """`bound` is a socket with its address; `name` is for the log."""
        self.name = name
        self.context: ssl.SSLContext | None = None
        self._socket = bound
        self._limits = limits
        self._state = ServerState()
        self._config = make_config(app, limits)
        self._entering: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it really has."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    async def start(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Door(self), sock=self._socket, backlog=BACKLOG)
        self._sweeping = loop.create_task(self._sweep())

    def stop_accepting(self) -> None:
        """No new clients, no new requests of those that are in; what runs goes on."""
        if self._server:
            self._server.close()
        for task in self._entering:
            task.cancel()
        for connection in self._connections():
            connection.shutdown()

    async def drain(self) -> None:
        """Return when the last client has its answer."""
        while self._state.connections or self._state.tasks:
            await asyncio.sleep(0.02)

    def abort(self) -> None:
        """Drop who is still there."""
        if self._sweeping:
            self._sweeping.cancel()
        for connection in self._connections():
            connection.transport.abort()

    def admit(self, transport: asyncio.Transport) -> None:
        """A client has connected."""
        held = len(self._entering) + len(self._state.connections)
        if held >= self._limits.connections:
            self._log("too-many-connections", transport, held=held)
            transport.abort()
            return
        task = asyncio.get_running_loop().create_task(self._enter(transport))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)

    async def _enter(self, transport: asyncio.Transport) -> None:
        """Make TLS, if that is spoken here, and hand the client to a Connection."""
        connection = Connection(self._config, self._state, self._limits)
        inner: asyncio.Transport | None = transport
        if self.context:
            try:
                inner = await self._make_tls(transport, connection, self.context)
            except (OSError, asyncio.CancelledError) as error:
                self._log("tls-handshake-failed", transport, error=describe(error))
                transport.abort()
                return
        else:
            transport.set_protocol(connection)
            transport.resume_reading()
        if inner is not None:  # else it went while we shook hands
            connection.connection_made(inner)

    async def _make_tls(
        self, transport: asyncio.Transport, connection: Connection, context: ssl.SSLContext
    ) -> asyncio.Transport | None:
        return await asyncio.get_running_loop().start_tls(
            transport,
            connection,
            context,
            server_side=True,
            ssl_handshake_timeout=self._limits.handshake,
            ssl_shutdown_timeout=self._limits.handshake,
        )

    async def _sweep(self) -> None:
        """Throw out who is too slow, and keep the date of the answers right."""
        limits = (self._limits.head, self._limits.body, self._limits.body_pause, self._limits.answer)
        pause = min(TICK, *(limit / TICKS_A_LIMIT for limit in limits))
        while True:
            self._state.default_headers = [(b"date", formatdate(usegmt=True).encode())]
            now = asyncio.get_running_loop().time()
            for connection in self._connections():
                if overrun := connection.find_overrun(now):
                    connection.end(overrun)
            await asyncio.sleep(pause)

    def _connections(self) -> list[Connection]:
        return [each for each in self._state.connections if isinstance(each, Connection)]

    def _log(self, event: str, transport: asyncio.Transport, **data: object) -> None:
        client = transport.get_extra_info("peername")
        LOG.info(event, extra={"data": {"listener": self.name, "client": client, **data}})


class Door(asyncio.Protocol):
    """What a client meets first; it reads nothing."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody has connected."""
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        self._listener.admit(transport)


def make_config(app: ASGIApp, limits: Limits) -> Config:
    """What uvicorn's protocol needs to know. Loaded here, as it imports."""
    config = Config(
        app,
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        h11_max_incomplete_event_size=limits.head_bytes,
        timeout_keep_alive=limits.keep_alive,  # type: ignore[arg-type]
    )
    config.load()
    return config


def describe(error: BaseException) -> str:
    """Why a handshake failed, in OpenSSL's words: `CERTIFICATE_VERIFY_FAILED: certificate has expired`."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"{error.reason}: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return str(error.reason or error)
    return str(error) or type(error).__name__
