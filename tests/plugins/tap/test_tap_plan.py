"""tap on a kernel in memory: the plan of each verb as `ip` lines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plan_lab import Stage

from poplin.plugins.tap.plugin import PLUGIN

Network = Callable[..., dict[str, Any]]

PLAN = """\
ip -n c1 tuntap add dev eth0 mode tap vnet_hdr multi_queue user 1000 group 0
ip -n c1 link set dev eth0 address 02:00:00:00:00:07 mtu 1400 master up0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip -n c1 address add 10.1.2.2/24 dev eth0 broadcast 10.1.2.255
ip -n c1 address add 2001:db8::2/64 dev eth0 nodad
ip -n c1 link set dev eth0 up
ip -n c1 route append default via 10.1.2.1 dev eth0 proto 112"""

LEAST = """\
ip -n c1 tuntap add dev eth0 mode tap vnet_hdr
ip -n c1 link set dev eth0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip -n c1 link set dev eth0 up"""


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    return Stage(PLUGIN, bin_dir)


def test_the_plan_of_add_and_delete(stage: Stage, network: Network) -> None:
    wanted = {"owner": 1000, "group": 0, "multiQueue": True, "mtu": 1400, "mac": "02:00:00:00:00:07", "bridge": "up0"}
    conf = network("10.1.2.0/24", "2001:db8::/64", routes=("0.0.0.0/0",), **wanted)
    assert "\n".join(stage.perform("ADD", conf)) == PLAN
    assert stage.perform("DEL", conf) == ["ip -n c1 link delete dev eth0"]
    assert stage.perform("DEL", conf) == []


def test_the_least(stage: Stage, network: Network) -> None:
    assert "\n".join(stage.perform("ADD", network())) == LEAST


def test_a_label_goes_before_the_command(
    stage: Stage, network: Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poplin.linux.selinux.ENFORCE", str(tmp_path))
    lines = stage.perform("ADD", network(selinuxContext="a_u:b_r:c_t:s0:c1$x"))
    assert lines[0] == "ip netns exec c1 runcon 'a_u:b_r:c_t:s0:c1$x' ip tuntap add dev eth0 mode tap vnet_hdr"


def test_a_name_that_is_taken_is_refused(stage: Stage, network: Network) -> None:
    stage.perform("ADD", network())
    assert stage.refuse("ADD", network())["code"] == 102
    assert stage.links() == ["eth0"]
