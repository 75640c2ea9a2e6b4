"""What our plugins' ADD would say while it reads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from poplin.plugins import loopback, static
from poplin.plugins.bandwidth import settings as bandwidth
from poplin.plugins.bridge import settings as bridge
from poplin.plugins.dhcp import settings as dhcp
from poplin.plugins.dnsname import settings as dnsname
from poplin.plugins.dummy import settings as dummy
from poplin.plugins.firewall import settings as firewall
from poplin.plugins.flannel import settings as flannel
from poplin.plugins.host_device import settings as host_device
from poplin.plugins.host_local import settings as host_local
from poplin.plugins.ipvlan import settings as ipvlan
from poplin.plugins.macvlan import settings as macvlan
from poplin.plugins.portmap import settings as portmap
from poplin.plugins.ptp import settings as ptp
from poplin.plugins.sbr import settings as sbr
from poplin.plugins.tap import settings as tap
from poplin.plugins.tuning import settings as tuning
from poplin.plugins.vlan import settings as vlan
from poplin.plugins.vrf import settings as vrf
from poplin.spec.call import Call, Config, Environment, make_call
from poplin.spec.fields import Fields
from poplin.spec.versions import KNOWN

Object = dict[str, object]
Reader = Callable[[Object], object]

# The capabilities by which host-local needs no ranges of its own, and host-device no selector.
RANGES_FROM_RUNTIME = "ipRanges"
DEVICE_FROM_RUNTIME = "deviceID"


def read_host_local(call: Call) -> None:
    """host-local's ranges may all come from the runtime, if it is to hand some over."""
    capabilities = call.fields.fields("capabilities")
    host_local.read_settings(call, needs_ranges=not capabilities.flag(RANGES_FROM_RUNTIME))
    host_local.list_requested(call)


def read_host_device(call: Call) -> host_device.Settings:
    """host-device's selector may come from the runtime."""
    capabilities = call.fields.fields("capabilities")
    return host_device.Settings(call, needs_selector=not capabilities.flag(DEVICE_FROM_RUNTIME))


# What reads the configuration in each plugin's ADD.
READERS: Mapping[str, Callable[[Call], object]] = {
    "bandwidth": bandwidth.Settings,
    "bridge": bridge.Settings,
    "dhcp": dhcp.Settings,
    "dnsname": dnsname.Settings,
    "dummy": dummy.Settings,
    "firewall": firewall.Settings,
    "flannel": flannel.Settings,
    "host-device": read_host_device,
    "host-local": read_host_local,
    "ipvlan": ipvlan.Settings,
    "loopback": loopback.check_strict,
    "macvlan": macvlan.Settings,
    "portmap": portmap.Settings,
    "ptp": ptp.Settings,
    "sbr": sbr.Settings,
    "static": static.Settings,
    "tap": tap.Settings,
    "tuning": tuning.Settings,
    "vlan": vlan.Settings,
    "vrf": vrf.Settings,
}
# Those of ours that ask the plugin in `ipam.type`.
WITH_ADDRESSES = ("bridge", "dummy", "host-device", "ipvlan", "macvlan", "ptp", "tap", "vlan")
IPAM_READERS = ("dhcp", "host-local", "static")


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
