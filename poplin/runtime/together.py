"""Several networks for one container, as one step: attached to all of them or to none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, suppress

from poplin.linux.netns import Namespace
from poplin.linux.stderr import write_stderr
from poplin.runtime.attach import attach, find_all
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.claim import claimed
from poplin.runtime.detach import detach
from poplin.spec.errors import CNIError, Conflict, DecodingFailure
from poplin.spec.netlist import NetworkList
from poplin.spec.result import OldResult, Result

Step = tuple[NetworkList, Attachment]
Tell = Callable[[CNIError], object]


def print_failure(error: CNIError) -> None:
    """What nobody else will hear of goes to stderr, as what plugins have to say does."""
    write_stderr(f"while taking it back: {': '.join([*getattr(error, '__notes__', []), str(error)])}\n")


def attach_all(runtime: Runtime, steps: Sequence[Step], tell: Tell = print_failure) -> list[Result | OldResult | None]:
    """ADD in order; if one fails, or this is interrupted, all that were begun are detached again, newest first.

    Raises the CNIError of the failure; `tell` hears of what could not be taken back, which GC will find. What is
    attached already, or just being attached by such a call, is refused before anything is done: its second ADD would
    fail, and DEL would take the first away.
    """
    for _, attachment in steps:
        attachment.check()
    with claimed(runtime.cache, [(network.name, attachment) for network, attachment in steps]):
        for network, attachment in steps:
            refuse_attached(runtime, network, attachment)
            find_all(runtime, network)  # else there would be nothing to take back, and nobody to do it
        return attach_claimed(runtime, steps, tell)


def attach_claimed(runtime: Runtime, steps: Sequence[Step], tell: Tell) -> list[Result | OldResult | None]:
    """The same for who knows that nobody else is about to."""
    occupied = [step for step in steps if has_interface(step[1])]
    results = []
    begun: list[Step] = []
    try:
        for step in steps:
            begun.append(step)
            results.append(attach(runtime, *step))
    except BaseException as reason:
        if begun[-1] in occupied and has_failed_at_once(begun[-1], reason):
            begun.pop()
        for error in try_detach_all(runtime, begun):
            tell(error)
        raise
    return results


def has_interface(attachment: Attachment) -> bool:
    """Whether there is an interface of its name already, which is not ours to remove if the first plugin minds it.

    Where we may not look, no: why, the plugin will tell.
    """
    try:
        with closing(Namespace(attachment.netns)) as container:
            return container.rtnl.find_link(attachment.ifname) is not None
    except OSError:
        return False


def has_failed_at_once(step: Step, reason: BaseException) -> bool:
    """Whether the first plugin refused: it has taken back what it did, and no other has done anything."""
    first = step[0].plugins[0]
    return isinstance(reason, CNIError) and (reason.step, reason.plugin) == ("ADD", first.type)


def detach_all(runtime: Runtime, steps: Sequence[Step]) -> None:
    """DEL in reverse order. Goes on after errors; raises the CNIError, or several together as ExceptionGroup."""
    errors = try_detach_all(runtime, steps)
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ExceptionGroup("some networks could not be detached", errors)


def try_detach_all(runtime: Runtime, steps: Sequence[Step]) -> list[CNIError]:
    """The errors of DEL, newest attachment first."""
    errors = []
    for network, attachment in reversed(steps):
        try:
            detach(runtime, network, attachment)
        except CNIError as error:
            errors.append(error)
    return errors


def refuse_attached(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """Raises Conflict if there is a result on record; one that cannot be read may be written over."""
    attachment.check()
    with suppress(DecodingFailure):
        if not runtime.cache.find_entry(network.name, *attachment.identity):
            return
        raise Conflict(
            f"{attachment.container_id} is already attached to network {network.name!r} as {attachment.ifname}",
            "`poplin del` with the same arguments detaches it",
        )
