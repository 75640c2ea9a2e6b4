"""The verbs, answered with the help of a server that does what it is told."""

from __future__ import annotations

import json
import signal
import stat
import threading

from dhcp_lab import Daemon, Server, StartDaemon, plug, read_answer, wait_until
from netlab import Container, Host

from poplin.dhcp.packet import Option, Type


def test_add_answers_with_the_address_and_the_way_out(daemon: Daemon, server: Server, member: Container):
    assert daemon.ask("ADD", member) == {
        "result": {
            "cniVersion": "1.1.0",
            "ips": [{"address": "192.168.1.5/24", "gateway": "192.168.1.1"}],
            "routes": [{"dst": "0.0.0.0/0", "gw": "192.168.1.1"}],
        }
    }
    assert [each.type for each in server.heard] == [Type.DISCOVER, Type.REQUEST]
    assert all(each.is_broadcast for each in server.seen)


def test_add_sets_a_link_up_that_is_down_and_leaves_addresses_to_the_plugin(
    daemon: Daemon, server: Server, member: Container
):
    daemon.ask("ADD", member)
    assert "UP" in member.json("link show dev eth0")[0]["flags"]
    assert member.addresses("eth0") == []


def test_the_configuration_decides_what_is_asked_and_told(daemon: Daemon, server: Server, member: Container):
    ipam = {
        "request": [{"option": "12"}],
        "provide": [{"option": "host-name", "fromArg": "K8S_POD_NAME"}, {"option": "60", "value": "poplin"}],
        "priority": 77,
    }
    answer = daemon.ask("ADD", member, ipam=ipam, args="IgnoreUnknown=1;K8S_POD_NAME=web")
    assert answer["result"]["routes"] == [{"dst": "0.0.0.0/0", "gw": "192.168.1.1", "priority": 77}]
    options = server.all(Type.DISCOVER)[0].packet.options
    assert options[Option.PARAMETERS] == bytes([12, 3, 1])
    assert (options[12], options[60]) == (b"web", b"poplin")


def test_servers_know_an_attachment_by_its_key(daemon: Daemon, server: Server, member: Container):
    daemon.add(member)
    assert server.seen[0].packet.options[Option.CLIENT] == f"\0{member.id}/mynet/eth0".encode()


def test_a_repeated_add_answers_with_the_same_lease_and_asks_nobody(daemon: Daemon, server: Server, member: Container):
    first = daemon.add(member)
    server.address = "192.168.1.6/24"
    assert daemon.ask("ADD", member)["result"] == first
    assert len(server.heard) == 2


def test_a_key_whose_interface_was_replaced_gets_a_lease_of_its_own(
    daemon: Daemon, server: Server, network: Host, member: Container
):
    daemon.add(member)
    member.sh("ip link delete eth0")
    plug(network, member)
    server.address = "192.168.1.6/24"
    assert daemon.add(member)["ips"][0]["address"] == "192.168.1.6/24"
    assert len(daemon.files()) == 1


def test_check_finds_the_lease_and_misses_one_that_is_not_there(daemon: Daemon, server: Server, member: Container):
    daemon.add(member)
    assert daemon.ask("CHECK", member) == {}
    assert daemon.ask("CHECK", member, "eth1")["error"] == {
        "code": 103,
        "msg": f"no lease is maintained for {member.id}/mynet/eth1",
        "details": "the daemon never had one, or the interface went away",
    }
    assert len(server.heard) == 2


def test_del_gives_the_address_back_from_that_address_before_it_answers(
    daemon: Daemon, server: Server, member: Container
):
    daemon.add(member)
    assert daemon.ask("DEL", member) == {}
    [goodbye] = server.wait_for(Type.RELEASE)
    assert (goodbye.source, goodbye.destination, goodbye.is_broadcast) == ("192.168.1.5", "192.168.1.1", False)
    assert str(goodbye.packet.ciaddr) == "192.168.1.5"
    assert daemon.files() == []
    assert daemon.ask("CHECK", member)["error"]["code"] == 103


