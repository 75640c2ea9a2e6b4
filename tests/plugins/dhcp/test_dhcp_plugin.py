"""The plugin and what it makes of its daemon's answers; the daemon itself is in tests/dhcp."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, all_versions, result_ips

from poplin.plugins.dhcp import protocol
from poplin.plugins.dhcp.plugin import PLUGIN
from poplin.plugins.kit.skel import answer

Conf = dict[str, Any]
RESULT = {
    "cniVersion": "1.1.0",
    "ips": [{"address": "192.168.1.5/24", "gateway": "192.168.1.1"}],
    "routes": [{"dst": "0.0.0.0/0", "gw": "192.168.1.1"}],
}


class Daemon:
    """One that answers everything alike, and remembers what it was asked."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answer = b"{}\n"
        self.requests: list[bytes] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as lines:
                line = lines.readline()
                if not line:
                    return
                self.requests.append(line)
                connection.sendall(self.answer)

    def close(self) -> None:
        """End the thread."""
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(self.path))
        self._thread.join()
        self._listener.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    made = Daemon(tmp_path / "dhcp.sock")
    yield made
    made.close()


@pytest.fixture
def conf(tmp_path: Path) -> Callable[..., Conf]:
    def make(version: str = "1.1.0", **ipam: object) -> Conf:
        section = {"type": "dhcp", "daemonSocketPath": str(tmp_path / "dhcp.sock"), **ipam}
        return {"cniVersion": version, "name": "mynet", "type": "dhcp", "ipam": section}

    return make


@all_versions
def test_add_answers_what_the_daemon_does(host: Host, container: Container, daemon: Daemon, conf, version: str) -> None:
    daemon.answer = json.dumps({"result": RESULT}).encode() + b"\n"
    result = host.cni("ADD", conf(version), container, environ={"CNI_ARGS": "K8S_POD_NAME=web"})
    assert (result["cniVersion"], result_ips(result)) == (version, ["192.168.1.5/24"])
    assert json.loads(daemon.requests[0]) == {
        "verb": "ADD",
        "containerID": container.id,
        "netns": container.path,
        "ifname": "eth0",
        "args": "K8S_POD_NAME=web",
        "config": conf(version),
    }


def test_a_path_is_made_absolute_for_who_works_elsewhere(
    host: Host, container: Container, daemon: Daemon, conf
) -> None:
    relative = os.path.relpath(container.path)
    host.cni("CHECK", conf(), container, environ={"CNI_NETNS": relative})
    assert json.loads(daemon.requests[0])["netns"] == f"{os.getcwd()}/{relative}"


def test_gc_tells_who_is_valid(host: Host, daemon: Daemon, conf) -> None:
    valid = [{"containerID": "b", "ifname": "eth1"}, {"containerID": "a", "ifname": "eth0"}]
    host.cni("GC", {**conf(), "cni.dev/valid-attachments": valid})
    request = json.loads(daemon.requests[0])
    assert (request["verb"], request["valid"]) == ("GC", [["a", "eth0"], ["b", "eth1"]])


@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL", "GC", "STATUS"])
def test_errors_of_the_daemon_are_the_plugins(
    host: Host, container: Container, daemon: Daemon, conf, command: str
) -> None:
    daemon.answer = b'{"error": {"code": 101, "msg": "no more tries", "details": "asked over eth0"}}\n'
    reply = host.call(command, conf(), container)
    assert reply.object == {"cniVersion": "1.1.0", "code": 101, "msg": "no more tries", "details": "asked over eth0"}


@pytest.mark.parametrize("command", ["ADD", "CHECK", "STATUS"])
def test_without_a_daemon_code_50_says_how_to_start_it(
    host: Host, container: Container, conf, tmp_path: Path, command: str
) -> None:
    reply = host.call(command, conf(), container)
    assert (reply.code, reply.object["details"]) == (50, "start it: poplin dhcp daemon")
    where = tmp_path / "dhcp.sock"
    assert reply.object["msg"] == f"no DHCP daemon answers at {where}: No such file or directory"


@pytest.mark.parametrize("command", ["DEL", "GC"])
def test_without_a_daemon_nothing_can_be_given_back_and_that_is_said(
    host: Host, container: Container, conf, command: str
) -> None:
    reply = host.call(command, conf(), container)
    assert (reply.status, reply.output) == (0, "")
    assert "nothing is given back to the DHCP server: no DHCP daemon answers at" in reply.errors


def test_del_works_whatever_else_is_wrong_with_the_configuration(
    host: Host, container: Container, daemon: Daemon, conf
) -> None:
    host.cni("DEL", conf(provide=[{"option": "garbage"}]), container)
    assert json.loads(daemon.requests[0])["verb"] == "DEL"


@pytest.mark.parametrize(
    ("answer", "code", "what"),
    [
        (b"", 11, "gave no answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", 50, "is no DHCP daemon of Poplin's"),
        (b"\xff\n", 50, "is no DHCP daemon of Poplin's"),
        (b"\n", 50, "is no DHCP daemon of Poplin's"),
        (b"{}\n", 50, "answered without a result"),
    ],
)
def test_answers_that_are_none_are_told_apart(
    host: Host, container: Container, daemon: Daemon, conf, answer: bytes, code: int, what: str
) -> None:
    daemon.answer = answer
    reply = host.call("ADD", conf(), container)
    assert (reply.code, what in reply.object["msg"]) == (code, True), reply


def test_a_path_too_long_for_a_socket_is_told(host: Host, container: Container, conf) -> None:
    reply = host.call("STATUS", conf(daemonSocketPath="/run/" + "x" * 200))
    assert (reply.code, "path too long" in reply.object["msg"]) == (50, True)


@pytest.mark.parametrize(("command", "status"), [("STATUS", 1), ("CHECK", 1), ("DEL", 0), ("GC", 0)])
def test_a_daemon_that_says_nothing_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str], command: str, status: int
) -> None:
    monkeypatch.setattr(protocol, "PATIENCE", 1)
    path = tmp_path / "dhcp.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        conf = {"cniVersion": "1.1.0", "name": "mynet", "ipam": {"type": "dhcp", "daemonSocketPath": str(path)}}
        environ = {"CNI_COMMAND": command, "CNI_PATH": "/x", "CNI_CONTAINERID": "c", "CNI_IFNAME": "eth0"}
        environ |= {"CNI_NETNS": "/run/netns/c"}
        reply = answer(PLUGIN, environ, lambda: json.dumps(conf).encode())
    told = reply.output + capfd.readouterr().err
    assert (reply.status, f"the DHCP daemon at {path} does not answer" in told) == (status, True)
