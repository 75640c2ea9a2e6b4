"""The author's kit: its names and signatures are kept, documented, and cost only what is used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from shape.source import HEAVY
from shape.test_import_diet import modules_loaded_by

from poplin import kit

CHECKOUT = Path(__file__).resolve().parents[2]
SURFACE = Path(__file__).with_name("surface.txt")
PAGE = (CHECKOUT / "docs" / "kit.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
TEMPLATES = sorted((CHECKOUT / "poplin" / "scaffold" / "templates").glob("*/plugin.*"))
PLUGINS = [path for path in (CHECKOUT / "examples" / "plugins").glob("*/*") if path.suffix == "" and path.is_file()]
BROKEN = """\
The author's kit has changed, and plugins of others import it. Is it meant? Then
  1. see docs/kit.md, "What stable means": what is taken away or means something else waits for a major version, or as
     long as that is 0 for a minor one, after it was announced in one that still had it; new names, and arguments with a
     default, come with a minor version;
  2. raise the version in poplin/__init__.py, unless this version is not out yet, and say in CHANGELOG.md what authors
     have to do;
  3. run `.venv/bin/python scripts/kit_page.py --surface > tests/kit/surface.txt` and ./scripts/pages.
"""


def test_names_and_signatures_are_as_they_were():
    command = [sys.executable, str(CHECKOUT / "scripts" / "kit_page.py"), "--surface"]
    now = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.splitlines()
    before = SURFACE.read_text().splitlines()
    gone, new = [line for line in before if line not in now], [line for line in now if line not in before]
    assert (gone, new) == ([], []), BROKEN
    assert now == before, BROKEN


def names_for_types() -> dict[str, str]:
    """What type checkers see: the module of each name."""
    (block,) = [node for node in ast.parse(Path(kit.__file__).read_text()).body if isinstance(node, ast.If)]
    imports = [node for node in block.body if isinstance(node, ast.ImportFrom)]
    return {alias.name: str(node.module) for node in imports for alias in node.names if alias.asname == alias.name}


def test_type_checkers_see_the_names_that_there_are():
    assert names_for_types() == kit.MODULES
    assert all(getattr(kit, name) is not None for name in kit.MODULES)


def test_a_name_that_is_not_there_is_told_with_the_page_that_lists_them():
    with pytest.raises(AttributeError, match=r"^poplin\.kit has no 'Bridge'; docs/kit\.md lists what it has$"):
        _ = kit.Bridge
    with pytest.raises(ImportError):
        exec("from poplin.kit import Bridge")


def test_a_plugin_pays_for_what_it_uses():
    alone = modules_loaded_by("from poplin.plugins.kit.skel import Plugin, main")
    assert modules_loaded_by("from poplin.kit import Plugin, main") == alone | {"poplin.kit"}
    assert "poplin.plugins.kit.skel" not in modules_loaded_by("import poplin.kit")


def test_no_name_loads_anything_heavy():
    loaded = modules_loaded_by("import poplin.kit; [getattr(poplin.kit, name) for name in dir(poplin.kit)]")
    assert HEAVY & loaded == set()


# The page.


def names_on_the_page() -> list[str]:
    return [name for names in re.findall(r"<!-- begin kit (.*) -->", PAGE) for name in names.split()]


def fill_place(text: str) -> str:
    """Python, of a template too."""
    return text.replace("@PLACE@", 'POPLIN = "/nowhere"').replace("@PATH@", "sys.path.insert(0, POPLIN)")


def imported_names(text: str) -> set[str]:
    """What a plugin imports of Poplin, which must be from the kit."""
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in imports if str(node.module).partition(".")[0] == "poplin"]
    assert {node.module for node in ours} == {"poplin.kit"}
    return {alias.name for node in ours for alias in node.names}


def test_every_name_is_on_the_page_once_and_in_an_example():
    assert sorted(names_on_the_page()) == dir(kit)
    assert set(dir(kit)) - {name for each in EXAMPLES for name in imported_names(each)} == set()


def test_examples_and_templates_are_right_about_every_type(tmp_path: Path) -> None:
    """mypy sees them beside the package, with the library's place filled in."""
    texts = [*EXAMPLES, *(path.read_text() for path in [*TEMPLATES, *PLUGINS] if path.suffix != ".shell")]
    for number, text in enumerate(texts):
        (tmp_path / f"plugin_{number}.py").write_text(fill_place(text))
    options = ["--strict", "--config-file=", f"--cache-dir={tmp_path / 'cache'}", "--no-error-summary"]
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", *options, *map(str, sorted(tmp_path.glob("plugin_*.py")))],
        capture_output=True,
        text=True,
        timeout=1200,
        env={"MYPYPATH": str(CHECKOUT), "PATH": "/usr/bin:/bin"},
    )
    assert (checked.stdout, checked.stderr) == ("", "")


@pytest.mark.parametrize("path", [*TEMPLATES, *PLUGINS], ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_authors_start_from_imports_nothing_else(path: Path) -> None:
    text = fill_place(path.read_text())
    if path.suffix == ".shell":
        (text,) = re.findall(r"^from poplin\S* import \w+$", text, re.MULTILINE)
    assert imported_names(text) <= set(dir(kit))
