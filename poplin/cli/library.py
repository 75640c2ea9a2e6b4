"""The installed code: the hot packages and the daemon's, compiled, in a folder named by its content that never changes.

    /usr/local/lib/poplin/0.1.0/3f9a1c52/{hot.bundle,entry/...,poplin/...}
    /usr/local/lib/poplin/current -> /usr/local/lib/poplin/0.1.0/3f9a1c52      for plugins of others, see poplin/kit.py

A new content is a new folder beside the old one, there at once and whole by one rename. Switching to it is replacing
the executables, each by one rename. A plugin that is just starting may have been read before and looks for the code
after, so the former folder stays until the next switch.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from poplin import __version__
from poplin.cli.entries import write_programs
from poplin.cli.interpreter import compile_folder
from poplin.cli.manifest import digest
from poplin.invoke.entry import BUNDLE, HEAD, code_folder
from poplin.linux.atomicfile import remove_file

HOT = ("spec", "linux", "invoke", "plugins")
INSTALLED = (*HOT, "dhcp")  # whose daemon the executable of that name can be
PROGRAMS = "entry"  # the folder with what the launcher has the interpreter run
GENERATIONS = 2
CURRENT = "current"


def list_sources() -> list[Path]:
    """The files plugins run on, of the code this process is running."""
    package = Path(code_folder(), "poplin")
    inside = [file for name in INSTALLED for file in sorted((package / name).rglob("*")) if file.is_file()]
    return [
        package / "__init__.py",
        package / "bundle.py",
        package / "kit.py",
        *(file for file in inside if file.parent.name != "__pycache__"),
    ]


def name_library(lib_dir: str, interpreter: str) -> str:
    """The folder for the current sources, compiled for this interpreter."""
    parts = [f"{file.relative_to(code_folder())}:{digest(file.read_bytes())}" for file in list_sources()]
    return f"{lib_dir}/{__version__}/{digest(chr(10).join([interpreter, *parts]).encode())[:8]}"


def install_library(library: str, interpreter: str) -> None:
    """Make the folder unless it is there. Raises OSError.

    The bytecode says that its source need not be looked at: nobody edits here, and it saves a stat for each module.
    """
    if os.path.isdir(library):
        return
    version_folder = os.path.dirname(library)
    os.makedirs(version_folder, exist_ok=True)
    os.chmod(version_folder, 0o755)
    staging = name_staging(library)
    shutil.rmtree(staging, ignore_errors=True)  # of an installation that was cut short
    try:
        for file in list_sources():
            target = Path(staging, file.relative_to(code_folder()))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        compile_folder(interpreter, staging, "--invalidation-mode", "unchecked-hash", "-s", staging, "-p", library)
        pack_bundle(interpreter, staging, library)
        compile_programs(interpreter, staging, library)
        protect(staging)
        os.rename(staging, library)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise


def point_to_current(lib_dir: str, library: str) -> None:
    """Have the link lead to this one, from one moment to the next. Raises OSError."""
    link = f"{lib_dir}/{CURRENT}"
    remove_file(f"{link}.new")
    os.symlink(library, f"{link}.new")
    os.replace(f"{link}.new", link)


def remove_current(lib_dir: str) -> None:
    """Take the link away, with what a `point_to_current` that was killed has left."""
    for path in (f"{lib_dir}/{CURRENT}", f"{lib_dir}/{CURRENT}.new"):
        if os.path.islink(path):
            remove_file(path)


def name_staging(library: str) -> str:
    """Where it is made."""
    return f"{library}.new"


def pack_bundle(interpreter: str, staging: str, library: str) -> None:
    """Write the one file that starts faster than its many modules (see poplin/bundle.py)."""
    packer = f"{code_folder()}/poplin/cli/pack.py"
    subprocess.run([interpreter, "-I", packer, staging, library, BUNDLE, str(HEAD), *HOT], check=True)


def compile_programs(interpreter: str, staging: str, library: str) -> None:
    """What the launcher runs, beside each source as it wants to be called."""
    write_programs(f"{staging}/{PROGRAMS}", library, packed=True)
    options = ("-b", "--invalidation-mode", "unchecked-hash", "-s", staging, "-p", library)
    compile_folder(interpreter, f"{staging}/{PROGRAMS}", *options)


def protect(folder: str) -> None:
    """Readable for all, writable for the owner, whatever the umask."""
    os.chmod(folder, 0o755)
    for parent, folders, files in os.walk(folder):
        for name in folders:
            os.chmod(f"{parent}/{name}", 0o755)
        for name in files:
            os.chmod(f"{parent}/{name}", 0o644)


def remove_library(library: str) -> None:
    """Remove the folder and the one of its version, if that is empty then."""
    for folder in (library, name_staging(library)):
        shutil.rmtree(folder, ignore_errors=True)
    remove_if_empty(os.path.dirname(library))


def remove_if_empty(folder: str) -> bool:
    """Whether it was removed."""
    try:
        os.rmdir(folder)
    except OSError:
        return False
    return True
