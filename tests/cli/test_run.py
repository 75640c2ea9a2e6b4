"""`poplin run` with the real plugins in a namespace that stands for the host."""

from __future__ import annotations

import json
import shlex
import signal
import time
from pathlib import Path

import pytest
from netlab import PATIENCE, Container
from node import Node


def wait_for(path: Path, *, there: bool = True) -> None:
    """Until the file is there, or gone."""
    deadline = time.monotonic() + PATIENCE
    while path.exists() != there and time.monotonic() < deadline:
        time.sleep(0.02)
    assert path.exists() == there


def test_a_command_is_attached_to_every_network_and_nothing_stays(node: Node) -> None:
    script = "ip -br address show; ping -c1 -W2 10.22.0.1 >&2 && echo reached the gateway"
    status, output, errors = node.run("run", "--", "sh", "-c", script)
    assert status == 0, errors
    lines = [line.split() for line in output.splitlines()]
    assert lines[0][:3] == ["lo", "UNKNOWN", "127.0.0.1/8"]
    assert lines[1][0].startswith("eth0@")
    assert lines[1][2] == "10.22.0.2/16"
    assert output.endswith("reached the gateway\n")
    assert node.has_nothing_left()


def test_named_networks_are_attached_in_their_order(node: Node) -> None:
    conf = {**json.loads((node.config_dir / "10-mynet.conf").read_text()), "name": "other", "bridge": "other0"}
    conf["ipam"]["subnet"] = "10.23.0.0/16"
    conf["ipam"]["routes"] = []
    (node.config_dir / "20-other.conf").write_text(json.dumps(conf))
    status, output, errors = node.run("run", "other", "mynet", "--", "ip", "-j", "-4", "address")
    assert status == 0, errors
    addresses = {link["ifname"]: link["addr_info"][0]["local"] for link in json.loads(output)}
    assert addresses == {"lo": "127.0.0.1", "eth0": "10.23.0.2", "eth1": "10.22.0.2"}


def test_the_exit_status_is_the_commands(node: Node) -> None:
    assert node.run("run", "99-loopback", "--", "sh", "-c", "exit 7") == (7, "", "")
    status, _, errors = node.run("run", "99-loopback", "--", "no-such-command")
    assert (status, errors) == (
        127,
        "poplin run: cannot execute 'no-such-command': No such file or directory\n",
    )


def test_what_was_attached_before_a_failure_is_detached(node: Node) -> None:
    (node.config_dir / "50-bad.conf").write_text('{"name": "bad", "type": "no-such-plugin"}')
    status, output, errors = node.run("run", "--", "echo", "never")
    assert (status, output) == (1, "")
    assert "failed to find plugin 'no-such-plugin'" in errors
    assert node.has_nothing_left()


def test_a_signal_reaches_the_command_and_everything_is_detached(node: Node, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"trap 'exit 9' TERM; touch {shlex.quote(str(ready))}; while :; do sleep 0.05; done"
    with node.start("run", "mynet", "--", "sh", "-c", script) as process:
        wait_for(ready)
        assert [path.name[:9] for path in node.results.iterdir()] == ["mynet-run"]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 9
    assert node.has_nothing_left()


@pytest.fixture
def slow(node: Node, tmp_path: Path) -> Path:
    """Makes `mynet` a chain whose last plugin takes its time over ADD; the file it makes before."""
    mynet = node.config_dir / "10-mynet.conf"
    conf = {**json.loads(mynet.read_text()), "ipMasq": False}
    mynet.unlink()
    chain = {"cniVersion": "1.0.0", "name": "mynet", "plugins": [conf, {"type": "slow"}]}
    mynet.with_suffix(".conflist").write_text(json.dumps(chain))
    (tmp_path / "plugins").mkdir()
    plugin = tmp_path / "plugins" / "slow"
    started = tmp_path / "started"
    plugin.write_text(f"#!/bin/sh\n[ $CNI_COMMAND != ADD ] || {{ touch {shlex.quote(str(started))}; sleep 60; }}\n")
    plugin.chmod(0o755)
    node.environ["CNI_PATH"] += f":{plugin.parent}"
    return started


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("verb", ["add", "run"])
def test_what_is_ended_while_attaching_is_taken_back(node: Node, slow: Path, verb: str, number: signal.Signals) -> None:
    arguments = {"add": ["mynet", node.host.add_container().path], "run": ["mynet", "--", "echo", "never"]}
    with node.start(verb, *arguments[verb]) as process:
        wait_for(slow)
        assert node.host.links() != ["cni0"]
        process.send_signal(number)
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (128 + number, "", "")
    assert node.has_nothing_left()


@pytest.fixture
def reluctant(node: Node, slow: Path) -> Path:
    """Has the slow plugin wait over DEL too, which makes a file as it begins and another when it is done."""
    plugin = slow.with_name("plugins") / "slow"
    steps = f"touch {slow}.del; while ! [ -e {slow}.go ]; do sleep 0.05; done"
    plugin.write_text(f"{plugin.read_text()}[ $CNI_COMMAND != DEL ] || {{ {steps}; }}\n")
    return slow


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_second_signal_does_not_keep_it_from_taking_everything_back(
    node: Node, reluctant: Path, number: signal.Signals
) -> None:
    with node.start("add", "mynet", node.host.add_container().path) as process:
        wait_for(reluctant)
        process.send_signal(signal.SIGINT)
        wait_for(Path(f"{reluctant}.del"))
        process.send_signal(number)
        Path(f"{reluctant}.go").touch()
        output, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, output, errors) == (128 + signal.SIGINT, "", "")
    assert node.has_nothing_left()


