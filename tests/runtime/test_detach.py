"""DEL by the runtime."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.detach import detach
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig

RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}
OLD = {"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "10.1.0.2/16"}], "dns": {}}


def record(runtime: Runtime) -> Path:
    """Where the attachment is on record."""
    return Path(runtime.cache.results, "mynet-c1-eth0")


@pytest.mark.facts("cni-spec", 141)
def test_the_chain_runs_backwards_and_may_be_repeated(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    chain = [double(name) for name in ("one", "two", "three")]
    chain[2].tell(ADD=RESULT)
    mynet = network("one", "two", "three")
    attach(runtime, mynet, attachment)
    order: list[str] = []

    def find(plugin_type: str, paths: tuple[str, ...]) -> str:
        order.append(plugin_type)
        return f"{paths[0]}/{plugin_type}"

    detach(replace(runtime, find=find), mynet, attachment)
    assert order == ["three", "two", "one"]
    assert [plugin.configs[-1]["prevResult"] for plugin in chain] == [RESULT] * 3
    assert not record(runtime).exists()
    assert runtime.cache.list_entries() == []
    detach(runtime, mynet, attachment)
    assert [plugin.commands for plugin in chain] == [["ADD", "DEL", "DEL"]] * 3


@pytest.mark.facts("cni-spec", 142)
def test_before_0_4_0_there_is_no_previous_result(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    noop.tell(ADD=OLD)
    mynet = network("noop", version="0.3.1")
    attach(runtime, mynet, attachment)
    assert record(runtime).exists()
    detach(runtime, mynet, attachment)
    assert "prevResult" not in noop.configs[1]
    assert not record(runtime).exists()


@pytest.mark.facts("cni-spec", 140)
@pytest.mark.parametrize("content", ["garbage", '{"cniVersion": "0.4567.0"}'])
def test_a_record_that_is_no_result_is_removed_and_not_sent(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any, content: str
) -> None:
    noop = double("noop")
    noop.fail(1, "still there", "DEL")
    runtime.cache.ensure_folder()
    record(runtime).write_text(content)
    with pytest.raises(CNIError, match="still there"):
        detach(runtime, network("noop"), attachment)
    assert "prevResult" not in noop.configs[0]
    assert not record(runtime).exists()


@pytest.mark.facts("cni-spec", 143)
def test_after_an_error_the_record_stays_for_the_next_try(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    one, two = double("one"), double("two")
    two.fail(42, "banana", "DEL")
    mynet = network("one", "two")
    attach(runtime, mynet, attachment)
    with pytest.raises(CNIError) as caught:
        detach(runtime, mynet, attachment)
    assert (caught.value.code, caught.value.__notes__) == (42, ["DEL of plugin two, network mynet"])
    assert one.commands == ["ADD"]
    assert record(runtime).exists()


@pytest.mark.facts("cni-spec", 144)
def test_a_missing_plugin_is_an_error(runtime: Runtime, network: Any, attachment: Attachment) -> None:
    with pytest.raises(InvalidConfig, match="failed to find plugin 'missing'"):
        detach(runtime, network("missing"), attachment)


def test_the_namespace_may_be_unknown(runtime: Runtime, network: Any, double: Any) -> None:
    noop = double("noop")
    detach(runtime, network("noop"), Attachment("c1", "", "eth0"))
    assert noop.calls[0]["environ"]["CNI_NETNS"] == ""


def test_an_interface_name_cannot_lead_to_another_file(runtime: Runtime, network: Any, double: Any) -> None:
    noop = double("noop")
    with pytest.raises(CNIError, match="invalid interface name"):
        detach(runtime, network("noop"), Attachment("c1", "/ns", "../../x"))
    assert noop.calls == []


def test_a_malformed_version_is_an_error(runtime: Runtime, network: Any, attachment: Attachment, double: Any) -> None:
    noop = double("noop")
    with pytest.raises(DecodingFailure, match="cannot decode the version"):
        detach(runtime, network("noop", version="one"), attachment)
    assert noop.calls == []
