"""The page of the author's kit: names and signatures of poplin.kit, as they are, in docs/kit.md.

<!-- begin kit NAME NAME ... -->      what each is: its signature, and the first sentence of its docstring

--surface prints every name with its signature instead, of classes those of their methods: what is kept stable.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from poplin import kit

PAGE = Path(__file__).resolve().parents[1] / "docs" / "kit.md"
BLOCK = re.compile(r"<!-- begin kit (?P<names>[^\n]*?) -->\n.*?<!-- end kit -->", re.DOTALL)
# Of classes with more than an author needs: what is documented, and so kept.
MEMBERS = {
    "Call": (
        *("container_id", "ifname", "netns", "key", "fields", "config", "env", "is_strict"),
        *("find_prev_result", "get_prev_result", "valid_attachments", "reply"),
    ),
    "Address": ("prefix", "index", "is_global"),
    "CNIError": ("msg", "details", "code"),
    "Element": ("key", "data", "end"),
    "Fields": (
        *("text", "flag", "number", "find_number", "mapping", "sequence", "texts", "fields", "objects"),
        *("find_ip", "find_prefix", "get_prefix", "raw", "reject_unknown"),
    ),
    "Files": ("find", "create", "put", "take_away", "names"),
    "IP": ("version", "bits", "packed"),
    "Kernel": ("host", "files", "open"),
    "Link": ("index", "name", "kind", "mac", "mtu", "alias", "master", "link", "is_up", "is_operational"),
    "Namespace": ("rtnl", "path", "name", "run", "read_sysctl", "write_sysctl", "prefer_sysctl", "close"),
    "Prefix": ("ip", "length", "first", "last", "network", "alone", "is_default", "overlaps"),
    "Request": (),
    "RouteEntry": (),
    "Rtnl": (
        *("apply", "ensure", "find_link", "get_link", "find_link_by_index", "list_links", "remove_link"),
        *("list_addresses", "remove_address", "list_routes", "remove_route", "find_route_to"),
    ),
    "Set": (),
    "Table": ("set", "element", "hold", "release", "check", "collect_garbage", "require"),
    "ipam": (
        *("require_type", "ask", "delete", "delete_before_link", "delete_after_link", "check", "status"),
        "collect_garbage",
    ),
}
# What an author is given, and does not make.
GIVEN = (*("Address", "Call", "Element", "Fields", "Files", "Kernel", "Link", "Namespace", "Request", "Rtnl", "Set"),)
ANNOTATION = re.compile(r"(: |-> )'([^']*)'")  # as they are with `from __future__ import annotations`


def main(arguments: list[str]) -> int:
    """Write the page, or with --check name it if it differs."""
    if "--surface" in arguments:
        print("\n".join(list_surface()))
        return 0
    text = PAGE.read_text()
    made = BLOCK.sub(fill, text)
    if made != text:
        print(PAGE.relative_to(PAGE.parents[1]))
        if "--check" not in arguments:
            PAGE.write_text(made)
    return 1 if made != text and "--check" in arguments else 0


def fill(block: re.Match[str]) -> str:
    """The entries of these names."""
    entries = "\n".join(line for name in block["names"].split() for line in describe(name))
    return f"<!-- begin kit {block['names']} -->\n{entries}\n<!-- end kit -->"


def describe(name: str) -> Iterator[str]:
    """A line for the name, and one for each of its members."""
    thing = getattr(kit, name)
    yield f"- `{show(name, thing)}`{first_sentence(thing)}"
    for member in list_members(name, thing):
        yield f"  - `{show(member, find_member(thing, member))}`{first_sentence(find_member(thing, member))}"


def list_surface() -> Iterator[str]:
    """Every name, each of its members behind it."""
    for name in dir(kit):
        thing = getattr(kit, name)
        yield show(name, thing)
        yield from (f"{name}.{show(member, find_member(thing, member))}" for member in list_members(name, thing))


def list_members(name: str, thing: object) -> tuple[str, ...]:
    """What belongs to it that authors may use: all that is public where nothing else is said, slots left out."""
    if name in MEMBERS:
        return MEMBERS[name]
    if not inspect.isclass(thing) or issubclass(thing, Exception):
        return ()
    own = [each for each, value in vars(thing).items() if inspect.isfunction(value) or isinstance(value, property)]
    return tuple(each for each in own if not each.startswith("_"))


def find_member(thing: object, name: str) -> object:
    """The method or property, or what a slot stands for."""
    return inspect.getattr_static(thing, name, None)


def show(name: str, thing: object) -> str:
    """`Undo()`, `push(step: Callable[..., object], *arguments: object) -> None`; the bare name of what is no call."""
    if name in GIVEN or isinstance(thing, ModuleType):
        return name
    if inspect.isclass(thing):
        signature = inspect.signature(thing)
        return name + ANNOTATION.sub(r"\1\2", str(signature.replace(return_annotation=inspect.Signature.empty)))
    if inspect.isfunction(thing):
        signature = inspect.signature(thing)
        parameters = [each for each in signature.parameters.values() if each.name != "self"]
        return name + ANNOTATION.sub(r"\1\2", str(signature.replace(parameters=parameters)))
    if isinstance(thing, property) and thing.fget:
        return f"{name}: {thing.fget.__annotations__.get('return', '')}"
    return name


def first_sentence(thing: object) -> str:
    """That of its docstring, behind a dash."""
    is_told = inspect.isclass(thing) or inspect.isfunction(thing) or isinstance(thing, property | ModuleType)
    text = " ".join((inspect.getdoc(thing) or "").split()) if is_told else ""
    found = re.match(r"(.+?[.!?])(?:\s|$)", text)
    return f" \N{EN DASH} {found[1]}" if found else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
