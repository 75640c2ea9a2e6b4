"""Files that are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import errno
import os
import posix
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from poplin.linux.atomicfile import is_temporary, read_file, remove_file, write_atomic, write_new

PATIENCE = 120  # seconds

# Writes a file and dies at the moment the named call is made.
KILLED = """
import os, posix, signal, sys
from poplin.linux.atomicfile import write_atomic
setattr(posix, sys.argv[2], lambda *how: os.kill(os.getpid(), signal.SIGKILL))
write_atomic(sys.argv[1], b"new")
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with an old content, alone in its folder."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "file").write_bytes(b"old")
    return tmp_path / "folder" / "file"


def fail(*how: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def umask():
    """Nothing is taken from modes in this test."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("content", [b"", b"new", bytes(300_000)])
def test_file_is_replaced_by_the_new_content(path: Path, content: bytes) -> None:
    write_atomic(str(path), content)
    assert path.read_bytes() == content
    assert os.listdir(path.parent) == ["file"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_file_has_its_mode(path: Path, umask: None, mode: int) -> None:
    write_atomic(str(path), b"new", mode)
    write_new(str(path) + "2", b"new", mode)
    assert [os.stat(name).st_mode & 0o777 for name in (path, str(path) + "2")] == [mode, mode]


def test_file_is_readable_to_its_owner_only_unless_told(path: Path) -> None:
    write_atomic(str(path), b"new")
    assert os.stat(path).st_mode & 0o777 == 0o600


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_failure_leaves_the_old_file_and_nothing_else(path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    monkeypatch.setattr(posix, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write_atomic(str(path), b"new")
    assert (path.read_bytes(), os.listdir(path.parent)) == (b"old", ["file"])


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_kill_leaves_the_old_file(path: Path, call: str) -> None:
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), call], timeout=PATIENCE)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    assert [name for name in os.listdir(path.parent) if not is_temporary(name)] == ["file"]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("mynet-c1-eth0.0123456789ab.tmp", True),
        ("mynet-c1-eth0", False),
        ("mynet-c1-eth0.0123456789ab", False),
        ("mynet-c1-eth0.0123456789.tmp", False),
        ("mynet-c1-eth0.0123456789aX.tmp", False),
        ("mynet-c1-eth0.tmp", False),
        (".0123456789ab.tmp", False),
        (".tmp", False),
    ],
)
def test_what_a_kill_leaves_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert is_temporary(name) == is_one


def test_new_content_is_on_the_disk_before_the_old_is_gone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    fsync, replace = posix.fsync, posix.replace
    monkeypatch.setattr(posix, "fsync", lambda fd: (calls.append("fsync"), fsync(fd)))
    monkeypatch.setattr(posix, "replace", lambda old, new: (calls.append("replace"), replace(old, new)))
    write_atomic(str(path), b"new")
    assert calls == ["fsync", "replace"]


def test_new_file_is_not_written_over_one_that_is_there(path: Path) -> None:
    with pytest.raises(FileExistsError):
        write_new(str(path), b"new")
    assert path.read_bytes() == b"old"


def test_failed_new_file_is_not_there(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posix, "write", fail)
    with pytest.raises(OSError, match="No space left"):
        write_new(str(path) + "2", b"new")
    assert os.listdir(path.parent) == ["file"]


def test_write_that_is_cut_short_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = posix.write
    monkeypatch.setattr(posix, "write", lambda fd, data: real(fd, bytes(data)[:2]))
    write_atomic(str(path), b"longer than two")
    assert path.read_bytes() == b"longer than two"


def test_reading_tells_absent_from_empty(path: Path) -> None:
    assert read_file(str(path)) == b"old"
    path.write_bytes(bytes(200_000))
    assert read_file(str(path)) == bytes(200_000)
    path.write_bytes(b"")
    assert read_file(str(path)) == b""
    assert read_file(str(path) + "2") is None


def test_reading_what_is_no_file_is_an_error(path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        read_file(str(path.parent))


def test_removing_tells_whether_there_was_something(path: Path) -> None:
    assert (remove_file(str(path)), remove_file(str(path))) == (True, False)


def test_nothing_stays_open(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(os.listdir("/proc/self/fd"))
    write_atomic(str(path), b"new")
    read_file(str(path))
    monkeypatch.setattr(posix, "fsync", fail)
    with pytest.raises(OSError):
        write_atomic(str(path), b"new")
    assert len(os.listdir("/proc/self/fd")) == before
