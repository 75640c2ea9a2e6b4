"""Install one executable per plugin where container runtimes look for them, and the code they run beside.

The code is copied and compiled, so that neither this checkout nor its virtual environment is needed afterwards. What
others may write is refused, as root will run it. Files that are not ours are kept, unless --force says otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys

from poplin.cli.build import write_entry
from poplin.cli.failure import FAILED
from poplin.cli.interpreter import find_interpreter
from poplin.cli.library import GENERATIONS, install_library, list_sources, name_library, remove_library
from poplin.cli.manifest import Manifest, default_lib_dir, digest, read_manifest, write_manifest
from poplin.cli.ownership import check_private
from poplin.cli.samples import write_samples
from poplin.cli.values import folder
from poplin.invoke.entry import MARK, PLUGINS, entry_script
from poplin.invoke.execute import execute
from poplin.linux.atomicfile import read_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin install`."""
    parser.add_argument(
        "--bin-dir", required=True, type=folder, metavar="DIR", help="for the executables, as /opt/cni/bin"
    )
    parser.add_argument(
        "--conf-dir", type=folder, metavar="DIR", help="write two sample networks there, unless they are there"
    )
    parser.add_argument(
        "--lib-dir", default=default_lib_dir(), type=folder, metavar="DIR", help="for the code (default %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite plugins that are not ours")


def run(options: argparse.Namespace) -> int:
    """`poplin install`: first everything that may be refused, then the code, then the executables."""
    # The code's real path: a link on the way could be turned to other code.
    bin_dir, lib_dir = os.path.abspath(options.bin_dir), os.path.realpath(options.lib_dir)
    foreign = [name for name in PLUGINS if is_foreign(f"{bin_dir}/{name}")]
    if foreign and not options.force:
        print(
            f"poplin install: {bin_dir} has {', '.join(foreign)} of somebody else; --force overwrites", file=sys.stderr
        )
        return FAILED
    interpreter = find_interpreter()
    check_private([interpreter, *map(str, list_sources()), lib_dir, bin_dir])
    manifest = read_manifest(lib_dir)
    library = name_library(lib_dir, interpreter)
    manifest.folders = list(dict.fromkeys([*manifest.folders, *make_folders(lib_dir), *make_folders(bin_dir)]))
    check_private([lib_dir, bin_dir])  # again: in a folder like /tmp somebody may have been faster
    manifest.libraries = list(dict.fromkeys([library, *manifest.libraries]))
    write_manifest(lib_dir, manifest)  # before there is any code: what is cut short can be uninstalled
    install_library(library, interpreter)
    write_plugins(manifest, bin_dir, interpreter, lib_dir)
    if options.conf_dir:
        conf_dir = os.path.abspath(options.conf_dir)
        manifest.folders += make_folders(conf_dir)
        manifest.samples |= write_samples(conf_dir)
    for unused in manifest.libraries[GENERATIONS:]:
        remove_library(unused)
    del manifest.libraries[GENERATIONS:]
    write_manifest(lib_dir, manifest)
    for name in PLUGINS:  # what does not run is not installed
        execute(f"{bin_dir}/{name}", b"", {"CNI_COMMAND": "VERSION"}, timeout=60)
    print(f"{bin_dir}: {' '.join(PLUGINS)}\ncode: {library}, run by {interpreter}")
    return 0


def is_foreign(path: str) -> bool:
    """Whether there is something that no version of ours wrote."""
    if os.path.islink(path) or os.path.isdir(path):
        return True
    content = read_file(path)
    return content is not None and MARK not in content[:256]


def write_plugins(manifest: Manifest, bin_dir: str, interpreter: str, lib_dir: str) -> None:
    """The executables here, and those of earlier installations elsewhere that are still ours, as their code will go.

    On record before they are written.
    """
    library = manifest.libraries[0]
    manifest.plugins = {path: known for path, known in manifest.plugins.items() if os.path.lexists(path)}
    elsewhere = [path for path in manifest.plugins if os.path.basename(path) in PLUGINS and not is_foreign(path)]
    wanted = dict.fromkeys([*(f"{bin_dir}/{name}" for name in PLUGINS), *elsewhere])
    texts = {path: entry_script(os.path.basename(path), interpreter, library, packed=True) for path in wanted}
    manifest.plugins |= {path: digest(text.encode()) for path, text in texts.items()}
    write_manifest(lib_dir, manifest)
    for path, text in texts.items():
        write_entry(path, text)


def make_folders(path: str) -> list[str]:
    """Make the folder and those above it; which ones were missing, outermost first."""
    if os.path.isdir(path):
        return []
    made = make_folders(os.path.dirname(path))
    os.mkdir(path, 0o755)
    os.chmod(path, 0o755)
    return [*made, path]
