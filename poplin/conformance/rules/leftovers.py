"""What is left when all is over. What all containers share may stay, so one comes and goes before anything counts."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

from poplin.conformance.bench import Bench
from poplin.conformance.container import Container
from poplin.conformance.rule import NotAsked
from poplin.conformance.rules.errors import NOWHERE
from poplin.conformance.rules.verbs import attach_for, call_gc, tell_failure
from poplin.conformance.snapshot import FILES, list_children, list_less, see_container
from poplin.invoke.process import kill_group
from poplin.linux.netns import Namespace
from poplin.linux.wire.veth import add_veth
from poplin.spec.jsontext import dumps

KILLS = 6


def del_leaves_nothing(bench: Bench) -> Iterator[str]:
    """Links, addresses, routes, rules of firewalls, files, processes."""
    bench.warm_up()
    container = bench.make_container()
    with bench.watching(container) as left:
        bench.add(container)
        bench.delete(container)
    yield from left


def late_del_leaves_nothing(bench: Bench) -> Iterator[str]:
    """The container's namespace was taken away first."""
    bench.warm_up()
    before = bench.see()
    container = bench.make_container()
    bench.add(container)
    container.remove()
    bench.delete(container)
    bench.take_away(container)
    yield from bench.wait_for_more(before)


def failed_add_leaves_nothing(bench: Bench) -> Iterator[str]:
    """The interface's name is taken already, or the namespace is not there. Files may wait for DEL, which comes."""
    bench.warm_up()
    taken, gone = bench.make_container(), bench.make_container()
    before = bench.see()
    if bench.makes_interface(taken):
        take_name(taken)
        with bench.watching(taken, FILES) as left:
            answer = bench.call("ADD", taken)
        yield from left if not answer.is_success else ()  # that it succeeds is for another rule
        bench.call("DEL", taken)
    with bench.watching(gone, FILES) as left:
        answer = bench.call("ADD", gone, environ={"CNI_NETNS": NOWHERE})
        if answer.is_success:  # who never looks inside may
            bench.call("DEL", gone, environ={"CNI_NETNS": NOWHERE})
    yield from left
    bench.call("DEL", gone)
    yield from bench.wait_for_more(before)


def killed_add_can_be_deleted(bench: Bench) -> Iterator[str]:
    """At several moments, evenly spread over the time that it takes."""
    bench.warm_up()
    began = time.monotonic()
    bench.attach()
    lasted = time.monotonic() - began
    for number in range(1, KILLS + 1):
        container = bench.make_container()
        with bench.watching(container) as left:
            start_and_kill(bench, container, lasted * number / (KILLS + 1))
            answer = bench.call("DEL", container)
        found = [*tell_failure(answer), *(left if answer.is_success else ())]
        if found:
            yield from found
            return


def gc_removes_what_is_not_valid(bench: Bench) -> Iterator[str]:
    """Of a container whose namespace is gone."""
    valid = attach_for("GC", bench)
    before = bench.see()
    stale = bench.attach()
    stale.remove()
    yield from tell_failure(call_gc(bench, [valid]))
    bench.take_away(stale)
    yield from bench.wait_for_more(before)


def gc_keeps_what_is_valid(bench: Bench) -> Iterator[str]:
    """Nothing that belongs to it changes."""
    container = attach_for("GC", bench)
    outside, inside = bench.see(), see_container(container.netns)
    yield from tell_failure(call_gc(bench, [container]))
    yield from (f"{line} is gone" for line in list_less(outside, bench.see()))
    yield from (f"in the container: {line}" for line in bench.list_changes(container, inside))


def take_name(container: Container) -> None:
    """A link that is called as the plugin's own is to be."""
    with Namespace(container.netns) as inside:
        inside.rtnl.apply(add_veth(container.ifname, "taken", inside.fd))


def start_and_kill(bench: Bench, container: Container, seconds: float) -> None:
    """ADD, ended by force so long after it began."""
    if bench.subject.surroundings.lacks:
        raise NotAsked(bench.subject.surroundings.lacks)
    before = list_children()
    with bench.start("ADD", container) as process:
        process.converse(dumps(bench.make_config(container)).encode(), time.monotonic() + seconds)
        if process.status is None:
            kill_group(process.pid)
    while called := set(list_children()) - set(before):  # it is ours now, and would go on beside DEL
        for child in called:
            kill_group(child)
            os.waitpid(child, 0)
