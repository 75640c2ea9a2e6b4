"""Write the bundle that `poplin/bundle.py` reads. Run by the interpreter the plugins will have, as its code is bound
to it:

    /usr/bin/python3.11 -I pack.py FOLDER FINAL_FOLDER

FOLDER holds the package now, FINAL_FOLDER is where it will be and what tracebacks will say. Docstrings are left out.
"""

from __future__ import annotations

import marshal
import sys
from pathlib import Path

NAME = "hot.bundle"


def pack(folder: Path, final_folder: str) -> bytes:
    """The bundle of every module below FOLDER/poplin."""
    modules = {}
    for file in sorted(folder.glob("poplin/**/*.py")):
        below = str(file.relative_to(folder))
        name = below.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        code = compile(file.read_bytes(), f"{final_folder}/{below}", "exec", dont_inherit=True, optimize=2)
        modules[name] = (below, marshal.dumps(code))
    return marshal.dumps(modules)


def main() -> None:
    """See above."""
    folder, final_folder = sys.argv[1:]
    Path(folder, NAME).write_bytes(pack(Path(folder), final_folder))


if __name__ == "__main__":
    main()
