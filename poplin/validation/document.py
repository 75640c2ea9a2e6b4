"""One file, or stdin, as it is checked: its text, what kind of configuration it is, and what was found in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from poplin.runtime.networks import LISTS, SINGLES
from poplin.schema.finding import ERROR, WARNING, Fault, Finding, make_finding
from poplin.schema.source import Path, Source, SourceError, describe_twice, parse_source
from poplin.validation.effective import find_key

STDIN = "-"


@dataclass
class Document:
    """`config` is the object in it; `faults` is added to by whoever checks something."""

    file: str
    source: Source
    config: dict[str, object]
    faults: dict[Fault, None] = field(default_factory=dict)  # each once, in the order in which they were found

    @property
    def is_list(self) -> bool:
        """Whether a runtime reads it as a list: by the ending, and where there is none that says so by what it has."""
        if self.file.endswith(LISTS):
            return True
        return "plugins" in self.config and (not self.file.endswith(SINGLES) or find_key(self.config, "type") is None)

    @property
    def folder(self) -> FilePath | None:
        """The folder it is in; stdin is in none."""
        return None if self.file == STDIN else FilePath(self.file).parent

    @property
    def default_name(self) -> str:
        """What a network is called whose file does not name it."""
        return "" if self.file == STDIN else FilePath(self.file).name.rpartition(".")[0]

    def add(self, faults: Iterable[Fault]) -> None:
        """Those that are not known yet, too."""
        self.faults.update(dict.fromkeys(faults))

    def has_error(self, path: Path) -> bool:
        """Whether something at or inside this place is known to be wrong."""
        return any(fault.severity == ERROR and fault.path[: len(path)] == path for fault in self.faults)

    def report(self) -> list[Finding]:
        """The findings in the order of the text."""
        found = [make_finding(fault, "", self.source, self.file) for fault in self.faults]
        return sorted(found, key=lambda finding: (finding.line, finding.column))


def read_document(data: bytes, file: str) -> Document | Finding:
    """The document, or why it is none."""
    try:
        source = parse_source(data)
    except SourceError as error:
        return Finding(ERROR, "", error.text, error.suggestion, error.place.line, error.place.column, file)
    value = {} if source.value is None else source.value  # null counts as an empty object
    if not isinstance(value, dict):
        return Finding(ERROR, "", "this is no JSON object", 'write one like {"name": ...}', 1, 1, file)
    document = Document(file, source, value)
    document.add(
        Fault(path, *describe_twice(path[-1]), severity=WARNING, is_about_key=True) for path, _ in source.list_twice()
    )
    return document
