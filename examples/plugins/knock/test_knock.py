"""knock for real: as a runtime calls it, in network namespaces that are gone when the tests end. They need root.

container 10.88.0.2 -- 10.88.0.1 host 192.0.2.1 -- 192.0.2.2 beyond
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
PLUGIN = HERE / "knock"
POPLIN = shutil.which("poplin") or "poplin"
NETWORK = json.loads((HERE / "knock.conflist").read_text())
OURS = next(each for each in NETWORK["plugins"] if each["type"] == "knock")
CONF = {"cniVersion": NETWORK["cniVersion"], "name": NETWORK["name"], **OURS}
ADDRESS, (PORT,), KNOCK = "10.88.0.2", OURS["ports"], OURS["knock"]
PATIENCE = 60  # seconds for any command


class Namespace:
    """A network namespace that lives as long as a process in it, which ends with this one."""

    def __init__(self):
        command = ["unshare", "--net", "sh", "-c", "echo; exec cat"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdout.readline()
        self.path = f"/proc/{self.process.pid}/ns/net"
        self.run("ip link set lo up")

    def run(self, command, check=True, **how):
        """A command run inside."""
        inside = ["nsenter", f"--net={self.path}", *shlex.split(command)]
        return subprocess.run(inside, capture_output=True, text=True, timeout=PATIENCE, check=check, **how)

    def connects(self, port=PORT):
        """Whether somebody answers at a port of the container."""
        program = f"import socket; socket.create_connection(({ADDRESS!r}, {port}), 2)"
        return self.run(shlex.join([sys.executable, "-c", program]), check=False).returncode == 0

    def knock(self, *ports):
        """Send something to each of these UDP ports."""
        for port in ports:
            self.run(f"bash -c 'echo > /dev/udp/{ADDRESS}/{port}'")

    def end(self):
        """Nobody is in it any more."""
        self.process.communicate()


class Lab:
    """A host with a container on one side, and what is beyond it on the other."""

    def __init__(self):
        self.host, self.container, self.beyond = self.all = [Namespace() for _ in range(3)]
        self.join(self.container, "eth0", "veth0", "10.88.0.2/24", "10.88.0.1/24")
        self.join(self.beyond, "eth0", "eth0", "192.0.2.2/24", "192.0.2.1/24")
        self.host.run("sysctl -qw net.ipv4.ip_forward=1")
        self.container.run("ip route add default via 10.88.0.1")
        self.beyond.run("ip route add 10.88.0.0/24 via 192.0.2.1")
        self.servers = [self.serve(port) for port in (PORT, PORT + 1)]

    def serve(self, port):
        """A program in the container that listens at a port."""
        command = ["nsenter", f"--net={self.container.path}", sys.executable, "-m", "http.server", str(port)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while not self.container.connects(port):
            assert time.monotonic() < deadline, "the server does not listen"
        return process

    def join(self, other, inner, outer, address, of_host):
        """A link between a namespace and the host."""
        self.host.run(f"ip link add {outer} type veth peer name {inner} netns {other.process.pid}")
        other.run(f"ip addr add {address} dev {inner}")
        other.run(f"ip link set {inner} up")
        self.host.run(f"ip addr add {of_host} dev {outer}")
        self.host.run(f"ip link set {outer} up")

    @property
    def prev_result(self):
        """What the plugin before ours would have answered."""
        return {
            "cniVersion": CONF["cniVersion"],
            "interfaces": [{"name": "veth0"}, {"name": "eth0", "sandbox": self.container.path}],
            "ips": [{"address": "10.88.0.2/24", "gateway": "10.88.0.1", "interface": 1}],
        }

    def call(self, command, conf, **environ):
        """The plugin's exit status and what it printed, {} for nothing."""
        variables = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": "test",
            "CNI_NETNS": self.container.path,
            "CNI_IFNAME": "eth0",
            "CNI_PATH": str(HERE),
            **environ,
        }
        done = self.host.run(shlex.quote(str(PLUGIN)), check=False, input=json.dumps(conf), env=variables)
        assert done.stderr == ""
        return done.returncode, json.loads(done.stdout or "{}")

    def end(self):
        """Away with it."""
        for each in self.servers:
            each.terminate()
            each.wait()
        for each in self.all:
            each.end()


