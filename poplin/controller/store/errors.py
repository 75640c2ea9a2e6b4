"""What the store refuses, and how it says that the database failed."""

from __future__ import annotations


class StoreError(Exception):
    """The database is not there, is not what it should be, or failed; nothing was changed unless the text says so."""


class Refusal(StoreError):
    """The database is well, and what was asked for is not allowed by what is in it."""


class QuotaExceeded(Refusal):
    """An app would be the source of more policies than one may have."""


class QuotaUnknown(StoreError):
    """The database failed when it was asked how many policies an app is the source of."""


class TagTypeTaken(Refusal):
    """The id has a tag of another type."""


class TagsExhausted(StoreError):
    """Every tag stands for a group, or did so a moment ago."""


class SchemaMismatch(StoreError):
    """The tables are not those this version works with."""
