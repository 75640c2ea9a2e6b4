"""What `poplin validate` says of the networks' files, a finding for each. Missing plugins are told elsewhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from poplin.doctor.finding import ERROR, NOTE, Finding, command, edit, plain_path
from poplin.doctor.place import Place
from poplin.runtime.networks import LISTS, SINGLES, list_files, read
from poplin.schema import finding as schema
from poplin.spec.versions import KNOWN
from poplin.validation.check import check_file
from poplin.validation.installed import Installed

MOST_SHOWN = 5


@dataclass
class Anything(Installed):
    """As if every plugin were there and spoke every version, so that only the text counts."""

    def find(self, plugin_type: str) -> str | None:
        """The folder /, which may be executed."""
        return "/"

    def find_versions(self, plugin_type: str) -> tuple[str, ...]:
        """All."""
        return tuple(KNOWN)


def examine(place: Place) -> Iterator[Finding]:
    """The folder, and each of its files."""
    if not os.path.isdir(place.folder):
        yield tell_absent(place.folder)
    for file in list_files(place.folder, (*LISTS, *SINGLES)):
        content = place.see(read, file)
        if content is not None:
            yield from judge(str(file), check_file(content, str(file), Anything(())))


def tell_absent(folder: str) -> Finding:
    """No folder, as before anything was configured, or as somebody misspelled it."""
    text = "no network is configured, as"
    if os.path.lexists(folder):
        return Finding(NOTE, f"{text} {folder} is no folder; have NETCONFPATH name one", (f"{folder}: no folder",))
    mend = command("mkdir", "-p", plain_path(folder))
    return Finding(NOTE, f"{text} there is no folder {folder}", (f"{folder}: not there",), mend)


def judge(file: str, found: list[schema.Finding]) -> Iterator[Finding]:
    """The findings of one file as one: an error is what is refused, a warning what has no effect."""
    errors = [each for each in found if each.severity == schema.ERROR]
    for severity, group in ((ERROR, errors), (NOTE, [each for each in found if each not in errors])):
        if group:
            more = f", and {len(group) - 1} more" if len(group) > 1 else ""
            evidence = [f"{each.file}:{each.line}:{each.column}: {each}" for each in group[:MOST_SHOWN]]
            evidence += [command("poplin", "validate", plain_path(file))] if len(group) > MOST_SHOWN else []
            text = f"{file} is wrong" if severity == ERROR else f"{file} says what has no effect"
            yield Finding(severity, f"{text}: {group[0]}{more}", tuple(evidence), edit(group[0].file or file))
