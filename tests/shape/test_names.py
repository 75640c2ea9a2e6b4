"""Files are named after what they are, documented, and short enough to read."""

from __future__ import annotations

import ast
import subprocess

import pytest
from shape.source import CHECKOUT, modules

SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager"}
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X:")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def tracked_files():
    """Every file of the repository, new ones too, except what git ignores."""
    command = ["git", "-C", str(CHECKOUT), "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    return [CHECKOUT / name for name in names if (CHECKOUT / name).is_file()]


def test_no_file_has_a_name_that_says_nothing():
    found = [str(path.relative_to(CHECKOUT)) for path in tracked_files() if path.stem.lower() in SAYS_NOTHING]
    assert found == [], "name the thing: such a file collects what has no place, and everything comes to import it"


def public_things(module):
    """Public functions and classes of a module, with the public methods of the classes."""
    for node in module.tree.body:
        if not isinstance(node, FUNCTION | ast.ClassDef) or node.name.startswith("_"):
            continue
        yield node.name, node
        for method in node.body if isinstance(node, ast.ClassDef) else ():
            if isinstance(method, FUNCTION) and not method.name.startswith("_"):
                yield f"{node.name}.{method.name}", method


@pytest.mark.parametrize("name", [name for name, module in modules().items() if module.path.read_text().strip()])
def test_module_and_everything_public_has_a_docstring(name):
    module = modules()[name]
    missing = [thing for thing, node in public_things(module) if not ast.get_docstring(node)]
    if not ast.get_docstring(module.tree):
        missing.insert(0, "the module")
    assert missing == [], f"{module.where}: say in one sentence what it is, and why if that is not plain"


def test_nothing_is_marked_as_unfinished():
    found = [
        f"{path.relative_to(CHECKOUT)}:{number}"
        for path in tracked_files()
        if path.suffix in (".py", ".md", ".toml", ".sh", "") and path.name != "LICENSE"
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if any(word in line for word in UNFINISHED)
    ]
    assert found == [], "finish it, leave it out, or open an issue"


@pytest.mark.parametrize("name", modules())
def test_file_and_functions_are_short_enough_to_read(name):
    module = modules()[name]
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(module.tree)
        if isinstance(node, FUNCTION) and (node.end_lineno or 0) - node.lineno >= LONGEST_FUNCTION
    ]
    assert long == [], f"{module.where}: a function of more than {LONGEST_FUNCTION} lines does more than one thing"
    lines = len(module.path.read_text().splitlines())
    assert lines <= LONGEST_FILE, f"{module.where}: one idea a file; {lines} lines hold several"
