"""Remove exactly what `poplin install` installed: the executables, the code, and samples nobody has changed.

Plugins of your own beside the executables stay, and are named if they run on that code.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator

from poplin.cli.failure import NOT_FOUND
from poplin.cli.library import CURRENT, remove_current, remove_if_empty, remove_library
from poplin.cli.manifest import NAME, default_lib_dir, digest, read_manifest
from poplin.cli.values import folder
from poplin.linux.atomicfile import read_file, remove_file

HEAD = 1 << 16  # bytes, in which a script says what it runs on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin uninstall`."""
    parser.add_argument(
        "--lib-dir", default=default_lib_dir(), type=folder, metavar="DIR", help="as for install (default %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """`poplin uninstall`: executables first, as they need the code; the record last, so that it can be repeated."""
    lib_dir = os.path.abspath(options.lib_dir)
    manifest = read_manifest(lib_dir)
    if not manifest.libraries:
        print(f"poplin uninstall: nothing is installed, as far as {lib_dir} knows", file=sys.stderr)
        return NOT_FOUND
    for path, installed in (manifest.plugins | manifest.samples).items():
        remove_unchanged(path, installed)
    for path in find_dependent({os.path.dirname(path) for path in manifest.plugins}, lib_dir):
        print(f"kept {path}: it is not ours, and fails from now on, as it runs on {lib_dir}/{CURRENT}")
    remove_current(lib_dir)
    for library in manifest.libraries:
        remove_library(library)
    remove_file(f"{lib_dir}/{NAME}")
    for path in sorted(manifest.folders, key=len, reverse=True):
        remove_if_empty(path)
    return 0


def remove_unchanged(path: str, installed: str) -> None:
    """Remove the file if it is as it was installed; what somebody put in its place stays."""
    content = None if os.path.islink(path) else read_file(path)
    if content is not None and digest(content) == installed:
        remove_file(path)
        print(f"removed {path}")
    elif os.path.lexists(path):
        print(f"kept {path}: it is not as it was installed")


def find_dependent(folders: Iterable[str], lib_dir: str) -> Iterator[str]:
    """The executables in these folders that name the link to our code, as those of `poplin plugin new` do."""
    links = [f"{place}/{CURRENT}".encode() for place in {lib_dir, os.path.realpath(lib_dir)}]
    for file in sorted((file for place in folders for file in list_files(place)), key=lambda file: file.path):
        head = read_file(file.path, HEAD) or b""
        if any(link in head for link in links):
            yield file.path


def list_files(place: str) -> list[os.DirEntry[str]]:
    """The executables in a folder; none if there is no such folder."""
    try:
        return [entry for entry in os.scandir(place) if entry.is_file() and os.access(entry.path, os.X_OK)]
    except OSError:
        return []
