"""`--check`: configurations that exist, held against what the plugins accept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from autogen.examples import encode, full_intent, policy, sample_intent
from autogen.rules import expect

FULL = encode(full_intent())


@pytest.mark.parametrize("options", [(), ("--list",), ("--format", "powershell", "--crlf")])
def test_what_was_generated_passes_the_check(autogen: Any, options: tuple[str, ...]) -> None:
    autogen("--cni-args", encode(sample_intent()), "--cni-conf-path", "out", *options)
    done = autogen("--check", "out")
    assert (done.status, done.errors) == (0, "")
    assert done.output == "out: nothing is wrong with it\n"
    assert autogen("--check", "-", stdin=Path("out").read_bytes()).status == 0


def test_check_prints_all_findings_one_a_line(autogen: Any) -> None:
    document = expect(full_intent(AdditionalPolicies=[policy("Foo")]), "1.0.0")
    document["ipam"]["subnet"] = "192.168.0.300/24"
    document["AdditionalArgs"][2]["Value"]["Settings"]["Action"] = "Alow"
    Path("bad").write_text(json.dumps(document))
    done = autogen("--check", "bad")
    assert (done.status, done.errors) == (1, "")
    lines = done.output.splitlines()
    errors = [line for line in lines if line.startswith("error: bad:1: ")]
    assert len(errors) == 2
    assert errors[0].startswith("error: bad:1: ipam.subnet: ")
    assert "'192.168.0.300/24'" in errors[0]
    assert errors[1].startswith("error: bad:1: AdditionalArgs[2].Value.Settings.Action: ")
    assert "did you mean 'Allow'?" in errors[1]
    assert any(line.startswith("warning: bad:1: ") and "'Foo'" in line for line in lines)
    told = json.loads(autogen("--check", "bad", "--json").output)
    assert told["version"] == 1
    assert [
        f"{each['severity']}: bad:{each['line']}: {each['where']}: {each['text']}" for each in told["findings"]
    ] == lines


def test_check_as_json_of_a_good_file_has_no_error(autogen: Any) -> None:
    autogen("--cni-args", FULL, "--cni-conf-path", "out")
    done = autogen("--check", "out", "--json")
    assert done.status == 0
    assert [each for each in json.loads(done.output)["findings"] if each["severity"] == "error"] == []


@pytest.mark.parametrize("content", [b"", b"x", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5000])
def test_what_is_no_json_cannot_be_checked(autogen: Any, content: bytes) -> None:
    Path("bad").write_bytes(content)
    done = autogen("--check", "bad")
    assert done.status == 1
    assert len((done.output + done.errors).splitlines()) == 1


@pytest.mark.parametrize("content", [b"[]", b"null", b"5", b'"x"'])
def test_json_that_is_no_object_cannot_be_checked(autogen: Any, content: bytes) -> None:
    done = autogen("--check", "-", stdin=content)
    assert (done.status, done.output) == (1, "")
    (line,) = done.errors.splitlines()
    assert line.startswith("poplin autogen: -: ")


NO_NAME = 'error: -:1: name: is missing; write something like "azure-cni"'


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (
            b"{}",
            [
                "error: -:1: type: is missing; "
                "write one of sdnbridge, nat, sdnoverlay, win-bridge, win-overlay, L2Bridge, NAT, Overlay"
            ],
        ),
        (
            b'{"plugins": 5}',
            ['error: -:1: plugins: 5 is not a list; write something like [{"type": "sdnbridge"}]', NO_NAME],
        ),
        (
            b'{"plugins": [5, null]}',
            [
                'error: -:1: plugins[0]: 5 is not an object; write something like {"type": "sdnbridge"}',
                'error: -:1: plugins[1]: is null; write something like {"type": "sdnbridge"}',
                NO_NAME,
            ],
        ),
        (b'{"plugins": [], "name": "net"}', ["error: -:1: plugins: [] is empty; write at least one plugin"]),
    ],
)
def test_json_that_is_no_configuration_has_findings(autogen: Any, content: bytes, lines: list[str]) -> None:
    done = autogen("--check", "-", stdin=content)
    assert (done.status, done.errors) == (1, "")
    assert done.output.splitlines() == lines


def test_plugin_of_others_is_no_error(autogen: Any) -> None:
    done = autogen("--check", "-", "--json", stdin=b'{"cniVersion": "1.0.0", "name": "net", "type": "azure-vnet"}')
    assert done.status == 0
    (finding,) = json.loads(done.output)["findings"]
    assert (finding["severity"], finding["where"]) == ("warning", "type")
    assert finding["text"].startswith("'azure-vnet' is not checked: known are sdnbridge, nat, ")


def test_finding_as_json_has_four_keys(autogen: Any) -> None:
    document = expect(full_intent(AdditionalPolicies=[policy("Foo")]), "1.0.0")
    told = json.loads(autogen("--check", "-", "--json", stdin=json.dumps(document).encode()).output)
    assert {key for finding in told["findings"] for key in finding} == {"severity", "where", "line", "text"}


def test_findings_have_the_line_of_what_they_are_about(autogen: Any) -> None:
    text = b"""{
  "cniVersion": "1.0.0", "name": "net",
  "type": "nat",
  "dns": {
    "nameservers": ["10.0.0.10",
                    "x"] },
  "ipam": { "subnt": "10.0.0.0/24" } }
"""
    told = json.loads(autogen("--check", "-", "--json", stdin=text).output)
    assert [(each["line"], each["where"]) for each in told["findings"]] == [
        (6, "dns.nameservers[1]"),
        (7, "ipam.subnt"),
    ]
    assert autogen("--check", "-", stdin=text).output.startswith("error: -:6: dns.nameservers[1]: 'x' is not ")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (
            b'{"type": "nat",\n "type": "nat"}',
            "the key 'type' is given twice in one object: line 2 column 2; write it once",
        ),
        (b'{"type":\n  NaN}', "the text is not JSON: NaN is not JSON: line 2 column 3; write a number, or a string"),
        (b'{"type": 1}\n}', "the text is not JSON: Extra data: line 2 column 1; remove what follows the document"),
        (
            b"{\n // what\n}",
            "the text is not JSON: Expecting property name enclosed in double quotes: line 2 column 2; "
            "JSON has no comments; remove it",
        ),
    ],
)
def test_what_is_no_json_is_refused_with_its_place(autogen: Any, content: bytes, line: str) -> None:
    done = autogen("--check", "-", stdin=content)
    assert (done.status, done.output, done.errors) == (1, "", f"poplin autogen: -: {line}\n")
