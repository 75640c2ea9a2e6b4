"""What a result looks like in each version of the specification."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from poplin.conformance.bench import Bench
from poplin.conformance.rule import IPAM, NotAsked
from poplin.spec.errors import CNIError
from poplin.spec.result import OldResult, parse_result
from poplin.spec.versions import FAMILIES, VERB_SINCE, is_at_least

FUTURE = "9.9.9"


def each_version_works(bench: Bench) -> Iterator[str]:
    """ADD, CHECK where there is one, and DEL."""
    for version in bench.subject.versions:
        container = bench.make_container()
        if version == bench.subject.version:
            bench.add(container, version=version)
        else:
            if bench.subject.surroundings.lacks:
                raise NotAsked(bench.subject.surroundings.lacks)
            answer = bench.call("ADD", container, version=version)
            if not answer.is_success:
                yield f"in {version}, {answer}"
                continue
            container.result = answer.object
        verbs = ["CHECK"] * is_at_least(version, VERB_SINCE["CHECK"]) + ["DEL"]
        answers = [bench.call(verb, container, version=version) for verb in verbs]
        yield from (f"in {version}, {answer}" for answer in answers if not answer.is_success)


def result_has_the_shape(bench: Bench) -> Iterator[str]:
    """Of its family: no key of another."""
    for version, result in list_results(bench):
        try:
            parsed = parse_result({**result, "cniVersion": version})
        except CNIError as error:
            yield f"in {version}, the result does not parse: {error}"
            continue
        family = FAMILIES[version]
        told = {key for key, value in result.items() if value is not None}
        strange = {"interfaces", "ips"} if isinstance(parsed, OldResult) else {"ip4", "ip6"}
        yield from (f"in {version}, the result has {key!r}" for key in sorted(strange & told))
        tags = [ip.get("version") for ip in result.get("ips") or []]
        if family == "B" and not set(tags) <= {"4", "6"}:
            yield f"in {version}, ips[].version is {tags}"
        if family == "C" and any(tags):
            yield f"in {version}, ips[] has 'version'"


def result_names_its_version(bench: Bench) -> Iterator[str]:
    """That of the configuration."""
    for version, result in list_results(bench):
        if result.get("cniVersion") != version:
            yield f"asked in {version}, it answers in {result.get('cniVersion')!r}"


def list_results(bench: Bench) -> Iterator[tuple[str, dict[str, Any]]]:
    """The result of ADD in each version that it works in."""
    for version in bench.subject.versions:
        container = bench.make_container()
        if version == bench.subject.version:
            yield version, bench.add(container, version=version)
        else:
            answer = bench.call("ADD", container, version=version)
            if answer.is_success and answer.object is not None:
                yield version, answer.object
        if bench.subject.kind != IPAM:
            bench.call("DEL", container, version=version)


def unknown_version_refused(bench: Bench) -> Iterator[str]:
    """One that is not in supportedVersions."""
    container = bench.make_container()
    config = {**bench.make_config(container), "cniVersion": FUTURE}
    config.pop("prevResult", None)
    answer = bench.call("ADD", container, more=config)
    if answer.code != 1:
        yield f"ADD in version {FUTURE}: code 1 is to be the answer, not {answer.code}; {answer}"
