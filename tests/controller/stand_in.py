"""A service of somebody else's on loopback: real HTTPS, answers as its fact sheet says, and every call is recorded.

A call that the service does not have, or that is not as it must be, is answered 500 and fails the test at the end of
the `with`.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

import trustme

PATIENCE = 60.0  # seconds for a client that says nothing


class Call(NamedTuple):
    """One request; header names are in lower case."""

    method: str
    path: str
    query: dict[str, list[str]]
    form: dict[str, list[str]]
    headers: dict[str, str]


class Answer(NamedTuple):
    """A status and what goes as JSON, or bytes as they are."""

    status: int
    body: Any


class Unexpected(Exception):
    """The service has no such call."""


class StandIn:
    """Answers by its method `answer`, unless `answers` has other ones for a path, which are used up one by one."""

    def __init__(self, authority: trustme.CA) -> None:
        self.ca_pem = authority.cert_pem.bytes()
        self.calls: list[Call] = []
        self.answers: dict[str, list[Answer]] = {}
        self.before_answer: Callable[[Call], object] = lambda call: None  # may wait, or hang up by raising OSError
        self.hang_up_after: int | None = None  # so many bytes of a body
        self.unexpected: list[str] = []
        self._trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self._trust)
        self._server = Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, call: Call) -> Answer:
        """What the service answers. Raises Unexpected."""
        raise NotImplementedError

    def paths(self, method: str = "GET") -> list[str]:
        """The paths of the calls so far."""
        return [call.path for call in self.calls if call.method == method]

    def reply(self, call: Call) -> Answer:
        """The answer of one call, which is recorded."""
        self.calls.append(call)
        self.before_answer(call)
        prepared = self.answers.get(call.path)
        return prepared.pop(0) if prepared else self.answer(call)

    def encrypt(self, connection: Any) -> ssl.SSLSocket:
        """The server's side of TLS. Raises OSError."""
        connection.settimeout(PATIENCE)
        return self._trust.wrap_socket(connection, server_side=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.end()
        assert kind is not None or self.unexpected == [], f"calls this service does not have: {self.unexpected}"


class Server(ThreadingHTTPServer):
    """Threads and sockets of one stand-in."""

    daemon_threads = False

    def __init__(self, stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.connections: set[ssl.SSLSocket] = set()
        super().__init__(("127.0.0.1", 0), Exchange)

    def handle_error(self, request: Any, address: Any) -> None:
        """A client went away, or did not like our certificate: its own matter."""

    def end(self) -> None:
        """Hang up on everybody and wait for the threads."""
        for connection in list(self.connections):
            try:
                connection.shutdown(2)
            except OSError:
                continue
        self.server_close()


class Exchange(BaseHTTPRequestHandler):
    """The requests of one connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # an answer in one piece

    def setup(self) -> None:
        """TLS in the connection's own thread, so that a slow client holds up nobody else."""
        self.request = self.server.stand_in.encrypt(self.request)
        self.server.connections.add(self.request)
        super().setup()

    def finish(self) -> None:
        """Hang up."""
        try:
            super().finish()
        finally:
            self.server.connections.discard(self.request)
            self.request.close()

    def exchange(self) -> None:
        """One request and its answer."""
        try:
            status, body = self.server.stand_in.reply(self.read_call())
        except OSError:
            self.close_connection = True
            return
        except Exception as error:  # a mistake of the caller or of the stand-in: either fails the test
            self.server.stand_in.unexpected.append(f"{self.command} {self.path}: {error!r}")
            status, body = 500, {"unexpected": str(error)}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: self.server.stand_in.hang_up_after])
        self.close_connection |= self.server.stand_in.hang_up_after is not None

    do_GET = do_POST = do_PUT = do_DELETE = exchange

    def read_call(self) -> Call:
        """The request as a record."""
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        query, form = (parse_qs(text, keep_blank_values=True) for text in (parts.query, body))
        return Call(self.command, parts.path, query, form, {name.lower(): v for name, v in self.headers.items()})

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the calls are recorded."""
