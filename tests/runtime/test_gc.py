"""GC by the runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.gc import gc
from poplin.spec.errors import CNIError, InvalidConfig

VALID = frozenset({("c1", "eth0")})


def find_valid() -> frozenset[tuple[str, str]]:
    """c1 is there."""
    return VALID


@pytest.mark.facts("cni-spec", 148)
def test_a_network_may_disable_it(runtime: Runtime, network: Any, attachment: Attachment, double: Any) -> None:
    noop = double("noop")
    mynet = network("noop", disableGC=True)
    attach(runtime, mynet, attachment)
    assert gc(runtime, mynet, None, everything=True) == []
    assert noop.commands == ["ADD"]


@pytest.mark.facts("cni-spec", 149)
def test_a_valid_attachment_stays_and_the_plugins_are_told_of_it(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    mynet = network("noop")
    attach(runtime, mynet, attachment)
    assert gc(runtime, mynet, find_valid) == []
    assert noop.commands == ["ADD", "GC"]
    kept = [{"containerID": "c1", "ifname": "eth0"}]
    assert noop.configs[1] == {
        "type": "noop",
        "name": "mynet",
        "cniVersion": "1.1.0",
        "cni.dev/valid-attachments": kept,
        "cni.dev/attachments": kept,
    }
    environ = noop.calls[1]["environ"]
    assert (environ["CNI_CONTAINERID"], environ["CNI_NETNS"], environ["CNI_IFNAME"], environ["CNI_ARGS"]) == ("",) * 4


@pytest.mark.facts("cni-spec", 150)
def test_a_stale_attachment_is_deleted_as_it_was_added_before_the_plugins_are_told(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    one, two = double("one"), double("two")
    mynet = network("one", "two")
    attach(runtime, mynet, attachment)
    assert gc(runtime, mynet, frozenset) == [attachment]
    assert one.commands == two.commands == ["ADD", "DEL", "GC"]
    added, deleted = (call["environ"] for call in one.calls[:2])
    assert {**added, "CNI_COMMAND": "DEL"} == deleted
    assert one.configs[2]["cni.dev/valid-attachments"] == []
    assert runtime.cache.list_entries() == []


@pytest.mark.facts("cni-spec", 151)
def test_before_1_1_0_only_stale_attachments_are_deleted(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    mynet = network("noop", version="1.0.0")
    attach(runtime, mynet, attachment)
    gc(runtime, mynet, frozenset)
    assert noop.commands == ["ADD", "DEL"]


@pytest.mark.facts("cni-spec", 152)
def test_other_networks_are_left_alone_and_no_folder_is_no_error(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    mynet, other = network("noop"), network("noop")
    other.name = "other"
    assert not Path(runtime.cache.folder).exists()
    assert gc(runtime, mynet, frozenset) == []
    attach(runtime, other, attachment)
    assert gc(runtime, mynet, frozenset) == []
    assert noop.commands == ["GC", "ADD", "GC"]
    assert [entry.network for entry in runtime.cache.list_entries()] == ["other"]


@pytest.mark.facts("cni-spec", 153)
def test_it_goes_on_after_errors_and_reports_all(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    one, two = double("one"), double("two")
    mynet = network("one", "two")
    attach(runtime, mynet, attachment)
    one.fail(42, "banana", "GC")
    two.fail(43, "cherry", "DEL", "GC")
    with pytest.raises(ExceptionGroup) as caught:
        gc(runtime, mynet, frozenset)
    errors = [error for error in caught.value.exceptions if isinstance(error, CNIError)]
    assert [(error.code, *error.__notes__) for error in errors] == [
        (43, "DEL of plugin two, network mynet"),
        (42, "GC of plugin one, network mynet"),
        (43, "GC of plugin two, network mynet"),
    ]


def test_it_refuses_to_remove_everything_unless_told_so(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    noop = double("noop")
    mynet = network("noop")
    attach(runtime, mynet, attachment)
    with pytest.raises(InvalidConfig, match="refusing to remove every attachment of network 'mynet'"):
        gc(runtime, mynet, None)
    assert noop.commands == ["ADD"]
    assert gc(runtime, mynet, None, everything=True) == [attachment]


def test_nobody_can_attach_while_it_asks_what_is_valid(
    runtime: Runtime, network: Any, double: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    double("noop")
    monkeypatch.setattr("poplin.runtime.cache.LOCK_SECONDS", 0.05)
    mynet = network("noop")

    def attach_meanwhile() -> frozenset[tuple[str, str]]:
        with pytest.raises(CNIError) as caught:
            attach(runtime, mynet, Attachment("c9", "/ns"))
        assert caught.value.code == 11
        return frozenset()

    assert gc(runtime, mynet, attach_meanwhile) == []


@pytest.mark.facts("cni-spec", 144)
def test_a_missing_plugin_is_reported(runtime: Runtime, network: Any) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        gc(runtime, network("missing"), frozenset)
    assert [error.msg for error in caught.value.exceptions] == ["failed to find plugin 'missing'"]  # type: ignore[attr-defined]


def test_temporary_files_of_who_was_killed_are_removed(
    runtime: Runtime, network: Any, attachment: Attachment, double: Any
) -> None:
    double("noop")
    mynet = network("noop")
    attach(runtime, mynet, attachment)
    (record,) = Path(runtime.cache.results).iterdir()
    record.with_name(f"{record.name}.0123456789ab.tmp").write_text("{")
    assert gc(runtime, mynet, find_valid) == []
    assert list(Path(runtime.cache.results).iterdir()) == [record]
