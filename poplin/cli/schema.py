"""Print the JSON Schema of a plugin's configuration, which editors check and complete with.

TYPE is a plugin's; `list` is a network configuration list, `plugin` what all plugins have in common. The text is whole:
what one schema needs of the others is in it. Without TYPE the types are listed, a line each.
"""

from __future__ import annotations

import argparse
import json
import sys

from poplin.cli.failure import NOT_FOUND
from poplin.schema.bundle import bundle, list_types
from poplin.schema.nearest import find_nearest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin schema`."""
    parser.add_argument("type", metavar="TYPE", nargs="?", help="bridge, list, plugin, windows/nat, ...")


def run(options: argparse.Namespace) -> int:
    """`poplin schema`."""
    types = list_types()
    if options.type is None:
        print("\n".join(types))
        return 0
    if options.type not in types:
        nearest = find_nearest(options.type, types)
        hint = f"did you mean {nearest!r}?" if nearest else "`poplin schema` lists them"
        print(f"poplin schema: no schema {options.type!r}; {hint}", file=sys.stderr)
        return NOT_FOUND
    print(json.dumps(bundle(options.type), indent=2, ensure_ascii=False))
    return 0
