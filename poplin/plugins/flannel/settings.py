"""What a network may tell flannel, read and checked before anything is touched.

`delegate` begins the configuration of the plugin that does the work, `ipam` its `ipam`; flannel writes the rest.
"""

from __future__ import annotations

from poplin.plugins.flannel.scratch import find_folder
from poplin.plugins.kit.path import read_path
from poplin.spec.errors import InvalidConfig
from poplin.spec.names import check_plugin_type
from poplin.spec.netlist import without

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

SUBNET_FILE = "/run/flannel/subnet.env"
DELEGATE, IPAM = "bridge", "host-local"  # unless the network names others
PASSED_ON = ("runtimeConfig", "args")
OURS = ("name", "ipam")  # keys of `delegate` that are written here


class Settings:
    """One flannel network's configuration: `type` and `ipam_type`, the plugins'; the network's own `routes`; whatever
    else is in `delegate` and `ipam`; `folder` is where attachments are kept."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        ipam = fields.fields("ipam")
        self.subnet_file = read_path(fields, "subnetFile") or SUBNET_FILE
        self.folder = find_folder(call)
        self.type = read_type(fields, call.config.type)
        self.delegate = without(fields.mapping("delegate"), ("type",))
        self.ipam_type = ipam.text("type") or IPAM
        self.routes = ipam.sequence("routes")
        self.ipam = without(fields.mapping("ipam"), ("type", "routes"))
        self.passed_on = {key: fields.mapping(key) for key in PASSED_ON if key in fields}
        if call.is_strict:
            fields.reject_unknown()


def read_type(fields: Fields, own_type: str) -> str:
    """The delegate's. Raises DecodingFailure, InvalidConfig."""
    delegate = fields.fields("delegate")
    for key in fields.mapping("delegate"):
        if key.lower() in OURS:
            raise InvalidConfig(f"`delegate.{key}` is not for the network to say", "flannel writes it; remove it")
    plugin_type = delegate.text("type") if "type" in delegate else DELEGATE
    check_plugin_type(plugin_type)
    if plugin_type == own_type:
        raise InvalidConfig(f"`delegate.type` is {plugin_type!r}, the plugin itself", "name one that attaches")
    return plugin_type
