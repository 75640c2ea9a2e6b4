"""Write the bundle that `poplin/bundle.py` reads. Run by the interpreter the plugins will have, as its code is bound
to it:

    /usr/bin/python3.11 -I pack.py FOLDER FINAL_FOLDER NAME

FOLDER holds the package now and gets the bundle of that name, FINAL_FOLDER is where it will be and what tracebacks
will say. What only people and type checkers read is left out: docstrings, annotations, the import of `__future__`.
"""

from __future__ import annotations

import ast
import marshal
import sys
from pathlib import Path


def pack(folder: Path, final_folder: str) -> bytes:
    """The bundle of every module below FOLDER/poplin."""
    files = {str(file.relative_to(folder)): file for file in list_modules(folder)}
    codes = {below: compile_module(file, final_folder, folder) for below, file in files.items()}
    needed = {below: list_imports(file, {name_module(each) for each in files}) for below, file in files.items()}
    index: dict[str, tuple[str, int, int, tuple[str, ...]]] = {}
    # offsets count from the file's beginning, so the index's own size must be known first: numbers do not change it
    for _ in range(2):
        offset = 4 + len(marshal.dumps(index, 0))
        for below, code in codes.items():
            index[name_module(below)] = (below, offset, len(code), needed[below])
            offset += len(code)
    head = marshal.dumps(index, 0)
    return len(head).to_bytes(4, "little") + head + b"".join(codes.values())


def list_modules(folder: Path) -> list[Path]:
    """Every source, sorted."""
    return sorted(folder.glob("poplin/**/*.py"))


def name_module(below: str) -> str:
    """`poplin.spec` for poplin/spec/__init__.py."""
    return below.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def list_imports(file: Path, modules: set[str]) -> tuple[str, ...]:
    """The modules of ours that this one imports when it is itself imported, each after its packages, in order."""
    names: dict[str, None] = {}
    for node in ast.parse(file.read_bytes()).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names)):
                parts = name.split(".")
                names |= dict.fromkeys(".".join(parts[:n]) for n in range(1, len(parts) + 1))
    return tuple(name for name in names if name in modules)


def compile_module(file: Path, final_folder: str, folder: Path) -> bytes:
    """The marshalled code of one module."""
    name = f"{final_folder}/{file.relative_to(folder)}"
    tree = WithoutAnnotations().visit(ast.parse(file.read_bytes(), name))
    return marshal.dumps(compile(ast.fix_missing_locations(tree), name, "exec", dont_inherit=True, optimize=2))


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
    folder, final_folder, name = sys.argv[1:]
    Path(folder, name).write_bytes(pack(Path(folder), final_folder))


if __name__ == "__main__":
    main()
