"""Locks on files: exclusive or shared, waited for within bounds, freed when their holder dies."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from poplin.linux.lockfile import LockFile, LockTimeout, PassingLock

PATIENCE = 120  # seconds

# Holds the lock until its stdin ends.
HOLDER = """
import sys
from poplin.linux.lockfile import LockFile
with LockFile(sys.argv[1], 10, shared=sys.argv[2] == "shared"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "lock")


@pytest.fixture
def holders() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that hold locks; they end with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.communicate(timeout=PATIENCE)


def hold(holders: list[subprocess.Popen[str]], path: str, how: str = "exclusive") -> subprocess.Popen[str]:
    """Another process that holds the lock from now on."""
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", HOLDER, path, how], stdin=pipe, stdout=pipe, text=True)
    holders.append(process)
    assert process.stdout and process.stdout.readline() == "held\n"
    return process


def is_free(path: str) -> bool:
    """Whether another descriptor could have the lock, asked as the reference does."""
    fd = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def test_lock_is_held_inside_the_block_and_free_after_it(path: str) -> None:
    lock = LockFile(path, 0)
    for _ in range(2):
        with lock:
            assert not is_free(path)
        assert is_free(path)


def test_file_is_made_with_its_mode_and_stays(path: str) -> None:
    with LockFile(path, 0, 0o600):
        assert os.stat(path).st_mode & 0o777 == 0o600
    assert os.path.getsize(path) == 0


def test_file_that_is_there_keeps_its_content(path: str) -> None:
    Path(path).write_text("of somebody else")
    with LockFile(path, 0):
        assert Path(path).read_text() == "of somebody else"


def test_lock_is_free_after_an_error(path: str) -> None:
    with pytest.raises(ZeroDivisionError), LockFile(path, 0):
        raise ZeroDivisionError
    assert is_free(path)


def test_holder_is_named_when_patience_ends(path: str, holders: list[subprocess.Popen[str]]) -> None:
    process = hold(holders, path)
    name = Path(f"/proc/{process.pid}/comm").read_text().strip()
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(LockTimeout) as caught, LockFile(path, 0.05):
        raise AssertionError("the lock was given twice")
    assert str(caught.value) == f"{path} is held by process {process.pid} ({name}) since 0.05 s or more"
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.fixture
def comm() -> Iterator[Path]:
    """Where the kernel keeps the name of this process, which only it may change."""
    path = Path("/proc/self/comm")
    name = path.read_bytes()
    yield path
    path.write_bytes(name)


def test_holder_whose_name_is_cut_inside_a_letter_is_named(path: str, comm: Path) -> None:
    comm.write_bytes("fourteen-and-bé".encode())
    text = f"{path} is held by process {os.getpid()} (fourteen-and-b\ufffd) since 0 s or more"
    with LockFile(path, 0), pytest.raises(LockTimeout) as caught, LockFile(path, 0):
        raise AssertionError("the lock was given twice")
    assert str(caught.value) == text


def test_lock_of_a_killed_process_is_free(path: str, holders: list[subprocess.Popen[str]]) -> None:
    process = hold(holders, path)
    assert not is_free(path)
    process.kill()
    process.wait(PATIENCE)
    with LockFile(path, 0):
        assert not is_free(path)


def test_waiting_ends_when_the_holder_lets_go(path: str, holders: list[subprocess.Popen[str]]) -> None:
    process = hold(holders, path)
    assert process.stdin
    timer = threading.Timer(0.05, process.stdin.close)
    timer.start()
    with LockFile(path, PATIENCE):
        assert not is_free(path)
    timer.join(PATIENCE)
    process.stdin = None
    assert process.wait(PATIENCE) == 0


def test_lock_keeps_out_other_threads(path: str) -> None:
    counter = [0]

    def count() -> None:
        for _ in range(20):
            with LockFile(path, PATIENCE):
                seen = counter[0]
                os.sched_yield()
                counter[0] = seen + 1

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert counter == [80]


def test_shared_locks_go_together_and_keep_out_an_exclusive_one(
    path: str, holders: list[subprocess.Popen[str]]
) -> None:
    first, second = hold(holders, path, "shared"), hold(holders, path, "shared")
    with LockFile(path, 0, shared=True):
        pass
    with pytest.raises(LockTimeout, match="is held by process") as caught, LockFile(path, 0):
        raise AssertionError("the lock was given twice")
    assert all(f"process {process.pid} " in str(caught.value) for process in (first, second))


def test_folder_is_locked_by_a_file_in_it(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), LockFile(str(tmp_path), 0):
        raise AssertionError("a folder is no lock")
    with LockFile(str(tmp_path / "lock"), 0):
        assert not is_free(str(tmp_path / "lock"))


def test_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), LockFile(str(tmp_path / "gone" / "lock"), 0):
        raise AssertionError("there was nothing to lock")


def test_a_passing_lock_is_of_the_file_that_has_the_name(tmp_path: Path) -> None:
    """Who waits for one that is removed with its folder gets the next, and nobody has that one as well."""
    folder = tmp_path / "folder"
    path = str(folder / "lock")
    got = threading.Event()
    let_go = threading.Event()

    def wait_for_it() -> None:
        with PassingLock(path, PATIENCE):
            got.set()
            let_go.wait(PATIENCE)

    with PassingLock(path, PATIENCE):
        waiting = threading.Thread(target=wait_for_it)
        waiting.start()
        assert not got.wait(0.05)
        os.unlink(path)
        folder.rmdir()
    assert got.wait(PATIENCE)
    with pytest.raises(LockTimeout), PassingLock(path, 0.05):
        pass
    let_go.set()
    waiting.join()
    assert folder.stat().st_mode & 0o777 == 0o700
