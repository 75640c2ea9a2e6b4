"""Run a plugin: feed it its configuration, read its answer, kill it and all it started when it takes too long."""

from __future__ import annotations

import errno
import posix
import time

from poplin.invoke.process import SIGKILL, STATUS_LOST, Process
from poplin.linux.stderr import write_stderr
from poplin.spec.errors import CNIError, DecodingFailure, InvalidEnvironment, UnexplainedFailure, error_from_object
from poplin.spec.jsontext import loads_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# A file still open for writing, as while plugins are being updated, is busy.
BUSY_TRIES = 6
BUSY_PAUSE = 1.0


def execute(
    path: str,
    stdin: bytes,
    environ: Mapping[str, str],
    timeout: float | None = None,
    *,
    busy_pause: float = BUSY_PAUSE,
) -> bytes:
    """stdout of a run that succeeds. Raises the CNIError the plugin printed, or UnexplainedFailure.

    What the plugin writes to stderr goes to ours, however it ends. `environ` is its whole environment.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with start_when_not_busy(path, environ, deadline, busy_pause) as process:
        in_time = process.converse(stdin, deadline)
        status = process.stop()
    output, errors = bytes(process.output), bytes(process.errors)
    write_stderr(errors.decode(errors="replace"))  # where it would have gone without us
    if not in_time:
        raise UnexplainedFailure(
            f"plugin {path} did not finish within {timeout:g} s and was killed by signal {SIGKILL}", quote(errors)
        )
    if status != 0:
        raise explain_failure(path, describe_status(status), output, errors)
    return output


# Starting.


def start_when_not_busy(path: str, environ: Mapping[str, str], deadline: float | None, pause: float) -> Process:
    """A process for each try. Raises UnexplainedFailure naming the path and the reason."""
    for tries_left in range(BUSY_TRIES - 1, -1, -1):
        try:
            return Process(path, environ)
        except OSError as error:
            too_late = deadline is not None and time.monotonic() + pause > deadline
            if error.errno != errno.ETXTBSY or tries_left == 0 or too_late:
                raise UnexplainedFailure(f"cannot execute plugin {path}", error.strerror or str(error)) from None
        except ValueError as error:  # a NUL byte, or a name with `=`
            raise InvalidEnvironment(f"cannot pass the environment to plugin {path}", str(error)) from None
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")


# What a failure says.


def explain_failure(path: str, how: str, output: bytes, errors: bytes) -> CNIError:
    """The error the plugin printed; where it printed none, what else is known."""
    if not output.strip():
        if not errors.strip():
            return UnexplainedFailure(f"plugin {path} failed without an error message", how)
        return UnexplainedFailure(f"plugin {path} failed: {quote(errors)}", how)
    try:
        return error_from_object(loads_object(output, "the plugin's error"))
    except DecodingFailure as failure:
        said = f"; stderr: {quote(errors)}" if errors.strip() else ""
        return UnexplainedFailure(
            f"plugin {path} failed and its diagnostic message does not parse: {quote(output)}",
            f"{how}; {failure.details}{said}",
        )


def describe_status(status: int) -> str:
    """`exit status 3`, `killed by signal 9`."""
    if status == STATUS_LOST:
        return "exit status unknown, because this process ignores SIGCHLD"
    code = posix.waitstatus_to_exitcode(status)
    return f"exit status {code}" if code >= 0 else f"killed by signal {-code}"


def quote(text: bytes) -> str:
    """The text in one line, cut where it would drown the message."""
    words = " ".join(text.decode(errors="replace").split())
    return words if len(words) <= 1000 else words[:1000] + " ..."
