"""What ADD would refuse a preview refuses, with the same error; and it needs no more rights than it must."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import CHECKOUT, PATIENCE
from preview_lab import Rehearsed, container, lines, network

from poplin.runtime import Attachment, CNIError, NetworkList

WEB = {"capability_args": {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}}
# An ordinary user, but for the right to read this checkout, which may be in a folder of root's.
READING = "+dac_read_search"
AS_USER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"--inh-caps={READING}")
AS_USER += (f"--ambient-caps={READING}",)

Change = Callable[[dict[str, Any]], object]


def leases(host: Rehearsed, subnet: str = "10.1.2.0/24") -> dict[str, Any]:
    """An `ipam` section."""
    return {"type": "host-local", "dataDir": str(host.leases), "subnet": subnet}


def bridge(host: Rehearsed, **fields: Any) -> dict[str, Any]:
    """A bridge plugin."""
    return {"type": "bridge", "bridge": "br0", "isGateway": True, "ipam": leases(host), **fields}


def attach_red(host: Rehearsed, wanted: NetworkList, **how: Any) -> None:
    """Another container is attached already."""
    red = host.add_container("red")
    host.do("ADD", wanted, Attachment("red", red.path, **how))


def refuse_name(host: Rehearsed) -> NetworkList:
    host.blue.sh("ip link add eth0 type veth peer name eth1")
    return network(bridge(host))


def refuse_bridge(host: Rehearsed) -> NetworkList:
    host.sh("ip link add br0 type veth peer name br1")
    return network(bridge(host))


def refuse_gateway(host: Rehearsed) -> NetworkList:
    host.sh("ip link add br0 type bridge && ip address add 10.9.9.1/24 dev br0")
    return network(bridge(host))


def refuse_address(host: Rehearsed) -> NetworkList:
    wanted = network(bridge(host, ipam=leases(host, "10.1.2.0/30")))
    attach_red(host, wanted)
    return wanted


def refuse_twice(host: Rehearsed) -> NetworkList:
    wanted = network(bridge(host))
    host.do("ADD", wanted, container(ifname="eth1"))
    host.do("ADD", wanted, container())
    host.blue.sh("ip link delete dev eth0")
    (host.results / "mynet-blue-eth0").unlink()
    return wanted


def refuse_port(host: Rehearsed) -> NetworkList:
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    wanted = network(bridge(host, ipMasq=True), portmap)
    attach_red(host, wanted, **WEB)
    return wanted


def refuse_route(host: Rehearsed) -> NetworkList:
    host.sh("ip route add 10.1.2.2/32 dev lo")
    return network({"type": "ptp", "ipam": leases(host)})


def refuse_config(host: Rehearsed) -> NetworkList:
    return network(bridge(host, hairpinMode=True, promiscMode=True))


def refuse_pool(host: Rehearsed) -> NetworkList:
    return network(bridge(host, ipam={"type": "host-local", "dataDir": str(host.leases)}))


def refuse_plugin(host: Rehearsed) -> NetworkList:
    return network(bridge(host), {"type": "nobodys"})


def refuse_ipam(host: Rehearsed) -> NetworkList:
    return network(bridge(host, ipam={"type": "nobodys"}))


def refuse_version(host: Rehearsed) -> NetworkList:
    return network(bridge(host), version="1.9.9")


CASES: dict[str, tuple[Callable[[Rehearsed], NetworkList], int, str]] = {
    "the name is taken": (refuse_name, 102, "the container already has an interface 'eth0'"),
    "the bridge is none": (refuse_bridge, 102, "'br0' exists and is not a bridge"),
    "the bridge has another address": (refuse_gateway, 102, "bridge 'br0' has the address 10.9.9.1/24"),
    "the pool is empty": (refuse_address, 101, "no IP addresses available in range set 0"),
    "the attachment has an address": (refuse_twice, 102, "10.1.2.3 is already allocated to container blue"),
    "the port is somebody's": (refuse_port, 102, "host port 8080/tcp is published by mynet/red/eth0"),
    "the host reaches the address otherwise": (refuse_route, 102, "the host already has a route to 10.1.2.2"),
    "the configuration contradicts itself": (refuse_config, 7, "cannot set hairpinMode and promiscMode"),
    "there are no ranges": (refuse_pool, 7, "no IP ranges specified"),
    "a plugin is missing": (refuse_plugin, 7, "failed to find plugin 'nobodys'"),
    "the ipam plugin is missing": (refuse_ipam, 7, "failed to find plugin 'nobodys'"),
    "the version is unknown": (refuse_version, 1, "incompatible CNI versions"),
}


@pytest.mark.parametrize("name", CASES)
def test_what_add_refuses_a_preview_refuses_alike(rehearsed: Rehearsed, name: str) -> None:
    prepare, code, text = CASES[name]
    wanted, blue = prepare(rehearsed), container(**WEB)
    with rehearsed.untouched(), pytest.raises(CNIError) as foreseen:
        rehearsed.preview("ADD", wanted, blue)
    with pytest.raises(CNIError) as met:
        rehearsed.do("ADD", wanted, blue)
    assert foreseen.value.as_object() == met.value.as_object()
    assert (foreseen.value.code, text in foreseen.value.msg) == (code, True), foreseen.value
    assert foreseen.value.__notes__ == met.value.__notes__


def test_what_is_attached_is_not_attached_again(rehearsed: Rehearsed) -> None:
    wanted = network(bridge(rehearsed))
    rehearsed.do("ADD", wanted, container())
    with pytest.raises(CNIError, match="blue is already attached to network 'mynet' as eth0") as foreseen:
        rehearsed.preview("ADD", wanted, container())
    assert foreseen.value.code == 102


@pytest.mark.parametrize("path", ["", "/run/netns/gone", "/etc/passwd"])
def test_a_namespace_that_is_none_is_refused(rehearsed: Rehearsed, path: str) -> None:
    wanted, nowhere = network(bridge(rehearsed)), Attachment("blue", path)
    with pytest.raises(CNIError) as foreseen:
        rehearsed.preview("ADD", wanted, nowhere)
    with pytest.raises(CNIError) as met:
        rehearsed.do("ADD", wanted, nowhere)
    assert foreseen.value.as_object() == met.value.as_object()


def test_a_folder_that_cannot_be_written_is_foreseen(rehearsed: Rehearsed) -> None:
    rehearsed.leases.write_text("a file in its place")
    wanted = network(bridge(rehearsed))
    with pytest.raises(CNIError, match=rf"host-local: {rehearsed.leases} is not a folder") as foreseen:
        rehearsed.preview("ADD", wanted, container())
    with pytest.raises(CNIError) as met:
        rehearsed.do("ADD", wanted, container())
    assert foreseen.value.code == met.value.code


PROGRAM = """
import sys
from poplin.cli.failure import describe
from poplin.preview.plan import preview_attach_all, preview_detach_all
from poplin.runtime import Attachment, Cache, CNIError, Runtime, parse
import os
paths, folder, verb, text = sys.argv[1:]
try:
    runtime, network = Runtime((paths,), Cache(folder)), parse(text)
    foresee = {"ADD": preview_attach_all, "DEL": preview_detach_all}[verb]
    foresee(runtime, [(network, Attachment("blue", "/run/netns/blue"))])
