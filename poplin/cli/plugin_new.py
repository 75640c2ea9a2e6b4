"""Write a plugin of your own: the executable, its schema, tests and a page, which pass as they are.

What it does is small and meant to be changed. Without --chained it makes an interface, a link of its own between
container and host, with addresses from the plugin in `ipam`; with --chained it works on what another made, and keeps
the container from a destination. docs/plugin-tutorial.md goes on from there.

The executable runs on Poplin's code where `poplin install` has put it, and after each update on the new; where nothing
is installed on the code of this command. Code that others may write is refused.

--json prints {"version": 1, "plugin": NAME, "folder", "library", "files": [path], "commands": [line of a shell]}.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path

from poplin.cli.failure import USAGE, report
from poplin.cli.values import folder
from poplin.scaffold.project import CHAINED, INTERFACE, LANGUAGES, PYTHON, SHELL, Project, place_lines

PROG = "poplin plugin new"
KIT = "poplin/kit.py"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin plugin new`."""
    parser.add_argument("name", metavar="NAME", help="its `type`, and the name of its executable")
    parser.add_argument("--dir", type=folder, metavar="DIR", help="where to write it (default: ./NAME)")
    parser.add_argument("--language", choices=(PYTHON, SHELL), default=PYTHON, help="default %(default)s")
    parser.add_argument("--chained", action="store_true", help="it works on what a plugin before it made")
    parser.add_argument("--library", type=folder, metavar="DIR", help="the folder with the package poplin it runs on")
    parser.add_argument("--force", action="store_true", help="write into a folder that has files already")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """`poplin plugin new`."""
    from poplin.scaffold.names import check_name
    from poplin.spec.errors import InvalidConfig

    kind = CHAINED if options.chained else INTERFACE
    try:
        check_name(options.name)
        if options.language not in LANGUAGES[kind]:
            raise InvalidConfig(f"no {kind} plugin in {options.language} can be written", "add --chained")
    except InvalidConfig as error:
        report(error, PROG, as_json=options.json)
        return USAGE
    target = Path(os.path.abspath(options.dir or options.name))
    if target.exists() and not target.is_dir():
        raise FileExistsError(f"{target} is no folder; name another place with --dir")
    if target.exists() and any(target.iterdir()) and not options.force:
        raise FileExistsError(f"{target} is not empty; name another folder with --dir, or write there with --force")
    library = find_library(options.library)
    project = Project(options.name, kind, options.language, choose_interpreter(), library, find_command())
    tell(options, target, project.write(target), project)
    return 0


def find_library(given: str | None) -> str:
    """The folder with the code: the installed one's by its link, for an update to count; or this command's own. Raises
    OSError for one that has no kit, or that others may write."""
    from poplin.invoke.entry import code_folder
    from poplin.runtime.ownership import check_private

    installed = find_installed()
    place = os.path.abspath(given) if given else installed if os.path.isfile(f"{installed}/{KIT}") else code_folder()
    if not os.path.isfile(f"{place}/{KIT}"):
        raise FileNotFoundError(f"{place} has no {KIT}; name the folder that has, or leave --library away")
    check_private([place, f"{place}/{KIT}"])
    if os.path.islink(place):
        check_private([os.path.dirname(place)])
    return place


def find_installed() -> str:
    """The link to the installed code, where it is or would be."""
    from poplin.cli.library import CURRENT
    from poplin.cli.manifest import default_lib_dir

    return f"{os.path.realpath(default_lib_dir())}/{CURRENT}"


def choose_interpreter() -> str:
    """The system's Python by the name that stays when the distribution changes to a newer one, if plugins run on it."""
    from poplin.cli.interpreter import SYSTEM, find_interpreter

    found = find_interpreter()
    return SYSTEM if os.path.realpath(SYSTEM) == found else found


def find_command() -> str:
    """This command's path."""
    beside = os.path.join(os.path.dirname(sys.executable), "poplin")
    return beside if os.path.isfile(beside) else "poplin"


def tell(options: argparse.Namespace, target: Path, files: list[str], project: Project) -> None:
    """What was written, on what it runs, and what to type next."""
    commands = list_commands(target, project)
    if options.json:
        told = {"plugin": project.name, "folder": str(target), "library": project.library, "files": files}
        print(json.dumps({"version": 1, **told, "commands": commands}, indent=2))
        return
    print(*(os.path.relpath(file) for file in files), "", tell_library(project), "", "next:", sep="\n")
    print(*(f"  {command}" for command in commands), sep="\n")


def list_commands(target: Path, project: Project) -> list[str]:
    """Lines of a shell, with paths that sudo needs not look for: its own PATH has neither this command nor pytest."""
    poplin, example = shlex.quote(project.poplin), f"{project.name}.conflist"
    return [
        f"cd {shlex.quote(os.path.relpath(target))}",
        f"sudo {shlex.quote(sys.executable)} -m pytest",
        f"{poplin} validate --schema {project.name}.json {example}",
        f"sudo {poplin} plugin check ./{project.name} --config {example}",
    ]


def tell_library(project: Project) -> str:
    """On whose code it runs, and what in it to change for it to run on what is installed."""
    from poplin.invoke.entry import code_folder

    installed = find_installed()
    if project.library == installed:
        return f"{project.name} runs on {installed}, the installed code"
    which = ", the code of this command" if project.library == code_folder() else ""
    lines = place_lines(project.language, installed, is_link=True)
    return "\n".join(
        [
            f"{project.name} runs on {project.library}{which}; for it to run on the installed code, `poplin install`",
            "and change two lines of it:",
            *(f"  {line}" for line in lines),
        ]
    )
