"""Judge a plugin: each rule in a process of its own, which is in a room of its own, one after the other."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from typing import Any

from poplin.conformance.bench import SYSTEM_PATH, Bench
from poplin.conformance.known import find_defect
from poplin.conformance.room import Room
from poplin.conformance.rule import ADVICE, BROKEN, KEPT, KNOWN, NOT_ASKED, UNSEEN, NotAsked, Outcome, Rule, Unseen
from poplin.conformance.snapshot import list_children
from poplin.conformance.subject import Subject
from poplin.conformance.surroundings import find_lack
from poplin.runtime.foreground import end_with_parent
from poplin.spec.errors import CNIError
from poplin.spec.versions import KNOWN as VERSIONS

Told = dict[str, Any]


def judge(subject: Subject, rules: Sequence[Rule]) -> Iterator[Outcome]:
    """The outcome of each rule, as it comes."""
    for rule in rules:
        began = time.monotonic()
        if subject.kind not in rule.kinds:
            yield Outcome(rule, NOT_ASKED, [f"it is for plugins of kind {' and '.join(rule.kinds)}"])
            continue
        told = in_a_room(subject, lambda room, rule=rule: try_rule(subject, room, rule))  # type: ignore[misc]
        outcome = Outcome(rule, told["status"], told["texts"], seconds=time.monotonic() - began)
        yield excuse(subject, outcome)


def excuse(subject: Subject, outcome: Outcome) -> Outcome:
    """What is known of plugins of others counts as such; that a rule cannot be judged, only if that is known."""
    defect = find_defect(subject.about, outcome.rule.name)
    is_it = defect and (outcome.status in (BROKEN, ADVICE) or (outcome.status == UNSEEN and defect.is_in_the_way))
    return replace(outcome, status=KNOWN, why=defect.why, row=defect.row) if defect and is_it else outcome


def get_acquainted(subject: Subject) -> Subject:
    """With the versions it supports, and what it says of itself. Raises OSError where there can be no rooms."""
    told = in_a_room(subject, lambda room: ask(subject, room))
    if told.get("status") == UNSEEN:
        raise OSError(0, told["texts"][0])
    versions = [each for each in VERSIONS if each in told["versions"]]
    around = replace(subject.surroundings, lacks=told["lacks"])
    return replace(subject, versions=versions or subject.versions, about=told["about"], surroundings=around)


def ask(subject: Subject, room: Room) -> Told:
    """VERSION, and no verb at all."""
    bench = Bench(subject, room)
    found = (bench.call("VERSION", stdin=b"{}").object or {}).get("supportedVersions")
    about = bench.execute("", subject.path, b"", SYSTEM_PATH).errors.decode(errors="replace").strip()
    versions = found if isinstance(found, list) else []
    return {"versions": versions, "about": about.partition("\n")[0], "lacks": find_lack(subject.surroundings)}


def try_rule(subject: Subject, room: Room, rule: Rule) -> Told:
    """Its status, and what was seen."""
    module = import_module(f"poplin.conformance.rules.{rule.group}")
    bench = Bench(subject, room)
    try:
        found = list(getattr(module, rule.function)(bench))
    except NotAsked as reason:
        return {"status": NOT_ASKED, "texts": [str(reason)]}
    except (Unseen, CNIError, OSError) as reason:
        return {"status": UNSEEN, "texts": [str(reason)]}
    return {"status": rule.find_fault(bench.subject.version) if found else KEPT, "texts": found}


def in_a_room(subject: Subject, work: Callable[[Room], Told]) -> Told:
    """What `work` tells, done by a child of ours in a room. Whatever it starts ends with it."""
    keep = list(dict.fromkeys([os.path.dirname(subject.path), *subject.paths]))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        be_child(writing, keep, work)
    os.close(writing)
    try:
        with open(reading, "rb") as answer:
            text = answer.read()
    except BaseException:
        os.kill(pid, signal.SIGTERM)
        raise
    finally:
        os.waitpid(pid, 0)
    told: Told = json.loads(text) if text else {"status": UNSEEN, "texts": ["the suite's own process ended"]}
    return told


def be_child(writing: int, keep: Sequence[str], work: Callable[[Room], Told]) -> None:
    """In the child: never returns."""
    status = 1
    try:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(status))
        end_with_parent(signal.SIGTERM)
        os.write(writing, json.dumps(tell(keep, work)).encode())
        status = 0
    finally:
        try:
            end_children()
        finally:
            os._exit(status)  # the parent's code must not go on here, whatever happens


def end_children() -> None:
    """Kill all there are, and those that become ours by that."""
    while children := list_children():
        for child in children:
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
            with suppress(OSError):
                os.waitpid(child, 0)


def tell(keep: Sequence[str], work: Callable[[Room], Told]) -> Told:
    """What `work` tells, or why there is no room."""
    try:
        room = Room(keep)
    except OSError as error:
        return {"status": UNSEEN, "texts": [f"cannot make namespaces to try it in: {error.strerror or error}"]}
    try:
        return work(room)
    except Unseen as reason:
        return {"status": UNSEEN, "texts": [str(reason)]}
    except Exception as defect:  # of the suite: one rule less is judged, and the others are
        return {"status": UNSEEN, "texts": [f"the suite itself fails: {type(defect).__name__}: {defect}"]}
