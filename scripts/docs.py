"""Build the site: lay its pages out in a folder, add those that are made from code, and call Sphinx.

The pages are plain markdown, so what Sphinx wants beside it is added here: the lists of links in docs/index.md become
its tables of contents.
"""

from __future__ import annotations

import argparse
import inspect
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import poplin.runtime as cni
from poplin.cli.parser import make_parser
from poplin.cli.verbs import VERBS, name_page

CHECKOUT = Path(__file__).resolve().parents[1]
BESIDE_DOCS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE")
WIDTH = 100  # columns of usage lines
LINK = re.compile(r"^- \[[^]]*\]\(([^)]*)\.md\)", re.MULTILINE)
FIRST_PAGE = '<!doctype html><title>Poplin</title><meta http-equiv="refresh" content="0; url=docs/index.html">\n'


def main(site: Path) -> int:
    """Build it; the status of Sphinx."""
    with tempfile.TemporaryDirectory(prefix="poplin-docs-") as work:
        pages = Path(work, "pages")
        lay_out(pages)
        settings = ["-c", str(pages / "docs"), "-d", str(Path(work, "doctrees"))]
        command = [sys.executable, "-m", "sphinx", "-b", "html", "-W", "--keep-going", "-q", *settings]
        status = subprocess.run([*command, str(pages), str(site)], check=False).returncode
    if status == 0:
        (site / "index.html").write_text(FIRST_PAGE)
        print(f"docs: {site}/index.html")
    return status


def lay_out(pages: Path) -> None:
    """All pages in one folder, placed as in the repository, so that their links hold."""
    shutil.copytree(CHECKOUT / "docs", pages / "docs")
    for name in BESIDE_DOCS:
        shutil.copy(CHECKOUT / name, pages / name)
    verbs = pages / "docs" / "commands"
    verbs.mkdir()
    for name in VERBS:
        (verbs / f"{name_page(name)}.md").write_text(write_verb(name))
    contents = [f"commands/{name_page(name)}" for name in VERBS]
    append(pages / "docs" / "commands.md", write_contents(contents, "hidden"))
    append(pages / "docs" / "api.md", write_reference())
    index = pages / "docs" / "index.md"
    index.write_text(add_contents(index.read_text()))


def append(page: Path, text: str) -> None:
    """Write more at the end of a page."""
    page.write_text(f"{page.read_text()}\n{text}")


# Contents.


def add_contents(text: str) -> str:
    """docs/index.md with a table of contents below each section, for the side of every page; it shows the links."""
    first, *sections = text.split("\n## ")
    made = [first]
    for section in sections:
        title = section.partition("\n")[0]
        made.append(f"{section}\n{write_contents(LINK.findall(section), 'hidden', f'caption: {title}')}")
    return "\n## ".join(made)


def write_contents(pages: list[str], *options: str) -> str:
    """A table of contents."""
    given = "".join(f":{option if ': ' in option else f'{option}:'}\n" for option in options)
    return f"```{{toctree}}\n{given}\n" + "\n".join(pages) + "\n```\n"


# The command line.


def write_verb(name: str) -> str:
    """The page of one verb, by its parser."""
    parser = make_parser(name)
    usage = re.sub(r"\s+", " ", parser.format_usage().partition(": ")[2]).strip()
    parts = [f"# poplin {name}", f"{VERBS[name].summary}", block(fold(usage)), *describe(parser.description or "")]
    for group in parser._action_groups:
        rows = [write_row(action, parser) for action in group._group_actions if action.help != argparse.SUPPRESS]
        if rows:
            parts.append("\n".join([f"## {(group.title or '').capitalize()}", "", "| | |", "|---|---|", *rows]))
    parts += ["## Example", block(VERBS[name].example)]
    return "\n\n".join(parts) + "\n"


def describe(text: str) -> list[str]:
    """The module's docstring; columns stay columns, and objects of JSON stay as they are."""
    paragraphs = re.split(r"\n\s*\n", text.strip("\n"))
    return [block(each) if is_literal(each) else each for each in paragraphs]


def is_literal(paragraph: str) -> bool:
    """Whether it is more than running text."""
    return "  " in paragraph or "{" in paragraph or "<" in paragraph


def write_row(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    """One argument in a table."""
    formatter = parser._get_formatter()
    shown = formatter._format_action_invocation(action)
    text = formatter._expand_help(action) if action.help else ""
    return f"| {code(shown)} | {escape(text)} |"


def code(text: str) -> str:
    """As code in a table."""
    return "`" + text.replace("|", "\\|") + "`"


def escape(text: str) -> str:
    """What would mean something in markdown, as it is."""
    return re.sub(r"([\\`*_{}\[\]<>|$])", r"\\\1", text)


def fold(usage: str) -> str:
    """A usage line in several."""
    lines = [""]
    for word in re.findall(r"\[[^\[\]]*(?:\[[^\]]*\][^\[\]]*)*\]|\S+", usage):
        if len(lines[-1]) + len(word) > WIDTH:
            lines.append("   ")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def block(text: str) -> str:
    """Text that keeps its lines."""
    return f"```text\n{text.strip(chr(10))}\n```"


# The library.


def write_reference() -> str:
    """Every public name of poplin.runtime, by kind."""
    public = {name: getattr(cni, name) for name in cni.__all__}
    errors = [name for name, thing in public.items() if inspect.isclass(thing) and issubclass(thing, Exception)]
    functions = [name for name, thing in public.items() if inspect.isfunction(thing)]
    records = [name for name in public if name not in errors and name not in functions]
    sections = (("Functions", functions), ("Records", records), ("Errors", errors))
    parts = [f"## {title}\n\n" + "\n".join(map(direct, names)) for title, names in sections]
    return "\n\n".join(parts)


def direct(name: str) -> str:
    """What tells autodoc to document it."""
    thing = getattr(cni, name)
    if inspect.isfunction(thing):
        return f"```{{eval-rst}}\n.. autofunction:: poplin.runtime.{name}\n```\n"
    return f"```{{eval-rst}}\n.. autoclass:: poplin.runtime.{name}\n   :members:\n   :undoc-members:\n```\n"


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
