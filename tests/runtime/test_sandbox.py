"""A process that waits in its own namespaces until it becomes a command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from poplin.runtime.sandbox import Sandbox


def netns_of(pid: int | str) -> str:
    """The identity of a process' network namespace."""
    return os.readlink(f"/proc/{pid}/ns/net")


def test_it_has_its_own_namespace_with_loopback_up(laboratory: None, capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox() as sandbox:
        assert netns_of(sandbox.pid) != netns_of("self")
        assert sandbox.run(["ip", "-br", "address"]) == 0
    assert capfd.readouterr().out.split() == ["lo", "UNKNOWN", "127.0.0.1/8", "::1/128"]


def test_its_sys_shows_its_links_and_ours_stays(laboratory: None, capfd: pytest.CaptureFixture[str]) -> None:
    before = os.listdir("/sys/class/net")
    with Sandbox() as sandbox:
        assert sandbox.run(["ls", "/sys/class/net"]) == 0
    assert capfd.readouterr().out == "lo\n"
    assert os.listdir("/sys/class/net") == before


def test_it_has_a_resolv_conf_of_its_own_and_ours_stays(
    laboratory: None, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = Path("/etc/resolv.conf").read_bytes()
    file = tmp_path / "resolv.conf"
    file.write_text("nameserver 10.22.0.1\n")
    with Sandbox() as sandbox:
        assert sandbox.run(["cat", "/etc/resolv.conf"], str(file)) == 0
    assert capfd.readouterr().out == "nameserver 10.22.0.1\n"
    assert Path("/etc/resolv.conf").read_bytes() == before
    assert not file.exists()  # should we be killed nobody else would remove it


def test_its_namespace_outlives_it_under_the_same_path(laboratory: None) -> None:
    with Sandbox() as sandbox:
        namespace = netns_of(sandbox.pid)
        sandbox.run(["true"])
        assert os.readlink(sandbox.netns) == namespace


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -TERM $$"], 128 + 15),
        (["/nowhere/command"], 127),
        (["/etc"], 126),
        (["printf", ""], 0),
    ],
)
def test_the_exit_status_is_the_commands(laboratory: None, command: list[str], status: int) -> None:
    with Sandbox() as sandbox:
        assert sandbox.run(command) == status


def test_a_command_that_cannot_be_executed_is_named(laboratory: None, capfd: pytest.CaptureFixture[str]) -> None:
    with Sandbox() as sandbox:
        sandbox.run(["/nowhere/command"])
    assert capfd.readouterr().err == "poplin run: cannot execute '/nowhere/command': No such file or directory\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_are_passed_on(laboratory: None, tmp_path: Path, number: signal.Signals) -> None:
    ready = tmp_path / "ready"

    def send() -> None:
        while not ready.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), number)

    with Sandbox() as sandbox:
        # In a thread the signal must not be taken by anyone but the waiting main thread.
        signal.pthread_sigmask(signal.SIG_BLOCK, [number])
        sender = threading.Thread(target=send)
        sender.start()
        body = f"import pathlib, signal, time; pathlib.Path({str(ready)!r}).touch(); time.sleep(60)"
        script = f"import signal, sys; signal.signal({number:d}, lambda *_: sys.exit(9)); {body}"
        status = sandbox.run([sys.executable, "-c", script])
        sender.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [number])
    assert status == 9


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_what_our_caller_ignores_the_command_ignores(
    laboratory: None, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """As under nohup."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with Sandbox() as sandbox:
            assert sandbox.run(["sh", "-c", f"kill -{number:d} $$; exit 7"]) == 7
    finally:
        signal.signal(number, before)


def test_leaving_without_a_command_ends_the_process(laboratory: None) -> None:
    before = os.listdir("/proc/self/fd")
    with Sandbox() as sandbox:
        pid = sandbox.pid
    assert not os.path.exists(f"/proc/{pid}")
    assert os.listdir("/proc/self/fd") == before


def test_without_the_right_to_it_the_reason_is_told() -> None:
    script = "from poplin.runtime.sandbox import Sandbox\ntry: Sandbox()\nexcept OSError as error: print(error)"
    command = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.stdout == "[Errno 1] cannot make namespaces for the command: Operation not permitted\n"
