"""GC: remove what no container uses any more."""

from __future__ import annotations

from collections.abc import Callable, Collection

from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.detach import detach_locked
from poplin.runtime.status import has_verb
from poplin.spec.errors import CNIError, InvalidConfig
from poplin.spec.names import check_network_name
from poplin.spec.netlist import NetworkList

Identity = tuple[str, str]  # container id, interface name


def gc(
    runtime: Runtime,
    network: NetworkList,
    find_valid: Callable[[], Collection[Identity]] | None,
    *,
    everything: bool = False,
) -> list[Attachment]:
    """DEL what is on record but not valid, then tell every plugin what is valid. Returns what was stale.

    `find_valid` is asked when nobody can attach any more, or a container attached meanwhile would count as garbage.
    None is refused, as it would take everything from everybody, unless `everything` says that this is meant.
    Goes on after errors and raises them together, as ExceptionGroup.
    """
    check_network_name(network.name)
    if find_valid is None and not everything:
        raise InvalidConfig(
            f"refusing to remove every attachment of network {network.name!r}",
            "nothing says which ones are valid; everything=True would say that none is",
        )
    if network.disable_gc:
        return []
    with runtime.cache.locked(shared=False):
        runtime.cache.remove_leftovers()
        valid = frozenset(find_valid()) if find_valid and not everything else frozenset()
        stale = list_stale(runtime, network, valid)
        errors = [attempt(detach_locked, runtime, network, attachment) for attachment in stale]
        if has_verb(network, "GC"):
            values = format_valid(valid)
            errors += [attempt(runtime.call, "GC", network, plugin, None, values) for plugin in network.plugins]
    failures = [error for error in errors if error]
    if failures:
        raise ExceptionGroup(f"garbage collection of network {network.name!r}", failures)
    return stale


def list_stale(runtime: Runtime, network: NetworkList, valid: Collection[Identity]) -> list[Attachment]:
    """This network's attachments on record that are not valid, with the parameters of their ADD."""
    entries = [entry for entry in runtime.cache.list_entries() if entry.network == network.name]
    return [entry.attachment for entry in entries if entry.attachment.identity not in valid]


def attempt(step: Callable[..., object], *arguments: object) -> CNIError | None:
    """The error of `step(*arguments)`, if any."""
    try:
        step(*arguments)
    except CNIError as error:
        return error
    return None


def format_valid(valid: Collection[Identity]) -> dict[str, object]:
    """The key of the specification, and the one the reference's library sent first and still sends."""
    attachments = [{"containerID": container_id, "ifname": ifname} for container_id, ifname in sorted(valid)]
    return {"cni.dev/valid-attachments": attachments, "cni.dev/attachments": attachments}
