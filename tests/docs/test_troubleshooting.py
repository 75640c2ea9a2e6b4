"""docs/troubleshooting.md: every message is what Poplin prints, and what the page says against it mends it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs.bandwidth_troubles import BANDWIDTH_IN_THE_CODE, BANDWIDTH_TROUBLES
from docs.dnsname_troubles import DNSNAME_IN_THE_CODE
from docs.firewall_troubles import FIREWALL_IN_THE_CODE, FIREWALL_TROUBLES
from docs.flannel_troubles import FLANNEL_IN_THE_CODE, FLANNEL_TROUBLES
from docs.lan_troubles import LAN_IN_THE_CODE, LAN_TROUBLES
from docs.readme import CHECKOUT, Shown, find_shown, has_printed, run_session
from docs.troubles import IN_THE_CODE, START, TROUBLES, Trouble
from docs.tuning_troubles import TUNING_IN_THE_CODE, TUNING_TROUBLES

PAGE = (CHECKOUT / "docs" / "troubleshooting.md").read_text()
FEWEST = 25
ALL = (*TROUBLES, *BANDWIDTH_TROUBLES, *LAN_TROUBLES, *TUNING_TROUBLES, *FLANNEL_TROUBLES, *FIREWALL_TROUBLES)
ALL_IN_THE_CODE = (
    *IN_THE_CODE,
    *BANDWIDTH_IN_THE_CODE,
    *LAN_IN_THE_CODE,
    *TUNING_IN_THE_CODE,
    *FLANNEL_IN_THE_CODE,
    *FIREWALL_IN_THE_CODE,
    *DNSNAME_IN_THE_CODE,
)


def read_entries() -> dict[str, str]:
    """The text below each message."""
    parts = re.split(r"^### (`+) ?(.+?) ?\1$", PAGE, flags=re.MULTILINE)[1:]
    return dict(zip(parts[1::3], parts[2::3], strict=True))


ENTRIES = read_entries()


def find_message(beginning: str) -> str:
    """The whole message of the page that begins so; there is one."""
    (found,) = [message for message in ENTRIES if message.startswith(beginning)]
    return found


def as_pattern(message: str) -> str:
    """What it looks like with names and numbers."""
    return re.escape(message).replace(r"\.\.\.", ".*")


def test_every_entry_is_tested_and_says_something() -> None:
    known = [find_message(trouble.message) for trouble in ALL] + [find_message(each) for each in ALL_IN_THE_CODE]
    assert sorted(known) == sorted(ENTRIES)
    assert len(ENTRIES) >= FEWEST
    assert PAGE.count("\n### ") == len(ENTRIES)
    assert [message for message, text in ENTRIES.items() if not text.strip()] == []


@pytest.mark.parametrize("trouble", ALL, ids=lambda trouble: trouble.message)
def test_message_is_printed_and_its_cure_works(tmp_path: Path, trouble: Trouble) -> None:
    message = find_message(trouble.message)
    cure = find_shown(ENTRIES[message])
    before = [*START, trouble.before]
    session = [*before, trouble.command, *(item.command for item in cure), trouble.after or trouble.command]
    ran = run_session(session, tmp_path)
    prepared, seen, cured, last = ran[: len(before)], ran[len(before)], ran[len(before) + 1 : -1], ran[-1]
    assert [each for each in prepared if each.status != 0] == []
    assert re.search(as_pattern(message), seen.output), seen.output
    assert [(item, each) for item, each in zip(cure, cured, strict=True) if not has_printed(item, each)] == []
    assert last.status == 0, last


@pytest.mark.parametrize("beginning", ALL_IN_THE_CODE)
def test_message_that_is_not_brought_about_is_in_the_code(tmp_path: Path, beginning: str) -> None:
    message = find_message(beginning)
    pieces = [piece.strip(" '") for piece in re.split(r"\.\.\.|;", message)]
    files = [path for path in (CHECKOUT / "poplin").rglob("*.py") if all_in(pieces, path.read_text())]
    assert files != [], pieces
    shown = find_shown(ENTRIES[message])
    ran = run_session([item.command for item in shown], tmp_path) if shown else []
    assert [(item, each) for item, each in zip(shown, ran, strict=True) if not has_printed(item, each)] == []


def all_in(pieces: list[str], text: str) -> bool:
    """Whether every piece is there."""
    return all(piece in text for piece in pieces)


def test_general_advice_is_no_command_that_nobody_runs() -> None:
    advice = PAGE.partition("\n## ")[0]
    assert find_shown(advice) == []
    assert [Shown(each.command) for text in ENTRIES.values() for each in find_shown(text)] != []
