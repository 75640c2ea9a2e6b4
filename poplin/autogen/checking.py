"""Would the Windows plugins accept this: configurations, configuration lists, and single policies.

`schemas/windows` has what they accept. Everything that is wrong is found, in the order of the document. An error is
what a plugin or Windows refuses; a warning is what has no effect, or another than one would think.
"""

from __future__ import annotations

from collections.abc import Iterator

from poplin.schema.casing import find_key, find_value
from poplin.schema.faults import MILD, list_schema_faults
from poplin.schema.finding import WARNING, Fault, Finding, report
from poplin.schema.nearest import find_nearest
from poplin.schema.plain import make_plain
from poplin.schema.source import Path, Source
from poplin.schema.values import quote

PLUGINS = ("sdnbridge", "nat", "sdnoverlay", "win-bridge", "win-overlay")
NETWORK_TYPES = {"L2Bridge": "sdnbridge", "L2Tunnel": "sdnbridge", "NAT": "nat", "Overlay": "sdnoverlay"}
REFUSED = "L2Tunnel"  # Windows has such networks, but no plugin takes the word
PLUGIN_TYPES = (*PLUGINS, *(name for name in NETWORK_TYPES if name != REFUSED))  # what `type` may be
PLUGIN_OF = {name.lower(): NETWORK_TYPES.get(name, name) for name in (*NETWORK_TYPES, *PLUGINS)}
COUNTERPARTS = {"win-bridge": "sdnbridge", "win-overlay": "sdnoverlay"}  # of the other family, for the same networks

NO_MISTAKES = ("bridge", "vpc-bridge", "ovn-k8s-cni-overlay")  # plugins of others with a name like one of these

POLICY, LIST = "endpoint-policy", "list"  # schemas that are read exactly
EXPECTED = "x-expected"  # a warning too, but to those who write an intent, whose document requires it
FOLDER = "windows"  # of their schemas
INJECTED = ("cniversion", "name")  # the runtime copies them from a list into each of its plugins
# what flannel writes into a delegate that has none of it
FLANNEL: dict[str, object] = {"cniVersion": "0.2.0", "type": "win-bridge", "ipam": {"type": "host-local"}}


def check_configuration(document: object, source: Source | None = None) -> list[Finding]:
    """What is wrong with a network configuration, or a list of them; `source` is the text it was read from."""
    try:
        plain = make_plain(document)
    except ValueError as error:
        return report(document, [Fault((), str(error))], source=source)
    if not isinstance(plain, dict):
        return report(plain, [Fault((), f"{quote(plain)} is not a network configuration", "write an object")])
    faults = list_faults(plain) if find_key(plain, "plugins") is None else list_member_faults(plain)
    return report(plain, faults, source=source)


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
        yield Fault((str(key),), f"{quote(kind)} is not a type of a Windows plugin", f"did you mean {quote(meant)}?")
        yield from (fault for fault in validate(config, PLUGIN_OF[meant.lower()]) if fault.path != (key,))
    elif text:
        yield Fault((str(key),), f"{quote(kind)} is not checked: known are {', '.join(PLUGIN_TYPES)}", "", WARNING)
        yield from list_delegate_faults(config)
    else:
        wrong = "is missing" if kind is None else f"{quote(kind)} is not a type of a Windows plugin"
        yield Fault((key or "type",), wrong, f"write one of {', '.join(PLUGIN_TYPES)}")


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
    """The faults a schema of the Windows plugins finds."""
    mild = MILD if is_exact else MILD | {EXPECTED}
    return list_schema_faults(instance, f"{FOLDER}/{schema}", is_exact=is_exact, mild=mild)
