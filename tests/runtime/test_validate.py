"""VERSION probes, and what they say of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.check import check
from poplin.runtime.detach import detach
from poplin.runtime.gc import gc
from poplin.runtime.probe import parse_versions, probe_versions
from poplin.runtime.status import status
from poplin.runtime.validate import validate
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig, UnexplainedFailure


@pytest.mark.facts("cni-spec", 156)
def test_a_good_network_has_the_capabilities_of_its_plugins(runtime: Runtime, network: Any, double: Any) -> None:
    double("one")
    double("two")
    one = {"type": "one", "capabilities": {"mac": True, "ips": False}}
    two = {"type": "two", "capabilities": {"mac": True, "portMappings": True}}
    assert validate(runtime, network(one, two)) == {"mac", "portMappings"}


@pytest.mark.facts("cni-spec", 156)
def test_everything_that_is_wrong_is_in_one_error(runtime: Runtime, network: Any, double: Any) -> None:
    double("old").tell(versions=["0.2.0", "0.3.0"])
    double("good")
    with pytest.raises(InvalidConfig) as caught:
        validate(runtime, network("missing", "good", "old"))
    assert caught.value.msg == "network 'mynet' cannot run here"
    missing, old = caught.value.details.split("; plugin old: ")
    assert missing == f"plugin missing: failed to find plugin 'missing'; it is in none of {runtime.paths[0]}"
    assert old == 'incompatible CNI versions; config is "1.1.0", plugin supports ["0.2.0" "0.3.0"]'


@pytest.mark.facts("cni-spec", 157)
def test_a_network_without_version_needs_a_plugin_of_the_oldest(runtime: Runtime, network: Any, double: Any) -> None:
    double("noop").tell(versions=["0.1.0"])
    assert validate(runtime, network("noop", version="")) == frozenset()


@pytest.mark.facts("cni-spec", 158)
def test_a_plugin_that_does_not_know_the_verb_is_of_the_oldest_version(runtime: Runtime, double: Any) -> None:
    noop = double("noop")
    noop.fail(4, "unknown CNI_COMMAND: VERSION", "VERSION")
    assert probe_versions(runtime, str(noop.path)) == ["0.1.0"]
    environ = noop.calls[0]["environ"]
    dummies = {key: environ[key] for key in ("CNI_COMMAND", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH")}
    assert dummies == {"CNI_COMMAND": "VERSION", "CNI_NETNS": "dummy", "CNI_IFNAME": "dummy", "CNI_PATH": "dummy"}
    assert noop.configs[0] == {"cniVersion": "1.1.0"}


def test_any_other_failure_of_a_probe_is_one(runtime: Runtime, double: Any) -> None:
    noop = double("noop")
    noop.fail(4, "unknown CNI_COMMAND: version", "VERSION")
    with pytest.raises(CNIError, match="unknown CNI_COMMAND: version"):
        probe_versions(runtime, str(noop.path))


@pytest.mark.facts("cni-spec", 73)
@pytest.mark.parametrize("reply", [b'{"supportedVersions": ["1.0.0"]}', b"not JSON", b""])
def test_a_reply_without_version_is_an_error(reply: bytes) -> None:
    with pytest.raises(DecodingFailure, match="cannot decode the plugin's VERSION reply"):
        parse_versions(reply)


@pytest.mark.facts("cni-spec", 74)
def test_a_reply_without_list_is_for_0_2_0_only() -> None:
    assert parse_versions(b'{"cniVersion": "0.2.0"}') == ["0.1.0", "0.2.0"]
    with pytest.raises(DecodingFailure, match=r"version '0\.3\.0' without supportedVersions"):
        parse_versions(b'{"cniVersion": "0.3.0"}')


VERBS: dict[str, Callable[[Runtime, Any, Attachment], object]] = {
    "ADD": attach,
    "CHECK": check,
    "DEL": detach,
    "STATUS": lambda runtime, network, _: status(runtime, network),
    "GC": lambda runtime, network, _: gc(runtime, network, frozenset),
    "VERSION": lambda runtime, network, _: probe_versions(runtime, f"{runtime.paths[0]}/sleep"),
    "validate": lambda runtime, network, _: validate(runtime, network),
}


@pytest.mark.facts("cni-spec", 117)
@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_waits_longer_than_the_deadline(
    runtime: Runtime, network: Any, attachment: Attachment, plugin_dir: Path, verb: str
) -> None:
    sleeper = plugin_dir / "sleep"
    sleeper.write_text("#!/bin/sh\nsleep 60\n")
    sleeper.chmod(0o755)
    with pytest.raises((CNIError, ExceptionGroup)) as caught:
        VERBS[verb](replace(runtime, timeout=0.2), network("sleep"), attachment)
    error = caught.value
    inner = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
    assert isinstance(inner, UnexplainedFailure | InvalidConfig)
    assert f"plugin {sleeper} did not finish within 0.2 s and was killed by signal 9" in str(inner)
