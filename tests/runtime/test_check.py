"""CHECK by the runtime."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.check import check
from poplin.spec.errors import CNIError, DecodingFailure, IncompatibleVersion, InvalidConfig

RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}


def put(runtime: Runtime, content: str) -> None:
    """What is on record for the attachment."""
    runtime.cache.ensure_folder()
    Path(runtime.cache.results, "mynet-c1-eth0").write_text(content)


def test_every_plugin_in_order_is_given_the_final_result(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    one, two = double("one"), double("two")
    two.tell(ADD=RESULT)
    mynet = network("one", "two")
    attach(runtime, mynet, attachment)
    check(runtime, mynet, attachment)
    assert (one.commands, two.commands) == (["ADD", "CHECK"], ["ADD", "CHECK"])
    assert one.configs[1]["prevResult"] == two.configs[1]["prevResult"] == RESULT
    assert one.calls[1]["environ"]["CNI_IFNAME"] == "eth0"


@pytest.mark.facts("cni-spec", 135)
@pytest.mark.parametrize("keys", [{}, {"disableCheck": True}])
def test_a_version_before_check_is_an_error_whatever_the_network_says(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any, keys: dict[str, Any]
) -> None:
    noop = double("noop")
    with pytest.raises(IncompatibleVersion):
        check(runtime, network("noop", version="0.3.1", **keys), attachment)
    assert noop.calls == []


@pytest.mark.facts("cni-spec", 136)
def test_a_network_that_disables_checks_is_fine(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    noop.fail(103, "drift")
    mynet = network("noop", version="0.4.0")
    with pytest.raises(CNIError, match="drift"):
        check(runtime, mynet, attachment)
    check(runtime, network("noop", version="0.4.0", disableCheck=True), attachment)
    assert noop.commands == ["CHECK"]


@pytest.mark.facts("cni-spec", 137)
def test_a_bare_result_on_record_is_a_result(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    put(runtime, json.dumps(RESULT))
    check(runtime, network("noop"), attachment)
    assert noop.configs[0]["prevResult"] == RESULT


@pytest.mark.facts("cni-spec", 138)
def test_a_result_of_an_older_version_is_converted(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    put(runtime, '{"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "10.1.0.2/16"}], "dns": {}}')
    check(runtime, network("noop"), attachment)
    assert noop.configs[0]["prevResult"] == RESULT


@pytest.mark.facts("cni-spec", 139)
@pytest.mark.parametrize("content", ["garbage", '{"cniVersion": "0.4567.0"}', "[]"])
def test_a_record_that_is_no_result_is_an_error(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any, content: str
) -> None:
    noop = double("noop")
    put(runtime, content)
    with pytest.raises(DecodingFailure):
        check(runtime, network("noop"), attachment)
    assert noop.calls == []


@pytest.mark.parametrize("content", [None, ""])
def test_without_a_record_the_plugins_are_asked_without_a_result(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any, content: str | None
) -> None:
    noop = double("noop")
    if content is not None:
        put(runtime, content)
    check(runtime, network("noop"), attachment)
    assert "prevResult" not in noop.configs[0]


def test_the_first_plugin_that_finds_a_difference_ends_the_check(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    one, two = double("one"), double("two")
    one.fail(103, "address is missing")
    with pytest.raises(CNIError, match="address is missing") as caught:
        check(runtime, network("one", "two"), attachment)
    assert caught.value.code == 103
    assert two.calls == []


@pytest.mark.facts("cni-spec", 144)
def test_a_missing_plugin_is_an_error(runtime: Runtime, network: Any, attachment: Attachment) -> None:
    with pytest.raises(InvalidConfig, match="failed to find plugin 'missing'"):
        check(runtime, network("missing"), attachment)
