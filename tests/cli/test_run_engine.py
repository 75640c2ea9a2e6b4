"""`poplin run --engine` and scripts/docker-run.sh with an engine that only has network namespaces."""

from __future__ import annotations

import fcntl
import io
import json
import os
import select
import shlex
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from netlab import CHECKOUT, PATIENCE
from node import Node

from poplin.cli.engine_options import find_refusal
from poplin.runtime.occupants import find_occupants

FAKE = Path(__file__).with_name("fake_engine.py")
STAYS = "poplin run: the container goes on in the background; its networks are taken away when it ends, or this does\n"
ADDRESSES = ("busybox", "ip", "-j", "-4", "address")

both_engines = pytest.mark.parametrize("name", ["docker", "podman"])
three_engines = pytest.mark.parametrize("name", ["docker", "podman", "emulated"])


class Engine:
    """The engine under one of its names, in a folder of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.path = folder / name
        folder.mkdir()
        self.path.symlink_to(FAKE)

    def tell(self, what: str, text: str) -> None:
        """Have it fail, or lie."""
        (self.folder / what).write_text(text)

    @property
    def calls(self) -> list[str]:
        """The command lines it was given."""
        return (self.folder / "calls").read_text().splitlines()

    def has_sleeper(self) -> bool:
        """Whether there is a container that sleeps."""
        return (self.folder / "sleeper").exists()


@pytest.fixture
def make_engine(tmp_path: Path) -> Callable[[str], Engine]:
    """Makes an engine of this name."""
    return lambda name: Engine(tmp_path / f"engine-{name}", name)


def no_engine(name: str) -> str:
    """What is said when there is none of this name."""
    remedy = "install docker.io or podman, or name what you have: --engine /path/to/docker"
    return f"poplin run: there is no container engine {name!r}; {remedy} (code 4)\n"


def wait_until(condition: Callable[[], object]) -> None:
    """Until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def interfaces(output: str) -> dict[str, str]:
    """The address of each link that `ip -j address` shows."""
    return {link["ifname"]: link["addr_info"][0]["local"] for link in json.loads(output)}


@three_engines
def test_a_container_is_attached_to_every_network_and_nothing_stays(
    node: Node, make_engine: Callable[[str], Engine], name: str
) -> None:
    engine = make_engine(name)
    status, output, errors = node.run("run", "--engine", str(engine.path), "--", "--rm", *ADDRESSES)
    assert (status, errors) == (0, "")
    assert interfaces(output) == {"lo": "127.0.0.1", "eth0": "10.22.0.2"}
    assert node.has_nothing_left()
    assert not engine.has_sleeper()


def test_docker_is_asked_for_a_sleeping_container_without_a_network_which_the_other_joins(
    node: Node, make_engine: Callable[[str], Engine]
) -> None:
    engine = make_engine("docker")
    line = ["run", "--engine", str(engine.path), "--container-id", "c1", "99-loopback", "--", "--rm", "busybox", "true"]
    assert node.run(*line) == (0, "", "")
    assert node.run(*line) == (0, "", "")
    version, first, locked, imported, sleeper, pid, joined, *again = engine.calls
    assert (version, first, imported) == ("--version", "image inspect poplin-nothing", "import - poplin-nothing")
    assert locked == first
    words = sleeper.split()
    assert words[0] == "run"
    assert {"--name=poplin-c1", "--network=none", "--rm", "--interactive", "--pull=never", "--read-only"} < {*words}
    assert words[-2:] == ["--entrypoint=/usr/bin/cat", "poplin-nothing"]  # whatever the image says of itself
    assert (pid, joined) == (
        "inspect --format={{.State.Pid}} poplin-c1",
        "run --network=container:poplin-c1 --rm busybox true",
    )
    assert again == [version, first, sleeper, pid, joined]  # the image is kept
    with tarfile.open(fileobj=io.BytesIO((engine.folder / "image").read_bytes())) as image:
        assert image.getnames() == []


@pytest.mark.parametrize("name", ["podman", "emulated"])
def test_podman_joins_a_namespace_of_ours(node: Node, make_engine: Callable[[str], Engine], name: str) -> None:
    engine = make_engine(name)
    assert node.run("run", "--engine", str(engine.path), "99-loopback", "--", "busybox", "true") == (0, "", "")
    version, run = engine.calls
    assert version == "--version"
    assert run.startswith("run --network=ns:/proc/")
    assert run.endswith(" busybox true")


