"""Several networks for one container, as one step: attached to all of them or to none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.detach import detach
from poplin.spec.errors import CNIError, Conflict, DecodingFailure
from poplin.spec.netlist import NetworkList
from poplin.spec.result import OldResult, Result

Step = tuple[NetworkList, Attachment]
Tell = Callable[[CNIError], object]


def print_failure(error: CNIError) -> None:
    """What nobody else will hear of goes to stderr, as what plugins have to say does."""
    print(f"while taking it back: {': '.join([*getattr(error, '__notes__', []), str(error)])}", file=sys.stderr)


def attach_all(runtime: Runtime, steps: Sequence[Step], tell: Tell = print_failure) -> list[Result | OldResult | None]:
    """ADD in order; if one fails, or this is interrupted, all that were begun are detached again, newest first.

    Raises the CNIError of the failure; `tell` hears of what could not be taken back, which GC will find. What is
    attached already is refused before anything is done: its second ADD would fail, and DEL would take the first away.
    """
    for network, attachment in steps:
        refuse_attached(runtime, network, attachment)
    results = []
    begun: list[Step] = []
    try:
        for step in steps:
            begun.append(step)
            results.append(attach(runtime, *step))
    except BaseException:
        for error in try_detach_all(runtime, begun):
            tell(error)
        raise
    return results


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
