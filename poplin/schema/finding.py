"""What is wrong at a place of a document: found as a fault, reported as a finding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from poplin.schema.source import Path, Source
from poplin.schema.values import quote

ERROR = "error"
WARNING = "warning"

PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")


@dataclass(frozen=True)
class Finding:
    """Something wrong at a place of the document, `plugins[0].ipam.subnet`; severity is "error" or "warning".

    `suggestion` says what to do, if that can be said. Line and column are counted from 1 and are 0 where there is no
    text, as there is none of what a program made; `file` is the text's.
    """

    severity: str
    where: str
    text: str
    suggestion: str = ""
    line: int = 0
    column: int = 0
    file: str = ""
    is_unknown_policy: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}" if self.where else self.sentence

    @property
    def sentence(self) -> str:
        """What is wrong and what to do."""
        return f"{self.text}; {self.suggestion}" if self.suggestion else self.text


@dataclass(frozen=True)
class Fault:
    """A finding before it is printed. Its place in a text is that of the value, or of the key if it is about that."""

    path: Path
    text: str
    suggestion: str = ""
    severity: str = ERROR
    is_about_key: bool = False
    is_unknown_policy: bool = False

    def inside(self, *place: str | int) -> Fault:
        """The same in a document where this one stands at the place."""
        return replace(self, path=(*place, *self.path))


def report(
    document: object, faults: Iterable[Fault], where: str = "", source: Source | None = None, file: str = ""
) -> list[Finding]:
    """The findings in the order of the document, each once; the document stands at this place."""
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: locate(document, fault.path))
    return [make_finding(fault, where, source, file) for fault in ordered]


def make_finding(fault: Fault, where: str = "", source: Source | None = None, file: str = "") -> Finding:
    """The finding of a fault in a text, if there is a text."""
    place = source.find(fault.path, key=fault.is_about_key) if source else None
    return Finding(
        fault.severity,
        format_path(fault.path, where),
        fault.text,
        fault.suggestion,
        place.line if place else 0,
        place.column if place else 0,
        file,
        fault.is_unknown_policy,
    )


def locate(document: object, path: Path) -> list[int]:
    """Where a path is, for sorting; what is missing stands at the end."""
    position = []
    for part in path:
        if isinstance(document, dict):
            names = list(document)
            position.append(names.index(part) if part in document else len(names))
            document = document.get(part)
        elif isinstance(document, list) and isinstance(part, int):
            position.append(part)
            document = document[part]
    return position


def format_path(path: Path, where: str = "") -> str:
    """`plugins[0].ipam.subnet`, after what stands before it; names that are no plain words are quoted."""
    for part in path:
        if isinstance(part, int):
            where += f"[{part}]"
        elif PLAIN_NAME.fullmatch(part):
            where += f".{part}" if where else part
        else:
            where += f"[{quote(part)}]"
    return where
