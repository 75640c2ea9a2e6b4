"""VERSION: what a runtime asks before anything else."""

from __future__ import annotations

from collections.abc import Iterator

from poplin.conformance.answer import Answer
from poplin.conformance.bench import AND_STDIN_CLOSED, SHELL, SYSTEM_PATH, Bench
from poplin.conformance.rule import Unseen
from poplin.spec.errors import DecodingFailure
from poplin.spec.versions import KNOWN, parse_version

QUESTION = b'{"cniVersion": "1.0.0"}'
VERSION = "VERSION"


def version_answers(bench: Bench) -> Iterator[str]:
    """With a configuration on stdin, and the environment a runtime has."""
    answer = bench.call(VERSION, stdin=QUESTION)
    yield from look_at(answer, "with a question on stdin")
    if answer.object is not None and not is_version(answer.object.get("cniVersion")):
        yield f"cniVersion is {answer.object.get('cniVersion')!r}"


def version_lists_versions(bench: Bench) -> Iterator[str]:
    """Those are what the result of a later ADD may be asked in."""
    found = get_reply(bench).get("supportedVersions")
    if not isinstance(found, list) or not found:
        yield f"supportedVersions is {found!r}"
        return
    yield from (f"{each!r} is no version" for each in found if not is_version(each))
    if not set(KNOWN) & set(map(str, found)):
        yield f"none of {found} is a version that there is"


def version_without_stdin(bench: Bench) -> Iterator[str]:
    """Empty, and closed."""
    get_reply(bench)
    environ = {**SYSTEM_PATH, "CNI_COMMAND": VERSION}
    yield from look_at(bench.call(VERSION, stdin=b""), "with an empty stdin")
    closed = bench.execute(VERSION, SHELL, b"", environ, *AND_STDIN_CLOSED, bench.subject.path)
    yield from look_at(closed, "with stdin closed")


def version_without_variables(bench: Bench) -> Iterator[str]:
    """Nothing but the verb."""
    get_reply(bench)
    answer = bench.execute(VERSION, bench.subject.path, QUESTION, {"CNI_COMMAND": VERSION})
    yield from look_at(answer, "with CNI_COMMAND as the only variable")


def get_reply(bench: Bench) -> dict[str, object]:
    """What it answers usually. Raises Unseen."""
    answer = bench.call(VERSION, stdin=QUESTION)
    if not answer.is_success or answer.object is None:
        raise Unseen(f"VERSION does not work: {answer}")
    return answer.object


def look_at(answer: Answer, when: str) -> Iterator[str]:
    """Whether there was one."""
    if not answer.is_success or answer.object is None:
        yield f"{when}, {answer}"


def is_version(value: object) -> bool:
    """Whether it is of the form 1.0.0."""
    if not isinstance(value, str) or not value:
        return False
    try:
        parse_version(value)
    except DecodingFailure:
        return False
    return True
