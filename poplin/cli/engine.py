"""`poplin run --engine`: the command is a container of docker or podman, and what we are given are the arguments of the
engine's own `run`.

podman's container joins a network namespace of ours by its path. docker takes no paths, but lets a container join the
network of another: so one sleeps there, without any network of docker's, until ours has ended.

A container may outlive the engine's command: it was detached, or the command was killed. We stay as long as there is
anyone in the namespace, as nobody else would take the network away; and who ends us ends them, even by SIGKILL.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from poplin.cli.sleeper import Sleeper
from poplin.runtime.foreground import as_shells_say, run_in_foreground
from poplin.runtime.guard import Guard
from poplin.runtime.occupants import evict, find_occupants, wait_for_departure
from poplin.runtime.sandbox import RESOLV_CONF, Sandbox
from poplin.spec.errors import InvalidEnvironment

STAYS = "poplin run: the container goes on in the background; its networks are taken away when it ends, or this does"
PATIENCE = 10.0  # seconds that a container has for its end after SIGTERM, docker's own default
ENGINES = ("docker", "nerdctl", "podman")  # as `--version` names them


@dataclass(frozen=True)
class EngineSandbox:
    """A network namespace, and how the engine's containers join it."""

    engine: str
    network: str  # the value of --network
    netns: str
    ours: frozenset[int]  # the processes that keep the namespace

    def run(self, arguments: Sequence[str], resolv_conf: str = "") -> int:
        """The engine's `run` with these arguments, in the foreground; its exit status. The container has the file as
        its /etc/resolv.conf, unless the arguments mount another."""
        is_wanted = resolv_conf and not any(f":{RESOLV_CONF}" in each for each in arguments)
        options = [f"--network={self.network}", *([f"--volume={resolv_conf}:{RESOLV_CONF}:ro"] if is_wanted else [])]
        with Guard(self.netns, [resolv_conf] if resolv_conf else []):
            return as_shells_say(self._run_guarded([self.engine, "run", *options, *arguments]))

    def _run_guarded(self, command: Sequence[str]) -> int:
        code = -1
        try:
            code = run_in_foreground(command)
            if code >= 0 and set(find_occupants(self.netns)) - self.ours:
                print(STAYS, file=sys.stderr)
                wait_for_departure(self.netns, self.ours)
        finally:
            evict(self.netns, self.ours, PATIENCE)
        return code


@contextmanager
def engine_sandbox(engine: str, container_id: str) -> Iterator[EngineSandbox]:
    """While the block runs. Raises InvalidEnvironment without the engine, OSError if it fails; what it says of that has
    gone to stderr."""
    path = get_engine(engine)
    if is_podman(path):
        with Sandbox() as sandbox:
            network = f"ns:{sandbox.netns}"
            yield EngineSandbox(path, network, sandbox.netns, frozenset(find_occupants(sandbox.netns)))
    else:
        with Sleeper(path, f"poplin-{container_id}") as sleeper:
            network = f"container:{sleeper.name}"
            yield EngineSandbox(path, network, sleeper.netns, frozenset(find_occupants(sleeper.netns)))


def get_engine(name: str) -> str:
    """The path of its command. Raises InvalidEnvironment."""
    path = shutil.which(name)
    if not path:
        raise InvalidEnvironment(
            f"there is no container engine {name!r}",
            "install docker.io or podman, or name what you have: --engine /path/to/docker",
        )
    return path


def is_podman(path: str) -> bool:
    """Whether it is podman, which may be called docker."""
    command = [path, "--version"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        raise OSError(f"{path} --version failed with status {done.returncode}; it is no container engine, or broken")
    said = done.stdout.strip()
    engine = next((name for name in ENGINES if name in said.lower()), None)
    if engine is None:
        remedy = f"its --version names none of {', '.join(ENGINES)}: {said[:80]!r}; write --engine /path/to/docker"
        raise OSError(f"{path} is no container engine: {remedy}")
    return engine == "podman"
