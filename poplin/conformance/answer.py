"""How a call of a plugin ended, or why there could be none."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from poplin.invoke.execute import describe_status, quote

QUOTED = 4096  # bytes of what a plugin prints


@dataclass(frozen=True)
class Answer:
    """How a call of the plugin ended."""

    verb: str
    status: int  # as waitpid gives it
    output: bytes
    errors: bytes
    in_time: bool = True
    is_endless: bool = False  # it prints more than anybody would read

    @property
    def is_success(self) -> bool:
        """Whether it says so: an error object says otherwise whatever the status."""
        return self.status == 0 and self.in_time and self.code is None

    @cached_property
    def object(self) -> dict[str, Any] | None:
        """The one JSON object on stdout; None for anything else."""
        try:
            value = json.loads(self.output) if not self.is_endless else None
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None

    @property
    def code(self) -> int | None:
        """Of the error object."""
        code = (self.object or {}).get("code")
        return code if isinstance(code, int) and not isinstance(code, bool) else None

    def __str__(self) -> str:
        late = "prints without end" if self.is_endless else "no answer in time"
        how = describe_status(self.status) if self.in_time else late
        said = quote(self.output[:QUOTED]) or quote(self.errors[:QUOTED])
        return f"{self.verb}: {how}" + (f", {said[:300]}" if said else "")


def explain(error: OSError, path: str) -> str:
    """Why a program cannot be executed: where it is there, and is said not to be, what is missing is another."""
    if error.errno != errno.ENOENT or not os.path.exists(path):
        return error.strerror or str(error)
    first = Path(path).read_bytes()[:QUOTED].partition(b"\n")[0].decode(errors="replace")
    missing = f"the interpreter of its first line, {first!r}" if first.startswith("#!") else "the loader it names"
    return f"{missing}, is not there"