except CNIError as error:
    print(error.code, describe(error))
"""


def as_user(host: Rehearsed, verb: str, wanted: NetworkList) -> str:
    """What a preview tells an ordinary user."""
    arguments = [str(host.bin_dir), str(host.folder / "cni"), verb, wanted.text.decode()]
    done = subprocess.run(
        ["nsenter", f"--net={host.host.path}", *AS_USER, sys.executable, "-c", PROGRAM, *arguments],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.strip()


def open_to_all(*folders: Path) -> None:
    """Let everybody look in, from the root on."""
    for folder in folders:
        for each in (folder, *folder.parents):
            if each.stat().st_uid == os.geteuid() and each != Path("/"):
                each.chmod(each.stat().st_mode | 0o755)


@pytest.mark.parametrize(
    ("verb", "what"),
    [("ADD", "cannot enter the network namespace"), ("DEL", "nft list table inet poplin: Operation not permitted")],
)
def test_an_ordinary_user_is_told_what_he_may_not(rehearsed: Rehearsed, verb: str, what: str) -> None:
    wanted = network(bridge(rehearsed))
    if verb == "DEL":
        rehearsed.do("ADD", wanted, container())
    open_to_all(rehearsed.folder, rehearsed.bin_dir)
    told = as_user(rehearsed, verb, wanted)
    assert what in told and told.endswith("run it as root"), told


def test_a_preview_that_failed_leaves_no_copy_behind(rehearsed: Rehearsed, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("poplin.preview.leases.MEMORY", str(tmp_path))
    wanted = refuse_address(rehearsed)
    with pytest.raises(CNIError):
        rehearsed.preview("ADD", wanted, container())
    assert lines(rehearsed.preview("DEL", wanted, container())) == []
    assert [path.name for path in tmp_path.iterdir()] == ["state"]
