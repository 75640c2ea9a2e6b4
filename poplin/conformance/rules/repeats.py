"""What a runtime does that has lost count: verbs repeated, and called for what is not there."""

from __future__ import annotations

from collections.abc import Iterator

from poplin.conformance.bench import Bench, is_known_to_del
from poplin.conformance.container import Container
from poplin.conformance.rule import NotAsked
from poplin.conformance.rules.leftovers import take_name
from poplin.conformance.rules.verbs import tell_failure


def del_may_be_repeated(bench: Bench) -> Iterator[str]:
    """Three times."""
    container = attach_and_delete(bench)
    yield from tell_failure(bench.call("DEL", container), bench.call("DEL", container))


def del_of_what_was_never_added(bench: Bench) -> Iterator[str]:
    """A container that the plugin hears of for the first time."""
    yield from tell_failure(bench.call("DEL", bench.make_container()))


def del_after_the_netns_is_gone(bench: Bench) -> Iterator[str]:
    """The path leads nowhere."""
    container = bench.attach()
    container.remove()
    yield from tell_failure(bench.call("DEL", container))


def del_without_netns(bench: Bench) -> Iterator[str]:
    """CNI_NETNS is empty, and absent."""
    for value in ("", None):
        container = bench.attach()
        container.remove()
        yield from tell_failure(bench.call("DEL", container, environ={"CNI_NETNS": value}))


def del_without_result(bench: Bench) -> Iterator[str]:
    """The runtime has lost it."""
    if not is_known_to_del(bench.subject.version):
        raise NotAsked("DEL gets no result in the versions it supports")
    yield from tell_failure(bench.call("DEL", bench.attach(), without_result=True))


def add_after_del(bench: Bench) -> Iterator[str]:
    """The same container, as when it is restarted."""
    container = attach_and_delete(bench)
    bench.take_away(container)
    bench.prepare(container)
    answer = bench.call("ADD", container)
    container.result = answer.object
    yield from tell_failure(answer, bench.call("DEL", container))


def add_twice_is_one(bench: Bench) -> Iterator[str]:
    """The second one fails or answers the same; and one DEL is enough for both."""
    bench.warm_up()
    container = bench.make_container()
    with bench.watching(container) as left:
        first = bench.add(container)
        second = bench.call("ADD", container)
        if second.is_success and second.object != first:
            yield f"the second ADD answers {second.object}, after {first}"
        bench.delete(container)
    yield from left


def taken_name_refused(bench: Bench) -> Iterator[str]:
    """Somebody else's interface is called so."""
    container = bench.make_container()
    if not bench.makes_interface(container):
        raise NotAsked("it makes no interface")
    bench.delete(bench.attach())  # which works
    take_name(container)
    if bench.call("ADD", container).is_success:
        yield f"there is a link {container.ifname} in the container, and ADD succeeds"


def attach_and_delete(bench: Bench) -> Container:
    """A container after ADD and DEL."""
    container = bench.attach()
    bench.delete(container)
    container.result = None
    return container
