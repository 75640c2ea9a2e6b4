"""What our plugins' ADD would say while it reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from poplin.plugins import loopback, static
from poplin.plugins.bridge import settings as bridge
from poplin.plugins.host_local import settings as host_local
from poplin.plugins.portmap import settings as portmap
from poplin.plugins.ptp import settings as ptp
from poplin.spec.call import Call, Config, Environment, make_call
from poplin.spec.fields import Fields
from poplin.spec.versions import KNOWN

Object = dict[str, object]
Reader = Callable[[Object], object]

RANGES_FROM_RUNTIME = "ipRanges"  # the capability by which host-local needs none of its own


def read_host_local(call: Call) -> None:
    """host-local's ranges may all come from the runtime, if it is to hand some over."""
    capabilities = call.fields.fields("capabilities")
    host_local.read_settings(call, needs_ranges=not capabilities.flag(RANGES_FROM_RUNTIME))
    host_local.list_requested(call)


# What reads the configuration in each plugin's ADD.
READERS: Mapping[str, Callable[[Call], object]] = {
    "bridge": bridge.Settings,
    "host-local": read_host_local,
    "loopback": loopback.check_strict,
    "portmap": portmap.Settings,
    "ptp": ptp.Settings,
    "static": static.Settings,
}
WITH_ADDRESSES = ("bridge", "ptp")  # those of ours that ask the plugin in `ipam.type`
IPAM_READERS = ("host-local", "static")


def list_readers(plugin_type: str) -> list[Reader]:
    """What of ours reads the configuration that such a plugin is given."""
    is_ours = plugin_type in READERS
    readers: list[Reader] = []
    if is_ours:
        readers.append(lambda config: READERS[plugin_type](make_add(config)))
    if not is_ours or plugin_type in WITH_ADDRESSES:
        readers.append(read_ipam)
    return readers


def read_ipam(config: Object) -> None:
    """The plugin in `ipam.type`, if it is one of ours."""
    plugin_type = Fields(config).fields("ipam").text("type")
    if plugin_type in IPAM_READERS:
        READERS[plugin_type](make_add(config))


def make_add(config: Object) -> Call:
    """ADD of this configuration. Raises CNIError."""
    attachment = {"CNI_CONTAINERID": "validate", "CNI_NETNS": "/run/netns/validate", "CNI_IFNAME": "eth0"}
    places = {name: value for name, value in os.environ.items() if not name.startswith("CNI_")}
    environ = {**places, **attachment, "CNI_COMMAND": "ADD", "CNI_PATH": "/opt/cni/bin"}
    return make_call(Environment(environ), Config(config), KNOWN)