@pytest.fixture
def lab():
    """A fresh one."""
    assert os.geteuid() == 0, "this makes network namespaces: run it as root, or with `unshare -rmn`"
    made = Lab()
    yield made
    made.end()


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """A folder with Poplin's plugins."""
    folder = str(tmp_path_factory.mktemp("plugins"))
    subprocess.run([POPLIN, "build", folder], check=True, capture_output=True, timeout=PATIENCE)
    return folder


@pytest.fixture
def conf(lab):
    """The configuration as a runtime hands it to a chained plugin."""
    return {**CONF, "prevResult": lab.prev_result}


def test_a_port_is_closed_to_whoever_has_not_knocked(lab, conf):
    assert lab.call("ADD", conf) == (0, conf["prevResult"])
    assert (lab.beyond.connects(PORT), lab.beyond.connects(PORT + 1), lab.host.connects(PORT)) == (False, True, False)
    lab.beyond.knock(*KNOCK)
    assert (lab.beyond.connects(PORT), lab.host.connects(PORT)) == (True, False)
    assert lab.call("DEL", conf) == (0, {})
    assert lab.host.connects(PORT)


@pytest.mark.parametrize("ports", [KNOCK[:2], KNOCK[::-1], [KNOCK[0], KNOCK[1], 7777, KNOCK[2]]])
def test_another_knock_opens_nothing(lab, conf, ports):
    lab.call("ADD", conf)
    lab.beyond.knock(*ports)
    assert not lab.beyond.connects()


def test_check_finds_what_is_missing(lab, conf):
    lab.call("ADD", conf)
    lab.call("DEL", conf)
    status, error = lab.call("CHECK", conf)
    assert (status, error["code"]) == (1, 103)


def test_every_verb_may_be_repeated(lab, conf):
    for command in ("ADD", "ADD", "CHECK", "DEL", "DEL"):
        assert lab.call(command, conf)[0] == 0


def test_del_needs_neither_the_container_nor_prev_result(lab, conf):
    lab.call("ADD", conf)
    assert lab.call("DEL", CONF, CNI_NETNS="/nowhere") == (0, {})


@pytest.mark.parametrize("valid", [True, False])
def test_gc_removes_what_is_not_valid_and_nothing_else(lab, conf, valid):
    lab.call("ADD", conf)
    attachments = [{"containerID": "test", "ifname": "eth0"}] if valid else []
    assert lab.call("GC", {**CONF, "cni.dev/valid-attachments": attachments}) == (0, {})
    assert lab.call("CHECK", conf)[0] == (0 if valid else 1)


def test_status_says_that_add_would_work(lab):
    assert lab.call("STATUS", CONF) == (0, {})


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        *[
            ({"ports": None}, 7),
            ({"ports": []}, 7),
            ({"ports": "22"}, 6),
            ({"ports": [0]}, 7),
            ({"ports": [22, 22]}, 7),
        ],
        *[({"knock": None}, 7), ({"knock": [1, 2]}, 7), ({"knock": [1, 2, 65536]}, 7), ({"prevResult": None}, 7)],
    ],
)
def test_a_bad_configuration_is_refused_and_nothing_is_done(lab, conf, wrong, code):
    status, error = lab.call("ADD", {**conf, **wrong})
    assert (status, error["code"]) == (1, code)
    assert lab.beyond.connects()


# Schema, page, example.


def test_the_example_is_what_the_schema_says(plugins):
    command = [POPLIN, "validate", "--strict", "--schema", "knock.json", "knock.conflist"]
    environ = {**os.environ, "CNI_PATH": f"{HERE}:{plugins}"}
    done = subprocess.run(command, cwd=HERE, env=environ, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout) == (0, "0 errors, 0 warnings in 1 file\n"), done.stderr


def test_the_page_has_the_fields_of_the_schema():
    schema = json.loads((HERE / "knock.json").read_text())
    documented = re.findall(r"^\| `(\w+)` \| (\w+)", (HERE / "README.md").read_text(), re.MULTILINE)
    fields = [name for name in schema["properties"] if name not in ("cniVersion", "type", "runtimeConfig", "args")]
    assert [name for name, _ in documented] == fields
    assert [name for name, default in documented if default == "required"] == schema["required"]


# The specification.


def test_it_keeps_to_the_specification(plugins):
    command = [POPLIN, "plugin", "check", str(PLUGIN), "--config", str(HERE / "knock.conflist"), "--json"]
    done = subprocess.run([*command, "--cni-path", plugins], capture_output=True, text=True, timeout=600)
    broken = [each for each in json.loads(done.stdout)["rules"] if each["status"] == "broken"]
    assert (broken, done.returncode) == ([], 0), done.stderr
