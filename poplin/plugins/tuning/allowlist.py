"""What an administrator lets networks set: one regular expression a line, that has to be found in a switch's name.

Without the file everything is allowed, by an empty one nothing is. The expressions are Go's, as the reference is
written in it: what Python says otherwise is translated, and what it does not know is refused.
"""

from __future__ import annotations

from poplin.linux.atomicfile import read_file
from poplin.linux.folder import is_there
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Sequence

ALLOWLIST = "/etc/cni/tuning/allowlist.conf"

# A character behind a backslash, or everything between brackets; and what can be said there.
PIECE = r"\\.|\[\^?\]?(?:\\.|\[:\^?[a-z]*:\]|[^\]\\])*\]"
CLASS = r"\\.|\[:([a-z]+):\]|\[(?!:)"
CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": r"\x00-\x7f",
    "blank": r"\t\x20",
    "cntrl": r"\x00-\x1f\x7f",
    "digit": "0-9",
    "graph": r"\x21-\x7e",
    "lower": "a-z",
    "print": r"\x20-\x7e",
    "punct": r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e",
    "space": r"\t\n\v\f\r\x20",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}


def check_allowed(names: Sequence[str]) -> None:
    """Raises InvalidConfig for the first of these that is not allowed, OSError if the file cannot be read."""
    if not names:
        return
    content = read_file(ALLOWLIST)
    if content is not None:
        allowed = Allowlist(content.decode("utf-8", "surrogateescape").splitlines())
        allowed.check(names)
    elif is_there(ALLOWLIST):
        raise InvalidConfig(f"cannot read {ALLOWLIST}", "it is a link that leads nowhere; without it all is allowed")


class Allowlist:
    """The expressions in a file's lines."""

    def __init__(self, lines: Iterable[str]) -> None:
        """Raises InvalidConfig."""
        texts = {number: line.strip() for number, line in enumerate(lines, 1)}
        self._expressions = [compile_line(number, text) for number, text in texts.items() if text]

    def check(self, names: Iterable[str]) -> None:
        """Raises InvalidConfig."""
        for name in names:
            if not any(each.search(name) for each in self._expressions):
                raise InvalidConfig(f"sysctl {name!r} is not allowed on this host", f"by {ALLOWLIST}")


def compile_line(number: int, text: str) -> re.Pattern[str]:
    """Raises InvalidConfig."""
    import re  # few hosts have such a file
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of what Python may come to mean something else by
            return re.compile(re.sub(PIECE, lambda piece: translate(piece[0]), text))
    except (re.error, OverflowError, RecursionError, Warning) as error:
        where = f"line {number} of {ALLOWLIST} is no regular expression"
        raise InvalidConfig(where, f"{text!r}: {error}") from None


def translate(piece: str) -> str:
    """A piece as Python has it: `\\Z` for `\\z`, and what a class stands for."""
    import re

    if piece == r"\z":
        return r"\Z"
    if piece[0] != "[":
        return piece
    return "[" + re.sub(CLASS, lambda each: translate_class(each[0], each[1]), piece[1:])


def translate_class(text: str, name: str | None) -> str:
    """Between brackets: a class, or a bracket that is one of the characters. Of `[:^alpha:]` Python warns, and of a
    class that nobody knows."""
    return CLASSES.get(name, text) if name else r"\[" if text == "[" else text
