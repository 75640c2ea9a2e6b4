"""How a request fails: one exception with a status and a text, and the JSON made of it (cf-control-plane §1.7).

The client gets the text of the fact sheet and nothing else; why the database or another server failed is in the log.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import json

from poplin.controller.api.message import Reply

log = logging.getLogger("poplin.controller.api")


class Refused(Exception):
    """The request ends here, with this status and text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


@contextmanager
def reported_as(text: str) -> Iterator[None]:
    """Whatever goes wrong inside is a 500 with this text. What is refused inside stays as it is. Raises Refused."""
    try:
        yield
    except Refused:
        raise
    except Exception as error:
        log.error(text.replace(" ", "-"), extra={"data": {"error": f"{type(error).__name__}: {error}"}})
        raise Refused(500, text) from error


def make_refusal(status: int, text: str) -> Reply:
    """`{"error": "..."}`; a 401 also says what is wanted."""
    headers = (("WWW-Authenticate", "Bearer"),) if status == 401 else ()
    # Half of a surrogate pair, which JSON can spell and a path can hold, is in no UTF-8.
    clean = text.encode(errors="replace").decode()
    return Reply(b'{"error": ' + json.encode(clean) + b"}", status, headers=headers)
