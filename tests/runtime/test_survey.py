"""What is on record beside what the kernel has."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE

from poplin.linux.kernel import Kernel
from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Cache
from poplin.runtime.liveness import is_alive
from poplin.runtime.survey import SeenAddress, SeenAttachment, survey
from poplin.spec.result import parse_result

CONFIG = b'{"name": "mynet", "cniVersion": "1.1.0", "plugins": [{"type": "bridge", "bridge": "br0"}]}'


class HostKernel(Kernel):
    """The kernel seen from the namespace that stands for the host."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._host = self.open(path)


@pytest.fixture
def wired(host: Any, container: Any) -> Any:
    """A bridge on the host, a veth pair, an address in the container."""
    host.sh("ip link add br0 type bridge")
    host.sh(f"ip link add vethx type veth peer name eth0 netns {container.id}")
    host.sh("ip link set vethx master br0")
    container.sh("ip address add 10.1.0.2/16 dev eth0")
    return container


def look(host: Any, container: Any, tmp_path: Path, result: dict[str, Any]) -> SeenAttachment:
    """The survey of one attachment with this result on record."""
    cache = Cache(str(tmp_path / "cni"))
    cache.write("mynet", Attachment(container.id, container.path), CONFIG, parse_result(result))
    kernel = HostKernel(host.path)
    seen = survey(cache, kernel).attachments
    kernel.host.close()
    assert len(seen) == 1
    return seen[0]


def recorded(host: Any, container: Any) -> dict[str, Any]:
    """The result an ADD of this would have."""
    return {
        "cniVersion": "1.1.0",
        "interfaces": [
            {"name": "br0", "mac": host.mac("br0")},
            {"name": "vethx", "mac": host.mac("vethx")},
            {"name": "eth0", "mac": container.mac("eth0"), "sandbox": container.path},
        ],
        "ips": [{"address": "10.1.0.2/16", "interface": 2}],
    }


def test_what_is_as_recorded_has_no_drift(host: Any, wired: Any, tmp_path: Path) -> None:
    seen = look(host, wired, tmp_path, recorded(host, wired))
    assert (seen.is_alive, seen.drift) == (True, [])
    assert [(end.name, end.in_container, end.is_present, end.master) for end in seen.interfaces] == [
        ("br0", False, True, ""),
        ("vethx", False, True, "br0"),
        ("eth0", True, True, ""),
    ]
    assert seen.addresses == [SeenAddress("10.1.0.2/16", True)]
    assert seen.bridge is not None
    assert seen.bridge.name == "br0"


def test_what_is_missing_or_another_is_told(host: Any, wired: Any, tmp_path: Path) -> None:
    result = recorded(host, wired)
    wired.sh("ip address del 10.1.0.2/16 dev eth0")
    result["interfaces"][2]["mac"] = "02:00:00:00:00:01"
    now = wired.mac("eth0")
    assert look(host, wired, tmp_path, result).drift == [
        f"interface eth0 in the container has MAC {now}, not 02:00:00:00:00:01",
        "address 10.1.0.2/16 is missing on eth0",
    ]
    host.sh("ip link del vethx")
    assert look(host, wired, tmp_path, result).drift == [
        "interface vethx is missing on the host",
        "interface eth0 is missing in the container",
        "address 10.1.0.2/16 is missing on eth0",
    ]


def test_a_namespace_that_is_gone_is_told(host: Any, wired: Any, tmp_path: Path) -> None:
    result = recorded(host, wired)
    wired.remove()
    seen = look(host, wired, tmp_path, result)
    assert not seen.is_alive
    assert seen.drift[0] == f"namespace {wired.path} is gone"
    assert seen.addresses == [SeenAddress("10.1.0.2/16", False)]


def test_before_0_3_0_the_host_end_and_the_bridge_are_found_in_the_kernel(
    host: Any, wired: Any, tmp_path: Path
) -> None:
    seen = look(host, wired, tmp_path, {"cniVersion": "0.1.0", "ip4": {"ip": "10.1.0.2/16"}})
    assert [(end.name, end.in_container, end.master) for end in seen.interfaces] == [
        ("eth0", True, ""),
        ("vethx", False, "br0"),
    ]
    assert (seen.drift, seen.addresses) == ([], [SeenAddress("10.1.0.2/16", True)])


def test_before_0_3_0_a_missing_host_end_is_known_by_the_networks_bridge(host: Any, wired: Any, tmp_path: Path) -> None:
    host.sh("ip link del vethx")
    seen = look(host, wired, tmp_path, {"cniVersion": "0.1.0", "ip4": {"ip": "10.1.0.2/16"}})
    assert seen.drift == [
        "interface eth0 is missing in the container",
        "address 10.1.0.2/16 is missing on eth0",
        "its link to bridge br0 is missing on the host",
    ]
    assert seen.bridge is not None
    assert seen.bridge.is_present


def test_the_host_end_of_a_container_that_is_gone_is_known_by_its_alias(host: Any, wired: Any, tmp_path: Path) -> None:
    """The pair outlives the namespace's name as long as a process is in it."""
    host.sh(f"ip link set vethx alias mynet/{wired.id}/eth0")
    holder = subprocess.Popen(["nsenter", f"--net={wired.path}", "sleep", "600"])
    try:
        wait_until_inside(holder.pid, wired.path)
        wired.remove()
        seen = look(host, wired, tmp_path, {"cniVersion": "0.1.0", "ip4": {"ip": "10.1.0.2/16"}})
    finally:
        holder.kill()
        holder.wait()
    assert [(end.name, end.is_present, end.master) for end in seen.interfaces] == [
        ("eth0", False, ""),
        ("vethx", True, "br0"),
    ]
    assert seen.drift == [f"namespace {wired.path} is gone"]


def wait_until_inside(pid: int, path: str) -> None:
    """nsenter has joined the namespace."""
    inode = os.stat(path).st_ino
    deadline = time.monotonic() + PATIENCE
    while os.stat(f"/proc/{pid}/ns/net").st_ino != inode:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_an_index_out_of_range_is_taken_for_none(host: Any, wired: Any, tmp_path: Path) -> None:
    result = recorded(host, wired)
    result["ips"][0]["interface"] = -1
    assert look(host, wired, tmp_path, result).drift == []


def test_a_result_that_does_not_parse_is_told_and_the_rest_goes_on(host: Any, wired: Any, tmp_path: Path) -> None:
    seen = look(host, wired, tmp_path, recorded(host, wired))
    path = next((tmp_path / "cni" / "results").iterdir())
    path.write_text(path.read_text().replace('"10.1.0.2/16"', '"nonsense"'))
    kernel = HostKernel(host.path)
    seen = survey(Cache(str(tmp_path / "cni")), kernel).attachments[0]
    kernel.host.close()
    assert seen.is_alive
    assert seen.drift[0].startswith("the recorded result does not parse: ")


def test_only_a_network_namespace_of_another_is_alive(host: Any, container: Any, tmp_path: Path) -> None:
    kernel = Kernel()
    assert is_alive(kernel, container.path)
    for path in ("", "/nowhere", "/etc/passwd", "/proc/self/ns/mnt", "/proc/self/ns/net", str(tmp_path)):
        assert not is_alive(kernel, path)
