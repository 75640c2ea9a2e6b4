"""What a plugin of somebody's own may be called: the name becomes a file, a `type`, and part of a table's name."""

from __future__ import annotations

import re

from poplin.invoke.entry import PLUGINS
from poplin.spec.errors import InvalidConfig

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 32
# The reference's plugins that we have none of, and what stands beside plugins in their folder.
TAKEN = frozenset([*PLUGINS, "cnitool", "debug", "noop", "poplin", "win-bridge", "win-overlay"])


def check_name(name: str) -> None:
    """Raises InvalidConfig."""
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        raise InvalidConfig(
            f"{name!r} cannot be the name of a plugin",
            f"it is the name of a file: small letters and digits, parts joined by `-`, {LONGEST} characters at most",
        )
    if name in TAKEN:
        raise InvalidConfig(f"there is a plugin {name!r} already", "choose another name")
