"""JSON Schema as `schemas/` uses it: validators that read objects the way the plugins do.

Go's JSON decoder matches names in any case, and so do all plugins; so do `properties` and `required` here, and `if`,
which the schemas use to choose by the value of a property and for nothing else. Ours are:

    "x-unknownKeys": "ignored"              other keys have no effect; "ignored by the runtime", not by a plugin
    "x-unknownKeys": "for the IPAM plugin"  the same, unless `type` names one
    "x-unknownKeys": "not a known capability"   the same of what a runtime may be asked for
    "x-exactNames": true                    names count in this case only
    "x-anyCase": ["tcp"]                    like `enum`, in any case
    "x-with": "subnet"                      means nothing, and is not looked at, where that key is absent
    "x-ignored": "what to do about it"      this key has no effect
    "x-known": {"values": [...], "anyCase": true, "isPolicyType": true, "otherwise": "..."}   others are possible
    "x-format": "prefix"                    what should have this format works without
    "x-expected": ["Action"]                like `required`, but nothing refuses what has none
    "x-mandatory": ["Exceptions"]           the specification of autogen requires them, the plugins do not
    "x-switch": true                        true or false, or their words
    "x-exact": true                         beside the `const` of a condition: only in this case

There are two ways to read. The plugins' own takes null, and the empty string where a string may be empty, for a key
that is absent, and knows no `x-mandatory`. The exact one, for intents and for what the runtime reads, does.
Errors carry no text, `poplin.schema.wording` has the sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError
from jsonschema.validators import extend

from poplin.schema.casing import find_key, find_value, fold
from poplin.schema.formats import READERS, is_readable
from poplin.schema.keywords import EXACT_NAMES, FOR_IPAM, TWICE, WITH
from poplin.schema.plain import is_integer
from poplin.schema.registry import get_registry, locate_schema, resolve

Errors = Iterator[ValidationError]
Schema = Mapping[str, Any]
Check = Callable[[Any, Any, Any, Schema], Errors]

TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}
WORDS = ("true", "false")

RUNTIME_KEYS = "cni.dev/"  # belong to the runtime, wherever they are


def is_type(instance: object, name: str) -> bool:
    """Whether a value has the type of this name."""
    return is_integer(instance) if name == "integer" else isinstance(instance, TYPES[name])


def check_type(validator: Any, name: str, instance: object, schema: Schema) -> Errors:
    """`type`, always one; and an object has each name once, for the plugins would take the last of two spellings."""
    if not is_type(instance, name):
        yield ValidationError("")
    if isinstance(instance, dict) and EXACT_NAMES not in schema:
        for spellings in fold({key: value for key, value in instance.items() if value is not None}).values():
            if len(spellings) > 1:
                yield ValidationError("", validator=TWICE, validator_value=spellings, path=[spellings[-1]])


def check_properties(validator: Any, properties: Schema, instance: object, schema: Schema) -> Errors:
    """`properties`, in any case."""
    if not isinstance(instance, dict):
        return
    spellings = fold(instance)
    for name, subschema in properties.items():
        for key in spellings.get(name.lower(), ()):
            if WITH in subschema and not find_value(instance, subschema[WITH]):
                yield ValidationError("", validator=WITH, validator_value=subschema[WITH], path=[key])
            elif key == name or EXACT_NAMES not in schema:
                yield from validator.descend(instance[key], subschema, path=key)


def check_required(validator: Any, names: Sequence[str], instance: object, schema: Schema) -> Errors:
    """`required`, in any case; the error is at the place where the value should be, with the schema it should fit."""
    if not isinstance(instance, dict):
        return
    for name in names:
        is_there = name in instance if EXACT_NAMES in schema else find_key(instance, name) is not None
        if not is_there:
            yield ValidationError("", path=[name], schema=find_property(name, schema))


def check_given(validator: Any, names: Sequence[str], instance: object, schema: Schema) -> Errors:
    """`required` as the plugins read: what is there must also say something."""
    if not isinstance(instance, dict):
        return
    for name in names:
        key, wanted = find_key(instance, name), find_property(name, schema)
        if key is None or is_absent(instance[key], wanted):
            yield ValidationError("", path=[key or name], schema=wanted)


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
        if not any(is_same(instance[key], wanted) for key in spellings.get(name.lower(), ())):
            return False
    return True


def is_same(value: object, wanted: Schema) -> bool:
    """Equal to the `const`, strings in any case unless there is `x-exact`."""
    const = wanted["const"]
    if isinstance(value, str) and isinstance(const, str) and "x-exact" not in wanted:
        return value.lower() == const.lower()
    return type(value) is type(const) and value == const


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


def check_any_case(validator: Any, values: Sequence[str], instance: object, schema: Schema) -> Errors:
    """`x-anyCase` of strings; what is no string has failed `type`."""
    if isinstance(instance, str) and instance.lower() not in values:
        yield ValidationError("")


def check_unknown_keys(validator: Any, effect: str, instance: object, schema: Schema) -> Errors:
    """`x-unknownKeys`."""
    if not isinstance(instance, dict):
        return
    spellings = fold(instance)
    if effect == FOR_IPAM and any(instance[key] for key in spellings.get("type", ())):
        return
    known = list(get_properties(schema))
    lowered = {name.lower() for name in known}
    for name, keys in spellings.items():
        strange = keys[:1] if name not in lowered else find_strange(keys, known) if EXACT_NAMES in schema else []
        if strange and not name.startswith(RUNTIME_KEYS):
            yield ValidationError("", validator_value=known, path=strange)


def find_strange(spellings: Sequence[str], known: Sequence[str]) -> list[str]:
    """The first spelling that is not the known one, where that is the only one."""
    return [key for key in spellings if key not in known][:1]


def check_ignored(validator: Any, remedy: str, instance: object, schema: Schema) -> Errors:
    """`x-ignored`."""
    yield ValidationError("")


def check_known(validator: Any, known: Schema, instance: object, schema: Schema) -> Errors:
    """`x-known`, of strings or integers."""
    if type(instance) is not type(known["values"][0]) or instance in ("", *known["values"]):
        return
    text = str(instance).lower()
    if not known.get("anyCase") or text not in (value.lower() for value in known["values"]):
        yield ValidationError("")


def check_format(validator: Any, name: str, instance: object, schema: Schema) -> Errors:
    """`format`, a reader; what is no string has failed `type`, what is empty `minLength`."""
    if isinstance(instance, str) and (instance or "minLength" not in schema):
        try:
            READERS[name](instance)
        except ValueError as error:
            yield ValidationError("", cause=error)


def check_better_format(validator: Any, name: str, instance: object, schema: Schema) -> Errors:
    """`x-format`, of what has the `format`."""
    if isinstance(instance, str) and is_readable(instance, READERS[schema["format"]]):
        yield from check_format(validator, name, instance, schema)


def check_switch(validator: Any, wanted: bool, instance: object, schema: Schema) -> Errors:
    """`x-switch`."""
    if not isinstance(instance, bool) and not (isinstance(instance, str) and instance.lower() in WORDS):
        yield ValidationError("")


def get_properties(schema: Schema) -> dict[str, Schema]:
    """The properties a schema knows, with those of the schema it refers to."""
    referred = get_properties(resolve(schema["$ref"])) if "$ref" in schema else {}
    return {**referred, **schema.get("properties", {})}


def find_property(name: str, schema: Schema) -> Schema:
    """The schema of a property, what it refers to included."""
    found = get_properties(schema).get(name, {})
    return {**resolve(found["$ref"]), **found} if "$ref" in found else found


def is_absent(instance: object, schema: Schema) -> bool:
    """Whether the plugins cannot tell this value from none; where there is `minLength` they notice."""
    if "minLength" in schema:
        return False
    return instance is None or (instance == "" and schema.get("type") == "string")


def unless_absent(check: Check) -> Check:
    """A keyword as the plugins read: of what counts as absent it says nothing."""

    def check_present(validator: Any, value: Any, instance: Any, schema: Schema) -> Errors:
        if not is_absent(instance, schema):
            yield from check(validator, value, instance, schema)

    return check_present


EXACT: dict[str, Any] = {
    "type": check_type,
    "properties": check_properties,
    "required": check_required,
    "if": check_condition,
    "minimum": check_minimum,
    "maximum": check_maximum,
    "enum": check_enum,
    "x-anyCase": check_any_case,
    "format": check_format,
    "x-unknownKeys": check_unknown_keys,
    "x-ignored": check_ignored,
    "x-known": check_known,
    "x-format": check_better_format,
    "x-expected": check_required,
    "x-mandatory": check_required,
    "x-switch": check_switch,
}
PLUGINS_OWN: dict[str, Any] = {
    **{name: check for name, check in EXACT.items() if name != "x-mandatory"},
    **{name: unless_absent(EXACT[name]) for name in ("type", "enum", "x-anyCase", "format", "x-ignored")},
    "required": check_given,
    "x-expected": check_given,
}
ExactValidator: Any = extend(Draft202012Validator, validators=EXACT)  # type: ignore[no-untyped-call]
PluginValidator: Any = extend(Draft202012Validator, validators=PLUGINS_OWN)  # type: ignore[no-untyped-call]


@cache
def get_validator(name: str, is_exact: bool = False) -> Any:
    """The validator of `schemas/NAME.json`; building it costs more than using it."""
    start = {"$ref": locate_schema(f"{name}.json")}
    validator = ExactValidator if is_exact else PluginValidator
    return validator(start, registry=get_registry())
