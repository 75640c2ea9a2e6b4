"""The source tree as data: modules, their syntax trees, what they import and where."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGE = CHECKOUT / "poplin"

HOT = ("", "bundle", "kit", "spec", "linux", "invoke", "plugins")  # what runs in a plugin's process
# Each costs 1 to 44 ms at import, measured with /usr/bin/python3 -I -S; docs/dependencies.md has the stand-ins.
HEAVY = {
    *("argparse", "asyncio", "contextlib", "dataclasses", "enum", "functools", "hashlib", "ipaddress", "json"),
    *("logging", "os", "pathlib", "re", "secrets", "selectors", "shutil", "signal", "socket", "subprocess", "tempfile"),
    "struct",
    "typing",
}


@dataclass(frozen=True)
class Import:
    """One imported name, and under which circumstances the statement runs."""

    module: str  # `poplin.spec.errors`, `json`
    line: int
    for_types: bool = False  # under `if TYPE_CHECKING`
    deferred: bool = False  # inside a function
    fallback: bool = False  # in an `except ImportError`


@dataclass(frozen=True)
class Module:
    """One file of the package."""

    name: str
    path: Path

    @property
    def where(self) -> str:
        """The path from the checkout, for messages."""
        return str(self.path.relative_to(CHECKOUT))

    @property
    def layer(self) -> str:
        """`spec` for poplin.spec.names, empty for poplin itself."""
        return self.name.split(".")[1] if "." in self.name else ""

    @property
    def is_hot(self) -> bool:
        """Whether plugins load it."""
        return self.layer in HOT

    @property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return parse(self.path)

    @property
    def imports(self) -> list[Import]:
        """Every import in the file."""
        return list(find_imports(self.tree.body, Import("", 0)))

    @property
    def own_imports(self) -> list[Import]:
        """Those of this package, by the module they end up in."""
        return [item for item in self.imports if item.module.partition(".")[0] == "poplin"]


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(), str(path))


def module_name(path: Path) -> str:
    """`poplin.spec.names` for its file."""
    parts = path.relative_to(CHECKOUT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def modules() -> dict[str, Module]:
    """Every module of the package by its name."""
    return {module_name(path): Module(module_name(path), path) for path in sorted(PACKAGE.rglob("*.py"))}


def hot_modules() -> list[Module]:
    """Those on the plugin path."""
    return [module for module in modules().values() if module.is_hot]


def find_imports(body: list[ast.stmt], how: Import) -> Iterator[Import]:
    """The imports in these statements, nested ones included."""
    for node in body:
        if isinstance(node, ast.Import):
            yield from (change(how, module=alias.name, line=node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (change(how, module=origin(node, alias.name), line=node.lineno) for alias in node.names)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from find_imports(node.body, change(how, deferred=True))
        elif isinstance(node, ast.If) and is_type_checking(node.test):
            yield from find_imports(node.body, change(how, for_types=True))
            yield from find_imports(node.orelse, how)
        else:
            yield from nested_imports(node, how)


def nested_imports(node: ast.stmt, how: Import) -> Iterator[Import]:
    """The imports in the blocks of a compound statement."""
    for block in ("body", "orelse", "finalbody"):
        yield from find_imports(getattr(node, block, []), how)
    for handler in getattr(node, "handlers", []):
        name = handler.type.id if isinstance(handler.type, ast.Name) else ""
        fallback = how.fallback or name in ("ImportError", "ModuleNotFoundError")
        yield from find_imports(handler.body, change(how, fallback=fallback))
    for case in getattr(node, "cases", []):
        yield from find_imports(case.body, how)


def change(how: Import, **values: object) -> Import:
    """The same with other values."""
    return Import(**{**how.__dict__, **values})  # type: ignore[arg-type]


def origin(node: ast.ImportFrom, name: str) -> str:
    """The module that `from X import name` loads: X.name if that is one of ours, else X."""
    full = f"{node.module}.{name}"
    return full if full in modules() else str(node.module)


def is_type_checking(test: ast.expr) -> bool:
    """Whether this is `TYPE_CHECKING` or `typing.TYPE_CHECKING`."""
    return getattr(test, "id", getattr(test, "attr", "")) == "TYPE_CHECKING"


def is_inside(name: str, package: str) -> bool:
    """Whether the module is the package or in it."""
    return name == package or name.startswith(f"{package}.")
