"""Running plugins: feeding, reading, failing, and being killed in time."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGPIPE

import pytest
from netlab import PATIENCE

from poplin.invoke.execute import execute
from poplin.spec.errors import CNIError, InvalidEnvironment, UnexplainedFailure

Script = Callable[[str], str]
ENVIRON = {"PATH": "/usr/bin:/bin"}


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """No descriptor and no zombie stays, however a run ends."""
    before = os.listdir("/proc/self/fd")
    yield
    assert os.listdir("/proc/self/fd") == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def failure(path: str, timeout: float | None = None) -> CNIError:
    """The error a run ends with."""
    with pytest.raises(CNIError) as caught:
        execute(path, b"{}", ENVIRON, timeout)
    return caught.value


# Talking.


@pytest.mark.facts("cni-spec", 113)
def test_a_success_returns_stdout_and_passes_stderr_on(script: Script, capfd: pytest.CaptureFixture[str]) -> None:
    path = script("cat; echo a warning >&2")
    assert execute(path, b'{"name": "n"}', ENVIRON) == b'{"name": "n"}'
    assert capfd.readouterr().err == "a warning\n"


def test_more_than_pipes_can_hold_goes_both_ways_at_once(script: Script, capfd: pytest.CaptureFixture[str]) -> None:
    much = b"x" * 3_000_000
    assert execute(script("cat; head -c 2000000 /dev/zero | tr '\\0' y >&2"), much, ENVIRON) == much
    assert capfd.readouterr().err == "y" * 2_000_000


def test_a_plugin_need_not_read_its_stdin(script: Script) -> None:
    assert execute(script("exec 0<&-; echo done"), b"x" * 1_000_000, ENVIRON) == b"done\n"


def test_a_plugin_gets_exactly_the_environment_given(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNI_COMMAND", "DEL")
    output = execute("/usr/bin/env", b"", {"CNI_COMMAND": "ADD", "CNI_IFNAME": "é"})
    assert sorted(output.decode().splitlines()) == ["CNI_COMMAND=ADD", "CNI_IFNAME=é"]


def test_a_plugin_inherits_no_descriptor_of_ours(script: Script) -> None:
    path = script("ls /proc/$$/fd")
    before = execute(path, b"", ENVIRON)
    ours = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
    try:
        assert execute(path, b"", ENVIRON) == before
    finally:
        for fd in ours:
            os.close(fd)


def test_a_plugin_may_be_ended_by_a_broken_pipe_as_any_program(script: Script) -> None:
    """Python ignores SIGPIPE, and children inherit that: `yes` would complain instead of ending."""
    assert execute(script("yes | head -n 1"), b"", ENVIRON) == b"y\n"
    ignored = int(execute(script("grep SigIgn /proc/self/status"), b"", ENVIRON).split()[1], 16)
    assert ignored & (1 << SIGPIPE - 1) == 0


def test_a_background_process_that_holds_the_pipes_is_not_waited_for(script: Script) -> None:
    output = execute(script("sleep 600 & echo $!"), b"", ENVIRON, 300)
    assert Path(f"/proc/{int(output)}").exists()  # and is left alone: it may be a daemon
    os.kill(int(output), 9)


def test_many_threads_run_plugins_at_once(script: Script) -> None:
    path, answers = script("cat"), {}
    texts = [str(number).encode() * 50_000 for number in range(8)]

    def run(text: bytes) -> None:
        answers[text] = execute(path, text, ENVIRON)

    threads = [threading.Thread(target=run, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {text: text for text in texts}


# Failing.


@pytest.mark.facts("cni-spec", 114)
def test_the_error_a_plugin_prints_is_raised_verbatim(script: Script, capfd: pytest.CaptureFixture[str]) -> None:
    error = failure(script("""echo '{"code": 11, "msg": "busy", "details": "later"}'; echo why >&2; exit 1"""))
    assert (error.code, error.msg, error.details) == (11, "busy", "later")
    assert capfd.readouterr().err == "why\n"


def test_what_an_error_object_lacks_is_empty(script: Script) -> None:
    error = failure(script("echo '{}'; exit 1"))
    assert (error.code, error.msg, error.details) == (0, "", "")


@pytest.mark.facts("cni-spec", 115)
def test_without_an_error_object_the_error_quotes_stderr_and_the_exit_status(script: Script) -> None:
    error = failure(path := script("echo no such bridge >&2; exit 3"))
    assert (error.code, str(error)) == (0, f"plugin {path} failed: no such bridge; exit status 3")
    error = failure(path := script("exit 4"))
    assert (error.code, str(error)) == (0, f"plugin {path} failed without an error message; exit status 4")


@pytest.mark.facts("cni-spec", 116)
@pytest.mark.parametrize("output", ["hello", "[1]", '{"code": 1}{"code": 2}'])
def test_a_diagnostic_that_does_not_parse_is_quoted(script: Script, output: str) -> None:
    error = failure(path := script(f"echo '{output}'; echo and this >&2; exit 3"))
    assert error.code == 0
    assert error.msg == f"plugin {path} failed and its diagnostic message does not parse: {output}"
    assert error.details.startswith("exit status 3; ")
    assert error.details.endswith("; stderr: and this")


@pytest.mark.facts("cni-spec", 117)
def test_a_plugin_killed_by_a_signal_is_reported_so(script: Script) -> None:
    error = failure(path := script("kill -15 $$"))
    assert str(error) == f"plugin {path} failed without an error message; killed by signal 15"


@pytest.mark.facts("cni-spec", 117)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param("sleep 60", id="it sleeps"),
        pytest.param("exec 0<&- 1>&- 2>&-; sleep 60", id="it closed its pipes"),
        pytest.param("while :; do echo y; done", id="it never stops writing"),
    ],
)
def test_the_deadline_kills_the_plugin_and_all_it_started(script: Script, tmp_path: Path, body: str) -> None:
    child = tmp_path / "child"
    path = script(f"sleep 600 & echo $! > {child}.new; mv {child}.new {child}; {body}")
    for deadline in (0.3, 3.0, 30.0, 300.0):  # a busy machine may take long to get so far that there is a child
        error = failure(path, deadline)
        assert error.code == 0
        assert error.msg == f"plugin {path} did not finish within {deadline:g} s and was killed by signal 9"
        if child.exists():
            break
    assert is_gone(child.read_text().strip())


def is_gone(pid: str) -> bool:
    """Whether the process has ended; the kernel may take a moment."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state in "ZX":
            return True
        time.sleep(0.01)
    return False