def test_del_reaches_a_server_whose_mac_nobody_knows_although_the_link_goes_at_once(
    daemon: Daemon, server: Server, member: Container
):
    daemon.add(member)
    member.sh("ip neighbour flush dev eth0")
    daemon.ask("DEL", member)
    member.sh("ip link delete eth0")
    assert len(server.wait_for(Type.RELEASE)) == 1


def test_del_without_the_address_on_the_link_still_tells_the_server(daemon: Daemon, server: Server, member: Container):
    """As after an ADD that failed in the interface plugin."""
    daemon.ask("ADD", member)
    daemon.ask("DEL", member)
    [goodbye] = server.wait_for(Type.RELEASE)
    assert (goodbye.source, goodbye.destination, goodbye.is_broadcast) == ("192.168.1.5", "192.168.1.1", True)


def test_del_of_what_was_never_there_succeeds_with_and_without_a_namespace(daemon: Daemon, member: Container):
    assert daemon.ask("DEL", member) == {}
    assert daemon.ask("DEL", member, netns="") == {}
    assert daemon.ask("DEL", member, netns="/run/netns/nowhere") == {}


def test_del_after_the_namespace_went_away_forgets_the_lease(daemon: Daemon, server: Server, member: Container):
    daemon.add(member)
    member.remove()
    assert daemon.ask("DEL", member) == {}
    assert daemon.files() == []


def test_gc_gives_back_what_is_not_valid_of_this_network_alone(
    daemon: Daemon, server: Server, network: Host, member: Container
):
    plug(network, member, "eth1")
    plug(network, member, "eth2")
    daemon.add(member)
    server.address = "192.168.1.6/24"
    daemon.add(member, "eth1")
    server.address = "192.168.1.7/24"
    daemon.add(member, "eth2", network="othernet")
    assert daemon.ask("GC", valid=[[member.id, "eth1"]]) == {}
    assert [str(each.packet.ciaddr) for each in server.wait_for(Type.RELEASE)] == ["192.168.1.5"]
    assert daemon.ask("CHECK", member)["error"]["code"] == 103
    assert daemon.ask("CHECK", member, "eth1") == {}
    assert daemon.ask("CHECK", member, "eth2", network="othernet") == {}


def test_status_is_an_empty_object(daemon: Daemon):
    assert daemon.ask("STATUS") == {}


def test_who_hangs_up_before_add_is_answered_gets_no_lease(daemon: Daemon, server: Server, member: Container):
    server.silent = (Type.DISCOVER,)
    with daemon.call("ADD", member):
        server.wait_for(Type.DISCOVER)
    wait_until(lambda: "hung up" in daemon.log, "the daemon has seen that")
    server.silent = ()
    assert daemon.ask("CHECK", member)["error"]["code"] == 103
    assert daemon.add(member)["ips"][0]["address"] == "192.168.1.5/24"


def test_a_lease_that_comes_as_who_wanted_it_hangs_up_is_given_back(daemon: Daemon, server: Server, member: Container):
    server.silent = (Type.REQUEST,)
    with daemon.call("ADD", member):
        [request] = server.wait_for(Type.REQUEST)
        daemon.process.send_signal(signal.SIGSTOP)
        server.silent = ()
        server.answer(request)
    daemon.process.send_signal(signal.SIGCONT)
    assert str(server.wait_for(Type.RELEASE)[0].packet.ciaddr) == "192.168.1.5"
    assert daemon.ask("CHECK", member)["error"]["code"] == 103
    assert daemon.files() == []


def test_del_makes_an_end_of_an_add_that_still_asks(daemon: Daemon, server: Server, member: Container):
    server.silent = (Type.DISCOVER,)
    with daemon.call("ADD", member) as caller:
        server.wait_for(Type.DISCOVER)
        assert daemon.ask("DEL", member) == {}
        assert read_answer(caller)["error"] == {
            "code": 11,
            "msg": "DEL came while a DHCP server was asked",
            "details": f"{member.id}/mynet/eth0",
        }


