"""Namespaces by whatever path a runtime gives, and threads that are always back home."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from netlab import Container, Host, run

from poplin.linux.netns import OWN, Namespace, NotANamespace, setns

PATIENCE = 120  # seconds

SHAPES = ["/run/netns/NAME", "/var/run/netns/NAME", "/proc/PID/ns/net", "/proc/PID/fd/N"]


def where() -> tuple[int, int]:
    """The namespace this thread is in."""
    status = os.stat(OWN)
    return status.st_dev, status.st_ino


@pytest.fixture
def process(container: Container) -> Iterator[subprocess.Popen[bytes]]:
    """A process in the container, as its first one would be."""
    command = ["nsenter", f"--net={container.path}", "sh", "-c", "echo; exec sleep 600"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout and process.stdout.read(1) == b"\n"
            yield process
        finally:
            process.kill()


@pytest.fixture
def inside(container: Container) -> Iterator[Namespace]:
    with Namespace(container.path) as namespace:
        yield namespace


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_of_path_leads_to_the_same_namespace(
    container: Container, inside: Namespace, process: subprocess.Popen[bytes], shape: str
) -> None:
    fd = os.open(container.path, os.O_RDONLY)
    try:
        pid = os.getpid() if "fd" in shape else process.pid
        path = shape.replace("NAME", container.id).replace("PID", str(pid)).replace("/N", f"/{fd}")
        with Namespace(path) as other:
            assert other.identity == inside.identity == (os.fstat(fd).st_dev, os.fstat(fd).st_ino)
            assert [each.name for each in other.rtnl.list_links()] == [
                link["ifname"] for link in container.json("link show")
            ]
            assert repr(other) == f"<Namespace {path} {inside.identity[0]}:{inside.identity[1]}>"
    finally:
        os.close(fd)


def test_name_is_what_ip_calls_it(container: Container) -> None:
    paths = {container.path: container.id, f"/var{container.path}": container.id, OWN: OWN}
    for path, name in paths.items():
        if os.path.exists(path):
            with Namespace(path) as namespace:
                assert namespace.name == name


def test_namespace_outlives_its_path(container: Container, inside: Namespace) -> None:
    identity = inside.identity
    run(["ip", "netns", "del", container.id])
    run(["ip", "netns", "add", container.id])  # another one under the same path
    assert inside.identity == identity
    assert inside.rtnl.get_link("lo").name == "lo"
    with Namespace(container.path) as new:
        assert new.identity != identity


@pytest.mark.facts("plugins-main-ipam", 239)
def test_function_runs_inside_and_gets_the_original_namespace(host: Host, inside: Namespace) -> None:
    def look(original: Namespace) -> tuple[tuple[int, int], tuple[int, int]]:
        return where(), original.run(where)

    home = where()
    with Namespace() as original:
        assert inside.run(look, original) == (inside.identity, home)
    assert where() == home


@pytest.mark.facts("plugins-main-ipam", 239)
def test_thread_is_back_after_an_error(inside: Namespace) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    home = where()
    with pytest.raises(ZeroDivisionError):
        inside.run(fail)
    assert where() == home


def test_what_is_made_inside_stays_inside(container: Container, inside: Namespace) -> None:
    with inside.run(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as made:
        with pytest.raises(OSError, match="Network is unreachable"):
            made.connect(("127.0.0.1", 9))
        container.sh("ip link set lo up")
        made.connect(("127.0.0.1", 9))


def test_switches_are_those_of_the_namespace(host: Host, container: Container, inside: Namespace) -> None:
    inside.write_sysctl("net/ipv4/ip_forward", "1")
    assert (inside.read_sysctl("net/ipv4/ip_forward"), container.sysctl("net/ipv4/ip_forward")) == ("1", "1")
    with Namespace(host.path) as outside:
        outside.write_sysctl("net/ipv4/ip_forward", "0")
        assert inside.read_sysctl("net/ipv4/ip_forward") == "1"


@pytest.mark.facts("plugins-main-ipam", 239)
def test_threads_are_in_namespaces_of_their_own(host: Host) -> None:
    """Eight threads enter eight namespaces again and again; each sees its own, and its home afterwards."""
    containers = [host.add_container() for _ in range(8)]
    home, seen = where(), [set[object]() for _ in containers]
    start = threading.Barrier(len(containers))

    def visit(path: str, mine: set[object]) -> None:
        with Namespace(path) as inside:
            start.wait(PATIENCE)
            for _ in range(50):
                mine.add((inside.run(where) == inside.identity, where() == home))

    threads = [
        threading.Thread(target=visit, args=(each.path, mine)) for each, mine in zip(containers, seen, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == [{(True, True)}] * len(containers)


def test_one_namespace_serves_many_threads(inside: Namespace) -> None:
    home, seen = where(), []

    def visit() -> None:
        for _ in range(50):
            seen.append((inside.run(where), where()))

    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert seen == [(inside.identity, home)] * 200


@pytest.mark.facts("plugins-main-ipam", 239)
def test_path_that_leads_nowhere_is_told_from_one_that_leads_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Namespace(str(tmp_path / "nothing"))
    (tmp_path / "file").write_text("")
    with pytest.raises(NotANamespace, match="not a network namespace") as caught:
        Namespace(str(tmp_path / "file"))
    assert caught.value.filename == str(tmp_path / "file")


@pytest.mark.parametrize(
    "path", ["DIRECTORY", "FIFO", "/dev/null", "/proc/self/ns/mnt", "/proc/self/ns/user", "/proc/self/fd"]
)
def test_what_is_no_network_namespace_is_refused_at_once(tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    before = os.listdir("/proc/self/fd")
    with pytest.raises(NotANamespace):
        Namespace(path.replace("DIRECTORY", str(tmp_path)).replace("FIFO", str(tmp_path / "fifo")))
    assert os.listdir("/proc/self/fd") == before


def test_socket_in_the_file_system_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the whole path may be longer than a socket's address
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(OSError, match="No such device or address"):
            Namespace(str(tmp_path / "socket"))


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_path_that_cannot_be_one_is_refused(path: str) -> None:
    with pytest.raises((OSError, ValueError)):
        Namespace(path)


@pytest.mark.facts("plugins-main-ipam", 239)
@pytest.mark.parametrize("used", [True, False])
def test_closed_namespace_is_closed_once_and_of_no_use(inside: Namespace, used: bool) -> None:
    other = Namespace(inside.path)
    if used:
        assert other.rtnl.find_link("lo")
    number = other.fd
    other.close()
    with open("/dev/null") as reused:
        assert reused.fileno() == number
        for use in (other.close, lambda: other.identity, lambda: other.run(where), lambda: other.rtnl.find_link("lo")):
            with pytest.raises(OSError, match="Bad file descriptor"):
                use()
        assert reused.read() == ""


def test_entering_what_is_no_namespace_says_so() -> None:
    with (
        open("/dev/null") as file,
        pytest.raises(OSError, match=r"cannot enter the network namespace|Invalid argument"),
    ):
        setns(file.fileno())


def test_nothing_stays_open(container: Container) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with Namespace(container.path) as inside:
            inside.rtnl.find_link("lo")
            inside.run(where)
    assert len(os.listdir("/proc/self/fd")) == before
