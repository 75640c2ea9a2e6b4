"""Which Python runs the plugins: the distribution's own, by its real path.

Not the one of a virtual environment, which goes away, and not a version manager's shim, which takes 90 ms to find it.
"""

from __future__ import annotations

import os
import subprocess
import sys

SYSTEM = "/usr/bin/python3"
OLDEST = (3, 11)


def find_interpreter() -> str:
    """The absolute path, links resolved."""
    if (find_version(SYSTEM) or (0, 0)) >= OLDEST:
        return os.path.realpath(SYSTEM)
    # What this process runs on, below a virtual environment; pyproject.toml sees to its version.
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def find_version(interpreter: str) -> tuple[int, int] | None:
    """Major and minor version; None if there is no such interpreter."""
    script = "import sys; print(*sys.version_info[:2])"
    try:
        reply = subprocess.run(
            [interpreter, "-IS", "-c", script], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = reply.stdout.split()
    return int(major), int(minor)


def compile_folder(interpreter: str, folder: str, *options: str) -> None:
    """Bytecode beside every source in the folder, as this interpreter reads it. Raises OSError."""
    command = [interpreter, "-IS", "-m", "compileall", "-q", *options, folder]
    reply = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if reply.returncode:
        raise OSError(f"{' '.join(command)} failed: {reply.stdout}{reply.stderr}")
