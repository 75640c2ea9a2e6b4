"""Write the bundle that `poplin/bundle.py` reads. Run by the interpreter the plugins will have, as its code is bound
to it:

    /usr/bin/python3.11 -I pack.py FOLDER FINAL_FOLDER NAME

FOLDER holds the package now and gets the bundle of that name, FINAL_FOLDER is where it will be and what tracebacks
will say. Docstrings are left out, and so is the import of `__future__`, whose effect the compiler has without it.
"""

from __future__ import annotations
import __future__

import ast
import marshal
import sys
from pathlib import Path

POSTPONED = b"from __future__ import annotations\n"
FLAG = __future__.annotations.compiler_flag


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
    source = file.read_bytes().replace(POSTPONED, b"\n")
    name = f"{final_folder}/{file.relative_to(folder)}"
    return marshal.dumps(compile(source, name, "exec", flags=FLAG, dont_inherit=True, optimize=2))


def main() -> None:
    """See above."""
    folder, final_folder, name = sys.argv[1:]
    Path(folder, name).write_bytes(pack(Path(folder), final_folder))


if __name__ == "__main__":
    main()
