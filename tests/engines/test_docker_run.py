"""scripts/docker-run.sh and `poplin run --engine` with Debian's docker and podman: their containers on our networks."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from engines.docker import Docker
from engines.inside import Inside, peer, wait_until_serving
from engines.podman import Podman
from netlab import CHECKOUT, PATIENCE, Container, Host
from traffic import call

from poplin.runtime.cache import Cache

IMAGE = "busybox:latest"
SCRIPT = str(CHECKOUT / "scripts" / "docker-run.sh")
POPLIN = (sys.executable, "-m", "poplin.cli.main")
BRIDGES = {"front": "10.40.0", "back": "10.50.0"}
SERVER = ("sh", "-c", "trap 'exit 9' TERM; nc -ll -p 80 -e busybox echo served & wait")
STAYS = "poplin run: the container goes on in the background; its networks are taken away when it ends, or this does\n"


@dataclass
class Runner:
    """An engine with the image busybox, and a host with networks."""

    name: str
    engine: Docker | Podman

    def __post_init__(self) -> None:
        self.engine.environ |= {"POPLIN_ENGINE": self.name, "STORAGE_DRIVER": "vfs"}
        tar = self.engine.folder / "busybox.tar"
        assert self.engine.run("tar", "-C", str(self.engine.root), "-cf", str(tar), ".").returncode == 0
        assert self.engine.run(self.name, "import", str(tar), IMAGE).returncode == 0
        for number, bridge in enumerate(BRIDGES):
            self.configure(number, bridge, {"type": "firewall"})

    def configure(self, number: int, name: str, *more: dict[str, object]) -> None:
        """A network, on a bridge of its name."""
        ipam = {"type": "host-local", "subnet": f"{BRIDGES[name]}.0/24"}
        routes = {"routes": [{"dst": "0.0.0.0/0"}]} if number == 0 else {}
        bridge = {"type": "bridge", "bridge": f"{name}0", "isGateway": True, "ipMasq": True, "ipam": ipam | routes}
        portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
        network = {"cniVersion": "1.0.0", "name": name, "plugins": [bridge, portmap, *more]}
        (self.engine.networks / f"{number}0-{name}.conflist").write_text(json.dumps(network))

    def script(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """scripts/docker-run.sh, to its end."""
        return self.engine.run(SCRIPT, *self.grouped(arguments))

    @contextmanager
    def running(self, *options: str, arguments: tuple[str, ...]) -> Iterator[subprocess.Popen[str]]:
        """`poplin run --engine`, ended with the block if it still runs."""
        places = {"CNI_PATH": str(self.engine.plugins), "NETCONFPATH": str(self.engine.networks)}
        line = [*POPLIN, "run", "--engine", self.name, *options, "--", *self.grouped(arguments)]
        inside = ["nsenter", f"--net={self.engine.host.path}", *line]
        pipe = subprocess.PIPE
        environ = self.engine.environ | places
        with subprocess.Popen(inside, cwd=CHECKOUT, env=environ, stdout=pipe, stderr=pipe, text=True) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                process.communicate(timeout=PATIENCE)

    def grouped(self, arguments: tuple[str, ...]) -> tuple[str, ...]:
        """With the control group that is ours to remove; docker's daemon was told of it."""
        return (f"--cgroup-parent=/{self.engine.cgroup}", *arguments) if self.name == "podman" else arguments

    def containers(self) -> str:
        """All there are."""
        return self.engine.run(self.name, "ps", "--all", "--format", "{{.Names}}").stdout

    def images(self) -> list[str]:
        """All there are."""
        return sorted(self.engine.run(self.name, "images", "--format", "{{.Repository}}").stdout.split())


@pytest.fixture
def docker(empty_places: None, host: Host, installed: Path, tmp_path: Path) -> Iterator[Docker]:
    """docker on a fresh host, with our plugins and no network yet; it and its containers go when the test ends."""
    made = Docker(host, installed, tmp_path / "docker")
    yield made
    made.remove()


