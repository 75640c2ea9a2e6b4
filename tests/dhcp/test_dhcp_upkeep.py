"""What becomes of a lease: prolonged, changed, refused, lost; and what survives the daemon."""

from __future__ import annotations

import json
import resource
import signal
from pathlib import Path

import pytest
from dhcp_lab import Daemon, Server, plug, read_answer, wait_until
from netlab import Container, Host

from poplin.dhcp.packet import Option, Type

DEFAULT = "default via 192.168.1.1"


def renewals(server: Server) -> list:
    """The questions of who has an address."""
    return [each for each in server.all(Type.REQUEST) if each.packet.ciaddr.value]


def wait_for_renewals(server: Server, count: int) -> list:
    """These, when there are so many."""
    wait_until(lambda: len(renewals(server)) >= count, f"{count} renewals, seen {server.seen}")
    return renewals(server)


def count_searches(server: Server) -> int:
    """How often an address was asked for from the beginning."""
    return [each.type for each in server.heard].count(Type.DISCOVER)


# Renewing.


def test_a_lease_is_renewed_by_unicast_again_and_again(daemon: Daemon, server: Server, member: Container):
    server.times = (60, 1, 50)
    daemon.add(member)
    for each in wait_for_renewals(server, 2):
        assert (each.source, each.destination, each.is_broadcast) == ("192.168.1.5", "192.168.1.1", False)
        assert Option.SERVER not in each.packet.options
        assert Option.REQUESTED_ADDRESS not in each.packet.options
    assert member.addresses("eth0") == ["192.168.1.5/24"]
    assert daemon.log.count("renewed 192.168.1.5/24") >= 1


def test_without_an_answer_every_server_is_asked_by_broadcast(daemon: Daemon, server: Server, member: Container):
    server.times = (60, 1, 4)
    server.answers_renewals = False
    daemon.add(member)
    wait_until(lambda: any(each.is_broadcast for each in renewals(server)), "a question to everybody")
    first, last = renewals(server)[0], renewals(server)[-1]
    assert (first.destination, first.is_broadcast) == ("192.168.1.1", False)
    assert (last.source, last.destination, last.is_broadcast) == ("192.168.1.5", "255.255.255.255", True)
    server.answers_renewals = True
    assert member.addresses("eth0") == ["192.168.1.5/24"]
    assert daemon.ask("CHECK", member) == {}


def test_another_server_may_prolong_a_lease(daemon: Daemon, make_server, network: Host, member: Container):
    network.sh("ip address add 192.168.1.2/24 dev br0")
    first = make_server(times=(60, 1, 2))
    daemon.add(member)
    first.silent = (Type.REQUEST,)
    make_server(id="192.168.1.2", silent=(Type.DISCOVER,))
    wait_until(lambda: "renewed 192.168.1.5/24 by 192.168.1.2" in daemon.log, "the other server is taken")
    daemon.ask("DEL", member)
    assert first.wait_for(Type.RELEASE)[0].destination == "192.168.1.2"


def test_a_lease_that_runs_out_is_taken_off_the_interface_and_asked_for_anew(
    daemon: Daemon, server: Server, member: Container
):
    server.times = (3, 1, 2)
    daemon.add(member)
    server.silent = (Type.REQUEST, Type.DISCOVER)
    wait_until(lambda: member.addresses("eth0") == [], "the address is gone")
    assert member.routes() == []
    assert "UP" in member.json("link show dev eth0")[0]["flags"]
    assert daemon.ask("CHECK", member)["error"]["msg"] == f"the lease of {member.id}/mynet/eth0 ran out"
    server.times, server.silent = (3600, 1800, 3150), ()
    wait_until(lambda: member.routes() == [DEFAULT], "it is back")
    assert member.addresses("eth0") == ["192.168.1.5/24"]
    assert daemon.ask("CHECK", member) == {}


def test_an_address_that_could_not_be_taken_off_goes_with_the_next_try(
    daemon: Daemon, server: Server, member: Container
):
    """The daemon has no descriptor left when the lease runs out, so that it cannot get into the namespace."""
    server.times = (3, 1, 2)
    daemon.add(member)
    server.silent = (Type.REQUEST, Type.DISCOVER)
    usual = resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE)
    wait_until(lambda: len(server.all(Type.REQUEST)) > 2, "it rebinds")
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (1, usual[1]))
    wait_until(lambda: "trouble: " in daemon.log, "it could not")
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, usual)
    wait_until(lambda: member.addresses("eth0") == [], "the address is gone")
    assert daemon.ask("CHECK", member)["error"]["code"] == 103
    server.times, server.silent = (3600, 1800, 3150), ()
    wait_until(lambda: member.routes() == [DEFAULT], "it is back")


# A server that changes its mind.


def move_to(server: Server, address: str, router: str = "192.168.1.1") -> None:
    """From the next renewal on, which it refuses, another address is given."""
    server.refused = (Type.REQUEST,)
    server.address, server.router = address, router
    server.times = (3600, 1800, 3150)
    before = len(renewals(server))
    wait_until(lambda: len(renewals(server)) > before, "a renewal to refuse")
    server.refused = ()


