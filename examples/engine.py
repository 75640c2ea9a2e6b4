#!/usr/bin/env python3
"""A container engine of one page, on poplin.runtime: start many containers at once, talk about them, end them.

    sudo .venv/bin/python examples/engine.py mynet 3 -- ip -4 -o addr show eth0

A container is a network namespace of `ip netns`, and the command that runs in it.
"""

import os
import subprocess
import sys

import poplin.runtime as cni


class Engine:
    """Containers of one network."""

    def __init__(self, network: cni.NetworkList, runtime: cni.Runtime) -> None:
        self.network, self.runtime, self.threads = network, runtime, cni.Threads(runtime)
        self.running: dict[str, cni.Attachment] = {}

    def start(self, count: int) -> dict[str, cni.Result | cni.OldResult | None]:
        """Make containers and attach them side by side; what each was given."""
        names = [f"engine-{os.getpid()}-{number}" for number in range(count)]
        for name in names:
            subprocess.run(["ip", "netns", "add", name], check=True)
            self.running[name] = cni.Attachment(name, f"/run/netns/{name}")
        futures = {name: self.threads.attach(self.network, self.running[name]) for name in names}
        return {name: future.result() for name, future in futures.items()}

    def stop(self) -> None:
        """Detach all, side by side, and forget them; whatever still has an address then gives it back."""
        self.threads.close()  # nobody may be detached while he is still being attached
        with cni.Threads(self.runtime) as threads:
            futures = [threads.detach(self.network, attachment) for attachment in self.running.values()]
        for error in filter(None, [future.exception() for future in futures]):
            print(f"engine: {error}", file=sys.stderr)
        for name in self.running:
            subprocess.run(["ip", "netns", "del", name], check=True)


def main(name: str, count: str, command: list[str]) -> int:
    """Run the command in `count` containers of a network."""
    runtime = cni.Runtime(tuple(os.environ.get("CNI_PATH", "/opt/cni/bin").split(":")))
    engine = Engine(cni.load(name, os.environ.get("NETCONFPATH", "/etc/cni/net.d")), runtime)
    try:
        for container_id in engine.start(int(count)):
            subprocess.run(["ip", "netns", "exec", container_id, *command], check=True)
    except cni.CNIError as error:
        print(f"engine: {error.step} of plugin {error.plugin} failed: {error} (code {error.code})", file=sys.stderr)
        return 1
    finally:
        engine.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[4:]))
