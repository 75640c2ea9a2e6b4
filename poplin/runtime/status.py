"""STATUS: would ADD succeed on this network now?"""

from __future__ import annotations

from poplin.runtime.caller import Runtime
from poplin.spec.errors import DecodingFailure
from poplin.spec.names import check_network_name
from poplin.spec.netlist import NetworkList
from poplin.spec.versions import VERB_SINCE, is_at_least


def status(runtime: Runtime, network: NetworkList) -> bool:
    """Ask every plugin; whether the network's version has the verb at all. Raises the first CNIError as it is."""
    if not has_verb(network, "STATUS"):
        return False
    check_network_name(network.name)
    for plugin in network.plugins:
        runtime.call("STATUS", network, plugin)
    return True


def has_verb(network: NetworkList, verb: str) -> bool:
    """Whether plugins of the network's version know the verb; those of a version that is none do not."""
    try:
        return is_at_least(network.version, VERB_SINCE[verb])
    except DecodingFailure:
        return False
