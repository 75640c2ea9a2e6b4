"""Called `cnitool`, it is that."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from poplin.cli.settings import derive_container_id

RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}


@pytest.fixture
def cnitool(poplin: Any) -> Any:
    """Runs it."""
    return lambda *arguments: poplin(*arguments, prog="/usr/local/bin/cnitool")


@pytest.mark.facts("cni-spec", 159)
def test_add_prints_the_result_and_the_namespace_names_the_container(cnitool: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    noop.tell(ADD=RESULT)
    configure("noop")
    done = cnitool("add", "mynet", "/var/run/netns/cnitest")
    assert (done.status, done.output) == (0, json.dumps(RESULT, indent=4))
    assert noop.calls[0]["environ"]["CNI_CONTAINERID"] == "cnitool-20c433bb2b1d6ede56d6"


@pytest.mark.facts("cni-spec", 160)
def test_every_mistake_is_exit_status_1_with_a_word_on_stderr(
    cnitool: Any, configure: Any, double: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noop = double("noop")
    configure("noop")

    def fails(*arguments: str) -> bool:
        done = cnitool(*arguments)
        return done.status == 1 and done.output == "" and done.errors != ""

    assert fails("add", "mynet")
    assert fails("add", "unknown", "/ns")
    monkeypatch.setenv("CNI_ARGS", "A=")
    assert fails("add", "mynet", "/ns")
    monkeypatch.setenv("CNI_ARGS", "")
    monkeypatch.setenv("CAP_ARGS", "[]")
    assert fails("add", "mynet", "/ns")
    assert noop.calls == []


@pytest.mark.facts("cni-spec", 161)
def test_the_option_wins_over_the_environment_for_the_interface(
    cnitool: Any, configure: Any, double: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noop = double("noop")
    configure("noop")
    monkeypatch.setenv("CNI_IFNAME", "eth5")
    cnitool("-i", "net1", "add", "mynet", "/ns")
    cnitool("add", "mynet", "/ns")
    monkeypatch.delenv("CNI_IFNAME")
    cnitool("add", "mynet", "/ns")
    assert [call["environ"]["CNI_IFNAME"] for call in noop.calls] == ["net1", "eth5", "eth0"]


@pytest.mark.facts("cni-spec", 162)
def test_a_relative_namespace_is_another_container_from_another_folder(
    cnitool: Any, configure: Any, double: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    noop = double("noop")
    configure("noop")
    for folder in (tmp_path, Path("/")):
        monkeypatch.chdir(folder)
        cnitool("add", "mynet", "ns")
    ids = [call["environ"]["CNI_CONTAINERID"] for call in noop.calls]
    assert ids == [derive_container_id(f"{tmp_path}/ns"), derive_container_id("/ns")]
    assert ids[0] != ids[1]


@pytest.mark.facts("cni-spec", 163)
def test_the_other_verbs_succeed_silently(cnitool: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    configure("noop")
    cnitool("add", "mynet", "/ns")
    for verb in ("check", "status", "del", "gc"):
        done = cnitool(verb, "mynet", "/ns")
        assert (done.status, done.output) == (0, "")
    assert noop.commands == ["ADD", "CHECK", "STATUS", "DEL", "GC"]


def test_gc_removes_every_attachment_of_the_network(cnitool: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    configure("noop")
    cnitool("add", "mynet", "/ns")
    cnitool("gc", "mynet", "/other")
    assert noop.commands == ["ADD", "DEL", "GC"]


def test_a_failed_add_is_not_taken_back(cnitool: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    noop.fail(42, "banana", "ADD")
    configure("noop")
    assert cnitool("add", "mynet", "/ns").status == 1
    assert noop.commands == ["ADD"]


@pytest.mark.facts("cni-spec", 164)
def test_without_arguments_it_helps(cnitool: Any) -> None:
    done = cnitool()
    assert done.status == 0
    assert done.output.startswith("usage: cnitool")


def test_it_is_installed_beside_poplin(config_dir: Path) -> None:
    command = Path(sys.executable).with_name("cnitool")
    done = subprocess.run([command], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.split("[")[0]) == (0, "usage: cnitool ")
    done = subprocess.run([command, "add", "nosuch", "/ns"], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("cnitool: no network configurations found in ")
