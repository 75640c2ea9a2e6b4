"""What a configured network will ask of the host: which addresses it gives, over which link, and who forwards.

Only what other parts of the host can be at odds with is read here; whether the configuration is right at all is for
`poplin validate` to say, and what does not parse counts as absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from poplin.plugins.bridge.settings import DEFAULT_BRIDGE
from poplin.plugins.flannel.generate import generate
from poplin.plugins.flannel.settings import Settings as FlannelSettings
from poplin.plugins.flannel.subnet import read_subnet
from poplin.plugins.host_local.ranges import Range
from poplin.plugins.host_local.settings import Settings as Leases
from poplin.plugins.host_local.settings import read_settings
from poplin.runtime.request import make_config
from poplin.spec.address import Prefix
from poplin.spec.call import Call
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.netlist import NetworkList, PluginConfig
from poplin.validation.readers import WITH_ADDRESSES, make_add

BRIDGE, FLANNEL, PTP = "bridge", "flannel", "ptp"
FIREWALL, PORTMAP = "firewall", "portmap"
T = TypeVar("T")

ON_A_MASTER = ("host-device", "ipvlan", "macvlan", "vlan")


@dataclass(frozen=True)
class Configured:
    """One network and the file it is in."""

    file: Path
    network: NetworkList

    @property
    def name(self) -> str:
        """What it is called."""
        return self.network.name

    @property
    def first(self) -> PluginConfig:
        """The plugin that makes the container's interface."""
        return self.network.plugins[0]

    @cached_property
    def main(self) -> Fields:
        """What that plugin is told; of flannel what it tells another, which without its daemon is not all."""
        if self.first.type != FLANNEL:
            return Fields(self.first.source)
        try:
            call = self.call(self.first)
            settings = FlannelSettings(call)
            return Fields(generate(call, settings, read_subnet(settings.subnet_file)))
        except CNIError:
            return Fields(
                {"type": BRIDGE, "isGateway": True, **read(Fields(self.first.source).mapping, "delegate", {})}
            )

    def call(self, plugin: PluginConfig) -> Call:
        """An ADD of this plugin. Raises CNIError."""
        return make_add(make_config(self.network, plugin))

    @property
    def kind(self) -> str:
        """The type of plugin that makes the interface."""
        return read(self.main.text, "type", "")

    @property
    def types(self) -> list[str]:
        """Every plugin it needs, those for addresses and those others call too."""
        plugins = self.network.plugins
        asking = [Fields(each.source) for each in plugins if each.type in WITH_ADDRESSES] + [self.main]
        for_addresses = [read(Fields(read(each.mapping, "ipam", {})).text, "type", "") for each in asking]
        found = [*(each.type for each in plugins), self.kind, *for_addresses]
        return list(dict.fromkeys(filter(None, found)))

    def find_plugin(self, plugin_type: str) -> Fields | None:
        """What the plugin of this type in its chain is told."""
        return next((Fields(each.source) for each in self.network.plugins if each.type == plugin_type), None)

    # Links.

    @property
    def bridge(self) -> str:
        """The bridge its containers are ports of, empty if there is none."""
        return read(self.main.text, "bridge", "") or DEFAULT_BRIDGE if self.kind == BRIDGE else ""

    @property
    def master(self) -> str:
        """The link its containers are on, empty for that of the default route, and where there is none."""
        return read(self.main.text, "master", "") if self.kind in ON_A_MASTER else ""

    @property
    def mtu(self) -> int:
        """The one asked for, 0 if none is."""
        return read(self.main.number, "mtu", 0)

    @property
    def is_forwarded(self) -> bool:
        """Whether this host routes for its containers."""
        switches = ("isGateway", "isDefaultGateway", "ipMasq")
        return self.kind == PTP or (self.kind == BRIDGE and any(read(self.main.flag, each, False) for each in switches))

    @property
    def segment(self) -> tuple[str, str]:
        """Who has the same one hears each other directly."""
        if self.bridge:
            return self.bridge, str(read(self.main.number, "vlan", 0))
        return self.kind, self.master

    def owns_link(self, name: str, alias: str) -> bool:
        """Whether a link of the host is the network's own: a container's, its bridge or a VLAN of that, flanneld's."""
        is_bridge = bool(self.bridge) and name.split(".")[0] == self.bridge
        is_tunnel = self.first.type == FLANNEL and name.startswith(FLANNEL)
        return is_bridge or is_tunnel or alias.startswith(f"{self.name}/")

    # Addresses.

    @cached_property
    def leases(self) -> Leases | None:
        """What host-local is told; None if the addresses come from elsewhere."""
        try:
            ipam = self.main.fields("ipam")
            if ipam.text("type") == "host-local":
                config = {"name": self.name, "cniVersion": self.network.version, "ipam": self.main.raw("ipam")}
                return read_settings(make_add(config), needs_ranges=False)
        except CNIError:
            pass
        return None

    @property
    def ranges(self) -> list[Range]:
        """What host-local may hand out."""
        return [each for of in self.leases.sets for each in of.ranges] if self.leases else []

    @property
    def subnets(self) -> list[Prefix]:
        """The networks its containers are in, each once."""
        fixed = list_fixed(Fields(read(self.main.mapping, "ipam", {})))
        found = [*(each.subnet for each in self.ranges), *fixed]
        return list(dict.fromkeys(each.network for each in found))

    @property
    def versions(self) -> set[int]:
        """The IP versions of its addresses; of whom does not say any, 4."""
        return {each.ip.version for each in self.subnets} or {4}


def read(get: Callable[[str], T], key: str, default: T) -> T:
    """What is there, if it is what it should be."""
    try:
        return get(key)
    except CNIError:
        return default


def list_fixed(ipam: Fields) -> Iterator[Prefix]:
    """The addresses that the plugin static is to give."""
    with suppress(CNIError):
        for each in ipam.objects("addresses"):
            if found := each.find_prefix("address"):
                yield found