@pytest.mark.parametrize(
    ("address", "router"),
    [("192.168.1.6/24", "192.168.1.1"), ("192.168.1.6/25", "192.168.1.9"), ("10.9.8.7/16", "10.9.0.1")],
)
def test_another_address_after_a_refusal_is_put_on_the_interface(
    daemon: Daemon, server: Server, member: Container, address: str, router: str
):
    server.times = (60, 1, 50)
    daemon.add(member)
    member.sh("ip address add 172.16.0.1/24 dev eth0")
    member.sh("ip route add 172.20.0.0/16 dev eth0")
    move_to(server, address, router)
    wait_until(lambda: f"default via {router}" in member.routes(), "the new default route")
    assert sorted(member.addresses("eth0")) == sorted([address, "172.16.0.1/24"])
    assert sorted(member.routes()) == sorted(["172.20.0.0/16 via None", f"default via {router}"])
    [default] = [each for each in member.json("route show default")]
    assert default["protocol"] == "112"


@pytest.mark.parametrize("address", ["192.168.1.6/24", "192.168.1.5/25"])
def test_an_address_that_changes_by_a_renewal_takes_the_place_of_the_old(
    daemon: Daemon, server: Server, member: Container, address: str
):
    server.times = (60, 1, 50)
    daemon.add(member)
    server.times, server.address, server.router = (3600, 1800, 3150), address, "192.168.1.7"
    wait_until(lambda: member.routes() == ["default via 192.168.1.7"], "the new default route")
    assert member.addresses("eth0") == [address]
    assert f"changed to {address}" in daemon.log


def test_routes_of_others_over_the_link_outlive_a_change_of_its_only_address(
    daemon: Daemon, server: Server, member: Container
):
    server.times = (60, 1, 50)
    daemon.add(member)
    member.sh("ip route add 172.20.0.0/16 via 192.168.1.77 dev eth0")
    switch = "net/ipv4/conf/eth0/promote_secondaries"
    before = member.sysctl(switch)
    server.times, server.address = (3600, 1800, 3150), "192.168.1.6/24"
    wait_until(lambda: member.addresses("eth0") == ["192.168.1.6/24"], "the new address alone")
    wait_until(lambda: sorted(member.routes()) == ["172.20.0.0/16 via 192.168.1.77", DEFAULT], "both routes")
    assert member.sysctl(switch) == before


def test_a_router_that_cannot_be_reached_costs_no_address(daemon: Daemon, server: Server, member: Container):
    server.times = (60, 1, 50)
    daemon.add(member)
    server.options = {Option.STATIC_ROUTES: bytes([10, 0, 0, 0, 172, 31, 0, 1])}
    server.times, server.address = (3600, 1800, 3150), "192.168.1.6/24"
    wait_until(lambda: "does not look as it should" in daemon.log, "the kernel's refusal")
    assert member.addresses("eth0") == ["192.168.1.6/24"]
    assert daemon.ask("CHECK", member) == {}


# What survives.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_lease_survives_the_daemon_and_is_renewed_by_the_next(
    daemon: Daemon, server: Server, member: Container, number: signal.Signals
):
    server.times = (60, 2, 50)
    daemon.add(member)
    daemon.restart(number)
    assert daemon.ask("CHECK", member) == {}
    wait_for_renewals(server, 1)
    wait_until(lambda: "renewed" in daemon.log, "the new daemon renews")
    assert server.all(Type.RELEASE) == []
    assert daemon.ask("DEL", member) == {}
    assert len(server.wait_for(Type.RELEASE)) == 1


def test_a_lease_that_ran_out_without_a_daemon_is_taken_off_by_the_next(
    daemon: Daemon, server: Server, member: Container
):
    daemon.add(member)
    [file] = daemon.files()
    daemon.stop()
    lease = json.loads(file.read_text())
    for time in ("acquired", "renewal", "rebinding", "expiry"):
        lease["lease"][time] -= 4000
    file.write_text(json.dumps(lease))
    server.address = "192.168.1.6/24"
    daemon.restart()
    wait_until(lambda: member.addresses("eth0") == ["192.168.1.6/24"], "the next lease is on")
    assert daemon.ask("CHECK", member) == {}


def test_leases_of_another_boot_and_unreadable_ones_are_dropped(daemon: Daemon, server: Server, member: Container):
    daemon.add(member)
    [file] = daemon.files()
    daemon.stop()
    lease = json.loads(file.read_text())
    file.write_text(json.dumps({**lease, "boot": "yesterday"}))
    (daemon.leases / "other.json").write_text("{")
    (daemon.leases / "another.json").write_text('{"boot": 1}')
    daemon.restart()
    assert daemon.files() == []
    assert daemon.ask("CHECK", member)["error"]["code"] == 103


