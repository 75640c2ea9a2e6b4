"""`poplin install --standalone DIR`: one folder that has everything, the interpreter and its libraries too.

    bin/     the plugins, poplin and cnitool: C launchers, which find the rest from where they are
    lib/     the interpreter, its dynamic loader and shared libraries
        python3.11/   the standard library
        poplin/       our code
        site/         the Python packages that the command needs
        entry/        what the interpreter runs, one program for each executable

It needs nothing of the system but the kernel and /proc, and can be moved and copied as a whole.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from poplin import __version__
from poplin.cli.elf import find_library, get_loader, list_libraries
from poplin.cli.entries import MODE, try_out, write_entry
from poplin.cli.interpreter import compile_folder, find_interpreter
from poplin.cli.launcher import COMPILED, Settings, fill, get_launcher
from poplin.cli.launcher import list_sources as list_launcher_sources
from poplin.cli.library import protect
from poplin.cli.manifest import STANDALONE
from poplin.invoke.entry import PLUGINS, code_folder
from poplin.linux.nft.load import LIBRARY
from poplin.runtime.ownership import check_private

MARK = f"lib/{STANDALONE}"  # by which we know a tree of ours
COMMANDS = ("poplin", "cnitool")
PYTHON = "lib/python"

PLUGIN_PROGRAM = """\
import gc, sys; gc.disable(); sys.path.insert(0, __file__.rsplit("/", 2)[0])
from {module} import PLUGIN; from poplin.plugins.kit.skel import main
main(PLUGIN)
"""
COMMAND_PROGRAM = """\
import sys; sys.path[:0] = [__file__.rsplit("/", 2)[0], __file__.rsplit("/", 2)[0] + "/site"]
from poplin.cli.main import main
sys.exit(main(prog={name!r}))
"""

# Of the standard library: what tests, draws windows, installs packages, or needs libraries that nothing of ours uses.
LEFT_OUT = shutil.ignore_patterns(
    *("__pycache__", "test", "tests", "idlelib", "tkinter", "turtle*", "lib2to3", "ensurepip", "distutils", "pydoc*"),
    *("config-*", "site-packages", "dist-packages", "_test*", "*_test.*", "xx*", "_xx*", "_codecs_*"),
    *("_ssl.*", "_hashlib.*", "_sqlite3.*", "_curses*", "_dbm.*", "_gdbm.*", "_tkinter.*", "readline.*", "nis.*"),
    *("ossaudiodev.*", "audioop.*", "_crypt.*"),
)


class NotOurs(OSError):
    """The folder is there, and no tree that we wrote."""


def install_standalone(folder: str) -> list[str]:
    """Make the tree, or replace an older one; lines that say what was made. Raises OSError, CNIError."""
    target = Path(os.path.abspath(folder))
    check_folder(target)
    interpreter = find_interpreter()
    code = Path(code_folder(), "poplin").rglob("*")
    check_private([interpreter, str(target), *map(str, [*code, *list_launcher_sources()])])
    launcher = get_launcher()
    staging = target.with_name(f"{target.name}.new")
    shutil.rmtree(staging, ignore_errors=True)  # of one that was cut short
    try:
        remarks = fill_tree(staging, interpreter, launcher)
        try_out(str(staging / "bin" / name) for name in PLUGINS)
        replace(staging, target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    names = " ".join([*PLUGINS, *COMMANDS])
    return [f"{target}/bin: {names}", f"move or copy {target} as a whole; remove it to uninstall", *remarks]


def check_folder(target: Path) -> None:
    """Raises NotOurs."""
    if target.is_symlink() or (target.exists() and not target.is_dir()):
        raise NotOurs(f"{target} is there, and no folder; choose another")
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        raise NotOurs(f"{target} is not empty, and not made by `poplin install --standalone`; choose another")


def fill_tree(staging: Path, interpreter: str, launcher: bytes) -> list[str]:
    """Everything; what is missing in it, one line each. Raises OSError."""
    library = staging / "lib"
    library.mkdir(parents=True)
    standard = copy_standard_library(interpreter, library)
    copy_code(library / "poplin", launcher)
    remarks = copy_packages(library / "site", standard.name)
    loader = get_loader(interpreter)
    shutil.copyfile(interpreter, staging / PYTHON)
    shutil.copyfile(loader, library / Path(loader).name)
    remarks += copy_libraries(loader, [interpreter, *map(str, library.rglob("*.so"))], library)
    write_programs(library / "entry")
    compile_folder(interpreter, str(library), "-j0", "--invalidation-mode", "unchecked-hash", "-s", str(library))
    (staging / MARK).write_text(f"poplin {__version__}, {standard.name} as in {interpreter}\n")
    protect(str(staging))
    for executable in (staging / PYTHON, library / Path(loader).name):
        executable.chmod(MODE)
    write_executables(staging / "bin", f"lib/{Path(loader).name}", launcher)
    return remarks


def copy_standard_library(interpreter: str, library: Path) -> Path:
    """The folder with it, which is called like the interpreter's own."""
    done = subprocess.run([interpreter, "-IS", "-c", "import os; print(os.__file__)"], capture_output=True, check=True)
    source = Path(os.fsdecode(done.stdout.strip())).parent
    target = library / source.name
    shutil.copytree(source, target, ignore=LEFT_OUT, ignore_dangling_symlinks=True)
    return target


