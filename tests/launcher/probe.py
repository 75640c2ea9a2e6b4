"""A program in place of a plugin's, which tells how it was started; how launchers that run it are made and called."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netlab import INTERPRETER, PATIENCE

from poplin.cli.launcher import Settings, fill, get_launcher

PROGRAM = """\
import json, os, signal, sys
told = {
    "argv": sys.orig_argv,
    "environ": open("/proc/self/environ", "rb").read().decode("latin-1").split("\\0")[:-1],
    "users": os.getresuid(),
    "groups": [*os.getresgid(), *os.getgroups()],
    "umask": os.umask(0),
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "status": open("/proc/self/status").read().split("SigIgn:")[1].split()[0],
    "streams": [os.path.exists(f"/proc/self/fd/{n}") and os.readlink(f"/proc/self/fd/{n}") for n in range(3)],
    "folder": os.getcwd(),
    "stdin": sys.stdin.read(),
}
text = json.dumps(told)
os.write(1, text.encode())
open(os.path.dirname(__file__) + "/told", "w").write(text)
"""
# Executes what no shell and no Python would: any argv, even none, and an environment with a name in it twice.
EXECUTE = """\
import ctypes, json, os, sys
path, argv, environ = json.loads(sys.argv[1])
lists = [(ctypes.c_char_p * (len(each) + 1))(*(text.encode() for text in each), None) for each in (argv, environ)]
libc = ctypes.CDLL(None, use_errno=True)
libc.execve(path.encode(), *lists)
sys.stderr.write(os.strerror(ctypes.get_errno()))
sys.exit(126)
"""


@dataclass
class Probe:
    """A launcher that runs the program above under the name `bridge`."""

    folder: Path
    path: Path

    def told(self) -> dict[str, Any]:
        """What the last run told, wherever its stdout was."""
        return dict(json.loads((self.folder / "told").read_text()))


def make_probe(folder: Path, command: Sequence[str] = (INTERPRETER, "-IS"), *, name: str = "bridge") -> Probe:
    """Written into the folder."""
    (folder / "bridge.py").write_text(PROGRAM)
    settings = Settings(tuple(command), str(folder), ".py", "/opt/cni/bin")
    path = folder / name
    path.write_bytes(fill(get_launcher(), settings, command[0], str(folder)))
    path.chmod(0o755)
    return Probe(folder, path)


def call(
    path: Path | Sequence[str], environ: Mapping[str, str], *, stdin: str = "", **how: Any
) -> subprocess.CompletedProcess[str]:
    """The executable with exactly this environment."""
    return subprocess.run(
        [path] if isinstance(path, Path) else path,
        env=environ,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **how,
    )


def call_as(arguments: Sequence[str], path: Path, environ: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
    """The executable with this argv and these variables, whatever they are."""
    return call(execute_line(path, arguments, environ), {})


def execute_line(path: Path, arguments: Sequence[str], environ: Sequence[str]) -> list[str]:
    """A command that executes it so."""
    return [INTERPRETER, "-IS", "-c", EXECUTE, json.dumps([str(path), arguments, environ])]


def close_stdout() -> None:
    """For preexec_fn."""
    os.close(1)
