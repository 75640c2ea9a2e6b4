"""host-device on a kernel in memory: the plan of each verb as `ip` lines."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card import RECORDS

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.wire.link import set_link
from poplin.linux.wire.move import move_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.host_device.plugin import PLUGIN
from poplin.plugins.kit.skel import answer

Network = Callable[..., dict[str, Any]]

PLAN = """\
mkdir -p /var/lib/cni/host-device/mynet
write /var/lib/cni/host-device/mynet/plan:eth0
ip link set dev ens1 netns c1 name eth0 alias ens1
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/ndisc_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip -n c1 address add 10.1.2.2/24 dev eth0 broadcast 10.1.2.255
ip -n c1 address add 2001:db8::2/64 dev eth0
ip -n c1 link set dev eth0 up
ip -n c1 route append default via 10.1.2.1 dev eth0 proto 112"""

BACK = """\
ip -n c1 link set dev eth0 netns host name ens1 up alias 'the left one'
remove /var/lib/cni/host-device/mynet/plan:eth0"""


@pytest.fixture
def kernel(laboratory: None) -> FakeKernel:
    """With a card that is up, and nothing on record."""
    shutil.rmtree(RECORDS, ignore_errors=True)
    made = FakeKernel(["/run/netns/c1"])
    made.host.rtnl.apply(
        add_veth("ens1", "wire", made.host.fd),
        set_link("ens1", up=True, alias="the left one"),
    )
    return made


@pytest.fixture
def environ(bin_dir: Path) -> dict[str, str]:
    return {
        "CNI_CONTAINERID": "plan",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": str(bin_dir),
    }


def perform(kernel: FakeKernel, environ: dict[str, str], command: str, conf: dict[str, Any]) -> str:
    """The log of one verb, which must succeed."""
    kernel.log.clear()
    reply = answer(PLUGIN, {**environ, "CNI_COMMAND": command}, lambda: json.dumps(conf).encode(), kernel)
    assert reply.status == 0, reply.output
    return "\n".join(kernel.log)


def test_the_plan_of_add_and_delete(kernel: FakeKernel, environ: dict[str, str], network: Network) -> None:
    conf = network("10.1.2.0/24", "2001:db8::/64", routes=("0.0.0.0/0",))
    assert perform(kernel, environ, "ADD", conf) == PLAN
    assert perform(kernel, environ, "DEL", conf) == BACK
    assert perform(kernel, environ, "DEL", conf) == ""
    assert [each.name for each in kernel.host.rtnl.list_links()] == ["lo", "wire", "ens1"]


def test_the_plan_without_addresses(kernel: FakeKernel, environ: dict[str, str], network: Network) -> None:
    assert perform(kernel, environ, "ADD", network()).splitlines()[2:] == [
        "ip link set dev ens1 netns c1 name eth0 alias ens1",
        "ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1",
        "ip netns exec c1 sysctl -w net/ipv6/conf/eth0/ndisc_notify=1",
        "ip -n c1 link set dev eth0 up",
    ]


def test_garbage_is_collected_from_the_host(kernel: FakeKernel, environ: dict[str, str], network: Network) -> None:
    perform(kernel, environ, "ADD", network())
    assert perform(kernel, environ, "GC", network()) == BACK


def test_a_device_that_was_handed_back_is_renamed(
    kernel: FakeKernel, environ: dict[str, str], network: Network
) -> None:
    perform(kernel, environ, "ADD", network())
    (inner,) = [each for each in kernel.open("/run/netns/c1").rtnl.list_links() if each.name == "eth0"]
    kernel.open("/run/netns/c1").rtnl.apply(move_link(inner, kernel.host.fd, "eth0", alias="ens1", up=True))
    lines = perform(kernel, environ, "DEL", network()).splitlines()
    assert lines[0] == "ip link set dev eth0 down"
    assert lines[1] == "ip link set dev eth0 name ens1 up alias 'the left one'"
