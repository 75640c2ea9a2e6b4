"""What the controller's verbs need besides Poplin: packages that only come with `pip install 'poplin[controller]'`."""

from __future__ import annotations

import sys
from importlib.util import find_spec

NEEDED = (
    "alembic",
    "cryptography",
    "httpx",
    "jwt",
    "msgspec",
    "prometheus_client",
    "sqlalchemy",
    "starlette",
    "uvicorn",
)


def is_complete(prog: str) -> bool:
    """Whether all of it is there; else a line on stderr says what to do."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        print(f"{prog}: needs {', '.join(missing)}; run pip install 'poplin[controller]'", file=sys.stderr)
    return not missing
