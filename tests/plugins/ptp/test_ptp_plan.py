"""ptp on a kernel in memory: the plan of each verb as `ip` lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poplin.linux.fake.kernel import FakeKernel
from poplin.plugins.kit.skel import answer
from poplin.plugins.ptp.plugin import PLUGIN

Network = Callable[..., dict[str, Any]]

PLAN = """\
ip link add vetha529fbf5 mtu 1400 type veth peer name eth0 netns c1 mtu 1400
ip link set dev vetha529fbf5 alias mynet/c1/eth0
sysctl -w net/ipv4/ip_forward=1
sysctl -w net/ipv6/conf/all/forwarding=1
sysctl -w net/ipv6/conf/vetha529fbf5/accept_ra=0
sysctl -w net/ipv6/conf/vetha529fbf5/accept_dad=0
ip address add 10.1.2.1/32 dev vetha529fbf5 noprefixroute
ip address add 2001:db8::1/128 dev vetha529fbf5 nodad noprefixroute
ip link set dev vetha529fbf5 up
ip route add 10.1.2.2/32 dev vetha529fbf5 proto 112 scope host
ip route add 2001:db8::2/128 dev vetha529fbf5 proto 112
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/accept_dad=0
ip -n c1 address add 10.1.2.2/24 dev eth0 noprefixroute broadcast 10.1.2.255
ip -n c1 address add 2001:db8::2/64 dev eth0 nodad noprefixroute
ip -n c1 link set dev eth0 up
ip -n c1 route append 10.1.2.1/32 dev eth0 proto 112 scope link src 10.1.2.2
ip -n c1 route append 2001:db8::1/128 dev eth0 proto 112 src 2001:db8::2
ip -n c1 route append 10.1.2.0/24 via 10.1.2.1 dev eth0 proto 112 src 10.1.2.2
ip -n c1 route append 2001:db8::/64 via 2001:db8::1 dev eth0 proto 112 src 2001:db8::2
ip -n c1 route append default via 10.1.2.1 dev eth0 proto 112"""

IPV4_SWITCHES = [
    "sysctl -w net/ipv4/ip_forward=1",
    "sysctl -w net/ipv6/conf/vetha529fbf5/accept_ra=0",
    "sysctl -w net/ipv6/conf/vetha529fbf5/disable_ipv6=1",
]


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
    return list(kernel.log)


def test_the_plan_of_add(kernel: FakeKernel, environ: dict[str, str], ptp: Network) -> None:
    conf = ptp("10.1.2.0/24", "2001:db8::/64", routes=("0.0.0.0/0",), mtu=1400)
    assert "\n".join(perform(kernel, environ, "ADD", conf)) == PLAN


def test_without_ipv6_there_are_no_switches_in_the_container(
    kernel: FakeKernel, environ: dict[str, str], ptp: Network
) -> None:
    log = perform(kernel, environ, "ADD", ptp("10.1.2.0/24"))
    assert [line for line in log if "sysctl" in line] == IPV4_SWITCHES


def test_the_plan_of_delete(kernel: FakeKernel, environ: dict[str, str], ptp: Network) -> None:
    conf = ptp("10.1.2.0/24")
    perform(kernel, environ, "ADD", conf)
    assert perform(kernel, environ, "DEL", conf) == ["ip link delete dev vetha529fbf5"]
    assert perform(kernel, environ, "DEL", conf) == []
    container = kernel.open("/run/netns/c1")
    assert (kernel.host.rtnl.list_routes(), container.rtnl.list_routes()) == ([], [])
