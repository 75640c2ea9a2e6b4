"""The verbs, used as they are meant to be."""

from __future__ import annotations

from collections.abc import Iterator

from poplin.conformance.answer import Answer
from poplin.conformance.bench import Bench
from poplin.conformance.container import Container
from poplin.conformance.rule import NotAsked
from poplin.spec.versions import VERB_SINCE, is_at_least

BEFORE_CHECK = "0.3.1"
BEFORE_GC = "1.0.0"
NOT_SUPPORTED = (1, 4)  # who has never heard of the verb says that it is unknown
NO_VERBS = ("CONFORMANCE", "add")


def add_works(bench: Bench) -> Iterator[str]:
    """With the configuration there is."""
    if bench.subject.surroundings.lacks:
        raise NotAsked(bench.subject.surroundings.lacks)
    answer = bench.call("ADD", bench.make_container())
    if not answer.is_success:
        yield str(answer)


def add_prints_one_object(bench: Bench) -> Iterator[str]:
    """A result, and nothing before or after it."""
    if bench.subject.surroundings.lacks:
        raise NotAsked(bench.subject.surroundings.lacks)
    answer = bench.call("ADD", bench.make_container())
    if answer.is_success and answer.object is None:
        yield str(answer)


def del_works(bench: Bench) -> Iterator[str]:
    """After ADD."""
    yield from tell_failure(bench.call("DEL", bench.attach()))


def del_prints_nothing(bench: Bench) -> Iterator[str]:
    """On stdout."""
    yield from tell_output(bench.call("DEL", bench.attach()))


def check_works(bench: Bench) -> Iterator[str]:
    """Right after ADD, with its result, twice."""
    container = attach_for("CHECK", bench)
    yield from tell_failure(bench.call("CHECK", container), bench.call("CHECK", container))


def check_prints_nothing(bench: Bench) -> Iterator[str]:
    """On stdout."""
    yield from tell_output(bench.call("CHECK", attach_for("CHECK", bench)))


def status_works(bench: Bench) -> Iterator[str]:
    """On a host where ADD does, and without a word."""
    bench.delete(attach_for("STATUS", bench))
    answer = bench.call("STATUS")
    yield from (*tell_failure(answer), *tell_output(answer))


def gc_works(bench: Bench) -> Iterator[str]:
    """With an attachment that is valid, and with none at all; without a word."""
    container = attach_for("GC", bench)
    for valid in ([container], []):
        answer = call_gc(bench, valid)
        yield from (*tell_failure(answer), *tell_output(answer))


def unknown_verb_refused(bench: Bench) -> Iterator[str]:
    """One there never was, and one in small letters."""
    container = bench.make_container()
    answers = [bench.call(verb, container) for verb in NO_VERBS]
    yield from (f"CNI_COMMAND={each.verb}: code 4 is to be the answer; {each}" for each in answers if each.code != 4)


def check_refused_before_its_time(bench: Bench) -> Iterator[str]:
    """In a version that has none."""
    if BEFORE_CHECK not in bench.subject.versions:
        raise NotAsked(f"it does not support {BEFORE_CHECK}")
    answer = bench.call("CHECK", bench.make_container(), version=BEFORE_CHECK)
    if answer.code not in NOT_SUPPORTED:
        yield f"in {BEFORE_CHECK}, code 1 is to be the answer; {answer}"


def gc_and_status_refused_before_their_time(bench: Bench) -> Iterator[str]:
    """In a version that has none."""
    if BEFORE_GC not in bench.subject.versions:
        raise NotAsked(f"it does not support {BEFORE_GC}")
    container = bench.make_container()  # whose variables no newer plugin looks at
    answers = [bench.call(verb, container, version=BEFORE_GC) for verb in ("STATUS", "GC")]
    yield from (
        f"in {BEFORE_GC}, code 1 is to be the answer; {each}" for each in answers if each.code not in NOT_SUPPORTED
    )


def attach_for(verb: str, bench: Bench) -> Container:
    """A container for a verb that the plugin may be too old for. Raises NotAsked."""
    if not is_at_least(bench.subject.version, VERB_SINCE[verb]):
        raise NotAsked(f"there is {verb} since {VERB_SINCE[verb]}, it supports {bench.subject.version}")
    return bench.attach()


def call_gc(bench: Bench, valid: list[Container]) -> Answer:
    """GC, with what is still in use under both names it has."""
    attachments = [{"containerID": each.id, "ifname": each.ifname} for each in valid]
    lists = {"cni.dev/valid-attachments": attachments, "cni.dev/attachments": attachments}
    return bench.call("GC", more=lists)


def tell_failure(*answers: Answer) -> Iterator[str]:
    """What did not succeed."""
    yield from (str(each) for each in answers if not each.is_success)


def tell_output(answer: Answer) -> Iterator[str]:
    """What was printed where nothing should be; of a failure it is another rule's."""
    if answer.is_success and answer.output.strip():
        yield f"stdout has {answer.output[:200]!r}"
