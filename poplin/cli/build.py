"""Write one executable per plugin into a folder, running the code of this checkout.

Needs nothing but Python. To install for others, who may not have the checkout, use `poplin install`.
"""

from __future__ import annotations

import argparse
import os

from poplin.cli.interpreter import compile_folder, find_interpreter
from poplin.cli.library import HOT
from poplin.cli.values import folder
from poplin.invoke.entry import PLUGINS, code_folder, entry_script
from poplin.linux.atomicfile import write_atomic


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin build`."""
    parser.add_argument("folder", type=folder, metavar="DIR", help="made if it is not there")


def run(options: argparse.Namespace) -> int:
    """`poplin build`."""
    bin_dir = os.path.abspath(options.folder)
    interpreter = find_interpreter()
    os.makedirs(bin_dir, exist_ok=True)
    for plugin_type in PLUGINS:
        write_entry(f"{bin_dir}/{plugin_type}", entry_script(plugin_type, interpreter, code_folder()))
    # Compared with the sources' times on each run, unlike what `install` compiles: a checkout is edited.
    for package in HOT:
        compile_folder(interpreter, f"{code_folder()}/poplin/{package}")
    print(f"{bin_dir}: {' '.join(PLUGINS)}")
    return 0


def write_entry(path: str, text: str) -> None:
    """One entry script. Raises OSError."""
    write_atomic(path, text.encode(), mode=0o755)
    os.chmod(path, 0o755)  # whatever the umask
