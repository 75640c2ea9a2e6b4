"""What plugins take of an engine's time: a folder of plugins that note when each begins and ends.

Each is a script that runs the plugin of its name in the real folder, which is also what that is told as CNI_PATH: so
what it calls itself, an IPAM plugin say, is called as ever, and is part of its time.
"""

from __future__ import annotations

import time
from pathlib import Path

SCRIPT = """\
#!/bin/bash
LC_ALL=C
begin=$EPOCHREALTIME
CNI_PATH={real} {real}/${{0##*/}}
status=$?
echo "$begin $EPOCHREALTIME" >>{log}
exit $status
"""
PATIENCE = 30  # seconds for the last plugin to end


class Spans:
    """The folder, and when its plugins ran."""

    def __init__(self, real: Path, folder: Path) -> None:
        self.folder = folder / "bin"
        self.log = folder / "spans"
        self.folder.mkdir(parents=True)
        for plugin in real.iterdir():
            script = self.folder / plugin.name
            script.write_text(SCRIPT.format(real=real, log=self.log))
            script.chmod(0o755)

    def clear(self) -> None:
        """Forget what ran so far."""
        self.log.write_text("")

    def wait_for(self, count: int) -> None:
        """Until so many plugins have ended."""
        deadline = time.monotonic() + PATIENCE
        while len(self.log.read_text().splitlines()) < count:
            if time.monotonic() > deadline:
                raise SystemExit(f"only these of {count} plugins have ended: {self.log.read_text()!r}")
            time.sleep(0.01)

    def total(self) -> float:
        """Milliseconds in which at least one plugin ran: engines run some at once."""
        spans = [tuple(map(float, line.split())) for line in self.log.read_text().splitlines()]
        covered, end = 0.0, 0.0
        for begin, until in sorted(spans):
            covered += max(0.0, until - max(begin, end))
            end = max(end, until)
        return covered * 1000
