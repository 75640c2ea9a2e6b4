"""Programs that go on by themselves: known again, told something, ended, and nobody else in their place."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from poplin.linux.running import SIGHUP, Running, find_running, list_programs

PATIENCE = 120  # seconds
MARK = "--mark={}"
# Ends at SIGTERM or not, and prints what it gets.
PROGRAM = """
import signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
if "stubborn" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
while signal.sigwait({signal.SIGHUP}):
    print("hup", flush=True)
"""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def mark(tmp_path: Path) -> str:
    """What only this test's programs are given."""
    return MARK.format(tmp_path)


@pytest.fixture
def start(mark: str) -> Iterator[Start]:
    """Starts a program that has the mark, and waits until it is ready."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str, executable: str = sys.executable) -> subprocess.Popen[str]:
        line = [executable, "-c", PROGRAM, mark, *arguments]
        process = subprocess.Popen(line, stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    yield begin
    for each in started:
        each.kill()
        each.communicate()


def name_of(process: subprocess.Popen[str]) -> str:
    """What its executable is called."""
    return os.path.basename(os.readlink(f"/proc/{process.pid}/exe"))


def test_it_is_known_by_program_and_argument(start: Start, mark: str) -> None:
    process = start()
    name, number = name_of(process), f"{process.pid}\n".encode()
    found = find_running(number, name, mark)
    assert found is not None
    with found:
        assert (found.pid, found.is_here(), found.wait(0)) == (process.pid, True, False)
    assert find_running(number, name, mark + "x") is None
    assert find_running(number, "another", mark) is None


@pytest.mark.parametrize("number", [None, b"", b"0", b"-1", b"x", b"4294967296", b"9" * 30])
def test_what_is_no_number_of_a_process_is_none(number: bytes | None) -> None:
    assert find_running(number, "python3", MARK) is None


def test_it_is_told_something(start: Start, mark: str) -> None:
    process = start()
    with Running(process.pid) as running:
        assert running.send(SIGHUP)
        assert process.stdout
        assert process.stdout.readline() == "hup\n"


@pytest.mark.parametrize("how", [(), ("stubborn",)])
def test_it_ends_and_is_nobody_then(
    start: Start, mark: str, monkeypatch: pytest.MonkeyPatch, how: tuple[str, ...]
) -> None:
    if not how:
        monkeypatch.setattr("poplin.linux.running.GENTLE_PATIENCE", PATIENCE)
    process = start(*how)
    name = name_of(process)
    with Running(process.pid) as running:
        running.end()
        assert running.wait(0)
        assert not running.is_program(name, mark)
        assert process.wait(PATIENCE) == -(signal.SIGKILL if how else signal.SIGTERM)
        assert not running.send(SIGHUP)
        running.end()
    assert find_running(str(process.pid).encode(), name, mark) is None


def test_one_whose_file_was_replaced_is_still_it(start: Start, mark: str, tmp_path: Path) -> None:
    copy = tmp_path / "program"
    shutil.copy("/usr/bin/python3", copy)
    process = start(executable=str(copy))
    copy.unlink()
    found = find_running(str(process.pid).encode(), "program", mark)
    assert found is not None
    with found:
        assert os.readlink(f"/proc/{process.pid}/exe").endswith(" (deleted)")


def test_all_of_them_are_found(start: Start, mark: str) -> None:
    pids = {start().pid, start().pid}
    name = os.path.basename(os.path.realpath(sys.executable))
    assert {each.pid for each in list_programs(name) if each.is_program(name, mark)} == pids
    assert list(list_programs(name + "x")) == []


def test_a_file_of_its_own_is_not_ours(mark: str, tmp_path: Path) -> None:
    """As of a program in another container; a folder of ours that it sees is the same for both."""
    shared, hidden = tmp_path / "shared", tmp_path / "hidden"
    for folder in (shared, hidden):
        folder.mkdir()
        (folder / "file").touch()
    script = f"mount -t tmpfs none {hidden}; touch {hidden}/file; echo ready; exec sleep 1000"
    line = ["unshare", "-m", "sh", "-ec", script]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as process, Running(process.pid) as running:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            assert [running.sees(f"{each}/file") for each in (shared, hidden)] == [True, False]
            assert not running.sees(str(tmp_path / "missing")), "it sees other mounts"
        finally:
            process.kill()
    with subprocess.Popen(["sleep", "1000"]) as process, Running(process.pid) as running:
        try:
            assert running.sees(str(tmp_path / "missing"))
        finally:
            process.kill()