@both_engines
def test_the_exit_status_is_the_engines_and_its_errors_are_shown(
    node: Node, make_engine: Callable[[str], Engine], name: str
) -> None:
    engine = make_engine(name)
    line = ["run", "--engine", str(engine.path), "mynet", "--"]
    assert node.run(*line, "busybox", "sh", "-c", "echo well >&2; exit 7") == (7, "", "well\n")
    assert node.run(*line, "busybox", "sh", "-c", "kill -TERM $$") == (128 + 15, "", "")
    engine.tell("fails", f"run --network={'container' if name == 'docker' else 'ns'}")
    assert node.run(*line, "no-such-image") == (125, "", f"{name} cannot do this\n")
    assert node.has_nothing_left()


@both_engines
def test_it_has_our_input(node: Node, make_engine: Callable[[str], Engine], name: str) -> None:
    command = [sys.executable, "-m", "poplin.cli.main", "run", "--engine", str(make_engine(name).path), "99-loopback"]
    inside = ["nsenter", f"--net={node.host.path}", *command, "--", "-i", "busybox", "cat"]
    done = subprocess.run(
        inside, input="hello", env=node.environ, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "hello", "")


@both_engines
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_reaches_the_container_and_nothing_stays(
    node: Node, make_engine: Callable[[str], Engine], tmp_path: Path, name: str, number: signal.Signals
) -> None:
    engine = make_engine(name)
    ready = tmp_path / "ready"
    word = number.name.removeprefix("SIG")
    script = f"trap 'exit 9' {word}; touch {shlex.quote(str(ready))}; while :; do sleep 0.05; done"
    with node.start("run", "--engine", str(engine.path), "mynet", "--", "busybox", "sh", "-c", script) as process:
        wait_until(ready.exists)
        process.send_signal(number)
        assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 9
    assert node.has_nothing_left()
    assert not engine.has_sleeper()


@both_engines
def test_a_container_in_the_background_is_waited_for(
    node: Node, make_engine: Callable[[str], Engine], tmp_path: Path, name: str
) -> None:
    end = tmp_path / "end"
    script = f"until [ -e {shlex.quote(str(end))} ]; do sleep 0.05; done"
    line = ["run", "--engine", str(make_engine(name).path), "mynet", "--", "--detach", "busybox", "sh", "-c", script]
    with node.start(*line) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == STAYS
        assert [path.name[:9] for path in node.results.iterdir()] == ["mynet-run"]
        assert process.poll() is None
        end.touch()
        assert process.communicate(timeout=PATIENCE) == ("detached\n", "")
    assert process.returncode == 0
    assert node.has_nothing_left()


@both_engines
def test_who_ends_us_ends_a_container_in_the_background(
    node: Node, make_engine: Callable[[str], Engine], name: str
) -> None:
    engine = make_engine(name)
    with node.start(
        "run", "--engine", str(engine.path), "mynet", "--", "--detach", "busybox", "sleep", "600"
    ) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == STAYS
        (record,) = node.results.iterdir()
        netns = json.loads(record.read_text())["netns"]
        held = os.open(netns, os.O_RDONLY)  # the namespace, which ends with that process otherwise
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM
    assert find_occupants(f"/proc/self/fd/{held}") == []
    os.close(held)
    assert node.has_nothing_left()
    assert not engine.has_sleeper()


@both_engines
def test_a_container_whose_engine_was_killed_does_not_keep_us(
    node: Node, make_engine: Callable[[str], Engine], name: str
) -> None:
    line = ["run", "--engine", str(make_engine(name).path), "mynet", "--"]
    assert node.run(*line, "--detach=killed", "busybox", "sleep", "600") == (128 + signal.SIGKILL, "", "")
    assert node.has_nothing_left()


