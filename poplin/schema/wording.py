"""The sentences of findings: for each keyword a value can fail what is wrong with it, and what to write instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from poplin.schema.dialect import is_type
from poplin.schema.formats import READERS, is_readable
from poplin.schema.keywords import AS_CAPABILITY, BY_RUNTIME, TWICE, WITH
from poplin.schema.nearest import find_nearest
from poplin.schema.plain import is_integer
from poplin.schema.values import quote

Failure = Any  # jsonschema's ValidationError; its own type says of each field that it may be unset
Sentence = tuple[str, str]

LONGEST_CONVERTED = 40  # characters
WRITE = "; write "  # between the two halves of what a format's reader says

IGNORED_BY_PLUGIN = "the plugin does not know it and ignores it"
EFFECTS = {  # of unknown keys, elsewhere than in a plugin's own objects
    BY_RUNTIME: "the runtime does not know it and ignores it",
    AS_CAPABILITY: "no runtime is known to offer this capability",
}

TYPE_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "a string",
    "boolean": "true or false",
    "integer": "an integer",
}


def describe(error: Failure) -> Sentence:
    """What is wrong, and what to do."""
    return SENTENCES[str(error.validator)](error)


def describe_type(error: Failure) -> Sentence:
    """A value of another type; `"200"` for 200 and 6 for `"6"` are the usual mistakes."""
    wanted: str = error.validator_value
    converted = convert(error.instance, error.schema)
    remedy = propose(error.schema) if converted is None else json.dumps(converted)
    if error.instance is None:
        return "is null", f"write {remedy}"
    return f"{quote(error.instance)} is not {TYPE_NAMES[wanted]}", f"write {remedy}"


def convert(value: object, schema: Any) -> object:
    """The value as what was meant, if it is short and that would do; else None."""
    shown = quote(value)
    if len(shown) > LONGEST_CONVERTED:
        return None
    match schema["type"]:
        case "string" if is_integer(value):
            return shown if fits(shown, schema) else None
        case "array" if isinstance(value, str):
            return [value] if fits(value, schema["items"]) else None
        case "boolean" | "integer" as wanted if isinstance(value, str):
            return find_meaning(value, wanted)
    return None


def fits(text: str, schema: Any) -> bool:
    """Whether a string has the schema's format."""
    is_string = schema.get("type") == "string" and text != "" and text in schema.get("enum", (text,))
    return is_string and is_readable(text, READERS.get(schema.get("format"), str))


def find_meaning(text: str, wanted: str) -> object | None:
    """The boolean or integer in a string."""
    try:
        meaning = json.loads(text.lower())
    except ValueError:
        return None
    return meaning if is_type(meaning, wanted) else None


def describe_format(error: Failure) -> Sentence:
    """Not what the reader wants; it says what that is."""
    text, _, remedy = str(error.cause).rpartition(WRITE)
    return (text, f"write {remedy}") if text else (remedy, "")


def describe_absence(error: Failure) -> Sentence:
    """Nothing where there should be something."""
    return "is missing", f"write {propose(error.schema)}"


def describe_choice(error: Failure) -> Sentence:
    """None of a few words."""
    values: list[str] = error.validator_value
    nearest = find_nearest(error.instance, values)
    hint = f"did you mean {quote(nearest)}?" if nearest else "write that" if len(values) == 1 else "write one of them"
    return f"{quote(error.instance)} is not {list_choices(values)}", hint


def describe_range(error: Failure) -> Sentence:
    """Too small or too great."""
    first, last = error.schema["minimum"], error.schema["maximum"]
    return f"{quote(error.instance)} is out of range", f"write an integer from {first} to {last}"


def describe_unknown_key(error: Failure) -> Sentence:
    """A key without effect."""
    nearest = find_nearest(str(error.path[-1]), error.validator_value)
    effect = EFFECTS.get(error.schema["x-unknownKeys"], IGNORED_BY_PLUGIN)
    return effect, f"did you mean {quote(nearest)}?" if nearest else "remove it"


def describe_unknown_value(error: Failure) -> Sentence:
    """A value that has probably no effect."""
    known = [str(value) for value in error.validator_value["values"]]
    nearest = find_nearest(error.instance, known) if isinstance(error.instance, str) else None
    hint = f"did you mean {quote(nearest)}?" if nearest else f"known are {', '.join(known)}"
    return f"unknown {error.schema['title']} {quote(error.instance)}, {error.validator_value['otherwise']}", hint


def propose(schema: Any) -> str:
    """Something that would do for the schema."""
    if "enum" in schema:
        return list_choices(schema["enum"])
    return f"something like {json.dumps(schema['examples'][0])}" if "examples" in schema else TYPE_NAMES[schema["type"]]


def list_choices(values: Sequence[str]) -> str:
    """`'Allow', 'Block' or 'Pass'`."""
    return write_out([quote(value) for value in values], "or")


def write_out(items: Sequence[str], last: str) -> str:
    """`A, B and C`."""
    return f" {last} ".join(filter(None, [", ".join(items[:-1]), items[-1]]))


def same_names(spellings: Iterable[str]) -> Sentence:
    """Names that differ in case only."""
    return f"{write_out([quote(each) for each in spellings], 'and')} are the same name to the plugin", "write it once"


SENTENCES: dict[str, Callable[[Failure], Sentence]] = {
    "type": describe_type,
    "enum": describe_choice,
    "x-anyCase": describe_choice,
    "format": describe_format,
    "x-format": describe_format,
    "x-switch": lambda error: (f"{quote(error.instance)} is not true or false", "write one of them"),
    "minimum": describe_range,
    "maximum": describe_range,
    "minLength": lambda error: ("'' is empty", f"write {propose(error.schema)}"),
    "minItems": lambda error: ("[] is empty", f"write at least one {error.schema['items']['title']}"),
    "required": describe_absence,
    "x-expected": describe_absence,
    "x-mandatory": describe_absence,
    "x-unknownKeys": describe_unknown_key,
    "x-ignored": lambda error: ("the plugin ignores it", error.validator_value),
    "x-known": describe_unknown_value,
    WITH: lambda error: (f"means nothing without {quote(error.validator_value)}", "write that too, or remove this"),
    TWICE: lambda error: same_names(error.validator_value),
}
