"""The manual pages, made when poplin is built: `poplin(1)` with the verbs, and `poplin-add(1)` and so on.

python -m poplin.cli.manual share/man/man1
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from argparse_manpage.manpage import Manpage

from poplin import __version__
from poplin.cli.main import ENVIRONMENT, EXAMPLE, EXIT_STATUS
from poplin.cli.parser import make_parser
from poplin.cli.verbs import ABOUT, VERBS, name_page

SECTION = 1
SECTIONS = f"""\
.SH ENVIRONMENT
{ENVIRONMENT}
.SH "EXIT STATUS"
{EXIT_STATUS}
"""


def write_pages(folder: Path) -> list[Path]:
    """All pages, in a folder that is made if it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"poplin": make_overview(), **{f"poplin-{name_page(name)}": make_page(name) for name in VERBS}}
    written = []
    for name, text in pages.items():
        written.append(folder / f"{name}.{SECTION}")
        written[-1].write_text(text)
    return written


def make_page(name: str) -> str:
    """The page of one verb."""
    parser = make_parser(name)
    parser.prog = f"poplin-{name_page(name)}"
    parser.epilog = f"  {VERBS[name].example}"
    parser.usage = parser.format_usage().partition(": ")[2].replace(parser.prog, f"poplin {name}")
    return render(parser, VERBS[name].summary)


def make_overview() -> str:
    """The page of the command."""
    verbs = "\n\n".join(f"poplin-{name_page(name)}({SECTION}): {verb.summary}" for name, verb in VERBS.items())
    parser = argparse.ArgumentParser(
        prog="poplin",
        usage="poplin VERB [ARGUMENTS]",
        description=f"{ABOUT}\n\n{verbs}",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
    )
    return render(parser, "join containers to networks") + SECTIONS


def render(parser: argparse.ArgumentParser, summary: str) -> str:
    """In the language of man(7)."""
    data = {"project_name": "poplin", "version": __version__, "manual_section": SECTION, "description": summary}
    return str(Manpage(parser, {**data, "manual_title": "Poplin"})).replace(".SH COMMENTS", ".SH EXAMPLE")


if __name__ == "__main__":
    for page in write_pages(Path(sys.argv[1])):
        print(page)
