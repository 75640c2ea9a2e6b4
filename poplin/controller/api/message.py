"""A request and its answer as values, so that everything but asgi.py can be tested without a server."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from msgspec import Struct

from poplin.controller.access.caller import Caller

JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
NOBODY = Caller("", "", frozenset())


class Request(Struct, frozen=True):
    """What a client sends."""

    method: str
    path: str  # decoded
    query: str = ""  # as it was sent
    headers: Mapping[str, str] = {}  # names in lower case; of a repeated header the first
    names: tuple[str, ...] = ()  # of the client certificate
    version: str = ""  # the word of the path that names it
    caller: Caller = NOBODY  # once the request is admitted
    body: bytes = b""

    def find_parameter(self, name: str) -> str | None:
        """The first of this name in the query; `?id` and `?id=` are both empty, which is not the same as absent."""
        return next((value for key, value in parse_qsl(self.query, keep_blank_values=True) if key == name), None)


class Reply(Struct, frozen=True):
    """What the client gets."""

    body: bytes = b"{}"
    status: int = 200
    media: str = JSON  # empty if there is nothing to have one
    headers: tuple[tuple[str, str], ...] = ()


def make_text(text: str, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """An answer for people."""
    return Reply(text.encode(), status, TEXT, headers)
