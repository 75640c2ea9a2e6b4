"""`poplin install --standalone`: a tree that works where there is nothing else but /proc."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from firewall import elements
from netlab import CHECKOUT, INTERPRETER, PATIENCE, Container, Host, Reply, run
from traffic import call, serving

from poplin.cli.elf import find_library, get_loader, list_libraries
from poplin.cli.main import main as poplin
from poplin.invoke.entry import PLUGINS

NETWORK = {
    "cniVersion": "1.1.0",
    "name": "mynet",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "br0",
            "isGateway": True,
            "ipMasq": True,
            "ipam": {"type": "host-local", "subnet": "10.1.2.0/24"},
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}
PORTS = json.dumps({"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]})
TREE = "opt/moved"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the command makes it."""
    folder = tmp_path_factory.mktemp("made") / "tree"
    assert poplin(["install", "--standalone", str(folder)]) == 0
    return folder


class Empty:
    """A root file system that has nothing but the tree, moved there, and /proc."""

    def __init__(self, root: Path, tree: Path) -> None:
        self.root = root
        shutil.copytree(tree, root / TREE)
        (root / "proc").mkdir()
        run(["mount", "-t", "proc", "proc", str(root / "proc")])

    def run(self, host: Host, executable: str, *arguments: str, stdin: str = "", **environ: str) -> Reply:
        """An executable of the tree, on this host."""
        line = [
            "nsenter",
            f"--net={host.path}",
            "/usr/sbin/chroot",
            str(self.root),
            f"/{TREE}/bin/{executable}",
            *arguments,
        ]
        done = subprocess.run(
            line, env=environ, input=stdin, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return Reply(done.returncode, done.stdout, done.stderr)

    def configure(self, network: dict[str, Any]) -> None:
        """The network of the host in it."""
        folder = self.root / "etc/cni/net.d"
        folder.mkdir(parents=True)
        (folder / "10-mynet.conflist").write_text(json.dumps(network))


@pytest.fixture
def empty(laboratory: None, tree: Path, tmp_path: Path) -> Iterator[Empty]:
    root = tmp_path / "root"
    root.mkdir()
    made = Empty(root, tree)
    yield made
    run(["umount", str(root / "proc")])


@contextmanager
def inhabitant(container: Container) -> Iterator[str]:
    """A process in the container, by which /proc names its namespace."""
    with subprocess.Popen(["nsenter", f"--net={container.path}", "sleep", "600"]) as process:
        try:
            yield f"/proc/{process.pid}/ns/net"
        finally:
            process.kill()


# What it needs.


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_answers_in_an_empty_root(empty: Empty, host: Host, plugin: str) -> None:
    version = empty.run(host, plugin, CNI_COMMAND="VERSION")
    assert (version.status, version.object["cniVersion"], version.errors) == (0, "1.1.0", "")
    described = empty.run(host, plugin)
    assert (described.status, described.output) == (0, "")
    assert described.errors.startswith(f"Poplin {plugin}: ")


def test_a_container_is_attached_checked_and_detached_in_an_empty_root(
    empty: Empty, host: Host, container: Container
) -> None:
    empty.configure(NETWORK)
    with inhabitant(container) as netns:
        added = empty.run(host, "poplin", "add", "mynet", netns, CAP_ARGS=PORTS)
        assert (added.status, added.errors) == (0, "")
        assert container.addresses("eth0") == ["10.1.2.2/24"]
        assert container.pings("10.1.2.1")
        assert [each for each in elements(host, "inet")["masq4"]] == ["10.1.2.2"]
        listed = empty.run(host, "poplin", "list")
        assert (listed.status, listed.errors) == (0, "")
        assert "10.1.2.2/24" in listed.output
        with serving(container, 80):
            assert call(host, "10.1.2.1", 8080) == "10.1.2.1"
        assert empty.run(host, "poplin", "check", "mynet", netns, CAP_ARGS=PORTS).status == 0
        deleted = empty.run(host, "poplin", "del", "mynet", netns, CAP_ARGS=PORTS)
        assert (deleted.status, deleted.errors) == (0, "")
    assert container.links() == []
    assert elements(host, "inet").get("masq4", []) == []


def test_plugins_are_called_by_themselves_too(empty: Empty, host: Host, container: Container) -> None:
    """As by a runtime outside the tree; host-local runs inside the process of bridge."""
    conf = json.dumps({"cniVersion": "1.1.0", "name": "mynet", **NETWORK["plugins"][0]})  # type: ignore[index]
    with inhabitant(container) as netns:
        environ = {"CNI_CONTAINERID": "c1", "CNI_NETNS": netns, "CNI_IFNAME": "eth0", "CNI_PATH": f"/{TREE}/bin"}
        added = empty.run(host, "bridge", stdin=conf, CNI_COMMAND="ADD", **environ)
        assert added.object["ips"] == [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 2}]
        assert empty.run(host, "bridge", stdin=conf, CNI_COMMAND="DEL", **environ).status == 0
    assert container.links() == []


def test_the_command_works_in_an_empty_root(empty: Empty, host: Host) -> None:
    helped = empty.run(host, "poplin", "--help")
    assert (helped.status, helped.errors) == (0, "")
    assert "usage: poplin VERB" in helped.output
    listed = empty.run(host, "poplin", "list")
    assert (listed.status, listed.errors) == (0, "")
    wrong = empty.run(host, "poplin", "nosuchverb", "--with", "more", "words", CNI_COMMAND="VERSION")
    assert (wrong.status, wrong.output) == (2, "")
    assert "no verb 'nosuchverb'" in wrong.errors
    empty.configure({**NETWORK, "plugins": [{"type": "bridge", "isGatewy": True}]})
    validated = empty.run(host, "poplin", "validate")  # by jsonschema, which has a library of its own
    assert "isGatewy" in validated.output, validated
    assert empty.run(host, "cnitool", "add").status == 1


