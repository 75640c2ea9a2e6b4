"""Install one executable per plugin where container runtimes look for them, and the code they run beside.

The code is copied and compiled, so that neither this checkout nor its virtual environment is needed afterwards. What
others may write is refused, as root will run it. Files that are not ours are kept, unless --force says otherwise.
An executable is a copy of the C launcher, or a Python script where there is no C compiler to make it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from poplin.cli.build import remark
from poplin.cli.entries import Code, make_entry, try_out, write_entry
from poplin.cli.failure import USAGE
from poplin.cli.interpreter import find_interpreter
from poplin.cli.launcher import NoLauncher, get_launcher
from poplin.cli.launcher import list_sources as list_launcher_sources
from poplin.cli.library import (
    GENERATIONS,
    PROGRAMS,
    install_library,
    list_sources,
    name_library,
    point_to_current,
    remove_library,
)
from poplin.cli.manifest import Manifest, default_lib_dir, digest, read_manifest, write_manifest
from poplin.cli.samples import write_samples
from poplin.cli.setuid import find_group, get_group
from poplin.cli.values import folder
from poplin.invoke.entry import PLUGINS, is_entry
from poplin.runtime.ownership import check_private

LAUNCHER, PYTHON = "launcher", "python"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin install`."""
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--bin-dir", type=folder, metavar="DIR", help="for the executables, as /opt/cni/bin")
    place.add_argument(
        "--standalone",
        type=folder,
        metavar="DIR",
        help="instead, one folder with everything, an interpreter too, that can be moved; no other option goes with it",
    )
    parser.add_argument(
        "--conf-dir", type=folder, metavar="DIR", help="write two sample networks there, unless they are there"
    )
    parser.add_argument(
        "--lib-dir", default=default_lib_dir(), type=folder, metavar="DIR", help="for the code (default %(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite plugins that are not ours")
    parser.add_argument(
        "--entry",
        choices=(LAUNCHER, PYTHON),
        help="what the executables are (default: the C launcher, and Python scripts where it cannot be made)",
    )
    parser.add_argument(
        "--setuid-group",
        metavar="GROUP",
        help="let members of the group run the plugins as root; they are then as good as root",
    )


def install_tree(options: argparse.Namespace) -> int:
    """`poplin install --standalone`."""
    from poplin.cli.standalone import install_standalone  # which imports much

    if options.conf_dir or options.force or options.entry or options.setuid_group:
        print("poplin install: no other option goes with --standalone", file=sys.stderr)
        return USAGE
    print(*install_standalone(options.standalone), sep="\n")
    return 0


@dataclass(frozen=True)
class Plan:
    """What is going to be installed where, after all that may be refused has been looked at."""

    bin_dir: str
    lib_dir: str
    code: Code
    launcher: bytes | None
    wanted: dict[str, int | None]  # the executables, each with the group it is setuid for
    remarks: list[str]


def run(options: argparse.Namespace) -> int:
    """`poplin install`: first everything that may be refused, then the code, then the executables."""
    if options.standalone:
        return install_tree(options)
    plan = make_plan(options)
    manifest = read_manifest(plan.lib_dir)
    prepare(plan, manifest)
    install_library(plan.code.folder, plan.code.interpreter)
    write_plugins(plan, manifest)
    point_to_current(plan.lib_dir, plan.code.folder)
    if options.conf_dir:
        conf_dir = os.path.abspath(options.conf_dir)
        manifest.folders += make_folders(conf_dir)
        manifest.samples |= write_samples(conf_dir)
    for unused in manifest.libraries[GENERATIONS:]:
        remove_library(unused)
    del manifest.libraries[GENERATIONS:]
    write_manifest(plan.lib_dir, manifest)
    try_out(f"{plan.bin_dir}/{name}" for name in PLUGINS)  # what does not run is not installed
    print(f"{plan.bin_dir}: {' '.join(PLUGINS)}", f"code: {plan.code.folder}, run by {plan.code.interpreter}", sep="\n")
    for each in plan.remarks:
        print(each)
    return 0


