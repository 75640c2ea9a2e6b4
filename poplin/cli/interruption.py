"""Signals that end a program, as exceptions: what was begun is taken back on the way out.

Only the first does that. Those after it, of somebody who is impatient, would leave the rest of it behind.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
USUAL = (signal.SIG_DFL, signal.default_int_handler)


@contextmanager
def unwinding() -> Iterator[None]:
    """As long as this runs; what the caller ignores, as under nohup, stays ignored."""
    before = {number: handler for number in ENDING if (handler := signal.getsignal(number)) in USUAL}
    for number in before:
        signal.signal(number, leave)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def leave(number: int, frame: FrameType | None) -> NoReturn:
    """The status is what a shell shows for the signal."""
    for each in ENDING:
        if signal.getsignal(each) is leave:
            signal.signal(each, stay)
    raise SystemExit(128 + number)


def stay(number: int, frame: FrameType | None) -> None:
    """We are leaving already."""
