"""Log lines in the shape of the original's (cf-control-plane §1.10)."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from poplin.controller.serve.log import LEVELS, ROOT, SERVER, WORDS, request_id, set_level, start_logging

LOG = logging.getLogger("poplin.controller.create-policies")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go, as of `cfnetworking.policy-server`; afterwards all is as before."""
    loggers = [logging.getLogger(name) for name in ("", ROOT, SERVER)]
    before = [(each.handlers, each.level) for each in loggers]
    written = io.StringIO()
    start_logging("cfnetworking.policy-server", "info", written)
    yield written
    for each, (handlers, level) in zip(loggers, before, strict=True):
        each.handlers = handlers
        each.setLevel(level)


def test_line_has_the_fields_of_lager(stream: io.StringIO) -> None:
    reset = request_id.set("1234")
    try:
        LOG.info("created-policies", extra={"data": {"userName": "ada"}})
    finally:
        request_id.reset(reset)
    line = json.loads(stream.getvalue())
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "level": "info",
        "source": "cfnetworking.policy-server",
        "message": "cfnetworking.policy-server.request_1234.create-policies.created-policies",
        "data": {"userName": "ada", "request_id": "1234"},
    }


@pytest.mark.parametrize("text", ["a\nb", 'a"}\r\n{"level":"info"}', "a\u2028b\x1b[31m\x00", "\ud800"])
def test_no_text_breaks_out_of_its_line(stream: io.StringIO, text: str) -> None:
    LOG.info("said", extra={"data": {"text": text, text: 1}})
    written = stream.getvalue()
    assert (written.count("\n"), written.isascii(), "\x1b" in written) == (1, True, False)
    assert json.loads(written)["data"]["text"] == text


def test_exception_goes_into_the_data(stream: io.StringIO) -> None:
    try:
        raise ValueError("banana")
    except ValueError:
        LOG.exception("failed")
    line = json.loads(stream.getvalue())
    assert (line["level"], line["data"]["error"]) == ("error", "banana")
    assert "Traceback" in line["data"]["trace"]


@pytest.mark.parametrize(
    ("number", "level"),
    [(logging.WARNING, "info"), (logging.INFO, "info"), (logging.ERROR, "error"), (logging.CRITICAL, "fatal")],
)
def test_levels_that_lager_lacks_are_the_next_lower(stream: io.StringIO, number: int, level: str) -> None:
    LOG.log(number, "said")
    assert json.loads(stream.getvalue())["level"] == level


def test_what_a_library_warns_of_is_a_line_too(stream: io.StringIO) -> None:
    logging.getLogger("asyncio").error("something of its own")
    assert json.loads(stream.getvalue())["message"] == "cfnetworking.policy-server.asyncio.something of its own"


def test_less_than_the_level_is_not_written(stream: io.StringIO) -> None:
    set_level("error")
    LOG.info("said")
    assert stream.getvalue() == ""


def test_every_level_has_four_spellings() -> None:
    assert {word for word, level in WORDS.items() if level == "error"} == {"error", "ERROR", "e", "2"}
    assert set(WORDS.values()) == set(LEVELS)
