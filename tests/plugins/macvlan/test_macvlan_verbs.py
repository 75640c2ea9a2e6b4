"""macvlan: DEL whatever is gone, CHECK of every drift, STATUS and GC."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from doubles import MakeDouble
from netlab import Host, lease_files, with_prev_result
from upper_lab import MASTER, V4, V6, Conf, Ground, everywhere, facts

MAC = "02:00:00:00:00:07"


@pytest.fixture
def attached(ground: Ground) -> tuple[Conf, Conf]:
    """The network of an attached container, and the result."""
    conf = ground.network(V4)
    return conf, ground.host.cni("ADD", conf, ground.container)


# DEL.


def delete_master(ground: Ground) -> None:
    ground.wire.where.sh(f"ip link delete {MASTER}")


def delete_device(ground: Ground) -> None:
    ground.container.sh("ip link delete eth0")


def delete_namespace(ground: Ground) -> None:
    ground.container.remove()


LOSSES: dict[str, Callable[[Ground], None]] = {
    "nothing": lambda ground: None,
    "the master": delete_master,
    "the device": delete_device,
    "the namespace": delete_namespace,
}
SENT: dict[str, Conf] = {
    "what ADD got": {},
    "an mtu that was always wrong": {"mtu": 5},
    "an mtu above the master's": {"mtu": 65000},
    "another mode": {"mode": "sideways"},
    "no master": {"master": None},
}


@everywhere
@pytest.mark.parametrize("lost", LOSSES)
def test_del_whatever_is_gone_and_again(ground: Ground, lost: str) -> None:
    conf = ground.network(V4)
    ground.host.cni("ADD", conf, ground.container)
    LOSSES[lost](ground)
    for _ in range(2):
        assert ground.host.cni("DEL", conf, ground.container) == {}
    assert lease_files(ground.leases) == []
    assert lost == "the namespace" or not ground.container.has_link("eth0")


@pytest.mark.parametrize("sent", SENT)
def test_del_whatever_the_settings_say_by_then(ground: Ground, attached: tuple[Conf, Conf], sent: str) -> None:
    ground.host.cni("DEL", ground.network(V4, **SENT[sent]), ground.container)
    assert ground.is_clean()


def test_del_without_a_namespace_releases_the_address(ground: Ground, attached: tuple[Conf, Conf]) -> None:
    conf, result = attached
    ground.host.cni("DEL", with_prev_result(conf, result), ground.container, environ={"CNI_NETNS": ""})
    assert (lease_files(ground.leases), ground.container.has_link("eth0")) == ([], True)


@pytest.mark.parametrize(
    "make",
    [
        "ip link add eth0 type veth peer name eth1",
        "ip link add eth0 type bridge",
        "ip link add eth0 link eth1 type macvlan mode private",
    ],
)
def test_del_takes_nothing_that_is_not_the_attachment_s(ground: Ground, make: str) -> None:
    container = ground.container
    container.sh("ip link add eth1 type veth peer name eth2")
    if "peer name eth1" in make:
        container.sh("ip link delete eth1")
    container.sh(make)
    container.sh("ip link set eth0 alias mynet/another/eth0")
    ground.host.cni("DEL", ground.network(V4), container)
    assert container.has_link("eth0")


def test_del_goes_on_when_ipam_fails(ground: Ground, plugin_dir: Any, double: MakeDouble) -> None:
    ipam = double("other-ipam")
    ipam.tell(ADD={"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.9/24"}]})
    conf = ground.network(ipam={"type": "other-ipam"})
    environ = {"CNI_PATH": str(plugin_dir)}
    ground.host.cni("ADD", conf, ground.container, environ=environ)
    ipam.fail(11, "not now")
    reply = ground.host.call("DEL", conf, ground.container, environ=environ)
    assert (reply.code, reply.object["msg"]) == (11, "not now")
    assert ground.container.links() == []


def test_an_ipam_plugin_that_may_need_the_link_has_it(ground: Ground, plugin_dir: Any, double: MakeDouble) -> None:
    ipam = double("other-ipam")
    seen = plugin_dir / "seen"
    body = ipam.path.read_text().replace(
        "stdin = sys.stdin.read()",
        f"stdin = sys.stdin.read()\nopen({str(seen)!r}, 'a').write(command + ' ' + os.popen("
        "'nsenter --net=' + os.environ['CNI_NETNS'] + ' ip -o link show eth0').read())",
    )
    ipam.path.write_text(body)
    ipam.tell(ADD={"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.9/24"}]})
    conf = ground.network(ipam={"type": "other-ipam"})
    for command in ("ADD", "DEL"):
        ground.host.cni(command, conf, ground.container, environ={"CNI_PATH": str(plugin_dir), "PATH": "/usr/bin:/bin"})
    told = [line.split() for line in seen.read_text().splitlines()]
    assert [(line[0], line[2].partition("@")[0]) for line in told] == [("ADD", "eth0"), ("DEL", "eth0")]


# CHECK.

DRIFTS: dict[str, tuple[str, str]] = {
    "the master is gone": ("", f"the master '{MASTER}' is gone"),
    "the interface is gone": ("ip link delete eth0", "interface 'eth0' is gone from the container"),
    "another kind": (
        "sh -c 'ip link delete eth0 && ip link add eth0 type bridge'",
        "interface 'eth0' is no macvlan",
    ),
    "another mode": ("ip link set eth0 type macvlan mode vepa", "interface 'eth0' has another mode"),
    "another MAC": (f"ip link set eth0 address {MAC}", "interface 'eth0' has another MAC"),
    "another mtu": ("ip link set eth0 mtu 1300", "interface 'eth0' has another mtu"),
    "down": ("ip link set eth0 down", "interface 'eth0' is down"),
    "no address": ("ip address delete 10.1.2.2/24 dev eth0", "address 10.1.2.2/24 is missing from eth0"),
    "no route": ("ip route delete 192.0.2.0/24", "route to 192.0.2.0/24 is missing from the container"),
}


OF_THE_SHEET = ("the master is gone", "another mode", "another MAC")


@pytest.mark.parametrize(
    "drift", [pytest.param(each, marks=facts(89) if each in OF_THE_SHEET else ()) for each in DRIFTS]
)
def test_check_sees_a_drift(ground: Ground, drift: str) -> None:
    command, msg = DRIFTS[drift]
    conf = ground.network(V4, mtu=1400)
    conf["ipam"]["routes"] = [{"dst": "192.0.2.0/24"}]
    result = ground.host.cni("ADD", conf, ground.container)
    checked = with_prev_result(conf, result)
    assert ground.host.cni("CHECK", checked, ground.container) == {}
    if command:
        ground.container.sh(command)
    else:
        delete_master(ground)
    reply = ground.host.call("CHECK", checked, ground.container)
    assert (reply.code, reply.object["msg"]) == (103, msg)


def test_check_sees_a_device_on_another_link(ground: Ground, host: Host) -> None:
    host.sh("ip link add up1 type veth peer name up2")
    result = host.cni("ADD", ground.network(V4, master="up1"), ground.container)
    reply = host.call("CHECK", with_prev_result(ground.network(V4), result), ground.container)
    assert (reply.code, reply.object["msg"]) == (103, f"'eth0' is not on the master '{MASTER}'")


def test_check_sees_that_the_link_is_on_the_other_side(ground: Ground, host: Host) -> None:
    for where in (host, ground.container):  # the same name and number in both
        where.sh("ip link add up7 index 77 type veth peer name up8")
    result = host.cni("ADD", ground.network(V4, master="up7"), ground.container)
    conf = ground.network(V4, master="up7", linkInContainer=True)
    reply = host.call("CHECK", with_prev_result(conf, result), ground.container)
    assert (reply.code, reply.object["msg"]) == (103, "'eth0' is not on the master 'up7'")


def test_check_of_one_on_another_which_the_kernel_puts_on_what_that_is_on(ground: Ground, host: Host) -> None:
    host.sh(f"ip link add mv0 link {MASTER} type macvlan mode bridge")
    conf = ground.network(V4, master="mv0")
    result = host.cni("ADD", conf, ground.container)
    assert host.cni("CHECK", with_prev_result(conf, result), ground.container) == {}


def test_check_without_a_master_of_its_own_does_not_mind_where_the_default_route_goes(
    ground: Ground, host: Host
) -> None:
    ground.wire.lead_default_route()
    conf = ground.network(V4, V6, master=None)
    result = host.cni("ADD", conf, ground.container)
    host.sh("ip route delete default")
    assert host.cni("CHECK", with_prev_result(conf, result), ground.container) == {}


def test_check_of_a_network_without_addresses(ground: Ground) -> None:
    conf = ground.network()
    result = ground.host.cni("ADD", conf, ground.container)
    assert ground.host.cni("CHECK", with_prev_result(conf, result), ground.container) == {}
    reply = ground.host.call("CHECK", conf, ground.container)
    assert (reply.code, reply.object["msg"]) == (7, "required prevResult is missing")


def test_check_asks_ipam_first(ground: Ground, attached: tuple[Conf, Conf]) -> None:
    conf, result = attached
    (ground.leases / "mynet" / "10.1.2.2").unlink()
    delete_device(ground)
    reply = ground.host.call("CHECK", with_prev_result(conf, result), ground.container)
    assert (reply.code, reply.object["msg"]) == (
        103,
        f"no address is allocated to container {ground.container.id}, interface eth0",
    )


# STATUS and GC.


def test_status_says_whether_add_would_work(ground: Ground, host: Host) -> None:
    assert host.cni("STATUS", ground.network(V4)) == {}
    for fields, msg in (
        ({"master": "gone0"}, "there is no link 'gone0', the `master`"),
        ({"master": None}, "the host has no default route, whose link would be the `master`"),
        ({"mtu": 1600}, "invalid mtu 1600"),
    ):
        reply = host.call("STATUS", ground.network(V4, **fields))
        assert (reply.code, reply.object["msg"]) == (50, msg)
        assert host.cni("STATUS", ground.network(V4, linkInContainer=True, **fields)) == {}
    ground.wire.lead_default_route()
    assert host.cni("STATUS", ground.network(master=None)) == {}
    host.cni("ADD", ground.network("10.1.2.0/30"), ground.container)
    assert host.call("STATUS", ground.network("10.1.2.0/30")).code == 50


def test_gc_releases_addresses_of_attachments_that_are_not_listed(ground: Ground, attached: tuple[Conf, Conf]) -> None:
    conf, _ = attached
    other = ground.host.add_container()
    ground.host.cni("ADD", conf, other)
    valid = [{"containerID": ground.container.id, "ifname": "eth0"}]
    ground.host.cni("GC", {**conf, "cni.dev/valid-attachments": valid})
    assert lease_files(ground.leases) == ["10.1.2.2"]
    assert ground.container.pings("10.1.2.1")
