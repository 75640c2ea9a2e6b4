"""Standard input of this process, for as long as a command runs in it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def reading(data: bytes) -> Iterator[None]:
    """The descriptor 0 and `sys.stdin` give these bytes."""
    old, saved = sys.stdin, os.dup(0)
    try:
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.seek(0)
            os.dup2(file.fileno(), 0)
        with open(0, encoding="utf-8", closefd=False) as sys.stdin:
            yield
    finally:
        sys.stdin = old
        os.dup2(saved, 0)
        os.close(saved)
