"""Log lines as the original policy server writes them: one JSON object a line, with the id of the request.

The fields are those of the lager library (cf-control-plane §1.10). What clients send stands in `data` alone and
everything outside ASCII is escaped, so no request can begin a line of its own or colour a terminal.
"""

from __future__ import annotations

import json
import logging
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

request_id: ContextVar[str] = ContextVar("request_id", default="")

ROOT = "poplin.controller"  # every logger of ours is below it
SERVER = "uvicorn.error"  # where the HTTP server reports broken requests
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "error": logging.ERROR, "fatal": logging.CRITICAL}
# What may be sent to `/log-level`: each level in four spellings.
WORDS = {
    word: name
    for number, name in enumerate(LEVELS)
    for word in (name, name.upper(), name[0], str(number))
}  # fmt: skip


def start_logging(source: str, level: str, stream: TextIO) -> None:
    """Send all lines to the stream under the name of this program, `cfnetworking.policy-server`."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(LagerFormatter(source))
    logging.getLogger().handlers = [handler]  # of all: what libraries warn of is a line like the others
    set_level(level)


def set_level(level: str) -> None:
    """Write lines of this level and above from now on. Raises KeyError for one that is not in LEVELS."""
    for name in (ROOT, SERVER):
        logging.getLogger(name).setLevel(LEVELS[level])


class LagerFormatter(logging.Formatter):
    """Makes the lines of one program."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self._source = source

    def format(self, record: logging.LogRecord) -> str:
        """One line, without its end."""
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")[:-6] + "Z",
            "level": name_level(record.levelno),
            "source": self._source,
            "message": ".".join(filter(None, (self._source, session(), part_of(record), record.getMessage()))),
            "data": collect_data(record),
        }
        return json.dumps(line, default=str)


def session() -> str:
    """`request_<id>` while a request is served."""
    return f"request_{request_id.get()}" if request_id.get() else ""


def part_of(record: logging.LogRecord) -> str:
    """`create-policies` of the logger `poplin.controller.create-policies`; a foreign logger by its name."""
    return record.name.removeprefix(ROOT).removeprefix(".").replace(".", "-")


def name_level(number: int) -> str:
    """The lager level of one of Python's: a warning, which lager does not have, is an `info`."""
    return max((level, name) for name, level in LEVELS.items() if level <= max(number, logging.DEBUG))[1]


def collect_data(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra={"data": ...}`, the request's id, and the exception if there is one."""
    data: dict[str, object] = dict(getattr(record, "data", {}))
    if request_id.get():
        data["request_id"] = request_id.get()
    if record.exc_info and record.exc_info[1]:
        data.setdefault("error", str(record.exc_info[1]))
        data["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
    return data
