"""What a program needs to be started: its dynamic loader, and the shared libraries that finds."""

from __future__ import annotations

import ctypes
import struct
import subprocess
from pathlib import Path

MAGIC = b"\x7fELF\x02\x01"  # 64 bits, little-endian: every machine Debian has containers for
PROGRAM_HEADERS = struct.Struct("<32xQ14xHH")  # where they are, the size of one, how many
PROGRAM_HEADER = struct.Struct("<I4xQ16xQ")  # type, offset in the file, size there
PT_INTERP = 3
PATIENCE = 30


def get_loader(program: str) -> str:
    """The dynamic loader that the program names. Raises OSError."""
    content = Path(program).read_bytes()
    if not content.startswith(MAGIC):
        raise OSError(f"{program} is no ELF executable of 64 bits")
    start, size, count = PROGRAM_HEADERS.unpack_from(content)
    for number in range(count):
        kind, offset, length = PROGRAM_HEADER.unpack_from(content, start + number * size)
        if kind == PT_INTERP:
            return content[offset : offset + length].rstrip(b"\0").decode()
    raise OSError(f"{program} names no dynamic loader")


def list_libraries(loader: str, file: str) -> dict[str, str]:
    """The shared libraries of a program or library: where the loader finds each, by the name it is asked for."""
    done = subprocess.run([loader, "--list", file], capture_output=True, text=True, timeout=PATIENCE)
    if done.returncode:
        raise OSError(f"{loader} does not list the libraries of {file}: {done.stderr.strip()}")
    found = (line.split() for line in done.stdout.splitlines() if "=>" in line)
    return {words[0]: words[2] for words in found if words[2].startswith("/")}


def find_library(name: str) -> str | None:
    """Where a library is that programs load while they run."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return None
    maps = (line.split(maxsplit=5) for line in Path("/proc/self/maps").read_text().splitlines())
    paths = (words[5] for words in maps if len(words) > 5)
    return next((path for path in paths if Path(path).name.startswith(name)), None)
