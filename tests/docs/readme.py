"""The commands a page shows: found, with the output it shows, and run in order where they can do no harm.

They run as one shell session in this checkout, in mount and network namespaces of their own, with empty file systems
over every place Poplin keeps things in. In what a page shows, `...` is any text: alone on a line, any number of lines.
"""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
FENCES = ("```console", "```sh")
PRIVATE = (
    "/etc/cni",
    "/etc/crio",
    "/etc/poplin",
    "/opt/cni",
    "/run/cni",
    "/run/flannel",
    "/run/netns",
    "/run/poplin",
    "/usr/local/lib/poplin",
    "/var/lib/cni",
    "/var/lib/poplin",
)
PATIENCE = 600  # seconds for the whole session
END = "kill $(jobs -pr) 2>/dev/null"  # what a page, or a trouble that is not cured, left in the background


@dataclass
class Shown:
    """One command of a page, and the output below it, if the page has any."""

    command: str
    output: str = ""


@dataclass
class Ran:
    """One command and how it ended."""

    command: str
    status: int
    output: str


def find_shown(text: str) -> list[Shown]:
    """What follows `$ ` in the fenced console blocks; lines that begin with `> ` continue a command."""
    shown: list[Shown] = []
    inside = False
    for line in text.splitlines():
        if line.startswith("```"):
            inside = line.strip() in FENCES and not inside
        elif inside and line.startswith("$ "):
            shown.append(Shown(line[2:]))
        elif inside and shown and (line.startswith("> ") or line == ">"):
            shown[-1].command += "\n" + line[2:]
        elif inside and shown:
            shown[-1].output += line + "\n"
    return shown


def find_commands(text: str) -> list[str]:
    """The commands alone."""
    return [item.command for item in find_shown(text)]


def has_printed(shown: Shown, ran: Ran) -> bool:
    """Whether a command succeeded and printed what the page shows, nothing if that is nothing."""
    lines = [re.escape(line).replace(r"\.\.\.", ".*") for line in shown.output.splitlines()]
    pattern = "".join("(?:.*\n)*?" if line == ".*" else f"{line} *\n" for line in lines)
    return ran.status == 0 and re.fullmatch(pattern, end_line(ran.output)) is not None


def end_line(text: str) -> str:
    """The text with its last line ended."""
    return f"{text}\n" if text and not text.endswith("\n") else text


def run_session(
    commands: list[str],
    folder: Path,
    checkout: Path = CHECKOUT,
    places: tuple[str, ...] = PRIVATE,
    patience: float = PATIENCE,
) -> list[Ran]:
    """Run the commands one after the other, a failure stopping none; `folder` takes their output.

    `places` are covered with empty file systems.
    """
    script = "\n".join(session_lines(commands, folder, checkout, places))
    with mount_points(places):
        subprocess.run(
            ["unshare", "--net", "--mount", "bash", "-c", script],
            stdin=subprocess.DEVNULL,
            timeout=patience,
            check=True,
        )
    return [
        Ran(command, int((folder / f"{n}.status").read_text()), (folder / f"{n}.output").read_text())
        for n, command in enumerate(commands)
    ]


@contextmanager
def mount_points(places: tuple[str, ...]) -> Iterator[None]:
    """Folders to mount on while the block runs. One run at a time: who removes a folder takes the file system off it
    that another run has mounted there, and that one then writes to the machine's own."""
    root = os.open("/", os.O_RDONLY)
    fcntl.flock(root, fcntl.LOCK_EX)
    made = [path for path in map(Path, places) if make_directory(path)]
    try:
        yield
    finally:
        for path in reversed(made):
            path.rmdir()
        os.close(root)


def make_directory(path: Path) -> bool:
    """Make the mount point; whether it was missing."""
    missing = not path.exists()
    path.mkdir(parents=True, exist_ok=True)
    return missing


def session_lines(commands: list[str], folder: Path, checkout: Path, places: tuple[str, ...]) -> list[str]:
    """The script: private places first, then each command with its output and status in files."""
    # Of what is below /run root's programs trust nothing that others may write; elsewhere others try their luck.
    modes = [(path, "755" if path.startswith("/run/") else "1777") for path in places]
    lines = ["set -e", *(f"mount -t tmpfs -o mode={mode} tmpfs {path}" for path, mode in modes), "ip link set lo up"]
    lines += ["set +e", f"cd {checkout}", f"PATH={checkout}/.venv/bin:$PATH", f"export TMPDIR={folder}"]
    for n, command in enumerate(commands):
        plain = command.removeprefix("sudo ")
        lines += ["{", plain, f"}} >{folder}/{n}.output 2>&1", f"echo $? >{folder}/{n}.status"]
    return [*lines, END, "exit 0"]