def test_a_second_add_while_the_first_still_asks_gets_the_same_lease(daemon: Daemon, server: Server, member: Container):
    server.silent = (Type.DISCOVER,)
    with daemon.call("ADD", member) as first, daemon.call("ADD", member) as second:
        server.wait_for(Type.DISCOVER)
        server.silent = ()
        assert read_answer(first) == read_answer(second)
    assert [each.type for each in server.heard].count(Type.REQUEST) == 1


def test_many_at_once_each_get_their_answer(daemon: Daemon, server: Server, network: Host, member: Container):
    names = [f"e{number}" for number in range(16)]
    for name in names:
        plug(network, member, name)
    answers: list[dict] = []
    threads = [
        threading.Thread(target=lambda name=name: answers.append(daemon.ask("ADD", member, name))) for name in names
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert all("result" in each for each in answers), answers
    assert len(daemon.files()) == len(names)


def test_a_first_question_that_is_lost_is_repeated_soon(start_daemon: StartDaemon, server: Server, member: Container):
    """Long before the first wait is over, which is more than this test would wait."""
    daemon = start_daemon("-timeout", "5m", "-resendmax", "10m", "-resendtimeout", "20m")
    server.silent = (Type.DISCOVER,)
    with daemon.call("ADD", member) as caller:
        server.wait_for(Type.DISCOVER)
        server.silent = ()
        assert "result" in read_answer(caller)


def test_without_a_server_add_says_that_there_are_no_more_tries(start_daemon: StartDaemon, member: Container):
    daemon = start_daemon("-timeout", "50ms", "-resendmax", "100ms", "-resendtimeout", "300ms")
    assert daemon.ask("ADD", member)["error"] == {
        "code": 101,
        "msg": "no more tries: no DHCP server answered on the link",
        "details": f"asked over eth0 of {member.path}",
    }
    assert daemon.files() == []


def test_a_server_that_refuses_what_it_offered_is_named(start_daemon: StartDaemon, server: Server, member: Container):
    daemon = start_daemon("-timeout", "1s", "-resendmax", "2s", "-resendtimeout", "5s")
    server.refused = (Type.REQUEST,)
    error = daemon.ask("ADD", member)["error"]
    assert error["msg"] == "no more tries: the server 192.168.1.1 refused 192.168.1.5"


def test_a_lease_without_a_subnet_mask_is_given_back(daemon: Daemon, server: Server, member: Container):
    server.without = (Option.SUBNET_MASK,)
    assert daemon.ask("ADD", member)["error"]["msg"] == "the server 192.168.1.1 gave no subnet mask"
    assert len(server.wait_for(Type.RELEASE)) == 1


def test_of_two_servers_the_first_to_offer_is_taken(daemon: Daemon, make_server, network: Host, member: Container):
    network.sh("ip address add 192.168.1.2/24 dev br0")
    late = make_server(id="192.168.1.2", address="192.168.1.20/24", silent=(Type.DISCOVER,))
    quick = make_server()
    assert daemon.add(member)["ips"][0]["address"] == "192.168.1.5/24"
    heard = late.wait_for(Type.REQUEST)[0].packet.find_ip(Option.SERVER)
    assert heard == quick.wait_for(Type.REQUEST)[0].packet.find_ip(Option.SERVER)
    assert str(heard) == "192.168.1.1"
    daemon.ask("DEL", member)
    assert str(quick.wait_for(Type.RELEASE)[0].packet.find_ip(Option.SERVER)) == "192.168.1.1"


def test_a_lease_is_written_down_for_root_alone(daemon: Daemon, server: Server, member: Container):
    daemon.add(member)
    [file] = daemon.files()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text())["key"] == {"container_id": member.id, "network": "mynet", "ifname": "eth0"}


def test_what_happens_to_a_lease_is_logged_a_line_each(daemon: Daemon, server: Server, member: Container):
    daemon.add(member)
    daemon.ask("DEL", member)
    key = f"{member.id}/mynet/eth0"
    lines = [line for line in daemon.log.splitlines() if line.startswith(key)]
    assert lines[0].startswith(f"{key}: leased 192.168.1.5/24 by 192.168.1.1 until 20")
    assert lines[1:] == [f"{key}: released 192.168.1.5/24"]