@both_engines
@pytest.mark.parametrize("options", [(), ("--detach",)])
def test_should_we_be_killed_a_container_that_ignores_sigterm_is_too(
    node: Node, make_engine: Callable[[str], Engine], tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    engine = make_engine(name)
    ready = tmp_path / "ready"
    script = f"trap '' TERM; echo $$ >{ready}.new; mv {ready}.new {ready}; while :; do sleep 0.05; done"
    line = ["run", "--engine", str(engine.path), "mynet", "--", *options, "busybox", "sh", "-c", script]
    with node.start(*line) as process:
        wait_until(ready.exists)
        container = os.pidfd_open(int(ready.read_text()))
        process.kill()
    assert select.select([container], [], [], PATIENCE)[0] == [container]
    os.close(container)
    wait_until(lambda: not engine.has_sleeper())
    assert node.run("gc", "mynet")[0] == 0
    wait_until(node.has_nothing_left)


def test_a_sleeping_container_whose_engine_ended_before_it_is_killed(
    node: Node, make_engine: Callable[[str], Engine]
) -> None:
    engine = make_engine("docker")
    engine.tell("orphans", "yes")
    line = ["run", "--engine", str(engine.path), "99-loopback", "--", "busybox", "sh", "-c", "sleep 0"]
    assert node.run(*line) == (0, "", "")
    wait_until(lambda: not os.path.exists(f"/proc/{(engine.folder / 'sleeper').read_text()}/exe"))


@both_engines
@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGWINCH, signal.SIGCONT, signal.SIGRTMIN + 3])
def test_signals_of_every_kind_reach_the_container(
    node: Node, make_engine: Callable[[str], Engine], tmp_path: Path, name: str, number: int
) -> None:
    ready = tmp_path / "ready"
    code = f"import pathlib, signal, sys, time; signal.signal({number:d}, lambda *_: sys.exit(9))"
    code += f"; pathlib.Path({str(ready)!r}).touch()\nwhile True: time.sleep(0.02)"
    line = ["run", "--engine", str(make_engine(name).path), "99-loopback", "--", "busybox", sys.executable, "-c", code]
    with node.start(*line) as process:
        wait_until(ready.exists)
        process.send_signal(number)
        assert process.communicate(timeout=PATIENCE) == ("", "")
    assert process.returncode == 9


def test_a_sleeping_container_ends_with_us_even_if_we_are_killed(
    node: Node, make_engine: Callable[[str], Engine], tmp_path: Path
) -> None:
    engine = make_engine("docker")
    ready = tmp_path / "ready"
    line = ["run", "--engine", str(engine.path), "mynet", "--", "busybox", "sh", "-c", f"touch {ready}; sleep 600"]
    with node.start(*line) as process:
        wait_until(ready.exists)
        process.kill()
    wait_until(lambda: not engine.has_sleeper())
    status, output, _ = node.run("gc", "mynet")
    assert (status, output[:18]) == (0, "mynet: removed run")
    assert node.has_nothing_left()


@both_engines
def test_what_was_attached_before_a_failure_is_detached_and_no_container_stays(
    node: Node, make_engine: Callable[[str], Engine], name: str
) -> None:
    engine = make_engine(name)
    (node.config_dir / "50-bad.conf").write_text('{"name": "bad", "type": "no-such-plugin"}')
    status, output, errors = node.run("run", "--engine", str(engine.path), "--", "busybox", "echo", "never")
    assert (status, output) == (1, "")
    assert "failed to find plugin 'no-such-plugin'" in errors
    assert node.has_nothing_left()
    assert not engine.has_sleeper()


@both_engines
def test_a_network_that_is_missing_costs_no_container(
    node: Node, make_engine: Callable[[str], Engine], name: str
) -> None:
    engine = make_engine(name)
    status, output, errors = node.run("run", "--engine", str(engine.path), "nosuch", "--", "busybox", "true")
    assert (status, output) == (3, "")
    assert "nosuch" in errors
    assert os.listdir(engine.folder) == [name]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("--version", "--version failed with status 125; it is no container engine, or broken"),
        ("import", "import - poplin-nothing` failed with status 125"),
        ("run", "docker rmi poplin-nothing` helps if somebody else's image has this name"),
        ("inspect", "inspect --format={{.State.Pid}} poplin-c1` failed with status 125"),
    ],
)
def test_what_an_engine_says_when_it_fails_is_shown(
    node: Node, make_engine: Callable[[str], Engine], call: str, said: str
) -> None:
    engine = make_engine("docker")
    engine.tell("fails", call)
    status, output, errors = node.run("run", "--engine", str(engine.path), "--container-id", "c1", "--", "busybox")
    assert (status, output) == (1, "")
    first, second = errors.splitlines()
    assert first == "docker cannot do this"
    assert second.startswith("poplin run: ")
    assert second.endswith(said)
    assert node.results.exists() is False
    assert not engine.has_sleeper()


