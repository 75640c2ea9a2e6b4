"""Remove exactly what `poplin install` installed: the executables, the code, and samples nobody has changed."""

from __future__ import annotations

import argparse
import os
import sys

from poplin.cli.failure import NOT_FOUND
from poplin.cli.library import remove_if_empty, remove_library
from poplin.cli.manifest import NAME, default_lib_dir, digest, read_manifest
from poplin.cli.values import folder
from poplin.linux.atomicfile import read_file, remove_file


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
