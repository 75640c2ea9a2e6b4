"""The plugins' pages: what a schema says of its plugin, as the tables, lists and examples of docs/plugins/*.md.

<!-- begin fields ipam.ranges[][] -->       the properties of the object at this place of the configuration
<!-- begin runtime -->                      what comes from the runtime instead of the configuration
<!-- begin verbs -->, objects, differences, example
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from poplin.invoke.entry import PLUGINS
from poplin.schema.registry import load_schemas, qualify, resolve

PAGES = Path(__file__).resolve().parents[1] / "docs" / "plugins"
BLOCK = re.compile(r"<!-- begin (?P<what>\w+)(?P<place>[^\n]*?) -->\n.*?<!-- end (?P=what) -->", re.DOTALL)
WIDTH = 120
SHORT = 80  # an example that fits into this is one line
INDENT = "    "
NONE = "\N{EN DASH}"

# In no table of fields: the network's own keys, and what comes from the runtime.
HEAD = ("cniVersion", "name", "type", "runtimeConfig", "args")

Schema = Mapping[str, Any]


def main(arguments: list[str]) -> int:
    """Write the pages, or with --check name those that differ."""
    pages = {PAGES / f"{plugin}.md": plugin for plugin in PLUGINS}
    made = {page: write_page(page.read_text(), plugin) for page, plugin in pages.items()}
    stale = [page for page, text in made.items() if text != page.read_text()]
    for page in stale:
        if "--check" not in arguments:
            page.write_text(made[page])
        print(page.relative_to(PAGES.parents[1]))
    return 1 if stale and "--check" in arguments else 0


def write_page(text: str, plugin: str) -> str:
    """The page with what is generated made anew."""
    schema = follow(qualify(load_schemas()[f"{plugin}.json"], f"{plugin}.json"), merge=False)

    def fill(block: re.Match[str]) -> str:
        body = BLOCKS[block["what"]](schema, block["place"].strip())
        return f"<!-- begin {block['what']}{block['place']} -->\n{body}\n<!-- end {block['what']} -->"

    return BLOCK.sub(fill, text)


def follow(schema: Schema, *, merge: bool = True) -> dict[str, Any]:
    """The schema with what it refers to; or, without merging, its own part of the properties only."""
    if "$ref" not in schema or not merge:
        return dict(schema)
    return {**follow(resolve(schema["$ref"])), **{key: value for key, value in schema.items() if key != "$ref"}}


# What there is to generate.


def list_fields(schema: Schema, place: str) -> str:
    """The properties of an object, each a row."""
    for step in re.findall(r"\[\]|[^.\[\]]+", place):
        schema = follow(schema["items"] if step == "[]" else schema["properties"][step])
    fields = {name: follow(each) for name, each in schema["properties"].items() if name not in HEAD}
    required = schema.get("required", ())
    rows = [(f"`{name}`", show_default(each, name in required), describe(each)) for name, each in fields.items()]
    return make_table(("field", "default", "meaning"), rows)


def show_default(schema: Schema, is_required: bool) -> str:
    """What holds where a field is absent, in words or as JSON has it."""
    if is_required:
        return "required"
    if "x-default" in schema:
        return str(schema["x-default"])
    default = schema.get("default")
    if default in (None, "", []):
        return NONE
    return f"`{default}`" if isinstance(default, str) else json.dumps(default)


def describe(schema: Schema) -> str:
    """What a field means, with its unit."""
    return schema["description"] + (f" ({schema['x-unit']})" if "x-unit" in schema else "")


def list_runtime(schema: Schema, place: str) -> str:
    """What the runtime or an operator says beside the configuration."""
    own = follow(schema)["properties"]
    conventions = follow(own.get("args", {})).get("properties", {}).get("cni", {})
    sections = {"runtimeConfig": follow(own.get("runtimeConfig", {})), "args.cni": follow(conventions)}
    rows = [
        (f"`{where}.{name}`", describe(follow(each)))
        for where, section in sections.items()
        for name, each in section.get("properties", {}).items()
    ]
    rows += [(f"`{name}` in CNI_ARGS", text) for name, text in schema.get("x-args", {}).items()]
    return make_table(("from the runtime", "meaning"), rows)


def list_verbs(schema: Schema, place: str) -> str:
    """What each verb does."""
    return make_table(("verb", "what it does"), list(schema["x-verbs"].items()))


def list_objects(schema: Schema, place: str) -> str:
    """What the plugin makes in the kernel."""
    rows = list(schema["x-objects"].items())
    return make_table(("object", "what it is, and how to find it"), rows) if rows else "None."


def list_differences(schema: Schema, place: str) -> str:
    """What the reference does otherwise."""
    return "\n".join(wrap(f"- {text}") for text in schema["x-differences"])


def show_example(schema: Schema, place: str) -> str:
    """The example that is run in the tests."""
    return f"```json\n{lay_out(schema['examples'][0])}\n```"


BLOCKS: dict[str, Callable[[Schema, str], str]] = {
    "fields": list_fields,
    "runtime": list_runtime,
    "verbs": list_verbs,
    "objects": list_objects,
    "differences": list_differences,
    "example": show_example,
}


# How it looks.


def make_table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """A table of Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("| --- ", "|---").replace("--- |", "---|") for cells in lines)


def wrap(item: str) -> str:
    """One item of a list in lines of the usual width."""
    return textwrap.fill(item, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def lay_out(value: Any, indent: str = "", before: str = "") -> str:
    """JSON as people write it: what fits into a line is one line. `before` is what stands there already."""
    inline = write_inline(value)
    room = WIDTH - len(",") if indent else SHORT
    if not isinstance(value, dict | list) or len(indent) + len(before) + len(inline) <= room:
        return before + inline
    inner = indent + INDENT
    if isinstance(value, dict):
        parts = [lay_out(item, inner, f"{json.dumps(key)}: ") for key, item in value.items()]
    else:
        parts = [lay_out(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{before}{opening}\n" + ",\n".join(inner + part for part in parts) + f"\n{indent}{closing}"


def write_inline(value: Any) -> str:
    """JSON in one line, with blanks inside the brackets."""
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{json.dumps(key)}: {write_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list) and value:
        return "[ " + ", ".join(map(write_inline, value)) + " ]"
    return json.dumps(value)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
