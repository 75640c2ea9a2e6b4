"""The schemas as the tests walk through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from poplin.schema.registry import load_schemas, qualify, resolve

SCHEMAS = load_schemas()
OURS = (
    *("bandwidth", "bridge", "dhcp", "dnsname", "dummy", "firewall", "flannel", "host-device", "host-local"),
    *("ipvlan", "loopback", "macvlan", "portmap", "ptp", "sbr", "static", "tap", "tuning", "vlan", "vrf"),
)


def each_schema(schema: Any, where: str) -> Iterator[tuple[str, Any]]:
    """A schema and all schemas in it, with their places; conditions are none of their own."""
    yield where, schema
    for group in ("properties", "$defs"):
        for name, inner in schema.get(group, {}).items():
            yield from each_schema(inner, f"{where}/{group}/{name}")
    for key in ("items", "then", "else", "additionalProperties"):
        if key in schema:
            yield from each_schema(schema[key], f"{where}/{key}")
    for number, inner in enumerate(schema.get("allOf", ())):
        yield from each_schema(inner, f"{where}/allOf/{number}")


ALL = [pair for name, schema in SCHEMAS.items() for pair in each_schema(schema, f"{name}#")]


def follow(where: str, schema: Any) -> Any:
    """The schema, with what it refers to."""
    whole = dict(qualify(schema, where.partition("#")[0]))
    while "$ref" in whole:
        reference = whole.pop("$ref")
        whole = {**resolve(reference), **whole}
    return whole


@dataclass(frozen=True)
class Property:
    """One property: its steps, `[]` for every item of a list; its schema, whole; an example of the object it is in."""

    steps: tuple[str, ...]
    schema: Any
    around: Any

    @property
    def path(self) -> str:
        """`ipam.ranges[][].subnet`."""
        return ".".join(self.steps).replace(".[]", "[]")

    @property
    def sample(self) -> Any:
        """Some value that the schema describes."""
        for key in ("examples", "enum"):
            if key in self.schema:
                return self.schema[key][0]
        by_type = {"boolean": True, "integer": self.schema.get("minimum", 0), "array": []}
        return self.schema.get("default", by_type.get(self.schema.get("type"), {}))

    def put(self, config: Any, value: Any) -> Any:
        """The configuration with this value in it, and around it what its object needs."""
        return replace(config, self.steps, value, self.around)


def replace(config: Any, steps: tuple[str, ...], value: Any, around: Any) -> Any:
    """A copy with the value at the end of the steps; what has the last of them is the example."""
    first, *rest = steps
    inner = around if not rest and around else config
    if first == "[]":
        return [replace({}, tuple(rest), value, around) if rest else value]
    inner = inner if isinstance(inner, dict) else {}
    return {**inner, first: replace(inner.get(first), tuple(rest), value, around) if rest else value}


def list_properties(plugin: str) -> list[Property]:
    """Those of a plugin, its own over those of all plugins; what depends on conditions is others'."""
    name = f"{plugin}.json"
    return list({each.steps: each for each in walk(name, SCHEMAS[name], (), None)}.values())


def walk(where: str, schema: Any, steps: tuple[str, ...], around: Any) -> Iterator[Property]:
    """The properties of a schema, those of what it refers to first."""
    if "$ref" in schema:
        file, _, place = schema["$ref"].partition("#")
        found = SCHEMAS[file or where]
        for step in place.split("/")[1:]:
            found = found[step]
        yield from walk(file or where, found, steps, around)
    example = follow(where, schema).get("examples", [None])[0] if steps else None
    for name, inner in schema.get("properties", {}).items():
        yield Property((*steps, name), follow(where, inner), example)
        yield from walk(where, inner, (*steps, name), example)
    if "items" in schema:
        yield from walk(where, schema["items"], (*steps, "[]"), example)