def test_nothing_of_the_system_is_opened(tree: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    line = ["strace", "-f", "-o", log, "-e", "trace=openat,execve", tree / "bin/poplin", "list"]
    subprocess.run(line, env={"PATH": "/usr/bin"}, capture_output=True, timeout=PATIENCE, check=True)
    opened = {each.split('"')[1] for each in log.read_text().splitlines() if '"' in each and " = -1 " not in each}
    allowed = (str(tree), "/proc/", "/var/lib/cni", "/usr/share/locale", "/usr/lib/locale", "/etc/localtime")
    left = {path for path in opened if not path.startswith(allowed)}
    assert {path for path in left if "gconv-modules.cache" not in path} == set()


def test_a_delegate_in_the_tree_runs_inside_the_process(tree: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    conf = {"cniVersion": "1.1.0", "name": "mynet", "type": "bridge", "bridge": "nosuch"}
    ipam = {"type": "host-local", "subnet": "10.1.2.0/24", "dataDir": str(tmp_path / "leases")}
    line = ["strace", "-f", "-o", log, "-e", "trace=execve", tree / "bin/bridge"]
    environ = {"PATH": "/usr/bin", "CNI_COMMAND": "STATUS", "CNI_PATH": f"{tree}/bin"}
    stdin = json.dumps({**conf, "ipam": ipam})
    subprocess.run(line, env=environ, input=stdin, text=True, capture_output=True, timeout=PATIENCE, check=True)
    assert len([each for each in log.read_text().splitlines() if "execve(" in each]) == 2


# How it is made.


def test_the_tree_says_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("poplin.cli.standalone.compile_folder", lambda *_: None)  # which takes most of the time
    folder = tmp_path / "tree"
    folder.mkdir()  # empty
    assert poplin(["install", "--standalone", str(folder)]) == 0
    names = " ".join([*PLUGINS, "poplin", "cnitool"])
    advice = f"move or copy {folder} as a whole; remove it to uninstall"
    assert capfd.readouterr().out.splitlines()[:2] == [f"{folder}/bin: {names}", advice]
    (folder / "lib" / "stray").touch()
    assert poplin(["install", "--standalone", str(folder)]) == 0  # one of ours is replaced
    assert not (folder / "lib" / "stray").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("tree")] == ["tree"]


def test_a_folder_of_somebody_else_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "file").touch()
    assert poplin(["install", "--standalone", str(tmp_path / "mine")]) == 1
    refusal = f"{tmp_path}/mine is not empty, and not made by `poplin install --standalone`; choose another"
    assert capfd.readouterr().err == f"poplin install: {refusal}\n"
    assert os.listdir(tmp_path / "mine") == ["file"]
    assert poplin(["install", "--standalone", str(tmp_path / "mine" / "file")]) == 1


def test_what_fails_leaves_nothing_and_keeps_the_former_tree(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(tree, tmp_path / "place" / "tree")
    monkeypatch.setattr("poplin.cli.standalone.compile_folder", fail)
    assert poplin(["install", "--standalone", str(tmp_path / "place" / "tree")]) == 1
    assert capfd.readouterr().err == "poplin install: it does not compile\n"
    assert os.listdir(tmp_path / "place") == ["tree"]


def fail(*arguments: object) -> None:
    raise OSError("it does not compile")


def test_without_a_launcher_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("poplin.cli.launcher.COMPILERS", ())
    assert poplin(["install", "--standalone", str(tmp_path / "tree")]) == 1
    assert capfd.readouterr().err == "poplin install: there is no C compiler; apt install gcc linux-libc-dev\n"
    assert not (tmp_path / "tree").exists()


def test_code_that_others_may_write_is_refused(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    for name in ("poplin", "launcher"):
        shutil.copytree(CHECKOUT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "poplin" / "cli" / "main.py").chmod(0o666)
    line = [sys.executable, "-m", "poplin.cli.main", "install", "--standalone", str(tmp_path / "tree")]
    done = subprocess.run(line, cwd=copy, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"poplin install: {copy}/poplin/cli/main.py has mode 666")
    assert not (tmp_path / "tree").exists()


def test_no_other_option_goes_with_it(tmp_path: Path) -> None:
    assert poplin(["install", "--standalone", str(tmp_path / "tree"), "--force"]) == 2
    assert poplin(["install", "--standalone", str(tmp_path / "tree"), "--bin-dir", "/x"]) == 2
    assert poplin(["install"]) == 2
    assert not (tmp_path / "tree").exists()


# What a program needs.


def test_a_program_names_its_loader() -> None:
    loader = get_loader(INTERPRETER)
    assert os.path.basename(loader).startswith("ld-linux-")
    headers = run(["readelf", "-lW", INTERPRETER])
    assert f"[Requesting program interpreter: {loader}]" in headers
    for other in ("/etc/passwd", loader):
        with pytest.raises(OSError, match=other):
            get_loader(other)


def test_libraries_are_those_that_ldd_knows() -> None:
    found = list_libraries(get_loader(INTERPRETER), INTERPRETER)
    assert {f"{name} => {path}" for name, path in found.items()} == {
        line.split(" (")[0].strip() for line in run(["ldd", INTERPRETER]).splitlines() if "=>" in line
    }


def test_a_library_that_is_loaded_later_is_found_or_not() -> None:
    assert os.path.basename(find_library("libnftables.so.1") or "").startswith("libnftables.so.1")
    assert find_library("libnosuch.so.7") is None
