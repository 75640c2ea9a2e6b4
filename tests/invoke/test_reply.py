"""Reading a plugin's reply to ADD."""

from __future__ import annotations

import pytest

from poplin.invoke.reply import parse_reply
from poplin.spec.errors import DecodingFailure
from poplin.spec.result import OldResult, Result, format_result


@pytest.mark.facts("cni-spec", 118)
@pytest.mark.parametrize("output", [b"", b"[]", b"hi", b"{}{}"])
def test_a_reply_that_is_not_one_object_is_an_error(output: bytes) -> None:
    with pytest.raises(DecodingFailure):
        parse_reply(output, "1.0.0")


@pytest.mark.facts("cni-spec", 119)
@pytest.mark.parametrize("output", [b"null", b"{}", b'{"cniVersion": ""}', b'{"cniVersion": 5}'])
def test_a_reply_without_version_has_the_configs(output: bytes) -> None:
    assert parse_reply(output, "0.4.0") == Result("0.4.0")


@pytest.mark.facts("cni-spec", 120)
def test_without_any_version_it_is_the_oldest() -> None:
    assert parse_reply(b"{}", "") == OldResult("0.1.0")


@pytest.mark.facts("cni-spec", 121)
def test_a_reply_of_an_unknown_version_is_an_error() -> None:
    with pytest.raises(DecodingFailure, match=r"unsupported result version '7\.0\.0'"):
        parse_reply(b'{"cniVersion": "7.0.0"}', "1.1.0")


def test_a_reply_of_another_version_is_converted_to_the_configs() -> None:
    reply = parse_reply(b'{"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}', "0.4.0")
    assert format_result(reply) == {
        "cniVersion": "0.4.0",
        "ips": [{"version": "4", "address": "10.1.0.2/16"}],
        "dns": {},
    }