@pytest.mark.parametrize("told", ["1", "999999999", "0", "nonsense"])
def test_a_container_of_another_machine_is_refused(node: Node, make_engine: Callable[[str], Engine], told: str) -> None:
    engine = make_engine("docker")
    engine.tell("lies", told)
    status, output, errors = node.run("run", "--engine", str(engine.path), "--", "busybox", "true")
    assert (status, output) == (1, "")
    assert errors == (
        f"poplin run: the containers of {engine.path} are no processes here, or none we may look at; run this as root, "
        "on the machine the engine runs them on\n"
    )
    assert not engine.has_sleeper()


def test_an_engine_that_is_not_there_is_named(node: Node) -> None:
    assert node.run("run", "--engine", "no-such-engine", "--", "busybox") == (1, "", no_engine("no-such-engine"))


def test_many_at_once_import_one_image(node: Node, make_engine: Callable[[str], Engine], tmp_path: Path) -> None:
    engine = make_engine("docker")
    code = f"from poplin.cli.sleeper import ensure_image; ensure_image({str(engine.path)!r}, {str(tmp_path)!r})"
    started = [subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT) for _ in range(8)]
    assert [process.wait(PATIENCE) for process in started] == [0] * 8
    assert engine.calls.count("import - poplin-nothing") == 1
    assert (tmp_path / "image.lock").stat().st_mode & 0o777 == 0o600


def test_a_file_anybody_may_lock_does_not_keep_us(node: Node, make_engine: Callable[[str], Engine]) -> None:
    engine = make_engine("docker")
    with open(engine.path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert node.run("run", "--engine", str(engine.path), "99-loopback", "--", "busybox", "true") == (0, "", "")


@pytest.mark.parametrize("said", ["", "true (GNU coreutils) 9.1"])
def test_what_is_no_engine_is_refused(node: Node, make_engine: Callable[[str], Engine], said: str) -> None:
    engine = make_engine("docker")
    engine.tell("says", said or "\n")
    assert node.run("run", "--engine", str(engine.path), "--", "busybox") == (
        1,
        "",
        f"poplin run: {engine.path} is no container engine: its --version names none of docker, nerdctl, podman: "
        f"{said!r}; write --engine /path/to/docker\n",
    )
    assert engine.calls == ["--version"]


def test_a_container_id_that_is_none_is_refused_before_the_engine_hears_of_it(
    node: Node, make_engine: Callable[[str], Engine]
) -> None:
    engine = make_engine("docker")
    line = ["run", "--engine", str(engine.path), "--container-id", "a/b", "--", "busybox"]
    assert node.run(*line) == (
        1,
        "",
        "poplin run: invalid characters in container id (CNI_CONTAINERID); a/b (code 4)\n",
    )
    assert os.listdir(engine.folder) == ["docker"]


@both_engines
@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("-p", "8080:80"), "-p"),
        (("--rm", "-dp8080:80"), "-p"),
        (("--env", "A=B", "--publish=8080:80"), "--publish"),
        (("-itP",), "-P"),
        (("--net", "host"), "--net"),
        (("--network=none",), "--network"),
        (("--restart", "always"), "--restart"),
        (("-d", "--restart=on-failure:3"), "--restart"),
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    node: Node, make_engine: Callable[[str], Engine], name: str, options: tuple[str, ...], named: str
) -> None:
    engine = make_engine(name)
    status, output, errors = node.run("run", "--engine", str(engine.path), "--", *options, "busybox", "true")
    assert (status, output) == (2, "")
    assert errors.startswith(f"poplin run: {named} is not for a container that `poplin run` attaches; ")
    assert os.listdir(engine.folder) == [name]


@pytest.mark.parametrize(
    "arguments",
    [
        ("busybox", "nc", "-l", "-p", "80"),
        ("--rm", "--name", "-p", "busybox"),
        ("-e", "-p", "-v", "/a:/b", "-it", "busybox", "--net"),
        ("--restart=no", "busybox"),
        ("--restart", "no", "--", "-p"),
    ],
)
def test_what_only_looks_like_such_an_option_is_the_containers_affair(arguments: tuple[str, ...]) -> None:
    assert find_refusal(arguments) is None


# Names.


