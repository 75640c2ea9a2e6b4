"""What is documented is what is there: error codes, plugins, dependencies, deviations."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path

import facts
import pytest
from shape.source import CHECKOUT, HEAVY

from poplin.cli.verbs import VERBS
from poplin.invoke.entry import PLUGINS
from poplin.spec import errors

DOCS = CHECKOUT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *CHECKOUT.glob("*.md")])
# What a block of a page may be; commands stand in `console` alone, where tests/docs and tests/engines run them.
FENCES = {"console", "diff", "hcl", "json", "python", "toml", ""}
# How a command would look between blocks, and in a block that is not run.
PROMPT = re.compile(r"\s*(>?\s*\$ |sudo |\./(scripts|build))")
COMMAND = re.compile(r"\s*((poplin|apt-get|ip|nft|podman|ctr|cnitool|mkdir|export) |# ?(poplin|ip|nft) )")
CODES_OF_THE_SHEET = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 50, 51, 999]


def error_classes() -> list[type[errors.CNIError]]:
    """Every class of poplin/spec/errors.py, without their common parent."""
    classes = [thing for _, thing in inspect.getmembers(errors, inspect.isclass)]
    return [thing for thing in classes if issubclass(thing, errors.CNIError) and thing is not errors.CNIError]


def table_rows(text: str) -> list[list[str]]:
    """The cells of the body rows of every table in a page."""
    rows = [line.strip().strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows if not set("".join(row)) <= set("-: ")]


@pytest.mark.parametrize("code", CODES_OF_THE_SHEET)
def test_every_code_of_the_specification_has_exactly_one_class(code):
    assert len([thing for thing in error_classes() if thing.code == code]) == 1, "raise the class, never a number"


def test_every_class_has_its_own_code():
    codes = sorted(thing.code for thing in error_classes())
    assert codes == sorted(set(codes)), "two classes of one code cannot be told apart by who reads the answer"


def test_every_error_class_is_documented_with_its_code():
    documented = {(row[0], row[1].strip("`")) for row in table_rows((DOCS / "errors.md").read_text())}
    missing = [thing.__name__ for thing in error_classes() if (str(thing.code), thing.__name__) not in documented]
    assert missing == [], "docs/errors.md: a row `| code | class | meaning | who raises it | what to do |` for each"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_has_a_page(plugin):
    page = DOCS / "plugins" / f"{plugin}.md"
    assert page.is_file(), f"{page.relative_to(CHECKOUT)}: every plugin is documented"
    assert page.read_text().startswith("# "), "a page begins with its title"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_has_tests(plugin):
    unit = PLUGINS[plugin].split(".")[2]
    tests = CHECKOUT / "tests" / "plugins"
    found = [*tests.glob(f"test_{unit}.py"), *(tests / unit).glob("test_*.py")]
    assert found, f"tests/plugins/test_{unit}.py or tests/plugins/{unit}/: every plugin is tested"


def test_every_dependency_is_justified():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    groups = [project["project"]["dependencies"], *project["dependency-groups"].values()]
    groups.append(project["build-system"]["requires"])
    names = [re.split(r"[^\w-]", item)[0] for group in groups for item in group]
    for script in ("setup", "vm", "engines", "newcomer"):
        text = (CHECKOUT / "scripts" / script).read_text()
        names += re.search(r'^PACKAGES="([^"]*)"', text, re.MULTILINE).group(1).split()
    page = (DOCS / "dependencies.md").read_text()
    missing = [name for name in names if f"`{name}`" not in page]
    assert missing == [], "docs/dependencies.md: say why it is needed, what it costs and what was rejected"


def test_deviations_are_documented_as_the_tests_list_them():
    sheets = facts.read_sheets()
    listed = {(sheet.name, str(row)) for sheet in sheets.values() for row in sheet.deviations}
    rows = table_rows((DOCS / "deviations.md").read_text())
    documented = {(row[0], row[1]) for row in rows if row[0] in sheets}
    assert documented == listed, "docs/deviations.md and the `deviations` of tests/facts.toml name the same rows"


def test_every_heavy_module_has_its_stand_in_documented():
    documented = {row[0].strip("`") for row in table_rows((DOCS / "dependencies.md").read_text())}
    assert HEAVY - documented == set(), "docs/dependencies.md: say what to use on the plugin path instead"


def read_blocks(page: Path) -> list[tuple[str, list[str]]]:
    """The language and the lines of each fenced block; `prose` has the lines between them."""
    blocks: list[tuple[str, list[str]]] = [("prose", [])]
    is_inside = False
    for line in page.read_text().splitlines():
        if line.lstrip().startswith("```"):
            is_inside = not is_inside
            blocks.append((line.strip(" `") if is_inside else "prose", []))
        else:
            blocks[-1][1].append(line)
    assert not is_inside, f"{page}: a block is not closed"
    return blocks


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_stand_where_tests_run_them(page: Path) -> None:
    blocks = read_blocks(page)
    assert {language for language, _ in blocks} - FENCES <= {"prose"}, f"blocks are one of {sorted(FENCES)}"
    elsewhere = [(language, line) for language, lines in blocks if language != "console" for line in lines]
    found = [each for each in elsewhere if PROMPT.match(each[1]) or (each[0] != "prose" and COMMAND.match(each[1]))]
    assert found == [], "put it into a ```console block, with `$ ` before it"
    wild = [lines[0] for language, lines in blocks if language == "console" and not lines[0].startswith("$ ")]
    assert wild == [], "a console block begins with a command"


def test_every_verb_is_in_the_table_of_commands_and_nothing_else():
    rows = table_rows((DOCS / "commands.md").read_text().partition("## ")[0])
    assert {row[0].strip("`"): row[1] for row in rows[1:]} == {name: verb.summary for name, verb in VERBS.items()}


def test_every_page_is_in_the_contents():
    linked = set(re.findall(r"^- \[[^]]*\]\(([^)]+)\)", (DOCS / "index.md").read_text(), re.MULTILINE))
    pages = {str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md")} - {"index.md"}
    assert pages - linked == set(), "docs/index.md: a line for each page"
