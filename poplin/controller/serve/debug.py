"""The debug listener: `/metrics`, and `/log-level` to change how much is logged (cf-control-plane §1.10)."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from poplin.controller.serve.log import WORDS, set_level

if TYPE_CHECKING:
    from starlette.requests import Request

    from poplin.controller.serve.metrics import Metrics

LOG = logging.getLogger("poplin.controller.debug")

LONGEST_WORD = 16  # bytes of a level
TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8"
VERBS = ["GET", "POST", "PUT"]


def make_debug(metrics: Metrics) -> Starlette:
    """The application."""

    async def show_metrics(request: Request) -> Response:
        return Response(await run_in_threadpool(metrics.text), media_type=TEXT_FORMAT)

    return Starlette(routes=[Route("/metrics", show_metrics), Route("/log-level", change_level, methods=VERBS)])


async def change_level(request: Request) -> Response:
    """A body that is no level changes nothing, and is no error either, as with the original."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_WORD:
            break
    level = WORDS.get(body[: LONGEST_WORD + 1].decode(errors="replace").strip())
    if level:
        set_level(level)
        LOG.info("log-level-changed", extra={"data": {"level": level}})
    return PlainTextResponse("")
