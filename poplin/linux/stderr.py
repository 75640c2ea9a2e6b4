"""Words for people. That stderr is closed, full or a broken pipe must not fail what they are about."""

from __future__ import annotations

import sys


def write_stderr(text: str) -> None:
    """The text as it is, to our stderr if that takes it."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (AttributeError, OSError):  # AttributeError: one that is closed is None
        pass
