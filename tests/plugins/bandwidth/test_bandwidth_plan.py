"""bandwidth on a kernel in memory: the plan of each verb as `tc` lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bandwidth_lab import BOTH
from plan_lab import Stage

from poplin.linux.wire.veth import add_veth
from poplin.plugins.bandwidth.plugin import PLUGIN

OUTER = "vetha529fbf5"  # as bridge and ptp call it
IFB, OWN = "bwpf0bca4ac77cd", "bwpb962c3b60b4f"

MAKE = f"""\
tc qdisc replace dev {OUTER} root handle 1: tbf rate 10000000bit burst 125000 limit 156250
ip link add {OWN} mtu 1500 txqueuelen 0 type ifb
ip link set dev {OWN} alias mynet/c1/eth0
ip link set dev {OWN} name {IFB} alias mynet/c1/eth0
sysctl -w net/ipv6/conf/{IFB}/accept_ra=0
sysctl -w net/ipv6/conf/{IFB}/disable_ipv6=1
tc qdisc replace dev {IFB} root handle 1: tbf rate 20000000bit burst 125000 limit 187500
ip link set dev {IFB} up mtu 1500 alias mynet/c1/eth0
tc qdisc add dev {OUTER} ingress
tc filter add dev {OUTER} ingress protocol all prio 1 u32 match u32 0 0 flowid 1:1 \
action mirred egress redirect dev {IFB}"""

REMOVE = f"""\
tc qdisc del dev {OUTER} ingress
ip link delete dev {IFB}
tc qdisc del dev {OUTER} root"""

CLASSES = """\
tc qdisc add dev LINK root handle 1: htb default 1
tc class add dev LINK parent 1: classid 1:30 htb rate RATEbit ceil RATEbit burst 125000 cburst 125000 quantum 60000
tc qdisc add dev LINK parent 1:30 handle 30: bfifo limit LIMIT
tc class add dev LINK parent 1: classid 1:1 htb rate 800000000000bit ceil 800000000000bit burst 1000000000 \
cburst 1000000000 quantum 60000
tc qdisc add dev LINK parent 1:1 handle 2: pfifo limit 1000
tc filter add dev LINK parent 1: protocol ip prio 16 u32 match ip SIDE 10.0.0.0/8 flowid 1:30
tc filter add dev LINK parent 1: protocol ipv6 prio 15 u32 match ip6 SIDE fd00::/64 flowid 1:30"""


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    made = Stage(PLUGIN, bin_dir)
    made.kernel.host.rtnl.apply(add_veth(OUTER, "eth0", made.container.fd))
    return made


def conf(**fields: Any) -> dict[str, Any]:
    interfaces = [{"name": OUTER}, {"name": "eth0", "sandbox": "/run/netns/c1"}]
    result = {"cniVersion": "1.1.0", "interfaces": interfaces}
    return {"cniVersion": "1.1.0", "name": "mynet", "type": "bandwidth", "prevResult": result, **fields}


def test_the_plan_of_add_and_of_delete(stage: Stage) -> None:
    assert "\n".join(stage.perform("ADD", conf(**BOTH))) == MAKE
    assert stage.perform("CHECK", conf(**BOTH)) == []
    assert stage.perform("ADD", conf(**BOTH)) == []
    assert "\n".join(stage.perform("DEL", conf())) == REMOVE
    assert stage.perform("DEL", conf()) == []


def test_the_plan_without_limits(stage: Stage) -> None:
    assert stage.perform("ADD", conf()) == []
    stage.perform("ADD", conf(**BOTH))
    assert "\n".join(stage.perform("ADD", conf())) == REMOVE
    assert stage.perform("ADD", conf()) == []


def test_a_change_of_rate_is_one_line(stage: Stage) -> None:
    stage.perform("ADD", conf(**BOTH))
    log = stage.perform("ADD", conf(**{**BOTH, "egressRate": 8000, "egressBurst": 160_000}))
    assert log[0] == f"tc qdisc replace dev {IFB} root handle 1: tbf rate 8000bit burst 20000 limit 20025"
    assert len(log) == 1


def test_the_plan_for_subnets(stage: Stage) -> None:
    subnets = {"shapedSubnets": ["10.0.0.0/8", "fd00::/64"]}
    stage.perform("ADD", conf(**BOTH))
    log = stage.perform("ADD", conf(**BOTH, **subnets))
    ends = ((OUTER, "10000000", "156250", "src"), (IFB, "20000000", "187500", "dst"))
    for link, rate, limit, side in ends:
        lines = CLASSES.replace("LINK", link).replace("RATE", rate).replace("LIMIT", limit).replace("SIDE", side)
        wanted = [f"tc qdisc del dev {link} root", *lines.splitlines()]
        at = log.index(wanted[0])
        assert log[at : at + len(wanted)] == wanted
    assert stage.perform("CHECK", conf(**BOTH, **subnets)) == []
    assert stage.refuse("CHECK", conf(**BOTH))["code"] == 103
    assert stage.perform("ADD", conf(**BOTH, **subnets)) == []
    assert "\n".join(stage.perform("DEL", conf())) == REMOVE


def test_gc_takes_devices_by_their_aliases(stage: Stage) -> None:
    stage.perform("ADD", conf(**BOTH))
    valid = [{"containerID": "c1", "ifname": "eth0"}]
    assert stage.perform("GC", conf(**{"cni.dev/valid-attachments": valid})) == []
    assert stage.perform("GC", conf(**{"name": "mynetwork", "cni.dev/valid-attachments": []})) == []
    assert stage.perform("GC", conf(**{"cni.dev/valid-attachments": []})) == [f"ip link delete dev {IFB}"]


def test_the_result_has_the_device(stage: Stage) -> None:
    reply = stage.call("ADD", conf(**BOTH))
    names = [each["name"] for each in json.loads(reply.output)["interfaces"]]
    assert names == [OUTER, "eth0", IFB]