def test_a_lease_without_an_address_goes_on_asking_after_a_restart(daemon: Daemon, server: Server, member: Container):
    server.times = (2, 1, 2)
    daemon.add(member)
    server.silent = (Type.REQUEST, Type.DISCOVER)
    wait_until(lambda: member.addresses("eth0") == [], "the address is gone")
    daemon.flags = ("-timeout", "100ms", "-resendmax", "200ms", "-resendtimeout", "400ms")
    daemon.restart()
    asked = len(server.seen)
    wait_until(lambda: len(server.seen) > asked + 8, "more questions than an ADD would have had")
    server.silent, server.times = (), (3600, 1800, 3150)
    wait_until(lambda: member.addresses("eth0") == ["192.168.1.5/24"], "it is back")
    assert daemon.ask("CHECK", member) == {}


# What does not.


def test_an_idle_daemon_keeps_no_namespace_alive(daemon: Daemon, server: Server, network: Host, member: Container):
    """The other end of the link goes with the namespace, and that when nobody holds it."""
    daemon.add(member)
    member.remove()
    network.wait_until_gone(f"{member.id}eth0")
    assert len(daemon.files()) == 1


@pytest.mark.parametrize("look", ["check", "restart"])
def test_a_namespace_that_is_gone_is_noticed_by_a_check_and_by_the_next_daemon(
    daemon: Daemon, server: Server, member: Container, look: str
):
    daemon.add(member)
    member.remove()
    if look == "restart":
        daemon.restart()
    else:
        assert daemon.ask("CHECK", member)["error"]["code"] == 103
    assert daemon.files() == []


def test_a_lease_is_dropped_when_its_namespace_is_gone(daemon: Daemon, server: Server, member: Container):
    server.times = (60, 1, 50)
    daemon.add(member)
    member.remove()
    wait_until(lambda: f"forgotten: the namespace {member.path} is gone" in daemon.log, "the daemon finds out")
    wait_until(lambda: daemon.files() == [], "nothing is written down any more")
    assert daemon.ask("CHECK", member)["error"]["code"] == 103
    assert server.all(Type.RELEASE) == []


def test_a_lease_is_dropped_when_its_path_leads_to_another_namespace(
    daemon: Daemon, server: Server, member: Container, network: Host
):
    server.times = (60, 1, 50)
    daemon.add(member)
    network.sh(f"ip netns add other{member.id}")
    network.sh(f"mount --bind /run/netns/other{member.id} {member.path}")
    wait_until(lambda: f"forgotten: {member.path} is another namespace" in daemon.log, "the daemon finds out")
    wait_until(lambda: daemon.files() == [], "nothing is written down any more")
    network.sh(f"umount {member.path}")
    network.sh(f"ip netns delete other{member.id}")


def test_a_lease_is_dropped_when_its_link_is_gone_whatever_has_its_name(
    daemon: Daemon, server: Server, network: Host, member: Container
):
    server.times = (60, 1, 50)
    daemon.add(member)
    member.sh("ip link delete eth0")
    plug(network, member)
    wait_until(lambda: "forgotten: the interface with number" in daemon.log, "the daemon finds out")
    wait_until(lambda: daemon.files() == [], "nothing is written down any more")


def test_an_add_ends_when_the_interface_goes_while_servers_are_asked(daemon: Daemon, server: Server, member: Container):
    server.silent = (Type.DISCOVER,)
    with daemon.call("ADD", member) as caller:
        server.wait_for(Type.DISCOVER)
        member.sh("ip link delete eth0")
        assert read_answer(caller)["error"]["msg"] == "the container's interface went away"


def test_a_link_that_was_renamed_is_still_the_same(daemon: Daemon, server: Server, member: Container):
    server.times = (60, 1, 50)
    daemon.add(member)
    member.sh("ip link set eth0 down")
    member.sh("ip link set eth0 name net0")
    member.sh("ip link set net0 up")
    wait_for_renewals(server, 2)
    assert "forgotten" not in daemon.log


def test_a_lease_is_not_given_to_the_next_namespace_of_the_same_path_number_and_interface(
    daemon: Daemon, server: Server, network: Host
):
    """Of a namespace that is gone the kernel gives the inode to the next: not always, so that several are tried."""
    for name in ("blue",) * 4:
        first = Container(name)
        plug(network, first)
        daemon.add(first)
        network.sh(f"ip link delete {name}eth0")
        first.remove()
        second = Container(name)
        plug(network, second)
        assert daemon.ask("CHECK", second)["error"]["code"] == 103
        before = count_searches(server)
        daemon.add(second)
        assert count_searches(server) == before + 1
        daemon.ask("DEL", second)
        network.sh(f"ip link delete {name}eth0")
        second.remove()


def test_a_path_that_cannot_be_followed_now_keeps_no_other_lease_from_being_kept(
    daemon: Daemon, server: Server, network: Host, member: Container, tmp_path: Path
):
    other = network.add_container()
    plug(network, other)
    way = tmp_path / "way"
    way.symlink_to(other.path)
    daemon.add(member)
    daemon.add(other, netns=str(way))
    daemon.stop()
    way.unlink()
    way.symlink_to(way)  # in a circle
    daemon.restart()
    assert daemon.ask("CHECK", member) == {}
    assert len(daemon.files()) == 2
    assert f"{other.id}/mynet/eth0: trouble: " in daemon.log
