"""vrf on a kernel in memory: what it would have done, and which table it takes."""

from __future__ import annotations

from errno import EPERM
from pathlib import Path
from typing import Any

import pytest
from plan_lab import CONTAINER, Stage

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import parse_mac, set_link
from poplin.linux.wire.route import RouteEntry, add_route
from poplin.plugins.vrf.device import find_free_table
from poplin.plugins.vrf.plugin import PLUGIN
from poplin.spec.address import parse_ip, parse_prefix

PLAN = """\
ip -n c1 link add red type vrf table 1
ip -n c1 link set dev red up alias 'poplin vrf'
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip -n c1 link set dev eth0 master red
ip -n c1 route append 10.50.0.0/16 via 10.1.2.1 dev eth0 proto 112 table 1"""


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    made = Stage(PLUGIN, bin_dir)
    rtnl = made.container.rtnl
    rtnl.apply(add_bridge("eth0", parse_mac("02:00:00:00:00:07")), set_link("eth0", up=True))
    index = rtnl.get_link("eth0").index
    for text in ("10.1.2.2/24", "fd00:1::2/64"):
        rtnl.apply(add_address("eth0", index, parse_prefix(text)))
    rtnl.apply(add_route("eth0", RouteEntry(parse_prefix("10.50.0.0/16"), index, parse_ip("10.1.2.1"))))
    return made


@pytest.fixture
def conf() -> dict[str, Any]:
    previous = {
        "cniVersion": "1.1.0",
        "interfaces": [{"name": "eth0", "sandbox": CONTAINER}],
        "ips": [{"address": "10.1.2.2/24", "interface": 0}],
    }
    return {"cniVersion": "1.1.0", "name": "mynet", "type": "vrf", "vrfname": "red", "prevResult": previous}


def test_the_plan_of_add_and_of_delete(stage: Stage, conf: dict[str, Any]) -> None:
    assert "\n".join(stage.perform("ADD", conf)) == PLAN
    assert stage.perform("ADD", conf) == []
    assert stage.perform("CHECK", conf) == []
    assert stage.perform("DEL", conf) == ["ip -n c1 link set dev eth0 nomaster", "ip -n c1 link delete dev red"]
    assert stage.perform("DEL", conf) == []


@pytest.mark.parametrize("allowed", range(4))
def test_a_failed_add_undoes_what_it_did(stage: Stage, conf: dict[str, Any], allowed: int) -> None:
    rtnl = stage.container.rtnl
    entry = RouteEntry(parse_prefix("10.60.0.0/16"), rtnl.get_link("eth0").index, parse_ip("10.1.2.1"))
    rtnl.apply(add_route("eth0", entry))
    before = rtnl.list_links(), rtnl.list_addresses(), sorted(map(repr, rtnl.list_routes()))
    refuse_after(stage, allowed)
    assert stage.refuse("ADD", conf)["code"] == 100
    now = rtnl.list_links(), rtnl.list_addresses(), sorted(map(repr, rtnl.list_routes()))
    assert now == before


def refuse_after(stage: Stage, allowed: int) -> None:
    """The kernel takes so many sends more, refuses one, and then is content again."""
    socket = stage.container.rtnl.socket
    send, left = socket.send, [allowed]

    def refusing(requests: Any) -> None:
        if requests and left[0] == 0:
            left[0] = -1
            raise NetlinkError(EPERM, requests[0].text)
        if requests:
            left[0] -= 1
        send(requests)

    socket.send = refusing  # type: ignore[method-assign]


@pytest.mark.facts("plugins-meta", 110)
@pytest.mark.parametrize(
    ("used", "free"),
    [((), 1), ((1, 2, 3, 5), 4), (range(1, 253), 256), (range(1, 1000), 1000), ((999,), 1)],
    ids=["none", "a gap", "before the kernel's own", "many", "a high one"],
)
def test_the_lowest_table_that_no_vrf_has(used: Any, free: int) -> None:
    assert find_free_table(used) == free


@pytest.mark.facts("plugins-meta", 110)
def test_only_vrfs_count(stage: Stage, conf: dict[str, Any]) -> None:
    rtnl = stage.container.rtnl
    index = rtnl.get_link("eth0").index
    rtnl.apply(add_route("eth0", RouteEntry(parse_prefix("10.70.0.0/16"), index, table=1)))
    assert stage.perform("ADD", conf)[0] == "ip -n c1 link add red type vrf table 1"


@pytest.mark.facts("plugins-meta", 112)
@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL", "STATUS"])
def test_every_verb_needs_a_name(stage: Stage, conf: dict[str, Any], command: str) -> None:
    error = stage.refuse(command, {**conf, "vrfname": ""})
    assert (error["code"], error["msg"]) == (7, "configuration is expected to have a valid vrf name")
