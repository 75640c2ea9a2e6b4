"""What belongs to others: to another container, and to another interface of the same one."""

from __future__ import annotations

from collections.abc import Iterator

from poplin.conformance.bench import Bench
from poplin.conformance.container import Container
from poplin.conformance.rules.verbs import tell_failure
from poplin.conformance.snapshot import Lines, list_less, see_container
from poplin.spec.versions import VERB_SINCE, is_at_least


def del_leaves_others_alone(bench: Bench) -> Iterator[str]:
    """A second container comes and goes, and nothing of the first is gone."""
    staying = bench.attach()
    verbs = list_verbs(bench, staying)
    outside, inside = bench.see(), see_container(staying.netns)
    going = bench.attach()
    bench.delete(going)
    bench.take_away(going)
    yield from tell_losses(bench, staying, outside, inside)
    yield from call_again(bench, verbs, staying)


def second_interface_works(bench: Bench) -> Iterator[str]:
    """A container has two, of the same network; CHECK and DEL of each."""
    first = bench.attach()
    verbs = list_verbs(bench, first)
    second = bench.make_second(first)
    answer = bench.call("ADD", second)
    yield from tell_failure(answer)
    if not answer.is_success:
        return
    second.result = answer.object
    yield from call_again(bench, verbs, second, first)


def del_of_one_interface_keeps_the_other(bench: Bench) -> Iterator[str]:
    """The attachment is known by the container and the interface both."""
    first = bench.attach()
    verbs = list_verbs(bench, first)
    outside, inside = bench.see(), see_container(first.netns)
    second = bench.make_second(first)
    bench.add(second)
    bench.delete(second)
    bench.take_away(second)
    yield from tell_losses(bench, first, outside, inside)
    yield from call_again(bench, verbs, first)


def list_verbs(bench: Bench, container: Container) -> list[str]:
    """Those that come after ADD; CHECK only if it works while the container is alone."""
    has_check = is_at_least(bench.subject.version, VERB_SINCE["CHECK"])
    return ["CHECK", "DEL"] if has_check and bench.call("CHECK", container).is_success else ["DEL"]


def tell_losses(bench: Bench, container: Container, outside: Lines, inside: Lines) -> Iterator[str]:
    """What is gone."""
    yield from (f"{line} is gone" for line in list_less(outside, bench.see()))
    yield from (f"in the container: {line} is gone" for line in list_less(inside, see_container(container.netns)))


def call_again(bench: Bench, verbs: list[str], *containers: Container) -> Iterator[str]:
    """Each verb for each of them."""
    yield from tell_failure(*(bench.call(verb, each) for verb in verbs for each in containers))
