"""The profiles there are, by version."""

from __future__ import annotations

from poplin.autogen.document import DOCUMENT
from poplin.autogen.profile import Profile
from poplin.autogen.script import SCRIPT
from poplin.schema.values import quote

PROFILES = {profile.version: profile for profile in (DOCUMENT, SCRIPT)}


def get_profile(version: str) -> Profile:
    """Raises ValueError naming those there are."""
    try:
        return PROFILES[version]
    except KeyError:
        raise ValueError(f"no version {quote(version)} of the tool is known; write {' or '.join(PROFILES)}") from None
