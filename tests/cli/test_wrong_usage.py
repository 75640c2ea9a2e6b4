"""What people get wrong on the command line: the answer says what it was and what to do instead."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from poplin.cli import values
from poplin.cli.failure import describe, report
from poplin.spec.errors import IOFailure, NoAddress


def last_line(errors: str) -> str:
    return errors.splitlines()[-1]


@pytest.mark.parametrize("verb", ["add", "check", "del"])
def test_an_empty_namespace_is_a_mistake_and_not_this_folder(
    poplin: Any, configure: Any, double: Any, verb: str
) -> None:
    noop = double("noop")
    configure("noop")
    done = poplin(verb, "mynet", "")
    assert (done.status, done.output, noop.calls) == (2, "", [])
    assert last_line(done.errors).endswith("argument NETNS: it is empty; name a network namespace, as /run/netns/blue")


def test_a_bare_name_of_ip_netns_is_answered_with_its_path(
    poplin: Any, configure: Any, double: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noop = double("noop")
    configure("noop")
    monkeypatch.setattr(values, "NETNS_FOLDER", str(tmp_path))
    (tmp_path / "blue").touch()
    done = poplin("add", "mynet", "blue")
    assert (done.status, noop.calls) == (2, [])
    assert last_line(done.errors).endswith(f"there is no file 'blue' here; did you mean {tmp_path}/blue?")
    monkeypatch.chdir(tmp_path)
    assert poplin("add", "mynet", "blue").status == 0


@pytest.mark.parametrize("text", ["0", "-1", "soon", "inf", "nan", ""])
def test_a_timeout_is_a_number_of_seconds(poplin: Any, configure: Any, double: Any, text: str) -> None:
    noop = double("noop")
    configure("noop")
    done = poplin("status", "mynet", f"--timeout={text}")
    assert (done.status, noop.calls) == (2, [])
    assert last_line(done.errors).endswith(f"argument --timeout: {text!r} is no number of seconds above 0")


@pytest.mark.parametrize(
    "arguments",
    [("install", "--bin-dir="), ("install", "--bin-dir=x", "--lib-dir="), ("uninstall", "--lib-dir="), ("build", "")],
)
def test_an_empty_folder_is_a_mistake_and_not_this_one(
    poplin: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    done = poplin(*arguments)
    assert done.status == 2
    assert last_line(done.errors).endswith("it is empty; name a folder, or `.` for this one")
    assert list(folder.iterdir()) == []


def test_wrong_capability_arguments_are_shown(poplin: Any, configure: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    configure("noop")
    monkeypatch.setenv("CAP_ARGS", "{mac")
    done = poplin("add", "mynet", "/ns")
    assert (done.status, done.object["code"], done.object["msg"]) == (1, 4, "invalid CAP_ARGS")
    assert done.object["details"].startswith("'{mac': ")


def test_a_list_in_a_file_for_one_plugin_is_told_its_name(poplin: Any, config_dir: Path) -> None:
    (config_dir / "10-mynet.conf").write_text('{"name": "mynet", "plugins": [{"type": "noop"}]}')
    done = poplin("status", "mynet")
    assert done.status == 1
    assert (
        "10-mynet.conf: this is a configuration list, it has `plugins`; let its file name end in .conflist"
        in done.errors
    )


def test_a_refusal_by_the_system_tells_whoever_is_not_root_to_be(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = IOFailure("cannot lock /x", os.strerror(errno.EACCES))
    assert describe(refused) == "cannot lock /x; Permission denied (code 5)"
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert describe(refused) == "cannot lock /x; Permission denied (code 5); run it as root"
    assert describe(NoAddress("none left")) == "none left (code 101)"
    assert report(PermissionError(errno.EPERM, os.strerror(errno.EPERM), "/x"), "poplin gc") == 1
    assert capsys.readouterr().err == "poplin gc: /x: Operation not permitted; run it as root\n"


def start_poplin(*arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    command = [sys.executable, "-m", "poplin.cli.main", *arguments]
    return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, **how)


def test_output_that_cannot_be_written_is_told() -> None:
    with open("/dev/full", "w") as full:
        done = start_poplin("--version", stdout=full)
    assert (done.returncode, done.stderr) == (1, "poplin: cannot write the output: No space left on device\n")


def test_a_closed_output_is_nobodys_mistake() -> None:
    done = start_poplin("--version", preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("arguments", [["--help"], ["list", "--help"], ["list", "--json"]])
def test_a_reader_that_goes_is_no_reason_for_words(arguments: list[str], tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = start_poplin(*arguments, stdout=writer, env={**os.environ, "POPLIN_CNI_DIR": str(tmp_path)})
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.parametrize("arguments", [("autogen", "--cni-args=--"), ("add", "--container-id=--", "mynet", "/ns")])
def test_two_dashes_are_no_value(poplin: Any, configure: Any, double: Any, arguments: tuple[str, ...]) -> None:
    noop = double("noop")
    configure("noop")
    done = poplin(*arguments)
    assert (done.status, done.output, noop.calls) == (2, "", [])
    assert done.errors == f"poplin {arguments[0]}: {arguments[1]!r} gives the option no value\n"
