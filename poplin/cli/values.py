"""What an argument of the command line may be; argparse prints the reason and leaves with the status of a mistake."""

from __future__ import annotations

import math
import os
from argparse import ArgumentTypeError

NETNS_FOLDER = "/run/netns"  # where `ip netns add` makes them


def seconds(text: str) -> float:
    """A time to wait."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise ArgumentTypeError(f"{text!r} is no number of seconds above 0")
    return value


def folder(text: str) -> str:
    """A folder; an empty one would be the working directory, which nobody means who says nothing."""
    if not text:
        raise ArgumentTypeError("it is empty; name a folder, or `.` for this one")
    return text


def namespace(text: str) -> str:
    """The path of a network namespace, which for `del` may be gone; a bare name of `ip netns` is none."""
    if not text:
        raise ArgumentTypeError(f"it is empty; name a network namespace, as {NETNS_FOLDER}/blue")
    named = f"{NETNS_FOLDER}/{text}"
    if "/" not in text and not os.path.exists(text) and os.path.exists(named):
        raise ArgumentTypeError(f"there is no file {text!r} here; did you mean {named}?")
    return text
