"""Write the bundle that `poplin/bundle.py` reads. Run by the interpreter the plugins will have, as its code is bound
to it:

    /usr/bin/python3.11 -I pack.py FOLDER FINAL_FOLDER NAME HEAD PACKAGE...

FOLDER holds the package now and gets the bundle of that name, FINAL_FOLDER is where it will be and what tracebacks
will say, HEAD how many bytes of it an entry script reads first; the modules are those of poplin itself and of these
packages of it. What only people and type checkers read is left out: docstrings, annotations, the import of
`__future__`.
"""

from __future__ import annotations

import ast
import importlib.util
import marshal
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from types import CodeType

BOOT = "poplin/bundle.py"
EVERY_CALL = "poplin.plugins.kit.skel"  # whose imports every call needs

Needs = Mapping[str, tuple[str, ...]]


def pack(folder: Path, final_folder: str, room: int, packages: Sequence[str]) -> bytes:
    """The bundle of FOLDER/poplin and these packages in it. Raises ValueError if there is not `room` for its head."""
    patterns = ["poplin/*.py", *(f"poplin/{package}/**/*.py" for package in packages)]
    found = sorted(file for pattern in patterns for file in folder.glob(pattern))
    files = {name_module(str(file.relative_to(folder))): file for file in found}
    boot = compile_module(files.pop(name_module(BOOT)), final_folder, folder)
    needs = {name: list_imports(file, files.keys()) for name, file in files.items()}
    groups = group_modules(needs, {name for file in files.values() for name in list_late_imports(file)})
    codes = {name: compile_module(file, final_folder, folder, files.keys()) for name, file in files.items()}
    contents = {name: (str(file.relative_to(folder)), needs[name], codes[name]) for name, file in files.items()}
    blobs = [marshal.dumps({name: contents[name] for name in members}) for members in groups]
    places = [(room + sum(map(len, blobs[:n])), len(blob)) for n, blob in enumerate(blobs)]
    numbers = {name: n for n, members in enumerate(groups) for name in members}
    head = marshal.dumps((boot, numbers, places, find_libraries(files.values())))
    if len(head) > room:
        raise ValueError(f"the head of the bundle has {len(head)} bytes, an entry script reads {room}")
    return head.ljust(room, b"\0") + b"".join(blobs)


def find_libraries(files: Iterable[Path]) -> dict[str, str]:
    """Where the interpreter's private modules are that it has not built in, which need not be searched for then."""
    names = {name for file in files for name in list_private(ast.parse(file.read_bytes()))}
    specs = {name: importlib.util.find_spec(name) for name in sorted(names)}
    return {name: spec.origin for name, spec in specs.items() if spec and spec.has_location and spec.origin}


def list_private(tree: ast.Module) -> Iterator[str]:
    """The modules that a source imports whose names begin with `_`, inside functions too."""
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        yield from (name for name in names if name.startswith("_") and name != "__future__")


def group_modules(needs: Needs, late: Set[str]) -> list[tuple[str, ...]]:
    """Modules that are always needed together: those of every call; then those that the same verbs lead to, which are
    what nobody imports; then those that are only imported late, inside functions."""
    imported = {other for others in needs.values() for other in others} | late
    every_call = find_closure(EVERY_CALL, needs) if EVERY_CALL in needs else set()
    groups = [tuple(sorted(every_call))]
    for roots in (needs.keys() - imported, needs.keys() & late):
        left = needs.keys() - {name for members in groups for name in members}
        groups += group_by_roots({root: find_closure(root, needs) & left for root in sorted(roots)})
    return [members for members in groups if members]


def group_by_roots(reached: Mapping[str, Set[str]]) -> list[tuple[str, ...]]:
    """Together is what is reached from the same roots."""
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name in sorted(set().union(*reached.values())):
        groups[tuple(root for root, names in reached.items() if name in names)].append(name)
    return [tuple(members) for _, members in sorted(groups.items())]


def list_late_imports(file: Path) -> Iterator[str]:
    """The modules that a source imports inside its functions."""
    for function in (node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.FunctionDef)):
        yield from (node.module or "" for node in ast.walk(function) if isinstance(node, ast.ImportFrom))


def find_closure(root: str, needs: Needs) -> set[str]:
    """The module and all that is imported with it."""
    found, left = set(), [root]
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += needs[name]
    return found


def name_module(below: str) -> str:
    """`poplin.spec` for poplin/spec/__init__.py."""
    return below.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def list_imports(file: Path, modules: Set[str]) -> tuple[str, ...]:
    """The modules of ours that this one imports when it is itself imported, each after its packages, in order."""
    names: dict[str, None] = {}
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                parts = name.split(".")
                names |= dict.fromkeys(".".join(parts[:n]) for n in range(1, len(parts) + 1))
    return tuple(name for name in names if name in modules)


def compile_module(file: Path, final_folder: str, folder: Path, modules: Set[str] = frozenset()) -> CodeType:
    """The code of one module."""
    name = f"{final_folder}/{file.relative_to(folder)}"
    tree = bind_imports(WithoutAnnotations().visit(ast.parse(file.read_bytes(), name)), modules)
    return compile(ast.fix_missing_locations(tree), name, "exec", dont_inherit=True, optimize=2)


def bind_imports(tree: ast.Module, modules: Set[str]) -> ast.Module:
    """`from poplin.spec.names import is_identifier` as `is_identifier = _modules["poplin.spec.names"].is_identifier`.

    The loader has loaded those modules by then, and puts sys.modules under that name. The import statement would make
    sure of both, and asks a module that is no package for its `__path__`, which costs as much as a small module.
    """
    tree.body = [bound for node in tree.body for bound in bind_names(node, modules)]
    return tree


def bind_names(node: ast.stmt, modules: Set[str]) -> list[ast.stmt]:
    """The statements in place of one at the top of a module."""
    if not isinstance(node, ast.ImportFrom) or node.module not in modules:
        return [node]
    lines = "\n".join(f"{a.asname or a.name} = _modules[{node.module!r}].{a.name}" for a in node.names)
    return [ast.copy_location(bound, node) for bound in ast.parse(lines).body]


class WithoutAnnotations(ast.NodeTransformer):
    """Takes out what only type checkers read, and the import that kept it from being evaluated."""

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        """`from __future__ import annotations` goes."""
        return None if node.module == "__future__" else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        """`x: int = 1` becomes `x = 1`; `x: int` alone does nothing."""
        if node.value is None:
            return ast.copy_location(ast.Pass(), node)
        return ast.copy_location(ast.Assign([node.target], self.visit(node.value)), node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """The result's type goes, those of the arguments with `visit_arg`."""
        node.returns = None
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.AST:
        """An argument without its type."""
        node.annotation = None
        return node


def main() -> None:
    """See above."""
    folder, final_folder, name, room, *packages = sys.argv[1:]
    Path(folder, name).write_bytes(pack(Path(folder), final_folder, int(room), packages))


if __name__ == "__main__":
    main()
