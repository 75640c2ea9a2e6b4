"""Signals that end a program, as exceptions: what was begun is taken back on the way out, as after Ctrl-C."""

from __future__ import annotations

import signal
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGTERM, signal.SIGHUP)


def unwind_when_ended() -> None:
    """From now on; what the caller ignores, as under nohup, stays ignored."""
    for number in ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, leave)


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """The status is what a shell shows for the signal."""
    raise SystemExit(128 + number)
