"""docs/benchmarks.md: each command keeps its table between two marks of its own."""

from __future__ import annotations

import os
import time
from pathlib import Path

REPORT = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def write(name: str, text: str, extent: str) -> None:
    """Replace what stands between the marks of this name; `extent` is how much was measured, as `12 runs`."""
    opening, closing = f"<!-- {name} -->\n", "<!-- end -->\n"
    before, _, rest = REPORT.read_text().partition(opening)
    _, _, after = rest.partition(closing)
    kernel = os.uname().release.split("-")[0]
    stamp = f"{time.strftime('%Y-%m-%d')}, Linux {kernel}, {os.cpu_count()} cores, {extent}."
    REPORT.write_text(f"{before}{opening}{stamp}\n\n{text}\n{closing}{after}")
