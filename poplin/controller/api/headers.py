"""The headers around the answers of the external interface, and the id of a request (cf-control-plane §1.3)."""

from __future__ import annotations

import re
import uuid

from poplin.controller.api.message import Request
from poplin.controller.api.routes import PREFLIGHT, Route, list_methods
from poplin.controller.api.service import External

Headers = tuple[tuple[str, str], ...]

REQUEST_ID = "X-VCAP-Request-ID"
LONGEST_ID = 200  # characters that are kept of a client's own
HSTS: Headers = (("Strict-Transport-Security", "max-age=31536000"),)
SECURITY: Headers = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-XSS-Protection", "1; mode=block"),
    ("X-Frame-Options", "deny"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
)


def make_headers(service: External, routes: tuple[Route, ...], request: Request) -> Headers:
    """What every answer to a known path has."""
    return (*(HSTS if service.has_tls else ()), *SECURITY, *make_cors_headers(service.cors, routes, request))


def make_cors_headers(allowed: tuple[str, ...], routes: tuple[Route, ...], request: Request) -> Headers:
    """Which pages of other servers may read the answer; for OPTIONS also what they may ask."""
    origin = next((entry for entry in allowed if entry in ("*", request.headers.get("origin"))), None)
    headers: Headers = (("Access-Control-Allow-Origin", origin),) if origin is not None else ()
    if allowed and "*" not in allowed:
        headers = (*headers, ("Vary", "Origin"))
    if request.method != PREFLIGHT:
        return headers
    methods = list_methods(routes, request.path)
    return (*headers, ("Access-Control-Allow-Methods", methods), ("Access-Control-Allow-Headers", "authorization"))


def make_request_id(request: Request) -> str:
    """A new id, behind the one that the client gave: `abc::<uuid>`. Nothing that could break a line of a log."""
    given = re.sub(r"[^!-~]", "", request.headers.get(REQUEST_ID.lower(), ""))[:LONGEST_ID]
    own = str(uuid.uuid4())
    return f"{given}::{own}" if given else own
