"""The faults that a schema finds in a value."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from poplin.schema.finding import ERROR, WARNING, Fault
from poplin.schema.keywords import IGNORED, KNOWN, TWICE, UNKNOWN_KEYS, WITH

MILD = frozenset({UNKNOWN_KEYS, "x-ignored", KNOWN, "x-format", WITH})  # the keywords whose errors are warnings
REFUSED = "the plugin does not know it and refuses it, as `strict` is true"
ABOUT_KEYS = frozenset({UNKNOWN_KEYS, "x-ignored", TWICE, WITH})


def list_schema_faults(
    instance: object, schema: str, *, is_exact: bool = False, mild: Collection[str] = MILD, is_strict: bool = False
) -> Iterator[Fault]:
    """One for each place and keyword: a schema and the one it refers to may say the same.

    The plugins refuse what they do not know in their own objects if the configuration `is_strict`.
    """
    # jsonschema takes a tenth of a second to load, and most commands never get here
    from poplin.schema.dialect import get_validator
    from poplin.schema.wording import describe

    seen = set()
    for error in get_validator(schema, is_exact).iter_errors(instance):
        path, keyword = tuple(error.absolute_path), str(error.validator)
        if (path, keyword) not in seen:
            seen.add((path, keyword))
            text, suggestion = describe(error)
            severity = WARNING if keyword in mild else ERROR
            if is_strict and keyword == UNKNOWN_KEYS and error.schema[UNKNOWN_KEYS] == IGNORED:
                text, severity = REFUSED, ERROR
            is_unknown_policy = keyword == KNOWN and "isPolicyType" in error.validator_value
            yield Fault(path, text, suggestion, severity, keyword in ABOUT_KEYS, is_unknown_policy)
