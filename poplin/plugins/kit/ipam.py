"""Address management by delegation to the plugin named in `ipam.type`."""

from __future__ import annotations

from poplin.plugins.kit.delegate import delegate, delegate_add
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call
    from poplin.spec.result import Result


def ipam_type(call: Call) -> str:
    """The plugin asked for, empty for a network without addresses. Raises InvalidConfig for the caller itself."""
    plugin_type = call.fields.fields("ipam").text("type")
    if plugin_type and plugin_type == call.config.type:
        raise InvalidConfig(f"`ipam.type` is {plugin_type!r}, the plugin itself", "name one that gives addresses")
    return plugin_type


def require_type(call: Call) -> None:
    """For a plugin that can do nothing without addresses. Raises InvalidConfig."""
    if not ipam_type(call):
        raise InvalidConfig("missing `ipam.type`", f"{call.config.type} needs a plugin that gives addresses")


def add(call: Call, kernel: Kernel) -> Result:
    """Addresses, routes and dns for this attachment; at least one address. Raises CNIError."""
    plugin_type = ipam_type(call)
    result = delegate_add(call, kernel, plugin_type)
    if not result.ips:
        delete(call, kernel)
        raise InvalidConfig(f"the ipam plugin {plugin_type!r} gave no address")
    return result


def delete(call: Call, kernel: Kernel) -> None:
    """Release the addresses; repeatable."""
    if ipam_type(call):
        delegate(call, kernel, "DEL", ipam_type(call))


def check(call: Call, kernel: Kernel) -> None:
    """Ask the ipam plugin whether the addresses are still held."""
    if ipam_type(call):
        delegate(call, kernel, "CHECK", ipam_type(call))


def status(call: Call, kernel: Kernel) -> None:
    """Ask the ipam plugin whether it could give an address."""
    if ipam_type(call):
        delegate(call, kernel, "STATUS", ipam_type(call))


def collect_garbage(call: Call, kernel: Kernel) -> None:
    """Have the ipam plugin release what belongs to no valid attachment."""
    if ipam_type(call):
        delegate(call, kernel, "GC", ipam_type(call))
