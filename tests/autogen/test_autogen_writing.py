"""The file is replaced as a whole or not at all, whatever goes wrong."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from autogen.documents import contents
from autogen.examples import BASIC, encode, full_intent
from autogen.replies import the_one_line
from autogen.rules import expect, in_order
from netlab import CHECKOUT, Reply

FULL = encode(full_intent())
INVALID = encode(full_intent(Gateway="x"))


@pytest.mark.parametrize(
    "options", [(), ("--strict",), ("--list",), ("-Verbose",), ("--explain",), ("--format", "powershell")]
)
def test_nothing_is_written_or_printed_when_the_intent_is_invalid(autogen: Any, options: tuple[str, ...]) -> None:
    Path("out").write_text("old")
    the_one_line(autogen("--cni-args", INVALID, "--cni-conf-path", "out", *options))
    assert Path("out").read_text() == "old"
    assert os.listdir() == ["out"]


@pytest.mark.parametrize(("mode", "after"), [(0o640, 0o640), (0o444, 0o444), (None, 0o600)])
def test_a_file_keeps_its_permissions_and_a_new_one_is_the_owners(autogen: Any, mode: int | None, after: int) -> None:
    if mode is not None:
        Path("cni.conf").write_text("old")
        Path("cni.conf").chmod(mode)
    assert autogen("--cni-args", FULL).status == 0
    assert stat.S_IMODE(os.stat("cni.conf").st_mode) == after


def test_an_existing_file_is_replaced_by_another(autogen: Any) -> None:
    """Whoever has it open goes on reading the old one, whole."""
    Path("cni.conf").write_text("old")
    with open("cni.conf") as old:
        assert autogen("--cni-args", FULL).status == 0
        assert old.read() == "old"
    assert contents("cni.conf") == expect(full_intent(), "1.0.0")
    assert os.listdir() == ["cni.conf"]


def test_an_empty_path_is_a_mistake_of_usage(autogen: Any) -> None:
    done = autogen("--cni-args", FULL, "--cni-conf-path", "")
    assert done == Reply(2, "", "poplin autogen: --cni-conf-path is empty; write the path of a file, or -\n")
    assert os.listdir() == []


@pytest.mark.parametrize("path", ["-", "/dev/stdout"])
def test_stdout_is_written_through_and_never_replaced(tmp_path: Path, path: str) -> None:
    target = tmp_path / "out"
    target.write_text("before\n")
    command = [sys.executable, "-m", "poplin.cli.main", "autogen", "--cni-args", FULL, "--cni-conf-path", path]
    with target.open("a") as out:
        subprocess.run(command, stdout=out, check=True, timeout=120)
    first, _, rest = target.read_text().partition("\n")
    assert first == "before"
    assert json.loads(rest) == expect(full_intent(), "1.0.0")


@pytest.mark.parametrize("path", ["folder", "missing/out", "/proc/out", "file/out", "n" * 300])
def test_where_no_file_can_be_written_it_is_one_line(autogen: Any, path: str) -> None:
    Path("folder").mkdir()
    Path("folder", "kept").write_text("kept")
    Path("file").write_text("kept")
    done = autogen("--cni-args", FULL, "--cni-conf-path", path)
    assert (os.path.dirname(path) or path[:200]) in the_one_line(done)
    assert sorted(os.listdir()) == ["file", "folder"]
    assert os.listdir("folder") == ["kept"]
    assert Path("file").read_text() == "kept"


def test_a_device_is_not_replaced(autogen: Any) -> None:
    """As /dev/null is one; this is another of the same kind, lest a mistake cost the machine its own."""
    os.mknod("null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    assert "null" in the_one_line(autogen("--cni-args", FULL, "--cni-conf-path", "null"))
    assert stat.S_ISCHR(os.stat("null").st_mode)
    assert os.listdir() == ["null"]


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt(), MemoryError()])
def test_a_crash_before_the_end_leaves_the_old_file_and_no_other(
    autogen: Any, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    Path("cni.conf").write_text("old")
    with monkeypatch.context() as patched:
        for name in ("replace", "rename", "link"):
            patched.setattr(os, name, fail)
        try:
            done = autogen("--cni-args", FULL)
        except MemoryError:
            done = None
    assert done is None or done.status != 0
    assert done is None or isinstance(error, KeyboardInterrupt) or "No space left" in the_one_line(done)
    assert os.listdir() == ["cni.conf"]
    assert Path("cni.conf").read_text() == "old"


def test_a_disk_that_fills_up_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    """The system refuses to let files grow beyond 1024 bytes, which is less than a configuration has."""
    (tmp_path / "cni.conf").write_text("old")
    command = [sys.executable, "-m", "poplin.cli.main", "autogen", "--cni-args", FULL]
    done = subprocess.run(
        ["bash", "-c", 'ulimit -f 1; exec "$@"', "bash", *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("poplin autogen: ")
    assert len(done.stderr.splitlines()) == 1
    assert os.listdir(tmp_path) == ["cni.conf"]
    assert (tmp_path / "cni.conf").read_text() == "old"


def test_the_command_line_as_a_process(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "poplin.cli.main", "autogen", "--from-json", "-", "--cni-conf-path", "-"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        input=BASIC,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert in_order(json.loads(done.stdout)) == in_order(expect(json.loads(BASIC), "1.0.0"))
    assert all(line.startswith(b"poplin autogen: warning: ") for line in done.stderr.splitlines())
