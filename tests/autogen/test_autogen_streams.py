"""Streams that are closed, terminals that must not be written to raw, and files that are not what they seem."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from autogen.examples import encode, full_intent
from autogen.replies import the_one_line, warnings_of
from autogen.rules import expect

FULL = encode(full_intent())
ABSENT = encode({"Name": "net", "Type": "nat"})  # has warnings
COMMAND = f"{sys.executable} -m poplin.cli.main autogen"


def shell(tmp_path: Path, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize(
    ("options", "closed", "stream"),
    [
        ("--from-json -", "<&-", "stdin"),
        ("--check -", "<&-", "stdin"),
        (f"--cni-args {FULL} --cni-conf-path -", ">&-", "stdout"),
    ],
)
def test_a_closed_stream_is_one_line(tmp_path, options, closed, stream):
    done = shell(tmp_path, f"{COMMAND} {options} {closed}")
    assert (done.returncode, done.stderr) == (1, f"poplin autogen: {stream}: Bad file descriptor\n")


def test_warnings_never_land_in_the_configuration(tmp_path):
    done = shell(tmp_path, f"{COMMAND} --cni-args {ABSENT} --cni-conf-path - 2>&-")
    assert done.returncode == 0
    assert json.loads(done.stdout)["name"] == "net"


def test_an_output_that_is_full_is_named(tmp_path):
    done = shell(tmp_path, f"{COMMAND} --cni-args {FULL} --cni-conf-path out --json >/dev/full")
    assert (done.returncode, done.stderr) == (1, "poplin autogen: cannot write the output: No space left on device\n")


@pytest.mark.parametrize("option", ["--check", "--from-json"])
def test_an_empty_path_is_a_mistake_of_usage(autogen: Any, option: str) -> None:
    done = autogen(option, "")
    assert (done.status, done.output) == (2, "")
    assert done.errors == f"poplin autogen: {option} is empty; write the path of a file, or -\n"


@pytest.mark.parametrize("options", [["--strict"], ["--explain"], ["--cni-conf-path", "x"], ["--profile", "0.3.1"]])
def test_a_check_takes_nothing_that_is_for_writing(autogen: Any, options: list[str]) -> None:
    done = autogen("--check", "some", *options)
    assert (done.status, done.output) == (2, "")
    assert (
        done.errors == f"poplin autogen: --check writes nothing, so {options[0]} does not go with it; leave that out\n"
    )


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_configuration_no_plugin_can_read_is_an_error(autogen: Any, encoding: str) -> None:
    assert autogen("--cni-args", FULL).status == 0
    text = Path("cni.conf").read_text()
    Path("cni.conf").write_text(text, encoding)
    line = the_one_line(autogen("--check", "cni.conf"))
    assert line.startswith("cni.conf: the text, which no plugin can read, is UTF-")
    assert line.endswith("encode the text as UTF-8 without a byte order mark")


HOSTILE = {"Type": "Foo\x1b[31m\nbar", "Settings": {"a\x1b[2J\nb": "v\x07", "Ok": ["\x9b", "plain"]}}


@pytest.mark.parametrize(
    "options", [("--explain",), ("--json",), ("-Verbose",), ("--format", "powershell", "-Verbose")]
)
def test_nothing_of_an_intent_reaches_the_terminal_raw(autogen: Any, options: tuple[str, ...]) -> None:
    done = autogen("--cni-args", encode(full_intent(AdditionalPolicies=[HOSTILE])), *options)
    assert done.status == 0
    assert all(line.isprintable() for line in [*done.output.split("\n"), *done.errors.split("\n")])
    assert "Foo" in done.output


def test_a_path_with_a_newline_is_shown_on_one_line(autogen: Any) -> None:
    done = autogen("--cni-args", FULL, "--cni-conf-path", "a\nb.conflist", "-Verbose")
    assert done.output.startswith('VERBOSE: Generated CNI conf: "a\\nb.conflist"\n')
    (warning,) = warnings_of(done)
    assert warning.startswith('"a\\nb.conflist": runtimes tell lists')


@pytest.mark.parametrize(
    ("options", "path", "wanted"),
    [
        ((), "x.conflist", "use --list, or an ending other than .conflist"),
        (("--list",), "x.conf", "give a list the ending .conflist"),
        (("--list",), "x.conflist", None),
        ((), "x.conf", None),
        (("--list",), "-", None),
    ],
)
def test_an_ending_that_misleads_runtimes_is_a_warning(
    autogen: Any, options: Any, path: str, wanted: str | None
) -> None:
    warnings = warnings_of(autogen("--cni-args", FULL, "--cni-conf-path", path, *options))
    assert warnings == (
        [] if wanted is None else [f"{path}: runtimes tell lists from single configurations by the ending; {wanted}"]
    )


def test_a_link_stays_a_link_and_its_target_is_replaced(autogen: Any) -> None:
    Path("real").write_text("old")
    Path("link").symlink_to("real")
    Path("dangling").symlink_to("new")
    for name in ("link", "dangling"):
        assert autogen("--cni-args", FULL, "--cni-conf-path", name).status == 0
        assert Path(name).is_symlink()
    assert [json.loads(Path(name).read_text()) for name in ("real", "new")] == [expect(full_intent(), "1.0.0")] * 2


def test_links_in_a_circle_are_one_line(autogen: Any) -> None:
    Path("one").symlink_to("two")
    Path("two").symlink_to("one")
    assert the_one_line(autogen("--cni-args", FULL, "--cni-conf-path", "one")).startswith("one: ")
    assert sorted(os.listdir()) == ["one", "two"]


def test_a_replaced_file_stays_its_owners(autogen: Any) -> None:
    Path("cni.conf").write_text("old")
    os.chown("cni.conf", 12345, 23456)
    os.chmod("cni.conf", 0o640)
    assert autogen("--cni-args", FULL).status == 0
    status = os.stat("cni.conf")
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (12345, 23456, 0o640)


@pytest.mark.parametrize("name", ["n" * 250, "ü" * 127])
def test_the_longest_names_of_files_can_be_written(autogen: Any, name: str) -> None:
    assert autogen("--cni-args", FULL, "--cni-conf-path", name).status == 0
    assert os.listdir() == [name]


@pytest.mark.facts("autogen", 39)
def test_two_interpreters_write_the_same_bytes(tmp_path):
    line = f"PYTHONHASHSEED={{}} {COMMAND} --cni-args {FULL} --cni-conf-path -"
    first, second = (shell(tmp_path, line.format(seed)).stdout for seed in (1, 2))
    assert first
    assert first == second
