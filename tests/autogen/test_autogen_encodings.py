"""What may come as base64, under either profile."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from autogen.examples import acl, encode, script_intent
from autogen.replies import the_one_line
from autogen.rules import expect

FULL = script_intent(AdditionalPolicies=[acl("10.0.0.0/24", "Allow", 3005)])

facts = pytest.mark.facts


pytestmark = pytest.mark.parametrize("profile", ["1.0.0", "0.3.1"])


def run(autogen: Any, profile: str, data: bytes | str) -> Any:
    text = data if isinstance(data, str) else base64.b64encode(data).decode()
    return autogen("--cni-args", text, "--cni-conf-path", "out", "--profile", profile)


@facts("autogen", 34)
@pytest.mark.parametrize(
    ("codec", "word"),
    [
        ("utf-16", "byte order mark"),
        ("utf-16-le", "UTF-16"),
        ("utf-16-be", "UTF-16"),
        ("utf-8-sig", "byte order mark"),
    ],
)
def test_text_of_another_encoding_is_refused_by_its_name(autogen: Any, profile: str, codec: str, word: str) -> None:
    line = the_one_line(run(autogen, profile, json.dumps(FULL).encode(codec)))
    assert word in line
    assert os.listdir() == []


@facts("autogen", 34)
def test_white_space_inside_is_no_matter(autogen: Any, profile: str) -> None:
    whole = encode(FULL)
    broken = " \t" + "\r\n".join(whole[at : at + 76] for at in range(0, len(whole), 76)) + "\n"
    assert run(autogen, profile, broken).status == 0
    assert json.loads(Path("out").read_text()) == expect(FULL, profile)


@facts("autogen", 34)
def test_text_that_is_not_ascii_survives(autogen: Any, profile: str) -> None:
    """The script made a question mark of every byte above 127."""
    data = json.dumps({**FULL, "Name": "réseau☃"}, ensure_ascii=False).encode()
    assert run(autogen, profile, data).status == 0
    assert json.loads(Path("out").read_bytes().decode("ascii"))["name"] == "réseau☃"


def test_bytes_that_are_no_text_are_refused(autogen: Any, profile: str) -> None:
    the_one_line(run(autogen, profile, b'{"Name": "\xff\xfe\xfa"}'))
    assert os.listdir() == []


@facts("autogen", 35)
@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("!!!!", "base64"),
        ("e30", "base64"),
        ("e30=e30=", "base64"),
        ("=", "base64"),
        ("ünïc", "base64"),
        ("{}", "base64"),
        ("", ""),
        (base64.b64encode(b"not JSON").decode(), "JSON"),
        (base64.b64encode(b'{"Name": "a"').decode(), "JSON"),
        (base64.b64encode(b"{} {}").decode(), "JSON"),
        (base64.b64encode(b"[]").decode(), "object"),
        (base64.b64encode(b'"Name"').decode(), "object"),
        (base64.b64encode(b"null").decode(), "object"),
    ],
)
def test_what_is_no_base64_of_a_json_object_is_refused(autogen: Any, profile: str, text: str, word: str) -> None:
    assert word in the_one_line(run(autogen, profile, text))
    assert os.listdir() == []
