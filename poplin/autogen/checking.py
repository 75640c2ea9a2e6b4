"""Would the Windows plugins accept this: configurations, configuration lists, and single policies.

`schemas/windows` has what they accept. Everything that is wrong is found, in the order of the document. An error is
what a plugin or Windows refuses; a warning is what has no effect, or another than one would think.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from poplin.autogen.casing import find_key, find_value
from poplin.autogen.nearest import find_nearest
from poplin.autogen.plain import make_plain
from poplin.autogen.values import quote

ERROR = "error"
WARNING = "warning"

PLUGINS = ("sdnbridge", "nat", "sdnoverlay", "win-bridge", "win-overlay")
NETWORK_TYPES = {"L2Bridge": "sdnbridge", "L2Tunnel": "sdnbridge", "NAT": "nat", "Overlay": "sdnoverlay"}
REFUSED = "L2Tunnel"  # Windows has such networks, but no plugin takes the word
PLUGIN_TYPES = (*PLUGINS, *(name for name in NETWORK_TYPES if name != REFUSED))  # what `type` may be
PLUGIN_OF = {name.lower(): NETWORK_TYPES.get(name, name) for name in (*NETWORK_TYPES, *PLUGINS)}
COUNTERPARTS = {"win-bridge": "sdnbridge", "win-overlay": "sdnoverlay"}  # of the other family, for the same networks

NO_MISTAKES = ("bridge", "vpc-bridge", "ovn-k8s-cni-overlay")  # plugins of others with a name like one of these

POLICY, LIST = "endpoint-policy", "list"  # schemas that are read exactly
KNOWN = "x-known"
MILD = {"x-unknownKeys", "x-ignored", KNOWN, "x-format"}  # the keywords whose errors are warnings
EXPECTED = "x-expected"  # a warning too, but to those who write an intent, whose document requires it
PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,60}")
INJECTED = ("cniversion", "name")  # the runtime copies them from a list into each of its plugins
# what flannel writes into a delegate that has none of it
FLANNEL: dict[str, object] = {"cniVersion": "0.2.0", "type": "win-bridge", "ipam": {"type": "host-local"}}

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Finding:
    """Something wrong at a place of the document, `plugins[0].ipam.subnet`; severity is "error" or "warning"."""

    severity: str
    where: str
    text: str
    is_unknown_policy: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {self.text}" if self.where else self.text


@dataclass(frozen=True)
class Fault:
    """A finding before it is printed."""

    path: Path
    text: str
    severity: str = ERROR
    is_unknown_policy: bool = False

    def inside(self, *place: str | int) -> Fault:
        """The same in a document where this one stands at the place."""
        return replace(self, path=(*place, *self.path))


def check_configuration(document: object) -> list[Finding]:
    """What is wrong with a network configuration, or a list of them."""
    try:
        plain = make_plain(document)
    except ValueError as error:
        return [Finding(ERROR, "", str(error))]
    if not isinstance(plain, dict):
        return [Finding(ERROR, "", f"{quote(plain)} is not a network configuration; write an object")]
    faults = list_faults(plain) if find_key(plain, "plugins") is None else list_member_faults(plain)
    return report(plain, faults)


def check_policy(policy: object, where: str) -> list[Finding]:
    """What is wrong with one `{"Type": ..., "Settings": ...}`, which stands at this place."""
    return report(policy, validate(policy, POLICY, is_exact=True), where)


def find_plugin(kind: str) -> str | None:
    """The plugin that a `type` in any case is about: `nat` for `NAT`. It need not accept that spelling."""
    return PLUGIN_OF.get(kind.lower())


def list_member_faults(document: dict[str, object]) -> Iterator[Fault]:
    """Of a configuration list: its head, and every plugin as the runtime would call it."""
    head = list(validate(document, LIST, is_exact=True))
    yield from head
    settled = {fault.path for fault in head}
    key, plugins = find_key(document, "plugins"), find_value(document, "plugins")
    for number, plugin in enumerate(plugins if isinstance(plugins, list) else ()):
        if isinstance(plugin, dict):
            faults = list_inherited_faults(plugin, document, (str(key), number))
            yield from (fault for fault in faults if fault.path not in settled)


def list_inherited_faults(config: dict[str, object], outer: dict[str, object], place: Path) -> Iterator[Fault]:
    """Of a configuration at this place of an outer one, which gives it its name and version."""
    own = {key: value for key, value in config.items() if key.lower() not in INJECTED}
    injected = {key: value for key, value in outer.items() if key.lower() in INJECTED}
    for fault in list_faults(injected | own):
        yield fault if str(fault.path[0]).lower() in INJECTED else fault.inside(*place)


def list_faults(config: dict[str, object]) -> Iterator[Fault]:
    """Of one plugin's configuration; a misspelt type counts as the one that was meant."""
    key, kind = find_key(config, "type"), find_value(config, "type")
    text = kind if isinstance(kind, str) else ""
    meant = None if text in NO_MISTAKES else find_nearest(text, PLUGIN_TYPES)
    if plugin := find_plugin(text):
        yield from validate(config, plugin)
    elif meant:
        yield Fault((str(key),), f"{quote(kind)} is not a type of a Windows plugin; did you mean {quote(meant)}?")
        yield from (fault for fault in validate(config, PLUGIN_OF[meant.lower()]) if fault.path != (key,))
    elif text:
        yield Fault((str(key),), f"{quote(kind)} is not checked: known are {', '.join(PLUGIN_TYPES)}", WARNING)
        yield from list_delegate_faults(config)
    else:
        wrong = "is missing" if kind is None else f"{quote(kind)} is not a type of a Windows plugin"
        yield Fault((key or "type",), f"{wrong}; write one of {', '.join(PLUGIN_TYPES)}")


def list_delegate_faults(config: dict[str, object]) -> Iterator[Fault]:
    """Of the configuration in this one which a plugin like flannel completes and hands to another plugin."""
    key, delegate = find_key(config, "delegate"), find_value(config, "delegate")
    if isinstance(delegate, dict):
        yield from list_inherited_faults(fill(delegate, FLANNEL), fill(config, FLANNEL), (str(key),))


def fill(config: dict[str, object], defaults: dict[str, object]) -> dict[str, object]:
    """The configuration with these keys where it has nothing."""
    own = {key: value for key, value in config.items() if value is not None}
    return {key: value for key, value in defaults.items() if find_key(own, key) is None} | own


def validate(instance: object, schema: str, is_exact: bool = False) -> Iterator[Fault]:
    """The faults a schema finds, one for each place and keyword: a schema and the one it refers to may say the same."""
    # jsonschema takes a tenth of a second to load, and most commands never get here
    from poplin.autogen.dialect import get_validator
    from poplin.autogen.wording import describe

    mild = MILD if is_exact else MILD | {EXPECTED}
    seen = set()
    for error in get_validator(schema, is_exact).iter_errors(instance):
        path, keyword = tuple(error.absolute_path), str(error.validator)
        if (path, keyword) not in seen:
            seen.add((path, keyword))
            is_unknown_policy = keyword == KNOWN and "isPolicyType" in error.validator_value
            yield Fault(path, describe(error), WARNING if keyword in mild else ERROR, is_unknown_policy)


def report(document: object, faults: Iterable[Fault], where: str = "") -> list[Finding]:
    """The findings in the order of the document, each once; the document stands at this place."""
    ordered = sorted(dict.fromkeys(faults), key=lambda fault: locate(document, fault.path))
    return [
        Finding(fault.severity, format_path(fault.path, where), fault.text, fault.is_unknown_policy)
        for fault in ordered
    ]


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
