"""Address management by delegation to the plugin named in `ipam.type`.

Address and link go together. A plugin that keeps its addresses in files can be asked before there is a link, which
saves making one in vain, and is told to release after it is gone, so that nobody gets an address that still answers.
Any other may need the link for its work, as dhcp does: it is asked when the link is there, and told while it still is.
"""

from __future__ import annotations

from poplin.plugins.kit.delegate import delegate, delegate_add, require_installed
from poplin.spec.errors import InvalidConfig
from poplin.spec.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.kit.undo import Undo
    from poplin.spec.call import Call


WITHOUT_LINK = ("host-local", "static")


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


def needs_link(call: Call) -> bool:
    """Whether there is a plugin to ask for addresses that may ask over the link."""
    plugin_type = ipam_type(call)
    return bool(plugin_type) and plugin_type not in WITHOUT_LINK


def require_plugin(call: Call, kernel: Kernel) -> None:
    """That the plugin is there, for who asks it late. Raises CNIError."""
    require_installed(call, kernel, ipam_type(call))


def ask(call: Call, kernel: Kernel, undo: Undo) -> Result:
    """ADD's question, taken back with all else that `undo` has, before or after the link; nothing for a network without
    addresses. Raises CNIError."""
    if not ipam_type(call):
        return Result()
    result = add(call, kernel)
    (undo.push if needs_link(call) else undo.push_last)(delete, call, kernel)
    return result


def delete_before_link(call: Call, kernel: Kernel) -> None:
    """Release the addresses if that may need the link."""
    if needs_link(call):
        delete(call, kernel)


def delete_after_link(call: Call, kernel: Kernel) -> None:
    """Release the addresses if that is done without the link."""
    if not needs_link(call):
        delete(call, kernel)


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
