"""Paths in a configuration."""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.fields import Fields

PATH_MAX = 4096  # linux/limits.h, with the closing NUL


def read_path(fields: Fields, key: str) -> str:
    """A path the kernel can be asked for, empty if absent."""
    path = fields.text(key)
    try:
        size = len(path.encode())
    except UnicodeEncodeError:  # JSON can spell half a character
        size = PATH_MAX
    if size >= PATH_MAX or "\0" in path:
        raise InvalidConfig(f"`{fields.path(key)}` is not a path", repr(path[:200]))
    return path
