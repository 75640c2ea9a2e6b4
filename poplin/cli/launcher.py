"""The C launcher: compiled from `launcher/` in a checkout, with the wheel else; and what is written into a copy of it.

An executable has its settings in a block that the source only reserves, behind a mark, so that it need not open a file
to find them (launcher/launcher.c says what they are).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from poplin.invoke.entry import PLUGINS, code_folder, label_launcher
from poplin.linux.atomicfile import read_file
from poplin.plugins.kit.skel import reply_to_version

SOURCES = "launcher"  # in a checkout
COMPILED = "poplin/launcher/launcher"  # in a wheel
COMPILERS = ("cc", "gcc", "clang")
# Without a C library; a compiler that protects the stack would want one.
OPTIONS = ("-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-ffreestanding", "-fno-stack-protector", "-s")
LINKING = ("-static", "-nostdlib")
MARK = b"poplin launcher settings".ljust(32, b"\0")
ROOM = 1 << 14  # bytes for the settings, as in launcher.c
TIMEOUT = 120


class NoLauncher(OSError):
    """The text says why there is none, and what to do."""


@dataclass(frozen=True)
class Settings:
    """What an executable has in its block; paths are absolute, or below the folder above the executable's."""

    command: tuple[str, ...]  # the interpreter, and its options
    programs: str  # the folder of the programs it runs, which are called like the plugins
    suffix: str  # and end so
    own_folder: str  # where it is itself: CNI_PATH, if it is setuid
    names: tuple[str, ...] = tuple(PLUGINS)  # that it goes by
    reply: str = reply_to_version()  # which it gives itself, if there is any


def list_sources() -> list[Path]:
    """The files of this code that the launcher is made from."""
    compiled = Path(code_folder(), COMPILED)
    return [compiled] if compiled.exists() else sorted(Path(code_folder(), SOURCES).glob("*.[ch]"))


def get_launcher() -> bytes:
    """The launcher without settings. Raises NoLauncher."""
    compiled = read_file(f"{code_folder()}/{COMPILED}")
    if compiled is not None:
        return compiled
    if not list_sources():
        raise NoLauncher(f"{code_folder()} has no launcher; it was packed where there is no C compiler")
    with tempfile.TemporaryDirectory() as work:
        output = Path(work, "launcher")
        compile_launcher(Path(code_folder(), SOURCES), output)
        return output.read_bytes()


def compile_launcher(sources: Path, output: Path) -> None:
    """Have a C compiler make it. Raises NoLauncher."""
    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if not compiler or sys.platform != "linux":
        raise NoLauncher("there is no C compiler; apt install gcc linux-libc-dev")
    command = [compiler, *OPTIONS, *LINKING, "-o", str(output), str(sources / "launcher.c")]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except (OSError, subprocess.SubprocessError) as error:
        raise NoLauncher(f"{compiler} does not run: {error}") from None
    if done.returncode:
        first = next((line for line in done.stderr.splitlines() if "error:" in line), done.stderr.strip())
        raise NoLauncher(f"{compiler} cannot compile the launcher: {first}; apt install gcc linux-libc-dev")


def fill(launcher: bytes, settings: Settings, interpreter: str, folder: str) -> bytes:
    """The executable of a plugin; `folder` has the code that its programs run. Raises NoLauncher."""
    label = label_launcher(interpreter, folder)
    fields = (*settings.command, "", settings.programs, settings.suffix, settings.own_folder, *settings.names, "")
    text = b"\0".join(map(os.fsencode, (*fields, settings.reply, "")))
    before, mark, rest = launcher.partition(MARK)
    if not mark or len(text) > ROOM or rest[:ROOM].strip(b"\0") or label.count(b"\n") > 2:
        raise NoLauncher(f"the launcher cannot be told to run {folder}: choose a shorter path without line breaks")
    return before + mark + text.ljust(ROOM, b"\0") + rest[ROOM:] + label
