"""Network configuration lists as values: what a .conflist or .conf says, checked.

Pure: reading folders is the runtime's part. The top of a list is read strictly by its exact keys, as the reference
does; a plugin's object, which is the plugin's business, is kept as it was written.
"""

from __future__ import annotations

from poplin.spec.errors import DecodingFailure, InvalidConfig
from poplin.spec.fields import Fields
from poplin.spec.jsontext import dumps, loads, loads_object
from poplin.spec.names import check_network_name, check_plugin_type
from poplin.spec.record import Record
from poplin.spec.versions import OLDEST, select_version

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TRUTH = {"true": True, "false": False}


class PluginConfig(Record):
    """One plugin of a list: its type, the capabilities it declares, its whole object."""

    __slots__ = ("capabilities", "source", "type")

    def __init__(self, type: str, capabilities: frozenset[str], source: dict[str, object]) -> None:
        self.type = type
        self.capabilities = capabilities
        self.source = source


class NetworkList(Record):
    """One network: its plugins in order. `text` is the list as it was written, which the cache keeps."""

    __slots__ = ("cni_version", "disable_check", "disable_gc", "inlined_only", "name", "plugins", "text")

    def __init__(
        self,
        name: str,
        cni_version: str,
        plugins: Sequence[PluginConfig],
        *,
        text: bytes = b"",
        disable_check: bool = False,
        disable_gc: bool = False,
        inlined_only: bool = False,
    ) -> None:
        self.name = name
        self.cni_version = cni_version
        self.plugins = list(plugins)
        self.text = text
        self.disable_check = disable_check
        self.disable_gc = disable_gc
        self.inlined_only = inlined_only

    @property
    def version(self) -> str:
        """The version the network runs at: a list that names none is of the oldest."""
        return self.cni_version or OLDEST


# Reading.


def parse_network_list(text: str | bytes) -> NetworkList:
    """A configuration list. Raises DecodingFailure, InvalidConfig.

    It may have no plugins of its own yet, when they come from the drop-in folder: see `check_has_plugins`.
    """
    source = loads_object(text, "the network configuration list")
    network = NetworkList(
        parse_name(source),
        parse_list_version(source),
        [],
        text=text if isinstance(text, bytes) else text.encode(),
        disable_check=parse_switch(source, "disableCheck"),
        disable_gc=parse_switch(source, "disableGC"),
        inlined_only=parse_switch(source, "loadOnlyInlinedPlugins"),
    )
    if "plugins" in source:
        network.plugins = parse_plugins(source["plugins"])
    elif network.inlined_only:
        raise InvalidConfig(f"network {network.name!r} has no plugins", "loadOnlyInlinedPlugins is true, so list them")
    return network


def check_has_plugins(network: NetworkList) -> None:
    """Raises InvalidConfig."""
    if not network.plugins:
        raise InvalidConfig(
            f"network {network.name!r} has no plugins", f"list them in `plugins`, or as .conf files in {network.name}/"
        )


def parse_single(text: str | bytes, default_name: str = "") -> NetworkList:
    """A single plugin's configuration as a list of one. Raises DecodingFailure, InvalidConfig.

    `default_name` is for a network that names itself nothing, as the loopback example of the documentation does.
    """
    source = loads_object(text, "the network configuration")
    if "plugins" in source and "type" not in source:
        raise InvalidConfig("this is a configuration list, it has `plugins`", "let its file name end in .conflist")
    plugin = parse_plugin(source)
    fields = Fields(plugin.source)
    name = fields.text("name") or default_name
    check_network_name(name)
    version = fields.text("cniVersion")
    whole = {"name": name, "cniVersion": version, "plugins": [plugin.source]}
    return NetworkList(name, version, [plugin], text=dumps(whole).encode())


def parse_plugin(source: dict[str, object]) -> PluginConfig:
    """One plugin's object. Raises DecodingFailure for a known key of the wrong type, InvalidConfig without `type`."""
    fields = Fields(source)
    plugin_type = fields.text("type")
    check_plugin_type(plugin_type)
    for text in ("cniVersion", "name"):
        fields.text(text)
    for mapping in ("dns", "prevResult"):
        fields.mapping(mapping)
    fields.fields("ipam").text("type")
    fields.objects("cni.dev/valid-attachments")
    capabilities = fields.fields("capabilities")
    declared = frozenset(name for name in fields.mapping("capabilities") if capabilities.flag(name))
    return PluginConfig(plugin_type, declared, source)


def parse_plugins(value: object) -> list[PluginConfig]:
    """`plugins`, which must be a list of at least one object."""
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        raise DecodingFailure("cannot decode `plugins`", f"expected a list of objects, got {dumps(value)[:200]}")
    return [parse_plugin(item) for item in value]


def parse_name(source: dict[str, object]) -> str:
    """`name`; it becomes part of paths, so it is checked here and not only when it is used."""
    if "name" not in source:
        raise InvalidConfig("missing network name: the configuration list has no `name`")
    name = get_text(source, "name")
    check_network_name(name)
    return name


def parse_list_version(source: dict[str, object]) -> str:
    """The version to run at, from `cniVersion` and `cniVersions`; empty if there is none."""
    version = get_text(source, "cniVersion") if "cniVersion" in source else ""
    if "cniVersions" not in source:
        return version
    offered = source["cniVersions"]
    if not isinstance(offered, list) or not all(isinstance(item, str) for item in offered):
        raise DecodingFailure("cannot decode `cniVersions`", f"expected a list of strings, got {dumps(offered)[:200]}")
    return select_version(version, offered)


def parse_switch(source: dict[str, object], key: str) -> bool:
    """true or false, also as strings in any case, as the 0.4.0 documentation of disableCheck had them."""
    value = source.get(key, False)
    if isinstance(value, str):
        value = TRUTH.get(value.lower(), value)
    if not isinstance(value, bool):
        raise DecodingFailure(f"cannot decode `{key}`", f"expected true or false, got {dumps(value)[:200]}")
    return value


def get_text(source: dict[str, object], key: str) -> str:
    """A string; null is refused like any other type."""
    value = source[key]
    if not isinstance(value, str):
        raise DecodingFailure(f"cannot decode `{key}`", f"expected a string, got {dumps(value)[:200]}")
    return value


# Changing.


def inject(source: str | bytes | Mapping[str, object], values: Mapping[str, object]) -> dict[str, object]:
    """The configuration with these keys set, whatever the case in which it had them, and all others kept.

    Raises InvalidConfig for an empty key and a null value, DecodingFailure for text that is no JSON object.
    """
    for key, value in values.items():
        if not key or value is None:
            raise InvalidConfig("cannot set a key of the configuration", f"{key!r}: {dumps(value)}")
    return {**without(parse_base(source), values), **values}


def parse_base(source: str | bytes | Mapping[str, object]) -> Mapping[str, object]:
    """What to set keys in; unlike elsewhere null is no empty object."""
    if not isinstance(source, str | bytes):
        return source
    if loads(source, "the network configuration") is None:
        raise DecodingFailure("cannot decode the network configuration", "it is null")
    return loads_object(source, "the network configuration")


def without(source: Mapping[str, object], keys: Mapping[str, object] | Sequence[str]) -> dict[str, object]:
    """The object without these keys, in any case: plugins read keys whatever their case."""
    unwanted = {key.lower() for key in keys}
    return {key: value for key, value in source.items() if key.lower() not in unwanted}
