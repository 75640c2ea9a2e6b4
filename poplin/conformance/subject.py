"""The plugin that is judged: its executable, the configuration it gets, and what has to be around it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from poplin.conformance.rule import CHAINED, INTERFACE, IPAM
from poplin.conformance.surroundings import OF_KIND, TYPES, Surroundings
from poplin.spec.errors import InvalidConfig
from poplin.spec.netlist import NetworkList, parse_network_list, parse_single, without
from poplin.spec.versions import KNOWN

OWN_KEYS = ("name", "cniVersion", "capabilities", "prevResult")  # of a network's, not of the plugin's
NAME = "conformance"  # of a network that nobody configured
CAPABILITIES = "capabilities"


@dataclass(frozen=True)
class Subject:
    """`config` is the plugin's object without the network's keys; `before` are the plugins that are called first."""

    path: str
    type: str
    kind: str
    network: str
    config: Mapping[str, Any]
    surroundings: Surroundings
    before: Sequence[Mapping[str, Any]] = ()
    paths: Sequence[str] = ()  # CNI_PATH
    timeout: float = 60.0
    versions: Sequence[str] = field(default=KNOWN)  # those it supports, of those there are
    about: str = ""  # what it says of itself without a verb

    @property
    def version(self) -> str:
        """The newest it supports."""
        return self.versions[-1]


def make_subject(path: str, paths: Sequence[str], network: NetworkList | None, kind: str, timeout: float) -> Subject:
    """By its configuration, or by its type, the file's name. Raises InvalidConfig, which says what it needs."""
    plugin_type = os.path.basename(path)
    common: dict[str, Any] = {"path": path, "type": plugin_type, "paths": paths, "timeout": timeout}
    if network:
        return Subject(**common, **read_place(network, plugin_type, kind))
    known = TYPES.get(plugin_type) or OF_KIND.get(kind)
    if not known:
        raise InvalidConfig(
            f"nothing is known of plugins of type {plugin_type!r}",
            "give a network configuration for it with --config, or say with --kind what it is, "
            f"if {{'type': {plugin_type!r}}} is all that it needs",
        )
    kind = kind or known.kind
    config = {"type": plugin_type, **known.config}
    if kind == IPAM:
        config = {"type": "none", "ipam": {"type": plugin_type, **known.config}}
    return Subject(**common, kind=kind, network=NAME, config=config, surroundings=known, before=known.before)


def read_place(network: NetworkList, plugin_type: str, kind: str) -> dict[str, Any]:
    """What a network says of the plugin: its object, and those before it."""
    objects = [without(plugin.source, OWN_KEYS) for plugin in network.plugins]
    for number, config in enumerate(objects):
        ipam = config.get("ipam")
        delegate = ipam.get("type") if isinstance(ipam, dict) else None
        if plugin_type in (config["type"], delegate):
            own = IPAM if delegate == plugin_type else CHAINED if number else INTERFACE
            before = objects[:number] if own != IPAM else []
            known = TYPES.get(plugin_type)
            usual = Surroundings(kind or own, {}, known.prepare if known else ())
            return {
                "kind": kind or own,
                "network": network.name,
                "config": config,
                "before": before,
                "surroundings": usual,
            }
    found = ", ".join(plugin.type for plugin in network.plugins)
    raise InvalidConfig(
        f"network {network.name!r} has no plugin of type {plugin_type!r}",
        f"it has {found or 'none'}; the type is the name of the executable's file",
    )


def read_network(text: bytes) -> NetworkList:
    """A list, or the object of one plugin, whose network needs no name here. Raises CNIError."""
    try:
        is_list = "plugins" in json.loads(text)
    except (ValueError, TypeError):
        is_list = True  # whose reader says what is wrong
    return parse_network_list(text) if is_list else parse_single(text, NAME)