def copy_code(target: Path, launcher: bytes) -> None:
    """All of ours, as a wheel has it."""
    source = Path(code_folder())
    shutil.copytree(source / "poplin", target, ignore=shutil.ignore_patterns("__pycache__"))
    if (source / "schemas").is_dir():
        shutil.copytree(source / "schemas", target / "schemas")
    compiled = target.parent / COMPILED
    compiled.parent.mkdir(exist_ok=True)
    compiled.write_bytes(launcher)


def copy_packages(target: Path, version: str) -> list[str]:
    """The Python packages that the command needs, if this process has them for the version of the other interpreter."""
    target.mkdir()
    if version != f"python{sys.version_info.major}.{sys.version_info.minor}":
        return [f"without the Python packages that some verbs need: they are here for {sys.version.split()[0]} only"]
    try:
        needed = dict(list_distributions("poplin"))
    except importlib.metadata.PackageNotFoundError:
        return ["without the Python packages that some verbs need: this poplin was not installed by pip"]
    del needed["poplin"]
    for distribution in needed.values():
        files = [file for file in distribution.files or () if not {"..", "__pycache__"} & {*file.parts}]
        check_private(str(file.locate()) for file in files)
        for file in files:
            (target / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(str(file.locate()), target / file)
    return []


def list_distributions(
    name: str, known: frozenset[str] = frozenset()
) -> Iterator[tuple[str, importlib.metadata.Distribution]]:
    """The package and all that it needs. Raises PackageNotFoundError if it is not there itself."""
    distribution = importlib.metadata.distribution(name)
    yield name, distribution
    for line in distribution.requires or ():
        match = re.match(r"[\w.-]+", line)
        needed = match[0] if match else ""
        if needed and "extra ==" not in line and needed not in known:
            try:
                yield from list_distributions(needed, known | {name})
            except importlib.metadata.PackageNotFoundError:  # for other versions of Python, or other systems
                continue


def copy_libraries(loader: str, files: Iterable[str], target: Path) -> list[str]:
    """The shared libraries of these files, and libnftables with its own."""
    rules = find_library(LIBRARY)
    needed: dict[str, str] = {LIBRARY: rules} if rules else {}
    for file in (*files, *([rules] if rules else [])):
        needed |= list_libraries(loader, file)
    for name, path in needed.items():
        shutil.copyfile(path, target / name)
    return [] if rules else [f"without {LIBRARY}, which masquerade and published ports need: apt install libnftables1"]


def write_programs(folder: Path) -> None:
    """What the interpreter runs."""
    folder.mkdir()
    for name, module in PLUGINS.items():
        (folder / f"{name}.py").write_text(PLUGIN_PROGRAM.format(module=module))
    for name in COMMANDS:
        (folder / f"{name}.py").write_text(COMMAND_PROGRAM.format(name=name))


def write_executables(folder: Path, loader: str, launcher: bytes) -> None:
    """The launchers. All their paths are below the tree."""
    folder.mkdir()
    folder.chmod(MODE)
    command = (loader, "--inhibit-cache", "--library-path", "lib", PYTHON, "-IS")
    plugins = Settings(command, "lib/entry", ".py", "")
    commands = Settings(command, "lib/entry", ".py", "", COMMANDS, "")
    for settings in (plugins, commands):
        for name in settings.names:
            write_entry(str(folder / name), fill(launcher, settings, PYTHON, "lib"))


def replace(staging: Path, target: Path) -> None:
    """Put the new tree in the place of the old one; what runs in that goes on as far as it has its files open."""
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    staging.rename(target)
    shutil.rmtree(old, ignore_errors=True)
