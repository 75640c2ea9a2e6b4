"""Write one executable per plugin into a folder, running the code of this checkout.

Needs nothing but Python; with a C compiler it is the C launcher, which answers VERSION itself and runs the programs in
the folder `.entry`. To install for others, who may not have the checkout, use `poplin install`.
"""

from __future__ import annotations

import argparse
import os

from poplin.cli.entries import Code, make_entry, write_entry, write_programs
from poplin.cli.interpreter import compile_folder, find_interpreter
from poplin.cli.launcher import NoLauncher, get_launcher
from poplin.cli.library import INSTALLED
from poplin.cli.values import folder
from poplin.invoke.entry import PLUGINS, code_folder

PROGRAMS = ".entry"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin build`."""
    parser.add_argument("folder", type=folder, metavar="DIR", help="made if it is not there")


def run(options: argparse.Namespace) -> int:
    """`poplin build`."""
    bin_dir = os.path.abspath(options.folder)
    interpreter = find_interpreter()
    why = write_plugins(bin_dir, interpreter)
    # Compared with the sources' times on each run, unlike what `install` compiles: a checkout is edited.
    for package in INSTALLED:
        compile_folder(interpreter, f"{code_folder()}/poplin/{package}")
    print(f"{bin_dir}: {' '.join(PLUGINS)}{why}")
    return 0


def write_plugins(bin_dir: str, interpreter: str) -> str:
    """The executables; a remark if they are scripts. Raises OSError."""
    os.makedirs(bin_dir, exist_ok=True)
    programs = f"{bin_dir}/{PROGRAMS}"
    write_programs(programs, code_folder())
    code = Code(interpreter, code_folder(), programs, ".py")
    launcher, why = None, ""
    try:
        launcher = get_launcher()
    except NoLauncher as error:
        why = f"\n{remark(error)}"
    for plugin in PLUGINS:
        path = f"{bin_dir}/{plugin}"
        write_entry(path, make_entry(path, code, launcher))
    return why


def remark(why: NoLauncher) -> str:
    """What people should know of executables that are scripts."""
    return f"they are Python scripts, slower to answer VERSION: {why}"
