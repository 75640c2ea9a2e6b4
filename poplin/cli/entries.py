"""The executables that stand for plugins: copies of the C launcher where there is one, else scripts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from poplin.cli.launcher import Settings, fill
from poplin.invoke.entry import PLUGINS, entry_program, entry_script
from poplin.invoke.execute import execute
from poplin.linux.atomicfile import write_atomic
from poplin.spec.errors import InvalidEnvironment

MODE = 0o755
SETUID_MODE = 0o4750  # for the group only
PATIENCE = 60.0  # seconds for one answer


@dataclass(frozen=True)
class Code:
    """What executables run: an interpreter, the folder with the package poplin, and the programs, one for a plugin."""

    interpreter: str
    folder: str
    programs: str
    suffix: str
    is_packed: bool = False


def make_entry(path: str, code: Code, launcher: bytes | None) -> bytes:
    """The executable at `path`. Raises NoLauncher."""
    if launcher is None:
        script = entry_script(os.path.basename(path), code.interpreter, code.folder, packed=code.is_packed)
        return os.fsencode(script)
    settings = Settings((code.interpreter, "-IS"), code.programs, code.suffix, os.path.dirname(path))
    return fill(launcher, settings, code.interpreter, code.folder)


def write_programs(folder: str, code_folder: str, *, packed: bool = False) -> None:
    """What the interpreter runs, one file for each plugin. Raises OSError."""
    os.makedirs(folder, exist_ok=True)
    for plugin in PLUGINS:
        program = entry_program(plugin, code_folder, packed=packed)
        write_atomic(f"{folder}/{plugin}.py", os.fsencode(program), mode=0o644)


def write_entry(path: str, content: bytes, group: int | None = None) -> None:
    """One executable; with a group it is setuid, for its members. Whoever runs the old one goes on. Raises OSError."""
    new = f"{path}.new"
    write_atomic(new, content, mode=0o700)  # nobody may run it before it is what it should be
    try:
        if group is not None:
            os.chown(new, 0, group)
        os.chmod(new, MODE if group is None else SETUID_MODE)  # whatever the umask
        os.replace(new, path)
    except BaseException:
        Path(new).unlink(missing_ok=True)
        raise


def try_out(paths: Iterable[str]) -> None:
    """Whether both answer, the executable and the Python that it runs. Raises CNIError."""
    for path in paths:
        execute(path, b"", {"CNI_COMMAND": "VERSION"}, timeout=PATIENCE)
        try:
            execute(path, b"", {"CNI_COMMAND": "STATUS"}, timeout=PATIENCE)
        except InvalidEnvironment:  # Python says that there is no CNI_PATH
            continue