@pytest.fixture(params=["docker", "podman"])
def runner(request: pytest.FixtureRequest) -> Runner:
    """Either engine."""
    return Runner(request.param, request.getfixturevalue(request.param))


@pytest.fixture
def docker_runner(docker: Docker) -> Runner:
    """docker, whose sleeping container is the more that can go wrong."""
    return Runner("docker", docker)


def wait_until(condition: Callable[[], object]) -> None:
    """Until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def find_container(network: str) -> Inside | None:
    """The one container of a network, if there is one."""
    entries = [entry for entry in Cache().list_entries() if entry.network == network]
    return Inside(entries[0].attachment.container_id, entries[0].attachment.netns) if entries else None


def wait_for_container(network: str) -> Inside:
    """The same, once it serves."""
    wait_until(lambda: find_container(network))
    container = find_container(network)
    assert container is not None
    wait_until_serving(container)
    return container


def test_a_container_is_on_every_network_and_all_is_as_before_when_it_has_ended(runner: Runner) -> None:
    first = runner.script("--rm", IMAGE, "ip", "-o", "-4", "address")
    assert (first.returncode, first.stderr) == (0, "")
    found = dict(re.findall(r"^\d+: (\w+) +inet ([\d.]+/\d+)", first.stdout, re.MULTILINE))
    assert found == {"lo": "127.0.0.1/8", "eth0": "10.40.0.2/24", "eth1": "10.50.0.2/24"}
    before, images = runner.engine.state(), runner.images()
    again = runner.script("--rm", IMAGE, "sh", "-c", "ip -o link; exit 7")
    assert (again.returncode, again.stderr, len(again.stdout.splitlines())) == (7, "", 3)
    assert runner.engine.changes(before) == {}
    assert (runner.containers(), runner.images()) == ("", images)
    assert (before.leases, before.records, before.mounts) == ([], [], [])


def test_input_terminal_and_a_kept_container_are_as_the_engine_has_them(runner: Runner) -> None:
    words = [SCRIPT, *runner.grouped(("-i", "--rm", IMAGE, "sh", "-c", "read word; echo got $word"))]
    assert runner.engine.run(*words, input="it\n").stdout == "got it\n"
    line = " ".join([SCRIPT, *runner.grouped(("-it", "--rm", IMAGE, "sh", "-c", "'[ -t 0 ] && echo terminal'"))])
    seen = runner.engine.run("script", "-qec", line, "/dev/null")
    assert (seen.returncode, "terminal" in seen.stdout) == (0, True)
    assert runner.script("--name", "kept", IMAGE, "true").returncode == 0
    assert runner.containers() == "kept\n"
    assert runner.engine.run(runner.name, "rm", "kept").returncode == 0


def test_what_a_container_publishes_and_asks_for_passes_the_engines_own_firewall(
    runner: Runner, host: Host, outside: Container
) -> None:
    if runner.name == "docker":
        assert "-P FORWARD DROP" in host.sh("iptables -S FORWARD")
    before = None
    for _ in range(2):
        publish = ("--publish", "8080:80", "--label", "a=b", "front")
        with runner.running(*publish, arguments=("--rm", IMAGE, *SERVER)) as process:
            container = wait_for_container("front")
            assert (call(outside, "192.0.2.1", 8080), call(host, "127.0.0.1", 8080)) == ("served", "served")
            assert peer(outside, container, "192.0.2.2") == "192.0.2.1"
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE)
        assert process.returncode == 9
        changes = runner.engine.changes(before) if before else {}
        before = runner.engine.state()
    assert changes == {}
    assert runner.containers() == ""


def test_without_the_firewall_plugin_docker_lets_nothing_of_ours_pass(
    docker_runner: Runner, host: Host, outside: Container
) -> None:
    docker_runner.configure(0, "front")
    rules = host.sh("iptables-save -t filter")
    with docker_runner.running("front", arguments=("--rm", IMAGE, *SERVER)):
        assert peer(outside, wait_for_container("front"), "192.0.2.2") is None
    docker_runner.configure(0, "front", {"type": "firewall"})
    with docker_runner.running("front", arguments=("--rm", IMAGE, *SERVER)):
        assert peer(outside, wait_for_container("front"), "192.0.2.2") == "192.0.2.1"
        assert "DOCKER-USER -m mark --mark 0x10000000" in host.sh("iptables-save -t filter")
    assert plain(host.sh("iptables-save -t filter")) == plain(rules)


def plain(saved: str) -> list[str]:
    """Rules without counters and the hour."""
    return [re.sub(r" \[.*\]", "", line) for line in saved.splitlines() if not line.startswith("#")]


def test_a_container_in_the_background_ends_with_us(runner: Runner) -> None:
    with runner.running("front", arguments=("--detach", "--rm", IMAGE, *SERVER)) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == STAYS
        container = wait_for_container("front")
        held = os.open(container.path, os.O_RDONLY)
        assert container.pings("10.40.0.1")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    os.close(held)
    assert process.returncode == 128 + signal.SIGTERM
    wait_until(lambda: runner.containers() == "")  # the engine removes it in its own time
    assert find_container("front") is None


@pytest.mark.parametrize("options", [("--rm",), ("--rm", "--detach")])
def test_should_we_be_killed_no_container_stays_though_it_ignores_sigterm(
    runner: Runner, options: tuple[str, ...]
) -> None:
    before = runner.engine.state()
    command = ("sh", "-c", "trap '' TERM; nc -ll -p 80 -e busybox echo served & while :; do sleep 1; done")
    with runner.running("front", arguments=(*options, IMAGE, *command)) as process:
        wait_for_container("front")
        process.kill()
    wait_until(lambda: runner.containers() == "")
    assert runner.engine.poplin("gc", "front").startswith("front: removed run-")
    own = ["docker0"] if runner.name == "docker" else []
    wait_until(lambda: runner.engine.host.links() == [*own, "front0"])
    after = runner.engine.changes(before)
    assert after.keys() <= {"links", "queues", "objects", "rules", "elements"}  # what belongs to the network


def test_containers_find_each_other_by_name(runner: Runner) -> None:
    names = {"type": "dnsname", "domainName": "dns.front", "capabilities": {"aliases": True}}
    runner.configure(0, "front", names)
    with runner.running("--name", "web", "--alias", "www", "front", arguments=("--rm", IMAGE, *SERVER)):
        wait_for_container("front")
        script = "busybox cat /etc/resolv.conf; busybox nslookup www.dns.front"
        with runner.running("front", arguments=("--rm", IMAGE, "sh", "-c", script)) as other:
            output, _ = other.communicate(timeout=PATIENCE)
    assert output.startswith("nameserver 10.40.0.1\nsearch dns.front\n")
    assert re.search(r"^Address:? *1?:? *10\.40\.0\.2$", output, re.MULTILINE), output


def test_an_image_that_is_missing_is_told_by_the_engine_and_nothing_stays(runner: Runner) -> None:
    done = runner.script("--rm", "no-such-image", "true")
    assert done.returncode == 125
    assert "no-such-image" in done.stderr
    assert "Traceback" not in done.stderr
    assert (runner.containers(), find_container("front")) == ("", None)


def test_an_engine_that_does_not_answer_says_so_itself(docker_runner: Runner) -> None:
    docker_runner.engine.environ["DOCKER_HOST"] = "unix:///nowhere/docker.sock"
    done = docker_runner.script("--rm", IMAGE, "true")
    assert done.returncode == 1
    first, second = done.stderr.splitlines()
    assert first.startswith("Cannot connect to the Docker daemon at unix:///nowhere/docker.sock.")
    assert second.endswith("docker import - poplin-nothing` failed with status 1")
