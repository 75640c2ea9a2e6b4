"""How a plugin fails: with an error object on stdout, and a code that says what kind of mistake it was."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from poplin.conformance.answer import Answer
from poplin.conformance.bench import Bench
from poplin.conformance.container import Container
from poplin.conformance.rule import NotAsked, Unseen
from poplin.spec.errors import OF_SPECIFICATION

NOWHERE = "/run/netns/conformance-nowhere"
BEYOND = 100  # and above are a plugin's own codes
INTERNAL = 999
CRASHES = re.compile(
    rb"Traceback \(most recent call last\)|^panic: |^goroutine \d|Segmentation fault|unbound variable"
    rb"|thread '.*' panicked|core dumped|NullPointerException|at Object\.<anonymous>",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Mistake:
    """An ADD, or a call of the verb it names, that must fail: what is wrong with it, and the codes that say so; any if
    there are none."""

    what: str
    codes: tuple[int, ...] = ()
    environ: Mapping[str, str | None] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)
    stdin: bytes | None = None
    without: str = ""  # a key of the configuration
    verb: str = "ADD"


NO_ID = Mistake("without CNI_CONTAINERID", (4,), {"CNI_CONTAINERID": None})
NO_IFNAME = Mistake("without CNI_IFNAME", (4,), {"CNI_IFNAME": None})
NO_NETNS = Mistake("without CNI_NETNS", (4,), {"CNI_NETNS": None})
DEL_OF_NOTHING = Mistake("DEL without CNI_CONTAINERID", (4,), {"CNI_CONTAINERID": None}, verb="DEL")
DEL_OF_NO_INTERFACE = Mistake("DEL without CNI_IFNAME", (4,), {"CNI_IFNAME": None}, verb="DEL")
BAD_IDS = [Mistake(f"container ID {each!r}", (4,), {"CNI_CONTAINERID": each}) for each in ("../x", "a b", "-a")]
BAD_IFNAMES = [Mistake(f"interface {each!r}", (4,), {"CNI_IFNAME": each}) for each in ("a/b", "..", "a" * 16, "a b")]
GONE = Mistake(f"CNI_NETNS={NOWHERE}, which is not there", (), {"CNI_NETNS": NOWHERE})
NO_JSON = [Mistake(f"stdin {each!r}", (6,), stdin=each) for each in (b"{", b"[]", b'{"name": "a"} x')]
NOTHING = Mistake("an empty stdin", (5, 6), stdin=b"")
BAD_NAMES = [Mistake(f"network name {each!r}", (7,), more={"name": each}) for each in ("../x", "a b", "")]
NO_NAME = Mistake("a configuration without name", (7,), without="name")
MISTAKES = (NO_ID, NO_NETNS, BAD_IDS[0], BAD_IFNAMES[0], GONE, NO_JSON[0], NOTHING, BAD_NAMES[0])  # one of each kind

# What nobody would write, and what may be taken or refused, if only in order.
NONSENSE = (
    b"null",
    b"5",
    b"\xff\xfe",
    b'{"name": 5, "cniVersion": "1.0.0"}',
    b'{"name": "a", "cniVersion": 5}',
    b'{"name": "a", "cniVersion": "x"}',
)
WRONG_TYPES: tuple[dict[str, Any], ...] = (
    {"ipam": 5},
    {"ipam": {"type": 5}},
    {"ipam": {"type": "no-such-plugin"}},
    {"prevResult": 5},
    {"prevResult": {"cniVersion": "1.0.0", "ips": [None]}},
    {"prevResult": {"cniVersion": "1.0.0", "ips": [{"address": "x"}], "interfaces": 5}},
    {"runtimeConfig": []},
    {"args": "x"},
    {"dns": []},
)


def missing_variables_refused(bench: Bench) -> Iterator[str]:
    """Each one the specification requires."""
    yield from refuse(bench, NO_ID, NO_IFNAME, NO_NETNS, DEL_OF_NOTHING, DEL_OF_NO_INTERFACE)


def bad_container_id_refused(bench: Bench) -> Iterator[str]:
    """It becomes a part of file names."""
    yield from refuse(bench, *BAD_IDS)


def bad_ifname_refused(bench: Bench) -> Iterator[str]:
    """What the kernel would not take, and what would be a path."""
    yield from refuse(bench, *BAD_IFNAMES)


def missing_netns_refused(bench: Bench) -> Iterator[str]:
    """One that is gone."""
    if bench.subject.surroundings.lacks:
        raise NotAsked(bench.subject.surroundings.lacks)
    yield from refuse(bench, GONE)


def bad_json_refused(bench: Bench) -> Iterator[str]:
    """Cut off, of another type, with something behind it."""
    yield from refuse(bench, *NO_JSON)


def empty_stdin_refused(bench: Bench) -> Iterator[str]:
    """No configuration at all."""
    yield from refuse(bench, NOTHING)


def bad_network_name_refused(bench: Bench) -> Iterator[str]:
    """It becomes a part of file names, and must be there."""
    yield from refuse(bench, *BAD_NAMES, NO_NAME)


def errors_are_objects(bench: Bench) -> Iterator[str]:
    """On stdout, alone, with code and msg."""
    for mistake, answer in fail(bench):
        found = answer.object
        if found is None:
            yield f"{mistake.what}: stdout is no JSON object; {answer}"
        elif answer.code is None or not isinstance(found.get("msg"), str) or not found["msg"]:
            yield f"{mistake.what}: code or msg is missing; {answer}"


def errors_have_a_status(bench: Bench) -> Iterator[str]:
    """Other than 0."""
    for mistake, answer in fail(bench):
        if answer.status == 0:
            yield f"{mistake.what}: the exit status is 0"


def errors_name_their_version(bench: Bench) -> Iterator[str]:
    """That of the configuration, where it was read before something else went wrong."""
    container = bench.make_container()
    for mistake in (GONE, *(Mistake(f"with {keys}", more=keys) for keys in WRONG_TYPES)):
        answer = make(bench, mistake, container)
        version = (answer.object or {}).get("cniVersion")
        if answer.code is not None and version != bench.subject.version:
            yield f"{mistake.what}: cniVersion is {version!r}"


def codes_are_of_the_specification(bench: Bench) -> Iterator[str]:
    """Or 100 and above."""
    known = set(OF_SPECIFICATION) - {0, INTERNAL}
    for mistake, answer in fail(bench):
        if answer.code is not None and answer.code not in known and answer.code < BEYOND:
            yield f"{mistake.what}: code {answer.code} is reserved, and means nothing"


def no_crash(bench: Bench) -> Iterator[str]:
    """Whatever stands in a configuration."""
    container = bench.make_container()
    answers = {each: bench.call("ADD", container, stdin=each) for each in NONSENSE}
    for keys in WRONG_TYPES:
        answers[json.dumps(keys).encode()] = bench.call("ADD", bench.make_container(), more=keys)
    for stdin, answer in answers.items():
        if CRASHES.search(answer.errors + b"\n" + answer.output) or os.WIFSIGNALED(answer.status):
            yield f"stdin {stdin.decode(errors='replace')}: it crashes: {answer.errors[-300:].decode(errors='replace')}"


def refuse(bench: Bench, *mistakes: Mistake) -> Iterator[str]:
    """What is not refused with the code it should be. Raises Unseen where an error cannot be read."""
    container = bench.make_container()
    for mistake in mistakes:
        answer = make(bench, mistake, container)
        if answer.object is None and not answer.is_success:
            raise Unseen(f"errors cannot be read: {answer}")
        wanted = f"code {' or '.join(map(str, mistake.codes))}" if mistake.codes else "an error"
        if answer.code is None or (mistake.codes and answer.code not in mistake.codes):
            yield f"{mistake.what}: {wanted} is to be the answer; {answer}"


def fail(bench: Bench) -> Iterator[tuple[Mistake, Answer]]:
    """Every mistake that is refused, with the answer."""
    container = bench.make_container()
    for mistake in MISTAKES:
        answer = make(bench, mistake, container)
        if answer.status != 0 or answer.code is not None:
            yield mistake, answer


def make(bench: Bench, mistake: Mistake, container: Container) -> Answer:
    """The call with the mistake."""
    config = {**bench.make_config(container, verb=mistake.verb), **mistake.more}
    config.pop(mistake.without, None)
    stdin = json.dumps(config).encode() if mistake.stdin is None else mistake.stdin
    return bench.call(mistake.verb, container, stdin=stdin, environ=mistake.environ)
