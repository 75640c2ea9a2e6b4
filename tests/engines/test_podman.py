"""podman on our plugins: its containers are reachable, and its records and ours are one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from doubles import MakeDouble
from engines.network import NETWORK
from engines.podman import Podman
from engines.rootfs import SHOWN
from netlab import Container, Host
from traffic import call

from poplin.runtime.check import check
from poplin.runtime.detach import detach
from poplin.spec.errors import CNIError
from poplin.spec.netlist import parse_network_list
from poplin.spec.result import parse_result

PUBLISH, PUBLISH_TOO = ("--publish", "8080:80"), ("--publish", "9090:80")
HOST_ADDRESSES = ("192.0.2.1", "2001:db8:f::1")

both_versions = pytest.mark.parametrize("version", ["0.4.0", "1.0.0"])


def answers(caller: Container, port: int = 8080) -> list[str | None]:
    """What a published port answers at each address of the host."""
    return [call(caller, address, port) for address in HOST_ADDRESSES]


@both_versions
def test_our_runtime_sees_podmans_containers(podman: Podman, host: Host, outside: Container, version: str) -> None:
    podman.configure(version)
    server, other = podman.start(*PUBLISH), podman.start()
    name = server[:SHOWN]
    assert answers(outside) == [name, name]
    assert call(host, "127.0.0.1", 8080) == name
    assert podman("exec", other, "/bin/nc", podman.address(server), "80") == f"{name}\n"
    assert podman("exec", server, "/bin/nc", podman.address(other, 1), "80") == f"{other[:SHOWN]}\n"
    seen = {item["containerID"]: item for item in json.loads(podman.poplin("list", "--json"))["attachments"]}
    assert seen.keys() == {server, other}
    assert podman.poplin("gc", NETWORK) == "pop: nothing to remove\n"
    for container in (server, other):
        item = seen[container]
        assert (item["network"], item["ifname"], item["alive"], item["drift"]) == (NETWORK, "eth0", True, [])
        assert [end["present"] for end in item["interfaces"]] == [True, True, True]
        addresses = [f"{podman.address(container)}/16", f"{podman.address(container, 1)}/64"]
        assert item["addresses"] == [{"address": each, "present": True} for each in addresses]


@both_versions
def test_our_runtime_checks_podmans_containers_and_restores_their_ports(
    podman: Podman, host: Host, outside: Container, version: str
) -> None:
    podman.configure(version)
    server = podman.start(*PUBLISH)
    before, entry = podman.state(), podman.entry(server)
    network = parse_network_list(entry.config)
    with host.entered():
        check(podman.runtime(), network, entry.attachment)
    host.sh("nft flush ruleset")
    assert answers(outside) == [None, None]
    with host.entered(), pytest.raises(CNIError):
        check(podman.runtime(), network, entry.attachment)
    assert podman.poplin("reload") == "restored 1 attachment\n"
    assert answers(outside) == [server[:SHOWN]] * 2
    assert podman.changes(before) == {}
    with host.entered():
        check(podman.runtime(), network, entry.attachment)


@both_versions
def test_what_our_runtime_detached_podman_removes_too(podman: Podman, host: Host, version: str) -> None:
    podman.configure(version)
    witness = podman.start(*PUBLISH_TOO)
    before = podman.state()
    server = podman.start(*PUBLISH)
    entry = podman.entry(server)
    assert podman.state() != before
    with host.entered():
        detach(podman.runtime(), parse_network_list(entry.config), entry.attachment)
    assert podman.changes(before, ("mounts", "sockets")) == {}  # which podman keeps
    done = podman.attempt("rm", "-f", "-t0", server)  # its warning is that there is no record
    assert (done.returncode, "level=error" in done.stderr) == (0, False)
    assert podman.changes(before) == {}
    podman("rm", "-f", "-t0", witness)
    assert podman.poplin("list") == "nothing is connected, as far as /var/lib/cni/results knows\n"


@both_versions
def test_podman_reads_the_records_we_write(
    podman: Podman, installed: Path, plugin_dir: Path, double: MakeDouble, version: str
) -> None:
    spy = double("spy")
    spy.tell(ADD="PASSTHROUGH")
    for plugin in installed.iterdir():
        (plugin_dir / plugin.name).symlink_to(plugin)
    podman.use(plugin_dir)
    podman.configure(version, {"type": "spy", "capabilities": {"portMappings": True}})
    podman.start(*PUBLISH_TOO)
    before = podman.state()
    server = podman.start(*PUBLISH)
    theirs = json.loads(podman.record(server).read_bytes())
    entry = podman.entry(server)
    podman.runtime().cache.write(NETWORK, entry.attachment, entry.config, parse_result(entry.result))
    ours = json.loads(podman.record(server).read_bytes())
    assert trim(ours.pop("result")) == trim(theirs.pop("result")) == trim(entry.result)
    assert ours == {**theirs, "netns": entry.attachment.netns}
    podman.configure(version)  # so that only the record tells podman of the spy
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before) == {}
    asked = [conf for conf, verb in zip(spy.configs, spy.commands, strict=True) if verb == "DEL"]
    assert [trim(conf["prevResult"]) for conf in asked] == [trim(entry.result)]
    mapping = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}
    assert [conf["runtimeConfig"] for conf in asked] == [{"portMappings": [mapping]}]


def trim(result: dict[str, Any]) -> dict[str, Any]:
    """A result without the empty `dns` that libcni writes always, and we in the versions that want it."""
    return {key: value for key, value in result.items() if (key, value) != ("dns", {})}
