"""Versions of the CNI specification: which exist, how they compare, which result family each has.

A plugin supports a version by exact string; only "since when" questions compare numerically.
"""

from __future__ import annotations

from poplin.spec.errors import DecodingFailure, IncompatibleVersion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

KNOWN = ("0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
NEWEST = KNOWN[-1]
OLDEST = KNOWN[0]  # what a config without cniVersion means

# Results come in three shapes (SPEC.md "Success", and the two it replaced).
FAMILIES = {"0.1.0": "A", "0.2.0": "A", "0.3.0": "B", "0.3.1": "B", "0.4.0": "B", "1.0.0": "C", "1.1.0": "C"}

# Since when each verb exists; a config below it cannot use the verb.
VERB_SINCE = {"ADD": "0.1.0", "DEL": "0.1.0", "CHECK": "0.4.0", "GC": "1.1.0", "STATUS": "1.1.0"}
PREV_RESULT_ON_DEL_SINCE = "0.4.0"
MOST_DIGITS = 18  # of one part, to fit 64 bits; int() itself refuses 4301


def parse_version(text: str) -> tuple[int, int, int]:
    """`1.0.0`, `1.0` or `1` as three integers; the empty string is 0.1.0. Raises DecodingFailure."""
    if not text:
        return (0, 1, 0)
    parts = text.split(".")
    if len(parts) > 3 or not all(map(_is_number, parts)):
        raise DecodingFailure("cannot decode the version", f"{text!r} is not of the form 1.0.0")
    major, minor, micro = map(int, [*parts, "0", "0"][:3])
    return (major, minor, micro)


def _is_number(text: str) -> bool:
    digits = text[1:] if text[:1] in ("+", "-") else text
    return digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS


def is_at_least(version: str, other: str) -> bool:
    """Whether `version` is the same as `other` or newer."""
    return parse_version(version) >= parse_version(other)


def starting_from(version: str) -> list[str]:
    """The known versions that are at least `version`."""
    return [known for known in KNOWN if is_at_least(known, version)]


def check_supported(version: str, supported: Sequence[str]) -> None:
    """Raise IncompatibleVersion with both sides unless `version` is exactly one of `supported`."""
    if version not in supported:
        raise IncompatibleVersion(
            "incompatible CNI versions", f'config is "{version}", plugin supports {list_versions(supported)}'
        )


def list_versions(versions: Iterable[str]) -> str:
    """`["0.4.0" "1.0.0"]`, for messages."""
    return "[" + " ".join(f'"{version}"' for version in versions) + "]"


def select_version(version: str, offered: Sequence[str]) -> str:
    """The version a configuration list runs at: the newest of `cniVersions` and `cniVersion` that we know of.

    Entries above our newest are dropped; if nothing is left `cniVersion` stays as written.
    """
    candidates = [*offered, version] if version else list(offered)
    usable = [text for text in candidates if parse_version(text) <= parse_version(NEWEST)]
    return max(usable, key=parse_version) if usable else version
