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


def collect_garbage(
    runtime: Runtime, network: NetworkList, valid: Collection[Identity] | None, *, everything: bool = False
) -> None:
    """DEL what is on record but not `valid`, then tell every plugin what is.

    Goes on after errors and raises them together, as ExceptionGroup. `valid` None is refused, as it would take
    everything from everybody; `everything` says that this is meant.
    """
    check_network_name(network.name)
    if valid is None and not everything:
        raise InvalidConfig(
            f"refusing to remove every attachment of network {network.name!r}",
            "no list of valid attachments was given; an empty one, or everything=True, would say so",
        )
    if network.disable_gc:
        return
    kept = frozenset() if everything else frozenset(valid or ())
    with runtime.cache.locked(shared=False):
        steps = [(detach_locked, attachment) for attachment in list_stale(runtime, network, kept)]
        errors = [error for step, attachment in steps if (error := attempt(step, runtime, network, attachment))]
        if has_verb(network, "GC"):
            values = format_valid(kept)
            calls = [attempt(runtime.call, "GC", network, plugin, None, values) for plugin in network.plugins]
            errors += [error for error in calls if error]
    if errors:
        raise ExceptionGroup(f"garbage collection of network {network.name!r}", errors)


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
