"""JSON text with the places of everything in it: parsed once, each value and key has its line and column.

The json package decides what is JSON, so whatever a plugin reads is read here and the reverse. The places are found
in a walk over the tokens, which need not look for mistakes any more.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from poplin.schema.values import quote
from poplin.spec.jsontext import TOO_DEEP, parse_finite, refuse_constant

Path = tuple[str | int, ...]

STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
TOKEN = re.compile(rf'{STRING}|[{{}}\[\]:,]|[^\s{{}}\[\]:,"]+', re.DOTALL)

# How the json package begins what it says, and what helps.
REMEDIES = {
    "Expecting property name": "write a key in double quotes; there is no comma after the last one",
    "Expecting ':'": "write a colon between key and value",
    "Expecting ','": "write a comma before it",
    "Expecting value": "write a value; there is no comma after the last one",
    "Extra data": "remove what follows the document",
    "Invalid control character": r"write it as an escape, a line's end as \n",
    "Invalid \\": r"write a backslash as \\",
    "Unterminated string": "write the closing double quote",
    "Unexpected UTF-8 BOM": "save it without a byte order mark",
}
NO_COMMENTS = "JSON has no comments; remove it"
COMMENT_SIGNS = ("/", "#")


@dataclass(frozen=True, order=True)
class Place:
    """Line and column, both counted from 1."""

    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"line {self.line} column {self.column}"


class SourceError(ValueError):
    """The text is no JSON: why, what to do about it, and where."""

    def __init__(self, text: str, suggestion: str = "", place: Place | None = None) -> None:
        super().__init__(text, suggestion, place)
        self.text = text
        self.suggestion = suggestion
        self.place = place or Place()

    def __str__(self) -> str:
        where = f"{self.text}: {self.place}"
        return f"{where}; {self.suggestion}" if self.suggestion else where


@dataclass
class Source:
    """A document: its plain value, where each value and each key begins, and the keys that were given before."""

    text: str
    value: object
    value_offsets: dict[Path, int] = field(default_factory=dict)
    key_offsets: dict[Path, int] = field(default_factory=dict)
    repeated: list[tuple[Path, int]] = field(default_factory=list)

    def find(self, path: Path, *, key: bool = False) -> Place:
        """Where the value at the path begins, or its key; of what is missing, where what it is missing in does."""
        offsets = self.key_offsets if key and path in self.key_offsets else self.value_offsets
        while path not in offsets and path:
            path, offsets = path[:-1], self.value_offsets
        return self.place(offsets.get(path, 0))

    def list_twice(self) -> list[tuple[Path, Place]]:
        """Keys that were given before in the same object, which counts for nothing then."""
        return [(path, self.place(offset)) for path, offset in self.repeated]

    def place(self, offset: int) -> Place:
        """Line and column of a character."""
        line = bisect_right(self._starts, offset)
        return Place(line, offset - self._starts[line - 1] + 1)

    @cached_property
    def _starts(self) -> list[int]:
        """Where each line begins."""
        return [0, *(match.end() for match in re.finditer("\n", self.text))]


def parse_source(data: bytes | str) -> Source:
    """The document in a text, which is UTF-8 if it is bytes. Raises SourceError."""
    text = data if isinstance(data, str) else decode(data)
    try:
        value = json.loads(text, parse_float=parse_finite, parse_constant=refuse_constant)
    except json.JSONDecodeError as error:
        raise SourceError(f"not JSON: {error.msg}", find_remedy(error), Place(error.lineno, error.colno)) from None
    except RecursionError:
        raise SourceError(f"the JSON has {TOO_DEEP}") from None
    except ValueError as error:
        raise find_refused_number(text, str(error)) from None
    source = Source(text, value)
    follow(source)
    return source


def decode(data: bytes) -> str:
    """Raises SourceError at the first byte that is no UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        where = Source(before, None).place(len(before))
        raise SourceError(f"not UTF-8: {error.reason} at byte {error.start}", "save it as UTF-8", where) from None


def find_remedy(error: json.JSONDecodeError) -> str:
    """What helps against a mistake."""
    if error.doc[error.pos : error.pos + 1] in COMMENT_SIGNS:
        return NO_COMMENTS
    return next((remedy for start, remedy in REMEDIES.items() if error.msg.startswith(start)), "")


def find_refused_number(text: str, reason: str) -> SourceError:
    """Of NaN and its like, and of numbers with too many digits, the json package does not say where they are."""
    source = Source(text, None)
    for match in TOKEN.finditer(text):
        try:
            json.loads(match.group(), parse_float=parse_finite, parse_constant=refuse_constant)
        except json.JSONDecodeError:  # punctuation
            continue
        except ValueError as error:
            said = str(error).partition(";")[0]  # Python adds advice for programmers
            return SourceError(f"not JSON: {said}", "write a number, or a string", source.place(match.start()))
    return SourceError(f"not JSON: {reason}")


@dataclass
class Open:
    """An object or a list inside which the walk is, and the key or number of what comes next."""

    path: Path
    step: str | int

    @property
    def is_list(self) -> bool:
        """Whether it is a list."""
        return isinstance(self.step, int)


def follow(source: Source) -> None:
    """Note where everything is."""
    around: list[Open] = []
    expects_key = False
    for offset, token in list_tokens(source.text):
        if token == ",":
            inner = around[-1]
            expects_key = not inner.is_list
            if isinstance(inner.step, int):
                inner.step += 1
        elif token == ":":
            expects_key = False
        elif token in "}]":
            around.pop()
        elif expects_key:
            inner = around[-1]
            inner.step = str(json.loads(token))
            note_key(source, (*inner.path, inner.step), offset)
        else:
            path = (*around[-1].path, around[-1].step) if around else ()
            source.value_offsets[path] = offset
            if token in "{[":
                around.append(Open(path, "" if token == "{" else 0))
                expects_key = token == "{"


def note_key(source: Source, path: Path, offset: int) -> None:
    """A key, perhaps for the second time; then the last one counts, as it does in the value."""
    if path in source.key_offsets:
        source.repeated.append((path, offset))
    source.key_offsets[path] = offset


def list_tokens(text: str) -> Iterator[tuple[int, str]]:
    """Strings, punctuation and words with their places in the text."""
    return ((match.start(), match.group()) for match in TOKEN.finditer(text))


def describe_twice(key: str | int) -> tuple[str, str]:
    """What is wrong with a key that was given before, and what to do."""
    return f"the key {quote(key)} is given twice in one object", "write it once"
