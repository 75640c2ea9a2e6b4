"""A container that sleeps without a network, so that another can join its network namespace.

No image is pulled for it, whatever the other one's is. Its own is empty: imported where it is missing, and kept, as it
takes no room and the next start is faster. What runs in it is the host's own `cat`, with the host's programs and
libraries mounted for reading only; so nothing has to be compiled, for any processor.

cat copies what it reads, and ends with it. We hold the other end: however we end, killed even, it ends too, and the
engine removes the container.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from types import TracebackType

from poplin.linux.folder import ensure_folder
from poplin.linux.lockfile import FOLDER_MODE, LockFile, LockTimeout
from poplin.runtime.cache import Cache

IMAGE = "poplin-nothing"
EMPTY_TAR = bytes(1024)  # two blocks of zeros, the end of every archive
LOCK = "image.lock"  # in the cache's folder, so that only root may hold it
LOCK_MODE = 0o600
SYSTEM = ("/bin", "/lib", "/lib64", "/usr")
PROGRAMS = "/usr/bin:/bin"  # what the container has of PATH
OPTIONS = (
    *("--interactive", "--rm", "--pull=never", "--network=none", "--log-driver=none"),
    # It holds a namespace, and needs nothing else.
    *("--read-only", "--user=65534:65534", "--cap-drop=ALL"),
    *("--security-opt=no-new-privileges", "--security-opt=label=disable"),
    "--no-healthcheck",
)
MARK = "POPLIN_SLEEPER"  # in its environment
READY = b"ready\n"
PATIENCE = 30  # seconds for its end


class Sleeper:
    """`with Sleeper("/usr/bin/docker", name) as sleeper:` has the container; leaving the block removes it."""

    def __init__(self, engine: str, name: str) -> None:
        """Raises OSError; what the engine says of it goes to stderr."""
        self.engine = engine
        self.name = name
        self._namespace = self._process = -1
        ensure_image(engine, Cache().folder)
        volumes = [f"--volume={folder}:{folder}:ro" for folder in SYSTEM if os.path.isdir(folder)]
        # Whatever the image says is to be started in it.
        program = f"--entrypoint={shutil.which('cat', path=PROGRAMS) or '/bin/cat'}"
        words = [f"--name={name}", f"--env={MARK}={name}", *volumes, program, IMAGE]
        pipe = subprocess.PIPE
        # In a session of its own, or a terminal's signals would end it before the container that joins it.
        self._client = subprocess.Popen(
            [engine, "run", *OPTIONS, *words], stdin=pipe, stdout=pipe, bufsize=0, start_new_session=True
        )
        try:
            self._wait_until_ready()
            pid = self._find_pid()
            self._process = os.pidfd_open(pid)
            self._namespace = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Sleeper:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def netns(self) -> str:
        """The path of its network namespace, valid as long as we hold it."""
        return f"/proc/{os.getpid()}/fd/{self._namespace}"

    def close(self) -> None:
        """End it, and wait until it is removed."""
        if self._namespace >= 0:
            os.close(self._namespace)
            self._namespace = -1
        try:
            self._end_client()
        finally:
            if self._process >= 0:
                with suppress(ProcessLookupError):  # it has ended, unless the engine did before it
                    signal.pidfd_send_signal(self._process, signal.SIGKILL)
                os.close(self._process)
                self._process = -1

    def _end_client(self) -> None:
        try:
            self._client.communicate(timeout=PATIENCE)  # closes its input
        except subprocess.TimeoutExpired:
            self._client.kill()
            self._client.communicate()
            remedy = f"`{self.engine} rm --force {self.name}` does"
            raise OSError(f"{self.engine} does not end the container {self.name}; {remedy}") from None

    def _wait_until_ready(self) -> None:
        assert self._client.stdin and self._client.stdout  # pipes, as we wanted them
        with suppress(BrokenPipeError):
            self._client.stdin.write(READY)
        if self._client.stdout.readline() != READY:
            remedy = f"`{self.engine} rmi {IMAGE}` helps if somebody else's image has this name"
            raise OSError(
                f"{self.engine} could not start {IMAGE}, the container that is to hold the network namespace; {remedy}"
            )

    def _find_pid(self) -> int:
        """Its process, which must be one of this machine's."""
        text = ask(self.engine, "inspect", "--format={{.State.Pid}}", self.name).strip()
        try:
            with open(f"/proc/{int(text)}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except (OSError, ValueError):
            variables = []
        if f"{MARK}={self.name}".encode() not in variables:
            raise OSError(
                f"the containers of {self.engine} are no processes here, or none we may look at; run this as root, on "
                "the machine the engine runs them on"
            )
        return int(text)


def ensure_image(engine: str, folder: str) -> None:
    """One at a time, by a lock in the folder: of two imports at once the first would be left without its name. Raises
    OSError."""
    if has_image(engine):
        return
    ensure_folder(folder, FOLDER_MODE)
    try:
        with LockFile(f"{folder}/{LOCK}", PATIENCE, LOCK_MODE):
            if not has_image(engine):
                ask(engine, "import", "-", IMAGE, stdin=EMPTY_TAR)
    except LockTimeout as error:
        raise OSError(f"cannot import the image {IMAGE}: {error}") from None


def has_image(engine: str) -> bool:
    """Whether it was imported; not, if the engine fails, which then says more of itself."""
    return call([engine, "image", "inspect", IMAGE]).returncode == 0


def ask(engine: str, *arguments: str, stdin: bytes = b"") -> str:
    """What the engine answers. Raises OSError, after showing what it complained of."""
    done = call([engine, *arguments], stdin)
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace"))
        raise OSError(f"`{' '.join([engine, *arguments])}` failed with status {done.returncode}")
    return done.stdout.decode(errors="replace")


def call(command: list[str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A command with everything it prints."""
    return subprocess.run(command, input=stdin, capture_output=True, check=False)
