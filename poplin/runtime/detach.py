"""DEL: part a container from a network."""

from __future__ import annotations

from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.spec.errors import DecodingFailure
from poplin.spec.names import check_network_name
from poplin.spec.netlist import NetworkList
from poplin.spec.result import format_result
from poplin.spec.versions import PREV_RESULT_ON_DEL_SINCE, is_at_least


def detach(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """Run the chain backwards and forget the result. Raises CNIError; the result then stays, for the next try.

    May be repeated, and comes also after an ADD that failed.
    """
    with runtime.cache.locked(shared=True):
        detach_locked(runtime, network, attachment)


def detach_locked(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """The same for who holds the lock already."""
    check_network_name(network.name)
    attachment.check()
    values = find_values(runtime, network, attachment)
    for plugin in reversed(network.plugins):
        runtime.call("DEL", network, plugin, attachment, values)
    runtime.cache.remove(network.name, attachment)


def find_values(runtime: Runtime, network: NetworkList, attachment: Attachment) -> dict[str, object]:
    """The result of ADD for every plugin, if the version has that. A record nobody can read must not stop DEL."""
    if not is_at_least(network.version, PREV_RESULT_ON_DEL_SINCE):
        return {}
    try:
        result = runtime.cache.find_result(network.name, attachment, network.version)
    except DecodingFailure:
        runtime.cache.remove(network.name, attachment)
        return {}
    return {"prevResult": format_result(result)} if result else {}
