"""Between the server and the handlers: reads a request, runs its handler in a thread, sends the answer.

Nobody's body is read before they are admitted, and no thread waits for a slow one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import monotonic
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from msgspec.structs import replace
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Incoming
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from poplin.controller.api.admission import admit
from poplin.controller.api.headers import REQUEST_ID, Headers, make_request_id
from poplin.controller.api.message import Reply, Request
from poplin.controller.api.refusal import Refused, make_refusal
from poplin.controller.api.routes import PREFLIGHT, Route, find_route
from poplin.controller.api.service import Service
from poplin.controller.serve.log import ROOT, request_id

log = logging.getLogger(ROOT)  # as the original: `request_<id>.serving`
T = TypeVar("T")

MOST_BYTES = 10 << 20  # of a body
MOST_THREADS = 40  # of an interface


class BodyUnreadable(Exception):
    """It is too long, or the client has gone."""


class Shell:
    """One interface as an ASGI application."""

    def __init__(self, service: Service, routes: tuple[Route, ...], make_headers: Callable[[Request], Headers]) -> None:
        """`make_headers`: what every answer of a route has besides its own headers."""
        self._service = service
        self._routes = routes
        self._make_headers = make_headers
        # Of its own, so that the checks of health do not wait behind requests that wait for the database.
        self._threads = CapacityLimiter(MOST_THREADS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
            return
        incoming = Incoming(scope, receive)
        reply = await self._reply(incoming)
        response = Response(reply.body, reply.status, media_type=reply.media or None)
        for name, value in reply.headers:
            response.headers.append(name, value)
        await response(scope, receive, send)

    async def _reply(self, incoming: Incoming) -> Reply:
        """The whole answer."""
        request = read_head(incoming)
        found = find_route(self._routes, request.method, request.path)
        if isinstance(found, Reply):
            return found
        route, version = found
        request = replace(request, version=version)
        if route.method == PREFLIGHT:
            reply = route.handle(self._service, request)
        else:
            reply = await self._observe(route, request, incoming)
        return replace(reply, headers=(*self._make_headers(request), *reply.headers))

    async def _observe(self, route: Route, request: Request, incoming: Incoming) -> Reply:
        """The answer, counted and logged under the id of the request."""
        own_id, started = make_request_id(request), monotonic()
        request_id.set(own_id)
        about = {"method": request.method, "path": request.path}
        log.debug("serving", extra={"data": about})
        reply = await self._answer(route, request, incoming)
        log.debug("done", extra={"data": {**about, "status": reply.status}})
        self._service.observe(route.name, monotonic() - started, reply.status)
        return replace(reply, headers=((REQUEST_ID, own_id), *reply.headers))

    async def _answer(self, route: Route, request: Request, incoming: Incoming) -> Reply:
        """What the handler says, or why it is not asked."""
        try:
            request = await self._run(lambda: admit(self._service, route, request))
            if route.unreadable:
                request = replace(request, body=await read_body(incoming))
            return await self._run(lambda: route.handle(self._service, request))
        except Refused as refusal:
            return make_refusal(refusal.status, refusal.text)
        except BodyUnreadable as error:
            log.info("unreadable-body", extra={"data": {"error": str(error)}})
            return make_refusal(400, route.unreadable)
        except Exception as error:
            log.exception("unexpected", extra={"data": {"error": f"{type(error).__name__}: {error}"}})
            return make_refusal(500, "internal server error")

    async def _run(self, step: Callable[[], T]) -> T:
        return await to_thread.run_sync(step, limiter=self._threads)


def read_head(incoming: Incoming) -> Request:
    """All but the body."""
    scope = incoming.scope
    headers: dict[str, str] = {}
    for name, value in incoming.headers.items():
        headers.setdefault(name, value)
    query = scope["query_string"].decode("latin-1")
    names = tuple(scope.get("state", {}).get("certificate_names", ()))
    return Request(scope["method"], scope["path"], query, headers, names)


async def read_body(incoming: Incoming) -> bytes:
    """The body, at most MOST_BYTES of it. Raises BodyUnreadable.

    A client that still sends may not hear an answer. So as much again is read and thrown away before one of a body that
    is too long; of those that are longer, and of a client that asked before sending, nothing is read.
    """
    announced, asks_first = incoming.headers.get("content-length", ""), "expect" in incoming.headers
    if announced.isdecimal() and int(announced) > (MOST_BYTES if asks_first else 2 * MOST_BYTES):
        raise BodyUnreadable(f"{announced} bytes are announced, more than {MOST_BYTES}")
    body, size = bytearray(), 0
    try:
        async for chunk in incoming.stream():
            size += len(chunk)
            if size > 2 * MOST_BYTES:
                break
            if size <= MOST_BYTES:
                body += chunk
    except ClientDisconnect as error:
        raise BodyUnreadable("the client has gone") from error
    if size > MOST_BYTES:
        raise BodyUnreadable(f"more than {MOST_BYTES} bytes")
    return bytes(body)
