"""A thousand intents against the table of rules, and ten thousand inputs of which nobody says that they are intents.

POPLIN_FUZZ_EXAMPLES=100000 makes the second a long run, different each time; the usual one is always the same.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from autogen.examples import encode
from autogen.fuzz_inputs import calls, documents
from autogen.intents import make_intent
from autogen.powershell import layout
from autogen.rules import PROFILES, expect, in_order, read_keys
from autogen.streams import reading
from hypothesis import HealthCheck, event, given, settings

from poplin.autogen import check, generate, render
from poplin.cli.main import main

INTENTS = 1000
EXAMPLES = int(os.environ.get("POPLIN_FUZZ_EXAMPLES", "0"))
USUAL_EXAMPLES = 10_000
# The plugins' opinion of these is no reason to refuse.
PASSED_THROUGH = {"name", "type", "plugins[0].type", "cniVersion", "ipam.type", "plugins[0].ipam.type"}

fuzz = settings(
    max_examples=EXAMPLES or USUAL_EXAMPLES,
    derandomize=not EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


def refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def read_strictly(text: bytes) -> Any:
    """The document in the bytes of a file."""
    assert text.endswith(b"}\n") or text.endswith(b"}\r\n")
    return json.loads(text.decode("ascii"), parse_constant=refuse_constant)


def errors_of(document: Any) -> list[str]:
    """What a plugin would refuse."""
    return [str(each) for each in check(document) if each.severity == "error" and each.where not in PASSED_THROUGH]


@pytest.mark.parametrize("profile", PROFILES)
def test_generated_intents_become_what_the_table_of_rules_says(profile: str) -> None:
    for seed in range(INTENTS):
        intent = make_intent(seed, profile)
        made = generate(intent, profile)
        expected = expect(intent, profile)
        assert in_order(made.document) == in_order(expected), seed
        assert in_order(read_strictly(render(made.document))) == in_order(expected), seed
        assert read_strictly(render(made.document, "powershell", crlf=True)) == expected, seed
        assert errors_of(made.document) == [], seed
        if seed % 10 == 0:
            assert errors_of(generate(intent, profile, as_list=True).document) == [], seed
            assert render(generate(intent, profile).document) == render(made.document), seed


def test_the_warnings_of_generated_intents_name_what_is_absent_and_what_is_unknown() -> None:
    for seed in range(INTENTS):
        intent = make_intent(seed, "1.0.0")
        values = read_keys(intent)
        warnings = generate(intent).warnings
        for key in ("DnsServers", "Gateway", "Subnet", "LocalEndpoint", "InfraPrefix", "ManagementIp"):
            assert any(key in text for text in warnings) or key in values, seed
        kinds = {policy["Type"] for policy in values.get("AdditionalPolicies", [])}
        assert any("unknown policy type 'Foo'" in text for text in warnings) is ("Foo" in kinds), seed


@pytest.mark.parametrize("profile", PROFILES)
def test_generated_intents_through_the_command(autogen: Any, profile: str) -> None:
    for seed in range(0, INTENTS, 20):
        intent = make_intent(seed, profile)
        done = autogen("-CniArgs", encode(intent), "-CniConfPath", "out", "--profile", profile)
        assert (done.status, done.output) == (0, ""), done.errors
        assert in_order(read_strictly(Path("out").read_bytes())) == in_order(expect(intent, profile)), seed


def test_the_layout_of_powershell_holds_for_any_document() -> None:
    """Of ASCII without the four characters it escapes, and without an empty list or object."""
    seen = 0
    for seed in range(INTENTS):
        document = generate(make_intent(seed, "0.3.1"), "0.3.1").document
        text = json.dumps(document)
        if not any(odd in text for odd in ("[]", "{}", "<", "&", "'", "\\u")):
            assert render(document, "powershell").decode() == layout(document) + "\n"
            seen += 1
    assert seen > INTENTS // 2


@dataclass(frozen=True)
class Ran:
    """One run of the command, in bytes."""

    status: int
    output: bytes
    errors: bytes


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[list[str], bytes], Ran]]:
    """The command with streams as a process has them, and a fresh empty folder to write to."""
    saved = sys.stdout, sys.stderr

    def call(arguments: list[str], stdin: bytes) -> Ran:
        out, err = io.BytesIO(), io.BytesIO()
        with (
            reading(stdin),
            io.TextIOWrapper(out, "cp1252", write_through=True) as sys.stdout,  # as narrow as on Windows
            io.TextIOWrapper(err, "utf-8", errors="backslashreplace", write_through=True) as sys.stderr,
        ):
            try:
                status = main(["autogen", *arguments], "poplin")
            finally:
                sys.stdout, sys.stderr = saved
            return Ran(status, out.getvalue(), err.getvalue())

    yield call


@fuzz
@given(call=calls())
def test_any_input_gives_a_valid_file_or_one_line(
    run: Callable[[list[str], bytes], Ran], tmp_path: Path, call: tuple[list[str], bytes]
) -> None:
    arguments, stdin = call
    target = tmp_path / "out"
    ran = run([*arguments, "--cni-conf-path", str(target)], stdin)
    lines = ran.errors.decode().splitlines()
    event(f"exit {ran.status}")
    assert all(line.startswith("poplin autogen: ") and line.isprintable() for line in lines), lines
    if ran.status == 0:
        text = target.read_bytes()
        target.unlink()
        assert errors_of(read_strictly(text)) == []
        assert all(line.startswith("poplin autogen: warning: ") for line in lines), lines
        assert bool(ran.output) is bool({"--verbose", "--explain", "--json"}.intersection(arguments))
    else:
        assert (ran.status, len(lines)) == (1, 1), lines
        assert bool(ran.output) is ("--json" in arguments)
        assert not lines[0].startswith("poplin autogen: warning: ")
    if "--json" in arguments:
        assert json.loads(ran.output)["version"] == 1
    assert os.listdir(tmp_path) == []


@settings(fuzz, max_examples=(EXAMPLES or USUAL_EXAMPLES) // 5)
@given(document=documents())
def test_any_document_can_be_checked(run: Callable[[list[str], bytes], Ran], document: bytes) -> None:
    ran = run(["--check", "-"], document)
    found, lines = ran.output.decode("cp1252").splitlines(), ran.errors.decode().splitlines()
    event(f"exit {ran.status}, {'findings' if found else 'one line'}")
    assert all(line.isprintable() for line in [*found, *lines])
    if lines:
        assert (ran.status, found, len(lines)) == (1, [], 1)
        assert lines[0].startswith("poplin autogen: ")
    elif found != ["-: nothing is wrong with it"]:
        assert all(re.match(r"(error|warning): -:[1-9]\d*: ", line) for line in found), found
    assert ran.status == (bool(lines) or any(line.startswith("error: ") for line in found))