def make_plan(options: argparse.Namespace) -> Plan:
    """Raises OSError for what is refused, and CNIError for a record that cannot be read."""
    # The code's real path: a link on the way could be turned to other code.
    bin_dir, lib_dir = os.path.abspath(options.bin_dir), os.path.realpath(options.lib_dir)
    foreign = [name for name in PLUGINS if is_foreign(f"{bin_dir}/{name}")]
    if foreign and not options.force:
        raise OSError(f"{bin_dir} has {', '.join(foreign)} of somebody else; --force overwrites")
    interpreter = find_interpreter()
    check_private([interpreter, *map(str, [*list_sources(), *list_launcher_sources()]), lib_dir, bin_dir])
    group = get_group(options.setuid_group, bin_dir) if options.setuid_group else None
    wanted = list_wanted(read_manifest(lib_dir), bin_dir, group)
    launcher, remarks = choose_entry(options.entry, wanted)
    if options.setuid_group:
        who = f"members of the group {options.setuid_group}"
        remarks.append(f"setuid: {who} run the plugins as root, and are as good as root")
    library = name_library(lib_dir, interpreter)
    code = Code(interpreter, library, f"{library}/{PROGRAMS}", ".pyc", is_packed=True)
    return Plan(bin_dir, lib_dir, code, launcher, wanted, remarks)


def is_foreign(path: str) -> bool:
    """Whether there is something that no version of ours wrote."""
    if os.path.islink(path) or os.path.isdir(path):
        return True
    return os.path.exists(path) and not is_entry(path)


def list_wanted(manifest: Manifest, bin_dir: str, group: int | None) -> dict[str, int | None]:
    """The executables here, and those of earlier installations elsewhere that are still ours, as their code will go."""
    elsewhere = [path for path in manifest.plugins if os.path.basename(path) in PLUGINS and os.path.lexists(path)]
    kept = {path: find_group(path) for path in elsewhere if not is_foreign(path)}
    return kept | {f"{bin_dir}/{name}": group for name in PLUGINS}


def choose_entry(entry: str | None, wanted: Mapping[str, int | None]) -> tuple[bytes | None, list[str]]:
    """The launcher, if executables are to be that, else why they are not. Raises NoLauncher."""
    setuid = [path for path, group in wanted.items() if group is not None]
    if entry == PYTHON and not setuid:
        return None, []
    try:
        if entry == PYTHON:
            raise NoLauncher("leave --entry python away")
        return get_launcher(), []
    except NoLauncher as error:
        if setuid:
            raise NoLauncher(f"{setuid[0]} is to be setuid, which a Python script cannot be: {error}") from None
        if entry == LAUNCHER:
            raise
        return None, [remark(error)]


def prepare(plan: Plan, manifest: Manifest) -> None:
    """Make the folders, and put on record what is to come: what is cut short can be uninstalled. Raises OSError."""
    folders = [*manifest.folders, *make_folders(plan.lib_dir), *make_folders(plan.bin_dir)]
    check_private([plan.lib_dir, plan.bin_dir])  # again: in a folder like /tmp somebody may have been faster
    manifest.folders = list(dict.fromkeys(folders))
    manifest.libraries = list(dict.fromkeys([plan.code.folder, *manifest.libraries]))
    write_manifest(plan.lib_dir, manifest)


def write_plugins(plan: Plan, manifest: Manifest) -> None:
    """The executables. On record before they are written."""
    contents = {path: make_entry(path, plan.code, plan.launcher) for path in plan.wanted}
    manifest.plugins = {path: known for path, known in manifest.plugins.items() if os.path.lexists(path)}
    manifest.plugins |= {path: digest(content) for path, content in contents.items()}
    write_manifest(plan.lib_dir, manifest)
    for path, content in contents.items():
        write_entry(path, content, plan.wanted[path])


def make_folders(path: str) -> list[str]:
    """Make the folder and those above it; which ones were missing, outermost first."""
    if os.path.isdir(path):
        return []
    made = make_folders(os.path.dirname(path))
    os.mkdir(path, 0o755)
    os.chmod(path, 0o755)
    return [*made, path]