def name_servers(node: Node, **dns: object) -> None:
    """Has `mynet` say this of names, in a version that knows how."""
    path = node.config_dir / "10-mynet.conf"
    conf = json.loads(path.read_text()) | {"cniVersion": "1.0.0"}
    conf["ipam"] = {"type": "static", "addresses": [{"address": "10.22.0.2/16"}], "dns": dns}
    path.write_text(json.dumps(conf))


@both_engines
def test_a_container_has_the_name_servers_of_its_networks(
    node: Node, make_engine: Callable[[str], Engine], name: str
) -> None:
    engine = make_engine(name)
    name_servers(node, nameservers=["10.22.0.1"], domain="dns.mynet", search=["dns.mynet", "a.example"])
    line = ["run", "--engine", str(engine.path), "--container-id", "c1", "mynet", "--"]
    assert node.run(*line, "busybox", "sh", "-c", "sed '' $RESOLV_CONF; stat -c %a $RESOLV_CONF") == (
        0,
        "nameserver 10.22.0.1\nsearch dns.mynet a.example\n644\n",
        "",
    )
    (words,) = [call.split() for call in engine.calls if call.endswith("$RESOLV_CONF")]
    path = Path(node.environ["POPLIN_CNI_DIR"]) / "resolv" / "c1"
    assert words[2] == f"--volume={path}:/etc/resolv.conf:ro"
    assert not path.exists()
    mount = "--volume=/my/own:/etc/resolv.conf"
    assert node.run(*line, mount, "busybox", "true") == (0, "", "")
    assert engine.calls[-1].count("--volume") == 1


def test_a_container_of_networks_without_name_servers_keeps_its_own(
    node: Node, make_engine: Callable[[str], Engine]
) -> None:
    engine = make_engine("podman")
    assert node.run("run", "--engine", str(engine.path), "mynet", "--", "busybox", "true") == (0, "", "")
    assert "--volume" not in engine.calls[-1]


# scripts/docker-run.sh


def docker_run(node: Node, environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """The script, on this host."""
    script = str(CHECKOUT / "scripts" / "docker-run.sh")
    command = ["nsenter", f"--net={node.host.path}", script, *arguments]
    return subprocess.run(
        command, env=node.environ | environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with the programs that the script and the engine use, and no engine."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for tool in ("cat", "dirname", "ip", "nsenter", "readlink", "sh", "true", "unshare"):
        (folder / tool).symlink_to(f"/usr/bin/{tool}")
    return folder


def test_the_script_takes_docker_first_then_podman_and_what_it_is_told_before_both(
    node: Node, make_engine: Callable[[str], Engine], tools: Path
) -> None:
    docker, podman = make_engine("docker"), make_engine("podman")
    path = {"PATH": str(tools)}
    done = docker_run(node, path, "--rm", "busybox", "true")
    assert (done.returncode, done.stderr) == (1, no_engine("docker"))
    for folders, chosen in (([podman], podman), ([podman, docker], docker)):
        path = {"PATH": ":".join(str(folder) for folder in (*(each.folder for each in folders), tools))}
        done = docker_run(node, path, "--rm", *ADDRESSES)
        assert (done.returncode, done.stderr) == (0, "")
        assert interfaces(done.stdout).keys() == {"lo", "eth0"}
        assert chosen.calls[-1].endswith(" --rm busybox ip -j -4 address")
    before = len(docker.calls)
    assert docker_run(node, {**path, "POPLIN_ENGINE": str(podman.path)}, "--rm", "busybox", "true").returncode == 0
    assert len(docker.calls) == before
    assert podman.calls[-1].endswith(" --rm busybox true")
    assert node.has_nothing_left()


def test_the_script_says_what_it_lacks_and_may_be_called_by_another_name(
    node: Node, make_engine: Callable[[str], Engine], tools: Path, tmp_path: Path
) -> None:
    done = docker_run(node, {})
    sentence = "no container; write what `docker run` takes after `--`, an image at least: --rm busybox ip addr"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"poplin run: {sentence}\n")
    for script, arguments in (("docker-run.sh", ("busybox", "true")), ("priv-net-run.sh", ("true",))):
        link = tmp_path / f"linked-{script}"
        link.symlink_to(CHECKOUT / "scripts" / script)
        environ = node.environ | {"POPLIN_ENGINE": str(make_engine("podman").path) if script[0] == "d" else ""}
        command = ["nsenter", f"--net={node.host.path}", str(link), *arguments]
        done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert (done.returncode, done.stderr) == (0, "")
