"""JSON Schema as `schemas/windows` uses it: a validator that reads objects the way the plugins do.

The plugins are written in Go, whose JSON decoder matches names in any case; so do `properties` and `required` here,
and `if`, which the schemas use to choose by the value of a property and for nothing else. Ours are:

    "x-unknownKeys": "ignored"                                     other keys have no effect
    "x-unknownKeys": "for the IPAM plugin"                         the same, unless `type` names one
    "x-ignored": "what to do about it"                             this key has no effect
    "x-known": {"values": [...], "anyCase": true, "otherwise": "..."}   other values are possible, but unlikely

Errors carry no text, `poplin.autogen.wording` has the sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeGuard

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.validators import extend

from poplin.autogen.fields import read_name
from poplin.autogen.schema import get_registry, resolve
from poplin.autogen.values import (
    read_address,
    read_addresses,
    read_ip,
    read_ipv4_prefix,
    read_mac_prefix,
    read_ports,
    read_prefix,
    read_protocols,
)

Errors = Iterator[ValidationError]
Schema = Mapping[str, Any]

READERS: dict[str, Callable[[str], object]] = {
    "address": read_address,
    "addresses": read_addresses,
    "ip": read_ip,
    "ipv4-prefix": read_ipv4_prefix,
    "mac-prefix": read_mac_prefix,
    "network-name": read_name,
    "ports": read_ports,
    "prefix": read_prefix,
    "protocols": read_protocols,
}
TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}

IGNORED = "ignored"
FOR_IPAM = "for the IPAM plugin"
RUNTIME_KEYS = "cni.dev/"  # belong to the runtime, wherever they are

TWICE = "x-twice"  # the keyword of errors about one name in two spellings; schemas need not ask for it


def is_integer(instance: object) -> TypeGuard[int]:
    """Whether a value is an integer, which true and 1.0 are not."""
    return isinstance(instance, int) and not isinstance(instance, bool)


def is_type(instance: object, name: str) -> bool:
    """Whether a value has the type of this name."""
    return is_integer(instance) if name == "integer" else isinstance(instance, TYPES[name])


def check_type(validator: Any, name: str, instance: object, schema: Schema) -> Errors:
    """`type`, always one; and an object has each name once, for the plugins would take the last of two spellings."""
    if not is_type(instance, name):
        yield ValidationError("")
    if isinstance(instance, dict):
        for spellings in fold(instance).values():
            if len(spellings) > 1:
                yield ValidationError("", validator=TWICE, validator_value=spellings, path=[spellings[-1]])


def check_properties(validator: Any, properties: Schema, instance: object, schema: Schema) -> Errors:
    """`properties`, in any case."""
    if not isinstance(instance, dict):
        return
    spellings = fold(instance)
    for name, subschema in properties.items():
        for key in spellings.get(name.lower(), ()):
            yield from validator.descend(instance[key], subschema, path=key)


def check_required(validator: Any, names: Sequence[str], instance: object, schema: Schema) -> Errors:
    """`required`, in any case; the error is at the place where the value should be, with the schema it should fit."""
    if not isinstance(instance, dict):
        return
    spellings = fold(instance)
    for name in names:
        if name.lower() not in spellings:
            yield ValidationError("", path=[name], schema=find_property(name, schema))


def check_condition(validator: Any, condition: Schema, instance: object, schema: Schema) -> Errors:
    """`if` with `properties` and `const`; what is absent chooses `else`."""
    branch = "then" if is_chosen(condition, instance) else "else"
    if branch in schema:
        yield from validator.descend(instance, schema[branch])


def is_chosen(condition: Schema, instance: object) -> bool:
    """Whether the properties have the values, names and strings in any case."""
    if not isinstance(instance, dict):
        return False
    spellings = fold(instance)
    for name, wanted in condition["properties"].items():
        if not any(is_same(instance[key], wanted["const"]) for key in spellings.get(name.lower(), ())):
            return False
    return True


def is_same(value: object, wanted: object) -> bool:
    """Equal, strings in any case."""
    if isinstance(value, str) and isinstance(wanted, str):
        return value.lower() == wanted.lower()
    return type(value) is type(wanted) and value == wanted


def check_minimum(validator: Any, least: int, instance: object, schema: Schema) -> Errors:
    """`minimum` of integers; what is none has failed `type`."""
    if is_integer(instance) and instance < least:
        yield ValidationError("")


def check_maximum(validator: Any, greatest: int, instance: object, schema: Schema) -> Errors:
    """`maximum` of integers."""
    if is_integer(instance) and instance > greatest:
        yield ValidationError("")


def check_enum(validator: Any, values: Sequence[str], instance: object, schema: Schema) -> Errors:
    """`enum` of strings; what is no string has failed `type`."""
    if isinstance(instance, str) and instance not in values:
        yield ValidationError("")


def check_unknown_keys(validator: Any, effect: str, instance: object, schema: Schema) -> Errors:
    """`x-unknownKeys`."""
    if not isinstance(instance, dict):
        return
    spellings = fold(instance)
    if effect == FOR_IPAM and any(instance[key] for key in spellings.get("type", ())):
        return
    known = list_properties(schema)
    lowered = {name.lower() for name in known}
    for name, keys in spellings.items():
        if name not in lowered and not name.startswith(RUNTIME_KEYS):
            yield ValidationError("", validator_value=known, path=[keys[0]])


def check_ignored(validator: Any, remedy: str, instance: object, schema: Schema) -> Errors:
    """`x-ignored`."""
    yield ValidationError("")


def check_known(validator: Any, known: Schema, instance: object, schema: Schema) -> Errors:
    """`x-known`."""
    if not isinstance(instance, str) or not instance or instance in known["values"]:
        return
    if not known.get("anyCase") or instance.lower() not in (value.lower() for value in known["values"]):
        yield ValidationError("")


def fold(instance: dict[str, object]) -> dict[str, list[str]]:
    """The spellings of each name."""
    spellings: dict[str, list[str]] = {}
    for key in instance:
        spellings.setdefault(key.lower(), []).append(key)
    return spellings


def list_properties(schema: Schema) -> list[str]:
    """The names a schema knows, with those of the schema it refers to."""
    names = list(schema.get("properties", ()))
    if "$ref" in schema:
        names += list_properties(resolve(schema["$ref"]))
    return names


def find_property(name: str, schema: Schema) -> Schema:
    """The schema of a property, what it refers to included."""
    found = schema.get("properties", {}).get(name, {})
    return {**resolve(found["$ref"]), **found} if "$ref" in found else found


def make_format_checker() -> FormatChecker:
    """Formats are the readers of poplin.autogen.values; the cause of an error is what the reader raised."""
    checker = FormatChecker(formats=())
    for name, read in READERS.items():
        checker.checks(name, raises=ValueError)(accept_other_types(read))
    return checker


def accept_other_types(read: Callable[[str], object]) -> Callable[[object], bool]:
    """A reader of strings as a check, which leaves what is no string to `type`."""

    def check(instance: object) -> bool:
        if isinstance(instance, str):
            read(instance)
        return True

    return check


KEYWORDS: dict[str, Any] = {
    "type": check_type,
    "properties": check_properties,
    "required": check_required,
    "if": check_condition,
    "minimum": check_minimum,
    "maximum": check_maximum,
    "enum": check_enum,
    "x-unknownKeys": check_unknown_keys,
    "x-ignored": check_ignored,
    "x-known": check_known,
}
PluginValidator: Any = extend(Draft202012Validator, validators=KEYWORDS)  # type: ignore[no-untyped-call]


@cache
def get_validator(name: str) -> Any:
    """The validator of `NAME.json`; building it costs more than using it."""
    start = {"$ref": f"{name}.json"}
    return PluginValidator(start, registry=get_registry(), format_checker=make_format_checker())
