"""What the query of a list asks for (cf-control-plane §1.7, §2.3)."""

from __future__ import annotations

import re

from msgspec import Struct

from poplin.controller.api.message import Request
from poplin.controller.api.refusal import Refused
from poplin.policy.model import ALL, Selection

BIGGEST = 2**63 - 2  # a database counts in 64 bits, and is asked for one more to see whether there is one


class Page(Struct, frozen=True):
    """A part of the security groups: from this row on, so many; 0 is all there are."""

    start: int
    limit: int


def read_selection(request: Request) -> Selection:
    """`id` wins over `source_id` and `dest_id`, which narrow each other; without any of them it is all policies."""
    if (either := find_ids(request, "id")) is not None:
        return Selection(either=either)
    sources, destinations = find_ids(request, "source_id"), find_ids(request, "dest_id")
    return ALL if sources is None and destinations is None else Selection(sources=sources, destinations=destinations)


def read_agents_selection(request: Request) -> Selection:
    """Agents can ask for `id` alone."""
    either = find_ids(request, "id")
    return ALL if either is None else Selection(either=either)


def find_ids(request: Request, name: str) -> frozenset[str] | None:
    """The ids between the commas; one empty id, which nothing has, for `?id=`."""
    text = request.find_parameter(name)
    # No stored id has a zero byte, and PostgreSQL takes offence at being asked for one.
    return None if text is None else frozenset(word for word in text.split(",") if "\0" not in word)


def read_page(request: Request) -> Page:
    """`from`, and `limit` or what the agents call it, `per_page`. Raises Refused."""
    name = "per_page" if request.find_parameter("limit") is None else "limit"
    return Page(read_number(request, "from"), read_number(request, name))


def read_number(request: Request, name: str) -> int:
    """0 if it is absent. The original answers a bad one with 500, but the fault is the client's. Raises Refused."""
    text = request.find_parameter(name)
    if text is None:
        return 0
    if not re.fullmatch(r"\+?[0-9]{1,19}", text, re.ASCII) or int(text) > BIGGEST:
        raise Refused(400, f"invalid value for '{name}' parameter")
    return int(text)
