"""ADD by the runtime: the chain, what each plugin is given, and what is remembered."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.trace import TraceContext
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig, InvalidEnvironment, IOFailure
from poplin.spec.result import Result, format_result

RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}


def result(address: str, version: str = "1.1.0") -> dict[str, Any]:
    """What a double answers."""
    return {"cniVersion": version, "ips": [{"address": address}]}


@pytest.mark.facts("cni-spec", 127)
def test_a_plugin_is_given_the_capabilities_it_asked_for_and_the_caller_has(
    runtime: Runtime, network: Any, double: Any
) -> None:
    noop = double("noop")
    capabilities = {"portMappings": True, "somethingElse": True, "noCapability": False, "unoffered": True}
    offered = {"portMappings": [{"hostPort": 80}], "somethingElse": "x", "noCapability": 1, "unknown": 2}
    plugin = {"type": "noop", "capabilities": capabilities}
    attach(runtime, network(plugin), Attachment("c1", "/ns", "eth0", capability_args=offered))
    assert noop.configs[-1]["runtimeConfig"] == {"portMappings": [{"hostPort": 80}], "somethingElse": "x"}
    attach(runtime, network(plugin), Attachment("c2", "/ns", "eth0", capability_args={"unknown": 2}))
    assert "runtimeConfig" not in noop.configs[-1]


@pytest.mark.parametrize(
    ("offered", "sent"), [({}, {"written": True}), ({"mac": "02:00:00:00:00:01"}, {"mac": "02:00:00:00:00:01"})]
)
def test_a_written_runtime_config_stays_unless_there_is_one_to_send(
    runtime: Runtime, network: Any, double: Any, offered: dict[str, Any], sent: dict[str, Any]
) -> None:
    noop = double("noop")
    plugin = {"type": "noop", "capabilities": {"mac": True}, "runtimeConfig": {"written": True}}
    attach(runtime, network(plugin), Attachment("c1", "/ns", "eth0", capability_args=offered))
    assert noop.configs[-1]["runtimeConfig"] == sent


@pytest.mark.facts("cni-spec", 128)
def test_each_plugin_has_its_predecessors_result_and_the_same_environment(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    chain = [double(name) for name in ("one", "two", "three")]
    for number, plugin in enumerate(chain, 1):
        plugin.tell(ADD=result(f"10.1.0.{number}/16"))
    final = attach(runtime, network("one", "two", "three"), attachment)
    assert isinstance(final, Result)
    assert format_result(final) == result("10.1.0.3/16")
    assert "prevResult" not in chain[0].configs[0]
    assert chain[1].configs[0]["prevResult"] == result("10.1.0.1/16")
    assert chain[2].configs[0]["prevResult"] == result("10.1.0.2/16")
    assert chain[0].calls[0]["environ"] == chain[1].calls[0]["environ"] == chain[2].calls[0]["environ"]


@pytest.mark.facts("cni-spec", 123)
def test_the_environment_is_the_parents_with_the_calls_variables_in_place_of_its_own(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    parent = {"CNI_COMMAND": "DEL", "CNI_IFNAME": "other", "CNI_ARGS": "A=B", "KEPT": "yes"}
    attach(replace(runtime, environ=parent), network("noop", version="0.4.0"), attachment)
    assert {key: value for key, value in noop.calls[0]["environ"].items() if key != "LC_CTYPE"} == {
        "CNI_COMMAND": "ADD",
        "CNI_VERSION": "0.4.0",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        "CNI_ARGS": "IgnoreUnknown=1;DEBUG=x",
        "CNI_PATH": runtime.paths[0],
        "KEPT": "yes",
    }


@pytest.mark.facts("cni-spec", 124)
def test_a_live_trace_reaches_the_plugin_and_the_rest_of_the_environment_stays(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    trace = TraceContext("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", state="vendor=1", baggage="user=a")
    attach(replace(runtime, trace=trace), network("noop"), attachment)
    environ = noop.calls[0]["environ"]
    assert environ["TRACEPARENT"] == "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    assert (environ["TRACESTATE"], environ["BAGGAGE"], environ["INHERITED"]) == ("vendor=1", "user=a", "yes")


def test_a_trace_of_our_own_environment_is_passed_on(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    attach(replace(runtime, environ={"TRACEPARENT": "00-ab-cd-01", "BAGGAGE": "k=v"}), network("noop"), attachment)
    environ = noop.calls[0]["environ"]
    assert (environ["TRACEPARENT"], environ["BAGGAGE"]) == ("00-ab-cd-01", "k=v")


@pytest.mark.facts("cni-spec", 129)
def test_the_chain_stops_at_the_first_error_and_nothing_is_remembered(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    one, two, three = (double(name) for name in ("one", "two", "three"))
    two.fail(42, "banana")
    with pytest.raises(CNIError) as caught:
        attach(runtime, network("one", "two", "three"), attachment)
    assert (caught.value.code, caught.value.msg) == (42, "banana")
    assert caught.value.__notes__ == ["ADD of plugin two, network mynet"]
    assert (one.commands, two.commands, three.commands) == (["ADD"], ["ADD"], [])
    assert runtime.cache.list_entries() == []


@pytest.mark.facts("cni-spec", 130)
def test_bad_identifiers_are_refused_before_anything_runs(runtime: Runtime, network: Any, double: Any) -> None:
    noop, good = double("noop"), network("noop")
    bad_name = network("noop")
    bad_name.name = "te%%st"
    cases = [
        (good, Attachment("%%", "/ns", "eth0"), 4),
        (good, Attachment("", "/ns", "eth0"), 3),
        (bad_name, Attachment("c1", "/ns", "eth0"), 7),
        (good, Attachment("c1", "/ns", "../../x"), 4),
    ]
    for bad, attachment, code in cases:
        with pytest.raises(CNIError) as caught:
            attach(runtime, bad, attachment)
        assert caught.value.code == code
    assert noop.calls == []


@pytest.mark.facts("cni-spec", 131)
def test_add_fails_before_anything_runs_if_its_result_could_not_be_kept(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    Path(runtime.cache.folder).mkdir()
    Path(runtime.cache.results).write_text("a file")
    with pytest.raises(IOFailure, match="cannot keep results in"):
        attach(runtime, network("noop"), attachment)
    assert noop.calls == []


@pytest.mark.facts("cni-spec", 132)
def test_what_is_remembered_is_what_libcni_would_write(runtime: Runtime, network: Any, double: Any) -> None:
    double("noop").tell(ADD=result("10.1.0.2/16"))
    attachment = Attachment("c1", "/run/netns/c1", "eth0", (("K", "V"), ("A", "B")), {"mac": "02:00:00:00:00:01"})
    mynet = network("noop")
    attach(runtime, mynet, attachment)
    path = Path(runtime.cache.folder, "results", "mynet-c1-eth0")
    assert json.loads(path.read_text()) == {
        "kind": "cniCacheV1",
        "containerId": "c1",
        "config": base64.b64encode(mynet.text).decode(),
        "ifName": "eth0",
        "networkName": "mynet",
        "netns": "/run/netns/c1",
        "cniArgs": [["K", "V"], ["A", "B"]],
        "capabilityArgs": {"mac": "02:00:00:00:00:01"},
        "result": result("10.1.0.2/16"),
    }
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.facts("cni-spec", 133)
def test_two_interfaces_of_one_container_are_remembered_apart(runtime: Runtime, network: Any, double: Any) -> None:
    double("noop")
    for ifname in ("eth0", "eth1"):
        attach(runtime, network("noop"), Attachment("c1", "/ns", ifname))
    assert sorted(path.name for path in Path(runtime.cache.results).iterdir()) == ["mynet-c1-eth0", "mynet-c1-eth1"]


@pytest.mark.facts("cni-spec", 134)
def test_unknown_keys_reach_the_plugin_unchanged(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    keys = {"unknown": {"deep": [1, 2.5, None]}, "args": {"cni": {"labels": []}}, "cni.dev/x": 12345678901234567890}
    attach(runtime, network({"type": "noop", **keys}), attachment)
    assert noop.configs[0] == {"type": "noop", **keys, "name": "mynet", "cniVersion": "1.1.0"}


def test_keys_of_the_runtime_in_a_file_do_not_reach_the_plugin(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    plugin = {
        "type": "noop",
        "capabilities": {"mac": True},
        "prevResult": RESULT,
        "NAME": "other",
        "cniVersion": "0.1.0",
    }
    attach(runtime, network(plugin), attachment)
    assert noop.configs[0] == {"type": "noop", "name": "mynet", "cniVersion": "1.1.0"}


@pytest.mark.facts("cni-spec", 144)
def test_a_missing_plugin_is_noticed_before_the_chain_begins(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    one = double("one")
    with pytest.raises(InvalidConfig, match="failed to find plugin 'missing'") as caught:
        attach(runtime, network("one", "missing"), attachment)
    assert caught.value.__notes__ == ["ADD of plugin missing, network mynet"]
    assert one.calls == []


@pytest.mark.facts("cni-spec", 118)
@pytest.mark.parametrize("output", ["", "[]", "hi", "{}{}"])
def test_an_answer_that_is_no_result_fails_the_chain(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any, output: str
) -> None:
    double("noop").tell(ADD=output)
    with pytest.raises(DecodingFailure, match="cannot decode the plugin's result"):
        attach(runtime, network("noop"), attachment)


def test_a_result_of_another_version_is_converted_for_the_next_plugin(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    double("one").tell(ADD=result("10.1.0.2/16", "1.0.0"))
    two = double("two")
    attach(runtime, network("one", "two", version="0.3.1"), attachment)
    ips = [{"version": "4", "address": "10.1.0.2/16"}]
    assert two.configs[0]["prevResult"] == {"cniVersion": "0.3.1", "ips": ips, "dns": {}}


def test_a_namespace_path_with_a_nul_byte_is_refused(runtime: Runtime, network: Any, double: Any) -> None:
    double("noop")
    with pytest.raises(InvalidEnvironment):
        attach(runtime, network("noop"), Attachment("c1", "/ns\0", "eth0"))
