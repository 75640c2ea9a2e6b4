"""`poplin validate` and `poplin schema`: what they print, and how they end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from doubles import Double
from jsonschema import Draft202012Validator
from netlab import CHECKOUT, Reply
from schema.schemas import OURS, SCHEMAS

from poplin.validation.readers import WITH_ADDRESSES

BAD = """{ "cniVersion": "1.1.0", "name": "mynet", "plugins": [
  { "type": "bridge", "mtu": "x",
    "isGatway": true } ] }
"""
MISSING = "cannot read 'missing.conf'; No such file or directory (code 7)"
GOOD = '{ "cniVersion": "1.1.0", "name": "lo", "type": "loopback" }'


@pytest.fixture
def poplin(tmp_path, bin_dir):
    """The command in a folder of its own, which is NETCONFPATH too."""
    folder = tmp_path / "net.d"
    folder.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "CNI_PATH": str(bin_dir),
        "NETCONFPATH": str(folder),
        "PYTHONPATH": str(CHECKOUT),
    }

    def run(*arguments: str, stdin: bytes = b"", **variables: str) -> Reply:
        done = subprocess.run(
            [sys.executable, "-m", "poplin.cli.main", *arguments],
            input=stdin,
            cwd=folder,
            env={**environ, **variables},
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Reply(done.returncode, done.stdout.decode(), done.stderr.decode())

    run.folder = folder  # type: ignore[attr-defined]
    return run


def test_findings_are_lines_that_editors_understand_and_a_count(poplin: Any) -> None:
    (poplin.folder / "bad.conflist").write_text(BAD)
    done = poplin("validate", "bad.conflist")
    assert (done.status, done.errors) == (1, "")
    assert done.output.splitlines() == [
        "bad.conflist:2:30: error: plugins[0].mtu: 'x' is not an integer; write something like 1400",
        "bad.conflist:3:5: warning: plugins[0].isGatway: the plugin does not know it and ignores it; "
        "did you mean 'isGateway'?",
        "1 error, 1 warning in 1 file",
    ]


def test_findings_for_programs(poplin: Any) -> None:
    (poplin.folder / "bad.conflist").write_text(BAD)
    done = poplin("validate", "--json", "bad.conflist")
    assert (done.status, done.errors) == (1, "")
    assert json.loads(done.output) == {
        "version": 1,
        "findings": [
            {
                "file": "bad.conflist",
                "line": 2,
                "column": 30,
                "severity": "error",
                "where": "plugins[0].mtu",
                "text": "'x' is not an integer",
                "suggestion": "write something like 1400",
            },
            {
                "file": "bad.conflist",
                "line": 3,
                "column": 5,
                "severity": "warning",
                "where": "plugins[0].isGatway",
                "text": "the plugin does not know it and ignores it",
                "suggestion": "did you mean 'isGateway'?",
            },
        ],
    }


def test_without_a_file_every_network_is_looked_at(poplin: Any) -> None:
    (poplin.folder / "10-bad.conflist").write_text(BAD)
    (poplin.folder / "20-good.conf").write_text(GOOD)
    (poplin.folder / "30-broken.json").write_text("{")
    (poplin.folder / "readme.txt").write_text("{")
    done = poplin("validate")
    assert done.status == 1
    assert [line.split(":")[0] for line in done.output.splitlines()] == [
        f"{poplin.folder}/10-bad.conflist",
        f"{poplin.folder}/10-bad.conflist",
        f"{poplin.folder}/30-broken.json",
        "2 errors, 1 warning in 3 files",
    ]
    assert poplin("validate", str(poplin.folder)).output == done.output


def test_stdin(poplin: Any) -> None:
    done = poplin("validate", "-", stdin=GOOD.encode())
    assert (done.status, done.output, done.errors) == (0, "0 errors, 0 warnings in 1 file\n", "")
    done = poplin("validate", "-", stdin=b"\xff")
    assert (done.status, done.errors) == (1, "")
    assert done.output.startswith("-:1:1: error: not UTF-8: invalid start byte at byte 0; save it as UTF-8\n")


def test_strict_takes_warnings_for_errors(poplin: Any) -> None:
    text = b'{ "name": "lo", "type": "loopback", "foo": 1, "cniVersion": "1.0.0" }'
    assert poplin("validate", "-", stdin=text).status == 0
    assert poplin("validate", "--strict", "-", stdin=text).status == 1
    assert poplin("validate", "--strict", "-", stdin=GOOD.encode()).status == 0


def test_file_that_is_not_there_is_named_and_the_others_are_checked(poplin: Any) -> None:
    (poplin.folder / "bad.conflist").write_text(BAD)
    done = poplin("validate", "missing.conf", "bad.conflist")
    assert (done.status, done.errors) == (3, f"poplin validate: {MISSING}\n")
    assert done.output.endswith("\n1 error, 1 warning in 1 file\n")


def test_files_that_cannot_be_read_are_errors_for_programs_beside_the_findings(poplin: Any) -> None:
    (poplin.folder / "empty").mkdir()
    (poplin.folder / "good.conf").write_text(GOOD)
    done = poplin("validate", "--json", "missing.conf", "empty", "good.conf")
    assert done.status == 3
    assert [(error["code"], error["msg"]) for error in done.object["errors"]] == [
        (7, "cannot read 'missing.conf'"),
        (7, "no network configurations found in empty"),
    ]
    assert done.object["findings"] == []


def test_stdin_that_is_closed_is_named(poplin: Any) -> None:
    command = f"{sys.executable} -m poplin.cli.main validate - <&-"
    environ = {"PYTHONPATH": str(CHECKOUT), "PATH": os.environ["PATH"]}
    done = subprocess.run(command, shell=True, capture_output=True, text=True, env=environ, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (1, "poplin validate: cannot read stdin; it is closed (code 5)\n")


def test_folder_without_networks_is_status_3(poplin: Any) -> None:
    for variables in ({}, {"NETCONFPATH": "/nonexistent"}):
        done = poplin("validate", **variables)
        assert done.status == 3
        assert done.errors.startswith("poplin validate: ")
        assert "Traceback" not in done.errors


def test_plugins_are_asked_unless_they_must_not_be(poplin: Any, double: Any, plugin_dir: Path) -> None:
    foreign: Double = double("foreign")
    foreign.tell(versions=["0.4.0"])
    text = b'{ "cniVersion": "1.0.0", "name": "x", "type": "foreign" }'
    done = poplin("validate", "--no-exec", "-", stdin=text, CNI_PATH=str(plugin_dir))
    assert (done.status, foreign.commands) == (0, [])
    done = poplin("validate", "-", stdin=text, CNI_PATH=str(plugin_dir))
    assert (done.status, foreign.commands) == (1, ["VERSION"])
    assert "cniVersion: plugin 'foreign' does not speak version '1.0.0'; write '0.4.0'" in done.output


def test_strange_names_and_values_are_printed_in_one_line(poplin: Any) -> None:
    name = b"a\n\xff\x1b.conf"
    (Path(os.fsdecode(os.fsencode(poplin.folder) + b"/" + name))).write_text(
        '{"type": "loopback", "\\u001b\\ud800\\n": 1, "name": "\\ud800"}'
    )
    done = poplin("validate")
    assert done.status == 1
    assert done.errors == ""
    assert all(line.isprintable() for line in done.output.splitlines())
    *findings, count = done.output.splitlines()
    assert [line.split(": ")[1:3] for line in findings] == [
        ["warning", "cniVersion"],
        ["warning", r"['\x1b\ud800\n']"],
        ["error", "name"],
    ]
    assert count == "1 error, 2 warnings in 1 file"


# Schemas.


def test_schemas_are_listed(poplin: Any) -> None:
    done = poplin("schema")
    assert (done.status, done.errors) == (0, "")
    assert [f"{name}.json" for name in done.output.splitlines()] == list(SCHEMAS)


@pytest.mark.parametrize("name", [*OURS, "list", "plugin", "windows/nat"])
def test_schema_is_whole(poplin: Any, name: str) -> None:
    done = poplin("schema", name)
    assert (done.status, done.errors) == (0, "")
    schema = json.loads(done.output)
    assert schema["title"] == SCHEMAS[f"{name}.json"]["title"]
    validator = Draft202012Validator(schema)  # nothing else is at hand, so each reference must lead somewhere inside
    Draft202012Validator.check_schema(schema)
    for example in SCHEMAS[f"{name}.json"].get("examples", ()):
        if name == "list" or "plugins" not in example:
            assert list(validator.iter_errors(example)) == []
    bad: dict[str, Any] = {"type": name, "name": 5, "ipam": {"type": "host-local", "ranges": [[{"subnet": 5}]]}}
    paths = {tuple(error.absolute_path) for error in validator.iter_errors(bad)}
    assert ("name",) in paths
    assert (("ipam", "ranges", 0, 0, "subnet") in paths) == (name in ("host-local", *WITH_ADDRESSES))


def test_schema_that_is_not_there(poplin: Any) -> None:
    done = poplin("schema", "bridg")
    assert (done.status, done.output) == (3, "")
    assert done.errors == "poplin schema: no schema 'bridg'; did you mean 'bridge'?\n"
    assert poplin("schema", "nothing-like-it").errors.endswith("; `poplin schema` lists them\n")
