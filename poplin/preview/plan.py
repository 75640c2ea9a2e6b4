"""What ADD, DEL or GC would do now, step by step: the very code of our plugins, on a kernel that only remembers.

A preview is the truth of this moment. Another container may come in between, and what plugins of others do nobody
here can know: they are named, with the configuration that they would get.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from poplin.preview.records import forget_record, note_record
from poplin.preview.stage import NotForeseeable, Stage
from poplin.preview.step import Step
from poplin.runtime.attach import add, find_all
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.gc import Identity, format_valid, list_stale
from poplin.runtime.status import has_verb
from poplin.runtime.together import refuse_attached
from poplin.spec.errors import DecodingFailure
from poplin.spec.names import check_network_name
from poplin.spec.netlist import NetworkList
from poplin.spec.result import OldResult, Result, format_result
from poplin.spec.versions import PREV_RESULT_ON_DEL_SINCE, is_at_least

Pair = tuple[NetworkList, Attachment]


@dataclass(frozen=True)
class Preview:
    """The steps in order. `result` is what ADD would answer, without the MACs that nobody can know before; None where
    it depends on a plugin of somebody else, and of other verbs."""

    steps: tuple[Step, ...]
    result: Result | OldResult | None = None


def preview_attach_all(runtime: Runtime, pairs: Sequence[Pair]) -> list[Preview]:
    """ADD of every plugin for each of these, after those before it. Raises the CNIError that `poplin add` would, as far
    as that can be known."""
    for network, attachment in pairs:
        refuse_attached(runtime, network, attachment)
    with Stage(runtime) as stage:
        return [attach(stage, network, attachment) for network, attachment in pairs]


def attach(stage: Stage, network: NetworkList, attachment: Attachment) -> Preview:
    """As poplin.runtime.attach does it."""
    check_network_name(network.name)
    attachment.check()
    find_all(stage.runtime, network)
    result: Result | OldResult | None = None
    for number, plugin in enumerate(network.plugins, 1):
        try:
            result = add(stage.runtime, network, plugin, attachment, result)
        except NotForeseeable as unknown:
            rest = ", ".join(each.type for each in network.plugins[number:])
            after = f"; so does what {rest} would do" if rest else ""
            stage.note(f"# {unknown}: what follows depends on it{after}")
            return Preview(stage.take())
    result = stage.without_invented(result)
    note_record(stage, network, attachment, result)
    return Preview(stage.take(), result)


def preview_detach_all(runtime: Runtime, pairs: Sequence[Pair]) -> list[Preview]:
    """DEL of every plugin, the last one first, and so with these, which is how they are told. Raises CNIError."""
    with Stage(runtime) as stage:
        return [detach(stage, network, attachment) for network, attachment in reversed(pairs)]


def detach(stage: Stage, network: NetworkList, attachment: Attachment) -> Preview:
    """As poplin.runtime.detach does it."""
    check_network_name(network.name)
    attachment.check()
    values = find_values(stage, network, attachment)
    for plugin in reversed(network.plugins):
        stage.runtime.call("DEL", network, plugin, attachment, values)
    forget_record(stage, network, attachment)
    return Preview(stage.take())


def find_values(stage: Stage, network: NetworkList, attachment: Attachment) -> dict[str, object]:
    """The result of ADD, if the version has that and there is one that can be read."""
    if not is_at_least(network.version, PREV_RESULT_ON_DEL_SINCE):
        return {}
    try:
        result = stage.runtime.cache.find_result(network.name, attachment, network.version)
    except DecodingFailure:
        return {}
    return {"prevResult": format_result(result)} if result else {}


def preview_gc(runtime: Runtime, network: NetworkList, valid: Collection[Identity]) -> Preview:
    """DEL of what is on record and not `valid`, then GC of every plugin. Raises CNIError."""
    with Stage(runtime) as stage:
        if network.disable_gc:
            return Preview(())
        steps = [
            step
            for attachment in list_stale(runtime, network, valid)
            for step in detach(stage, network, attachment).steps
        ]
        if has_verb(network, "GC"):
            for plugin in network.plugins:
                stage.runtime.call("GC", network, plugin, None, format_valid(valid))
        return Preview((*steps, *stage.take()))
