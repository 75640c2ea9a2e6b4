"""CHECK: is a container still joined to a network as ADD left it?"""

from __future__ import annotations

from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.spec.errors import IncompatibleVersion
from poplin.spec.names import check_network_name
from poplin.spec.netlist import NetworkList
from poplin.spec.result import format_result
from poplin.spec.versions import VERB_SINCE, is_at_least


def check(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """Ask every plugin, each with the final result of ADD. Raises the first CNIError.

    Raises IncompatibleVersion below 0.4.0, even if the network says disableCheck.
    """
    if not is_at_least(network.version, VERB_SINCE["CHECK"]):
        raise IncompatibleVersion(
            f"network {network.name!r} cannot be checked", f"its version {network.version!r} is below 0.4.0"
        )
    check_network_name(network.name)
    attachment.check()
    if network.disable_check:
        return
    result = runtime.cache.find_result(network.name, attachment, network.version)
    values = {"prevResult": format_result(result)} if result else {}
    for plugin in network.plugins:
        runtime.call("CHECK", network, plugin, attachment, values)
