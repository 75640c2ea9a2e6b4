"""Would the Windows plugins accept this: configurations, configuration lists, and single policies.

`schemas/windows` has what they accept. Everything that is wrong is found, in the order of the document. An error is
what a plugin or Windows refuses, or would take for something else; a warning is what has no effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from poplin.autogen.nearest import find_nearest
from poplin.autogen.values import quote

ERROR = "error"
WARNING = "warning"
UNKNOWN_POLICY = "unknown policy type"  # how the text of that warning starts

PLUGINS = ("sdnbridge", "nat", "sdnoverlay", "win-bridge", "win-overlay")
NETWORK_TYPES = {"L2Bridge": "sdnbridge", "L2Tunnel": "sdnbridge", "NAT": "nat", "Overlay": "sdnoverlay"}
REFUSED = "L2Tunnel"  # Windows has such networks, but no plugin takes the word
PLUGIN_TYPES = (*PLUGINS, *(name for name in NETWORK_TYPES if name != REFUSED))  # what `type` may be
PLUGIN_OF = {name.lower(): NETWORK_TYPES.get(name, name) for name in (*NETWORK_TYPES, *PLUGINS)}

POLICY = "endpoint-policy"
MILD = {"x-unknownKeys", "x-ignored", "x-known"}  # the keywords whose errors are warnings
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
INJECTED = ("cniversion", "name")  # the runtime copies them from a list into each of its plugins


Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """Something wrong at a place of the document, `plugins[0].ipam.subnet`; severity is "error" or "warning"."""

    severity: str
    where: str
    text: str

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


@dataclass(frozen=True)
class Fault:
    """A finding before it is printed."""

    path: Path
    text: str
    severity: str = ERROR

    def inside(self, *place: str | int) -> Fault:
        """The same in a document where this one stands at the place."""
        return replace(self, path=(*place, *self.path))


def check_configuration(document: object) -> list[Finding]:
    """What is wrong with a network configuration, or a list of them."""
    if not isinstance(document, dict):
        return [Finding(ERROR, "", f"{quote(document)} is not a network configuration; write an object")]
    plugins = find_key(document, "plugins")
    faults = list_faults(document) if plugins is None else list_member_faults(document, plugins)
    return report(document, faults)


def check_policy(policy: object, where: str) -> list[Finding]:
    """What is wrong with one `{"Type": ..., "Settings": ...}`, which stands at this place."""
    return report(policy, validate(policy, POLICY), where)


def find_plugin(type: str) -> str | None:
    """The plugin that a `type` in any case is about: `nat` for `NAT`. It need not accept that spelling."""
    return PLUGIN_OF.get(type.lower())


def list_member_faults(document: dict[str, object], key: str) -> Iterator[Fault]:
    """Of a configuration list: every plugin as the runtime would call it."""
    plugins = document[key]
    if not isinstance(plugins, list) or not plugins:
        yield Fault((key,), f"{quote(plugins)} is not a list of plugins; write one with at least one plugin")
        return
    injected = {name: value for name, value in document.items() if name.lower() in INJECTED}
    for number, plugin in enumerate(plugins):
        if not isinstance(plugin, dict):
            yield Fault((key, number), f"{quote(plugin)} is not the configuration of a plugin; write an object")
            continue
        own = {name: value for name, value in plugin.items() if name.lower() not in INJECTED}
        for fault in list_faults(injected | own):
            yield fault if str(fault.path[0]).lower() in INJECTED else fault.inside(key, number)


def list_faults(config: dict[str, object]) -> Iterator[Fault]:
    """Of one plugin's configuration; a misspelt type counts as the one that was meant."""
    key = find_key(config, "type")
    kind = None if key is None else config[key]
    text = kind if isinstance(kind, str) else ""
    if plugin := find_plugin(text):
        yield from validate(config, plugin)
        return
    meant = find_nearest(text, PLUGIN_TYPES)
    wrong = "is missing" if key is None else f"{quote(kind)} is not a type of a Windows plugin"
    known = f"did you mean {quote(meant)}?" if meant else f"write one of {', '.join(PLUGIN_TYPES)}"
    yield Fault((key or "type",), f"{wrong}; {known}")
    if meant:
        yield from (fault for fault in validate(config, PLUGIN_OF[meant.lower()]) if fault.path != (key,))


def validate(instance: object, schema: str) -> Iterator[Fault]:
    """The faults a schema finds, one for each place and keyword: a schema and the one it refers to may say the same."""
    # jsonschema takes a tenth of a second to load, and most commands never get here
    from poplin.autogen.dialect import get_validator
    from poplin.autogen.wording import describe

    seen = set()
    for error in get_validator(schema).iter_errors(instance):
        path, keyword = tuple(error.absolute_path), str(error.validator)
        if (path, keyword) not in seen:
            seen.add((path, keyword))
            yield Fault(path, describe(error), WARNING if keyword in MILD else ERROR)


def report(document: object, faults: Iterable[Fault], where: str = "") -> list[Finding]:
    """The findings in the order of the document, each once; the document stands at this place."""
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: locate(document, fault.path))
    return [Finding(fault.severity, format_path(fault.path, where), fault.text) for fault in ordered]


def locate(document: object, path: Path) -> list[int]:
    """Where a path is, for sorting; what is missing stands at the end."""
    position = []
    for part in path:
        if isinstance(document, dict):
            names = list(document)
            position.append(names.index(part) if part in document else len(names))
            document = document.get(part)
        elif isinstance(document, list) and isinstance(part, int):
            position.append(part)
            document = document[part]
    return position


def format_path(path: Path, where: str) -> str:
    """`plugins[0].ipam.subnet`, after what stands before it; names that are no plain words are quoted."""
    for part in path:
        if isinstance(part, int):
            where += f"[{part}]"
        elif PLAIN_NAME.fullmatch(part):
            where += f".{part}" if where else part
        else:
            where += f"[{quote(part)}]"
    return where


def find_key(document: dict[str, object], name: str) -> str | None:
    """The document's own spelling of a name; of two the last, which is the one the plugins take."""
    return next((key for key in reversed(document) if key.lower() == name), None)
