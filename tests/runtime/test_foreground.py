"""A command in the foreground; tests/runtime/test_sandbox.py has the signals, which are the same code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from netlab import PATIENCE

from poplin.runtime.foreground import WAITED_FOR, as_shells_say, run_in_foreground, signals_held_back
from poplin.runtime.foreground import wait_for as wait_for_end


@pytest.mark.parametrize(
    ("command", "code", "status"),
    [
        (["true"], 0, 0),
        (["sh", "-c", "exit 7"], 7, 7),
        (["sh", "-c", "kill -TERM $$"], -15, 143),
        (["/nowhere/command"], 127, 127),
        (["/etc"], 126, 126),
    ],
)
def test_its_end_is_told(command: list[str], code: int, status: int) -> None:
    assert run_in_foreground(command) == code
    assert as_shells_say(code) == status


def test_it_has_our_terminal_and_signals_are_as_before_when_it_has_ended(capfd: pytest.CaptureFixture[str]) -> None:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    assert run_in_foreground(["sh", "-c", "echo out; echo error >&2; grep SigBlk /proc/self/status"]) == 0
    out, errors = capfd.readouterr()
    assert (out, errors) == ("out\nSigBlk:\t0000000000000000\n", "error\n")
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
    assert not before & {*WAITED_FOR}


def test_the_end_of_another_child_is_not_its_end() -> None:
    with subprocess.Popen(["sleep", "0.2"]) as other:
        assert run_in_foreground(["sh", "-c", "sleep 0.5; exit 3"]) == 3
        assert other.wait(PATIENCE) == 0


def test_its_end_is_not_missed_where_another_thread_is_told_of_it() -> None:
    over = threading.Event()
    other = threading.Thread(target=over.wait)
    other.start()
    try:
        with signals_held_back():
            pid = os.fork()
            if pid == 0:
                os._exit(3)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            assert os.waitstatus_to_exitcode(wait_for_end(pid)) == 3
    finally:
        over.set()
        other.join()


def test_it_is_told_to_end_should_we_be_killed(tmp_path: Path) -> None:
    ready, ended = tmp_path / "ready", tmp_path / "ended"
    script = f"trap 'touch {ended}; exit' TERM; touch {ready}; while :; do sleep 0.05; done"
    code = f"from poplin.runtime.foreground import run_in_foreground; run_in_foreground(['sh', '-c', {script!r}])"
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) as process:
        wait_for(ready)
        os.kill(process.pid, signal.SIGKILL)
    wait_for(ended)


@pytest.mark.parametrize(
    "number",
    [signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGPIPE, signal.SIGWINCH, signal.SIGABRT, signal.SIGRTMAX],
)
def test_signals_that_programs_give_a_meaning_reach_it(tmp_path: Path, number: int) -> None:
    ready = tmp_path / "ready"
    handler = f"import signal, sys, time, pathlib; signal.signal({number:d}, lambda *_: sys.exit(9))"
    script = f"{handler}; pathlib.Path({str(ready)!r}).touch()\nwhile True: time.sleep(0.02)"
    command = [sys.executable, "-c", script]
    code = f"import sys; from poplin.runtime.foreground import run_in_foreground as run; sys.exit(run({command!r}))"
    with subprocess.Popen([sys.executable, "-c", code], cwd=Path(__file__).parents[2]) as process:
        try:
            wait_for(ready)
            process.send_signal(number)
            assert process.wait(PATIENCE) == 9
        finally:
            process.kill()


def wait_for(path: Path) -> None:
    """Until the file is there."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
