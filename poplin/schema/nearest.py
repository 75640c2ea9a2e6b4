"""The word somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

LONGEST = 60  # characters; what is longer is no misspelt word, and comparing takes long


def find_nearest(text: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like the text in any case, None if none is much like it."""
    if len(text) > LONGEST:
        return None
    spellings: dict[str, str] = {}
    for candidate in candidates:
        spellings.setdefault(candidate.lower(), candidate)
    found = get_close_matches(text.lower(), spellings, n=1)
    return spellings[found[0]] if found else None