def test_what_cannot_be_executed_is_named_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "plugin"
    path.write_text("neither a script nor a binary")
    path.chmod(0o755)
    assert str(failure(str(path))) == f"cannot execute plugin {path}; Exec format error"
    assert str(failure(f"{path}.gone")) == f"cannot execute plugin {path}.gone; No such file or directory"


def test_an_environment_that_cannot_be_passed_is_refused() -> None:
    with pytest.raises(InvalidEnvironment, match="embedded null byte"):
        execute("/bin/true", b"", {"CNI_ARGS": "a\0b"})


def test_an_interrupted_run_leaves_no_plugin_behind(script: Script, tmp_path: Path) -> None:
    path = script(f"echo $$ > {tmp_path}/pid; sleep 60")

    def interrupt() -> None:
        while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
            time.sleep(0.01)
        os.kill(os.getpid(), 2)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        execute(path, b"", ENVIRON)
    assert is_gone((tmp_path / "pid").read_text().strip())


# A file that is being written.


@pytest.mark.facts("cni-spec", 122)
def test_a_busy_file_is_tried_again_until_it_is_written(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pauses = script("cat"), list[float]()
    fd = os.open(path, os.O_WRONLY)

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            os.close(fd)

    monkeypatch.setattr("poplin.invoke.execute.time.sleep", pause)
    assert execute(path, b"fed anew", ENVIRON, busy_pause=0.1) == b"fed anew"
    assert pauses == [0.1] * 3


@pytest.mark.facts("cni-spec", 122)
def test_a_file_that_stays_busy_is_an_error_after_six_tries(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    path, pauses = script("cat"), list[float]()
    monkeypatch.setattr("poplin.invoke.execute.time.sleep", pauses.append)
    fd = os.open(path, os.O_WRONLY)
    try:
        with pytest.raises(UnexplainedFailure) as caught:
            execute(path, b"", ENVIRON)
    finally:
        os.close(fd)
    assert str(caught.value) == f"cannot execute plugin {path}; Text file busy"
    assert pauses == [1.0] * 5
