"""macvlan: what is refused, and that nothing is left of what failed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from doubles import MakeDouble
from netlab import Host, lease_files, with_prev_result
from upper_lab import MASTER, V4, V6, Ground, everywhere, facts

RANGE = "on up0 it can be 68 to 1500, or 0 for 1500"


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        pytest.param({"mtu": -1}, 7, "invalid mtu -1", marks=facts(85)),
        ({"mtu": 67}, 7, "it can be 68 to 65535, or 0 for the default"),
        ({"mtu": 65536}, 7, "invalid mtu 65536"),
        ({"mtu": "1500"}, 6, "mtu"),
        pytest.param({"mode": "sideways"}, 7, "unknown mode 'sideways'", marks=facts(84)),
        ({"mode": "source"}, 7, "known are private, vepa, bridge, passthru"),
        ({"mode": 4}, 6, "mode"),
        ({"bcqueuelen": -1}, 7, "invalid bcqueuelen -1"),
        ({"bcqueuelen": 1 << 32}, 7, "it can be 0 to 4294967295"),
        ({"bcqueuelen": "many"}, 6, "bcqueuelen"),
        ({"linkInContainer": "yes"}, 6, "linkInContainer"),
        ({"master": 5}, 6, "master"),
        ({"master": "sixteen-letters-"}, 7, "invalid interface name in `master`"),
        ({"mac": "02:00:00"}, 7, "invalid mac"),
        ({"mac": "01:00:00:00:00:01"}, 7, "a group or an empty address"),
        ({"runtimeConfig": {"mac": "x"}}, 7, "invalid runtimeConfig.mac"),
        ({"args": {"cni": {"mac": "x"}}}, 7, "invalid args.cni.mac"),
        ({"dns": {"nameservers": "10.1.2.1"}}, 6, "dns.nameservers"),
        ({"ipam": {"type": "macvlan"}}, 7, "the plugin itself"),
        ({"strict": True, "bcQueueLength": 5}, 2, "bcQueueLength"),
    ],
)
@pytest.mark.parametrize("command", ["ADD", "CHECK", "STATUS"])
def test_a_bad_setting_is_refused_before_anything_is_made(
    ground: Ground, fields: dict[str, Any], code: int, words: str, command: str
) -> None:
    conf = with_prev_result(ground.network(V4, **fields), {"cniVersion": "1.1.0"})
    reply = ground.host.call(command, conf, ground.container)
    assert reply.code == code
    assert words in reply.output
    assert "Traceback" not in reply.errors
    assert ground.is_clean()


def test_a_strict_network_takes_what_is_known(ground: Ground) -> None:
    conf = ground.network(V4, strict=True, mtu=1400, bcqueuelen=5, linkInContainer=False, mac="02:00:00:00:00:01")
    assert ground.host.cni("ADD", conf, ground.container)["ips"][0]["address"] == "10.1.2.2/24"


@everywhere
@facts(85)
def test_an_mtu_above_the_master_s(ground: Ground) -> None:
    reply = ground.host.call("ADD", ground.network(V4, mtu=1501), ground.container)
    assert (reply.code, reply.object["msg"], reply.object["details"]) == (7, "invalid mtu 1501", RANGE)
    assert ground.is_clean()


@everywhere
@facts(87)
def test_no_master_and_no_default_route(ground: Ground) -> None:
    reply = ground.host.call("ADD", ground.network(V4, master=None), ground.container)
    side = "container" if ground.side == "container" else "host"
    assert (reply.code, reply.object["msg"], reply.object["details"]) == (
        7,
        f"the {side} has no default route, whose link would be the `master`",
        "set `master`",
    )
    assert ground.is_clean()


def test_a_default_route_that_leads_nowhere_is_none(ground: Ground, host: Host) -> None:
    host.sh("ip route add unreachable default")
    assert host.call("ADD", ground.network(V4, master=None), ground.container).code == 7


@everywhere
def test_a_master_that_is_on_the_other_side(ground: Ground) -> None:
    inside = ground.side != "container"
    reply = ground.host.call("ADD", ground.network(V4, linkInContainer=inside), ground.container)
    assert (reply.code, reply.object["msg"]) == (7, f"there is no link '{MASTER}', the `master`")
    assert reply.object["details"] == f"`ip link` lists those of the {'container' if inside else 'host'}"
    assert ground.is_clean()


def test_what_the_kernel_refuses_comes_with_the_command(ground: Ground, host: Host) -> None:
    first = host.add_container()
    host.cni("ADD", ground.network(V4, mode="passthru"), first)
    reply = host.call("ADD", ground.network(V4), ground.container)
    assert reply.code == 100
    assert reply.object["msg"].startswith(f"ip link add eth0 link {MASTER} netns {ground.container.id} type macvlan")
    assert (ground.container.links(), lease_files(ground.leases)) == ([], ["10.1.2.2"])


def test_an_interface_name_that_is_taken(ground: Ground) -> None:
    ground.container.sh("ip link add eth0 type veth peer name eth1")
    reply = ground.host.call("ADD", ground.network(V4), ground.container)
    assert (reply.code, reply.object["msg"]) == (102, "the container already has an interface 'eth0'")
    assert (ground.container.links(), (ground.leases / "mynet").exists()) == (["eth0", "eth1"], False)


def test_a_second_add_changes_nothing(ground: Ground) -> None:
    conf = ground.network(V4)
    ground.host.cni("ADD", conf, ground.container)
    assert ground.host.call("ADD", conf, ground.container).code == 102
    assert ground.container.pings("10.1.2.1")


# Each step that can fail.


@everywhere
@facts(88)
def test_a_failure_of_ipam_leaves_nothing(ground: Ground) -> None:
    other = ground.host.add_container()
    conf = ground.network("10.1.2.0/30")
    ground.host.cni("ADD", conf | ({"master": None, "linkInContainer": False, "type": "bridge"}), other)
    reply = ground.host.call("ADD", conf, ground.container)
    assert (reply.code, lease_files(ground.leases)) == (101, ["10.1.2.2"])
    assert not ground.container.has_link("eth0")


@facts(88)
def test_ipam_that_gives_no_address_is_told_so(ground: Ground, plugin_dir: Path, double: MakeDouble) -> None:
    ipam = double("other-ipam")
    ipam.tell(ADD={"cniVersion": "1.1.0", "ips": []})
    conf = ground.network(ipam={"type": "other-ipam"})
    reply = ground.host.call("ADD", conf, ground.container, environ={"CNI_PATH": str(plugin_dir)})
    assert (reply.code, reply.object["msg"]) == (7, "the ipam plugin 'other-ipam' gave no address")
    assert (ipam.commands, ground.container.links()) == (["ADD", "DEL"], [])


FAILURES: dict[str, tuple[dict[str, Any], int, str]] = {
    "a route the kernel refuses": ({"dst": "10.5.0.0/16", "gw": "99.9.9.9"}, 100, "ip route append 10.5.0.0/16 via"),
    "a number the kernel has no room for": ({"dst": "10.5.0.0/16", "mtu": 1 << 32}, 7, "invalid mtu 4294967296"),
}


@everywhere
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_after_ipam_leaves_nothing(ground: Ground, name: str) -> None:
    route, code, words = FAILURES[name]
    conf = ground.network(V4, V6)
    conf["ipam"]["routes"] = [route]
    reply = ground.host.call("ADD", conf, ground.container)
    assert (reply.code, words in reply.object["msg"]) == (code, True), reply.output
    assert ground.is_clean()


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_an_old_result_that_has_no_room_leaves_nothing(ground: Ground, version: str) -> None:
    for conf in (ground.network(version=version), ground.network(V4, "10.7.0.0/24", version=version)):
        assert ground.host.call("ADD", conf, ground.container).status == 1
        assert ground.is_clean()


def test_a_namespace_that_is_none(ground: Ground) -> None:
    reply = ground.host.call("ADD", ground.network(V4), ground.container, environ={"CNI_NETNS": "/etc/passwd"})
    assert (reply.code, reply.object["details"]) == (8, "/etc/passwd: not a network namespace")
    assert ground.is_clean()
