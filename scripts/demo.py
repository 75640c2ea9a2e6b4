"""The demo: three containers join the documents' network, and one of them publishes a port. Started by scripts/demo in
namespaces of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
POPLIN = str(CHECKOUT / ".venv/bin/poplin")
STATE = Path("/run/demo")
NETWORKS = STATE / "net.d"
CONTAINERS = ("red", "green", "blue")
GATEWAY = "10.22.0.1"

# The example of the CNI documents, at a version that knows CHECK, and a plugin that publishes ports.
BRIDGE = {
    "type": "bridge",
    "bridge": "cni0",
    "isGateway": True,
    "ipMasq": True,
    "ipam": {
        "type": "host-local",
        "subnet": "10.22.0.0/16",
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": str(STATE / "networks"),
    },
}
PORTMAP = {"type": "portmap", "capabilities": {"portMappings": True}}
MYNET = {"cniVersion": "1.1.0", "name": "mynet", "plugins": [BRIDGE, PORTMAP]}
PUBLISHED = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}  # of the first container
SERVER = "import socket; s = socket.create_server(('', 80)); s.accept()[0].sendall(b'red says hello')"

IS_TERMINAL = sys.stdout.isatty()
BOLD, DIM, GREEN, PLAIN = ("\033[1m", "\033[2m", "\033[32m", "\033[0m") if IS_TERMINAL else ("",) * 4


def main() -> None:
    """Every step, its time, and at the end proof that nothing is left."""
    make_host()
    for name in CONTAINERS:
        step(f"make the container {name}: a network namespace", lambda name=name: run("ip", "netns", "add", name))
    addresses = {}
    for name in CONTAINERS:
        os.environ["CAP_ARGS"] = json.dumps(PUBLISHED if name == CONTAINERS[0] else {})
        output = step(f"poplin add mynet {path(name)}", lambda name=name: poplin("add", "mynet", path(name)))
        addresses[name] = json.loads(output)["ips"][0]["address"].partition("/")[0]
    del os.environ["CAP_ARGS"]
    for name in CONTAINERS:
        step(f"poplin check mynet {path(name)}", lambda name=name: poplin("check", "mynet", path(name)))
    ping_everybody(addresses)
    call_published_port(CONTAINERS[0])
    print(f"\n{BOLD}What is connected, read from the kernel:{PLAIN}  poplin list --drawing\n")
    print(poplin("list", "--drawing"))
    for name in CONTAINERS:
        step(f"poplin del mynet {path(name)}", lambda name=name: poplin("del", "mynet", path(name)))
    step("poplin gc mynet", lambda: poplin("gc", "mynet"))
    prove_nothing_is_left()


def make_host() -> None:
    """An empty private /run for namespaces and files, lo up, and the network's configuration."""
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    run("ip", "link", "set", "lo", "up")
    NETWORKS.mkdir(parents=True)
    (NETWORKS / "10-mynet.conflist").write_text(json.dumps(MYNET, indent=4))
    os.environ |= {"NETCONFPATH": str(NETWORKS), "CNI_PATH": str(CHECKOUT / "bin"), "POPLIN_CNI_DIR": str(STATE)}


def ping_everybody(addresses: dict[str, str]) -> None:
    """Each container reaches the host and the others; the host reaches each."""
    for name in CONTAINERS:
        others = [address for other, address in addresses.items() if other != name]
        for target in (GATEWAY, *others):
            step(f"ping {target} from {name}", lambda n=name, t=target: run("ip", "netns", "exec", n, *ping(t)))
        step(f"ping {addresses[name]} from the host", lambda t=addresses[name]: run(*ping(t)))


def ping(address: str) -> tuple[str, ...]:
    """One echo request."""
    return ("ping", "-n", "-c1", "-W2", address)


def call_published_port(name: str) -> None:
    """A server in the container, and the host as its caller at localhost."""
    with subprocess.Popen(["ip", "netns", "exec", name, sys.executable, "-IS", "-c", SERVER]) as server:
        step(f"call {name} at localhost:8080", call_until_answered)
        server.wait(10)


def call_until_answered() -> str:
    """What the server says, which takes a moment to start."""
    deadline = time.monotonic() + 10
    while True:
        try:
            with socket.create_connection(("127.0.0.1", 8080), timeout=10) as caller:
                if answer := caller.recv(100):
                    return answer.decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.05)


def prove_nothing_is_left() -> None:
    """No link but lo and the bridge, no lease, no cached result, no element in the firewall."""
    with timed("nothing is left: no link, no lease, no cached result, nothing in the firewall"):
        links = {link["ifname"] for link in json.loads(run("ip", "-j", "link", "show"))} - {"lo", "cni0"}
        leases = [file.name for file in (STATE / "networks/mynet").glob("[0-9]*")]
        results = list((STATE / "results").glob("*"))
        firewall = run("nft", "list", "table", "inet", "poplin").splitlines()
        elements = [line for line in firewall if "elements" in line and '{ "nat-' not in line]
        if links or leases or results or elements:
            raise SystemExit(f"left behind: {links} {leases} {results} {elements}")


def step(text: str, action: Callable[[], str | None]) -> str:
    """Do it, and say so with its time."""
    with timed(text):
        return action() or ""


@contextmanager
def timed(text: str) -> Iterator[None]:
    """A line with a mark and the milliseconds, when the block is done."""
    start = time.perf_counter()
    yield
    took = (time.perf_counter() - start) * 1000
    print(f"{GREEN}✓{PLAIN} {text} {DIM}{took:.0f} ms{PLAIN}", flush=True)


def poplin(*arguments: str) -> str:
    """The command line, as a user runs it."""
    return run(POPLIN, *arguments)


def path(name: str) -> str:
    """Where ip(8) keeps the namespace."""
    return f"/run/netns/{name}"


def run(*command: str) -> str:
    """stdout of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed: {done.stderr or done.stdout}")
    return done.stdout


if __name__ == "__main__":
    main()
