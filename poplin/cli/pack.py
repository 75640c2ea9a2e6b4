"""Write the bundle that `poplin/bundle.py` reads. Run by the interpreter the plugins will have, as its code is bound
to it:

    /usr/bin/python3.11 -I pack.py FOLDER FINAL_FOLDER NAME

FOLDER holds the package now and gets the bundle of that name, FINAL_FOLDER is where it will be and what tracebacks
will say. Docstrings are left out, and so is the import of `__future__`, whose effect the compiler has without it.
"""

from __future__ import annotations
import __future__

import marshal
import sys
from pathlib import Path

POSTPONED = b"from __future__ import annotations\n"
FLAG = __future__.annotations.compiler_flag


def pack(folder: Path, final_folder: str) -> bytes:
    """The bundle of every module below FOLDER/poplin."""
    codes = {str(file.relative_to(folder)): compile_module(file, final_folder, folder) for file in list_modules(folder)}
    index: dict[str, tuple[str, int, int]] = {}
    # offsets count from the file's beginning, so the index's own size must be known first: numbers do not change it
    for _ in range(2):
        offset = 4 + len(marshal.dumps(index, 0))
        for below, code in codes.items():
            index[name_module(below)] = (below, offset, len(code))
            offset += len(code)
    head = marshal.dumps(index, 0)
    return len(head).to_bytes(4, "little") + head + b"".join(codes.values())


def list_modules(folder: Path) -> list[Path]:
    """Every source, sorted."""
    return sorted(folder.glob("poplin/**/*.py"))


def name_module(below: str) -> str:
    """`poplin.spec` for poplin/spec/__init__.py."""
    return below.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


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