def test_a_command_does_not_outlive_its_poplin_and_gc_removes_the_rest(node: Node, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"echo $$ > {ready}.new; mv {ready}.new {ready}; exec sleep 60"
    with node.start("run", "mynet", "--", "sh", "-c", script) as process:
        wait_for(ready)
        process.kill()
        process.wait(timeout=PATIENCE)
        wait_for(Path("/proc", ready.read_text().strip(), "exe"), there=False)  # leads nowhere in a zombie either
    assert not node.has_nothing_left()
    status, output, _ = node.run("gc", "mynet")
    assert (status, output[:19]) == (0, "mynet: removed run-")
    assert node.has_nothing_left()


def test_without_networks_there_is_loopback_and_a_word_about_it(node: Node) -> None:
    for path in node.config_dir.iterdir():
        path.unlink()
    status, output, errors = node.run("run", "--", "ip", "-br", "link")
    assert status == 0
    assert output.split()[:2] == ["lo", "UNKNOWN"]
    assert errors == f"poplin run: no networks in {node.config_dir}, so there is only the loopback interface\n"


def test_add_list_check_and_del_of_the_documents_network(node: Node) -> None:
    container = node.host.add_container()
    status, output, errors = node.run("add", "mynet", container.path, "--container-id", "c1")
    assert status == 0, errors
    assert json.loads(output)["ip4"]["ip"] == "10.22.0.2/16"
    status, output, errors = node.run("list", "--drawing")
    veth = next(link for link in node.host.links() if link.startswith("veth"))
    assert output.splitlines() == [
        "mynet",
        "[bridge cni0]",
        f" └── {veth} ════ eth0 10.22.0.2/16  (c1 {container.path})",
    ]
    node.host.sh(f"ip link del {veth}")
    output = node.run("list", "--drawing")[1]
    assert " └── ✗ veth missing ════ ✗ eth0 missing" in output
    assert node.run("check", "mynet", container.path, "--container-id", "c1")[0] == 1  # 0.1.0 has no CHECK
    assert node.run("del", "mynet", container.path, "--container-id", "c1")[0] == 0
    assert node.has_nothing_left()


def test_check_finds_drift(node: Node) -> None:
    mynet = node.config_dir / "10-mynet.conf"
    mynet.write_text(json.dumps({**json.loads(mynet.read_text()), "cniVersion": "1.0.0"}))
    container = node.host.add_container()
    node.run("add", "mynet", container.path)
    assert node.run("check", "mynet", container.path)[0] == 0
    container.sh("ip address flush dev eth0")
    status, _, errors = node.run("check", "mynet", container.path)
    assert status == 4, errors
    assert node.run("gc", "mynet")[1] == "mynet: nothing to remove\n"
    container.remove()
    assert node.run("gc", "mynet")[1].startswith("mynet: removed cnitool-")
    assert node.has_nothing_left()


def test_an_interface_that_was_there_before_is_not_taken_back(node: Node, container: Container) -> None:
    """DEL removes whatever has the name, as those who change from the reference need it."""
    container.sh("ip link add eth0 type veth peer name other0")
    status, _, errors = node.run("add", "mynet", container.path)
    assert status == 1
    assert "the container already has an interface 'eth0'" in errors
    assert container.links() == ["eth0", "other0"]
