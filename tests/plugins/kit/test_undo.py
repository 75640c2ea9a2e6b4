"""What is undone when an ADD fails, and in which order."""

from __future__ import annotations

import sys

import pytest

from poplin.plugins.kit.undo import Undo
from poplin.spec.errors import NoAddress


def test_nothing_is_undone_after_success() -> None:
    done: list[str] = []
    with Undo() as undo:
        undo.push(done.append, "never")
    assert done == []


def test_steps_are_undone_newest_first_and_the_error_goes_on() -> None:
    done: list[str] = []
    with pytest.raises(NoAddress, match="no address left"), Undo() as undo:
        undo.push(done.append, "first")
        undo.push(done.append, "second")
        raise NoAddress("no address left")
    assert done == ["second", "first"]


def test_steps_not_reached_are_not_undone() -> None:
    done: list[str] = []
    with pytest.raises(ZeroDivisionError), Undo() as undo:
        undo.push(done.append, "reached")
        undo.push(done.append, str(1 // 0))
    assert done == ["reached"]


def test_step_that_fails_is_told_on_stderr_and_stops_no_other(capsys: pytest.CaptureFixture[str]) -> None:
    done: list[str] = []

    def fail(what: str) -> None:
        raise OSError(what)

    with pytest.raises(NoAddress), Undo() as undo:
        undo.push(done.append, "first")
        undo.push(fail, "no such link")
        undo.push(done.append, "third")
        raise NoAddress("no address left")
    assert done == ["third", "first"]
    assert capsys.readouterr().err == "undo after a failed ADD: no such link\n"


def test_a_closed_stderr_stops_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(NoAddress), Undo() as undo:
        undo.push(done.append, "first")
        undo.push(int, "not a number")
        raise NoAddress("no address left")
    assert done == ["first"]


def test_an_interrupt_is_undone_too() -> None:
    done: list[str] = []
    with pytest.raises(KeyboardInterrupt), Undo() as undo:
        undo.push(done.append, "step")
        raise KeyboardInterrupt
    assert done == ["step"]
