"""bridge on a kernel in memory: the plan of each verb as `ip` lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poplin.linux.fake.kernel import FakeKernel
from poplin.plugins.bridge.plugin import PLUGIN
from poplin.plugins.kit.skel import answer

Network = Callable[..., dict[str, Any]]

PLAN = """\
ip link add br0 address MAC type bridge
sysctl -w net/ipv6/conf/br0/accept_ra=0
sysctl -w net/ipv6/conf/br0/accept_dad=0
sysctl -w net/ipv6/conf/br0/disable_ipv6=1
ip link set dev br0 up
ip link add vetha529fbf5 type veth peer name eth0 netns c1
ip link set dev vetha529fbf5 alias mynet/c1/eth0
sysctl -w net/ipv6/conf/vetha529fbf5/accept_ra=0
sysctl -w net/ipv6/conf/vetha529fbf5/disable_ipv6=1
ip link set dev vetha529fbf5 up master br0
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/accept_dad=0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip -n c1 address add 10.1.2.2/24 dev eth0 broadcast 10.1.2.255
ip -n c1 link set dev eth0 up
ip -n c1 route append default via 10.1.2.1 dev eth0 proto 112
ip address add 10.1.2.1/24 dev br0 broadcast 10.1.2.255
ip link set dev br0 address MAC
sysctl -w net/ipv4/ip_forward=1"""


@pytest.fixture
def kernel() -> FakeKernel:
    return FakeKernel(["/run/netns/c1"])


@pytest.fixture
def environ(bin_dir: Path) -> dict[str, str]:
    return {
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": str(bin_dir),
    }


def perform(kernel: FakeKernel, environ: dict[str, str], command: str, conf: dict[str, Any]) -> list[str]:
    """The log of one verb, which must succeed."""
    kernel.log.clear()
    reply = answer(PLUGIN, {**environ, "CNI_COMMAND": command}, lambda: json.dumps(conf).encode(), kernel)
    assert reply.status == 0, reply.output
    bridge = kernel.host.rtnl.find_link("br0")
    return [line.replace(bridge.mac, "MAC") if bridge else line for line in kernel.log]


def test_the_plan_of_add(kernel: FakeKernel, environ: dict[str, str], network: Network) -> None:
    conf = network("10.1.2.0/24", isDefaultGateway=True)
    assert "\n".join(perform(kernel, environ, "ADD", conf)) == PLAN


def test_the_second_container_costs_no_more_than_its_pair(
    kernel: FakeKernel, environ: dict[str, str], network: Network
) -> None:
    conf = network("10.1.2.0/24", isDefaultGateway=True)
    both = FakeKernel(["/run/netns/c1", "/run/netns/c2"])
    perform(both, environ, "ADD", conf)
    second = {**environ, "CNI_CONTAINERID": "c2", "CNI_NETNS": "/run/netns/c2"}
    log = perform(both, second, "ADD", conf)
    assert [line.split()[-2:] for line in log if "br0" in line] == [["master", "br0"]]
    assert len(log) == 10


def test_the_plan_of_delete(kernel: FakeKernel, environ: dict[str, str], network: Network) -> None:
    conf = network("10.1.2.0/24")
    perform(kernel, environ, "ADD", conf)
    assert perform(kernel, environ, "DEL", conf) == ["ip link delete dev vetha529fbf5"]
    assert perform(kernel, environ, "DEL", conf) == []


def test_a_refusal_by_ipam_leaves_the_kernel_alone(
    kernel: FakeKernel, environ: dict[str, str], network: Network
) -> None:
    container = kernel.open("/run/netns/c1")
    conf = network("10.1.2.0/24", isGateway=True, routes=("10.5.0.0/16",))
    conf["ipam"]["routes"].append({"dst": "10.5.0.0/16", "gw": "10.1.2.9"})
    conf["runtimeConfig"] = {"ips": ["10.1.2.1"]}  # the gateway, which host-local refuses before anything is made
    reply = answer(PLUGIN, {**environ, "CNI_COMMAND": "ADD"}, lambda: json.dumps(conf).encode(), kernel)
    assert (reply.status, kernel.log) == (1, [])
    assert container.rtnl.find_link("eth0") is None
