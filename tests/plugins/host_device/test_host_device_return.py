"""host-device: the device comes back, whatever became of the container, of the namespace, and of earlier calls."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from calls import kernel_of, make_call, valid
from card import RECORDS, Card, change_record, records, state
from netlab import Container, Host, lease_files

from poplin.linux.kernel import Kernel
from poplin.plugins.host_device import delete, garbage, home
from poplin.spec.call import Call

Network = Callable[..., dict[str, Any]]
V4 = "10.1.2.0/24"

# DEL.


@pytest.mark.facts("plugins-main-ipam", 124)
@pytest.mark.parametrize("netns", ["as it was", "", "/run/netns/gone", "/etc/passwd"])
def test_delete_twice_and_without_the_namespace(
    host: Host, container: Container, card: Card, network: Network, leases: Path, netns: str
) -> None:
    host.cni("ADD", network(V4), container)
    for _ in range(2):
        host.cni("DEL", network(V4), container, environ={} if netns == "as it was" else {"CNI_NETNS": netns})
        assert card.is_as_before
        assert (container.links(), lease_files(leases), records()) == ([], [], [])


def test_delete_of_nothing_succeeds(host: Host, container: Container, card: Card, network: Network) -> None:
    for fields in (
        {},
        {"device": "nowhere"},
        {"device": ""},
        {"device": "", "pciBusID": "0000:99:00.0"},
        {"hwaddr": "x"},
    ):
        host.cni("DEL", network(V4, **fields), container)
    assert card.is_as_before


def test_delete_leaves_alone_what_is_nobodys_device(host: Host, container: Container, network: Network) -> None:
    container.sh("ip link add eth0 type veth peer name far")
    for alias in ("", "mynet/c1/eth0", "of the tenant"):
        container.sh(f"ip link set eth0 alias '{alias}'")
        host.cni("DEL", network(), container)
        assert container.links() == ["eth0", "far"]


@pytest.mark.facts("plugins-main-ipam", 110)
@pytest.mark.parametrize("is_recorded", [True, False], ids=["ours", "the reference's"])
def test_delete_while_another_has_the_name(
    host: Host, container: Container, card: Card, network: Network, is_recorded: bool
) -> None:
    host.cni("ADD", network(), container)
    if not is_recorded:
        (RECORDS / records()[0]).unlink()
    host.sh("ip link add ens1 type bridge")
    for _ in range(2):
        reply = host.call("DEL", network(), container)
        assert (reply.code, reply.object["msg"]) == (
            102,
            "'ens1' cannot be given back: the host has another interface of that name",
        )
        assert state(container, "eth0") == (card.mac, "ens1", True)
    host.sh("ip link delete ens1")
    host.cni("DEL", network(), container)
    assert card.state == (card.mac, "", is_recorded)
    assert container.links() == []


def test_delete_finds_a_device_that_somebody_renamed(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    container.sh("ip link set eth0 down")
    container.sh("ip link set eth0 name mine alias ours")
    host.cni("DEL", network(), container)
    assert (card.is_as_before, container.links(), records()) == (True, [], [])


def test_delete_finds_a_device_that_got_another_address(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    container.sh("ip link set eth0 address 02:00:00:00:00:98")
    host.cni("DEL", network(), container)
    assert card.state == ("02:00:00:00:00:98", "", True)
    assert (container.links(), records()) == ([], [])


def test_delete_takes_nothing_out_of_what_a_recycled_path_leads_to(host: Host, card: Card, network: Network) -> None:
    gone, living = host.add_container(), host.add_container()
    host.cni("ADD", network(), gone)
    host.sh("ip link add ens2 type veth peer name wire2")
    host.cni("ADD", network(device="ens2"), living)
    gone.remove()
    host.wait_until_gone("wire")
    Path(gone.path).symlink_to(living.path)
    host.cni("DEL", network(), gone)
    assert living.links() == ["eth0"]
    assert records() == [f"mynet/{living.id}:eth0"]
    Path(gone.path).unlink()


def test_delete_by_another_path_to_the_namespace(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    other = f"/proc/self/root{container.path}"
    host.cni("ADD", network(), container, environ={"CNI_NETNS": other})
    host.cni("DEL", network(), container)
    assert (card.is_as_before, records()) == (True, [])


def test_a_device_that_died_with_its_namespace_leaves_no_record(
    host: Host, container: Container, card: Card, network: Network, leases: Path
) -> None:
    host.cni("ADD", network(V4), container)
    container.remove()
    host.wait_until_gone("wire")
    host.cni("DEL", network(V4), container)
    assert (host.links(), lease_files(leases), records()) == ([], [], [])


# A namespace that died, and the kernel hands the device back.


@pytest.mark.parametrize("by", ["DEL", "DEL untold", "GC", "ADD"])
def test_a_device_that_was_handed_back_gets_its_name_again(host: Host, card: Card, network: Network, by: str) -> None:
    first, second = host.add_container(), host.add_container()
    host.sh("ip link set ens1 alias left")
    host.cni("ADD", network(), first)
    card.hand_back(first)
    assert host.links() == ["eth0", "wire"]
    if by == "ADD":
        host.cni("ADD", network(), second)
        assert state(second, "eth0") == (card.mac, "ens1", True)
        assert records() == [f"mynet/{second.id}:eth0"]
        host.cni("DEL", network(), second)
    elif by == "GC":
        host.cni("GC", network())
    else:
        host.cni("DEL", network(), first, environ={"CNI_NETNS": ""} if by == "DEL untold" else {})
    assert (host.links(), card.state, records()) == (["ens1", "wire"], (card.mac, "left", True), [])


@pytest.mark.parametrize("by", ["DEL", "GC", "ADD"])
def test_a_device_that_has_one_name_inside_and_outside(host: Host, card: Card, network: Network, by: str) -> None:
    first, second = host.add_container(), host.add_container()
    how: dict[str, Any] = {"environ": {"CNI_IFNAME": "ens1"}}
    host.cni("ADD", network(), first, **how)
    card.hand_back(first, "ens1")
    assert card.state == (card.mac, "ens1", False)
    host.cni(by, network(), second if by == "ADD" else first, **how)
    if by == "ADD":
        host.cni("DEL", network(), second, **how)
    assert (card.is_as_before, records()) == (True, [])


def test_a_device_in_a_namespace_that_is_alive_is_nobody_elses(host: Host, card: Card, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    host.cni("ADD", network(), first)
    first.sh(f"ip link set eth0 netns {host.id}")
    reply = host.call("ADD", network(), second)
    assert (reply.code, host.links()) == (7, ["eth0", "wire"])
    host.cni("DEL", network(), first)
    assert (card.is_as_before, records()) == (True, [])


def test_a_device_that_was_handed_back_and_set_up(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    card.hand_back(container)
    host.sh("ip link set eth0 up")
    host.cni("DEL", network(), container)
    assert card.is_as_before


def test_the_kernel_may_have_found_its_inner_name_taken(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    host.sh("ip link add eth0 type bridge")
    container.sh("ip link set eth0 name dev7 down")
    card.hand_back(container, "dev7")
    host.cni("DEL", network(), container)
    assert (host.links(), card.state) == (["ens1", "eth0", "wire"], (card.mac, "", True))


# The devices of these tests are veths, which a dying namespace takes along, so there is nothing to wait for. Here they
# count as hardware, which it hands back; tests/vm has a real card.


@pytest.fixture
def refunded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A veth counts as hardware, in this process."""
    monkeypatch.setattr("poplin.plugins.host_device.loan.REFUNDED", ("veth",))


@pytest.fixture
def limbo(host: Host, container: Container, card: Card, network: Network) -> Container:
    """A namespace that nobody knows; the device is there, and the container's is gone."""
    host.cni("ADD", network(), container)
    keeper = host.add_container()
    container.sh(f"ip link set eth0 netns {keeper.id}")
    container.remove()
    return keeper


def run(verb: Callable[[Call, Kernel], object], host: Host, container: Container, conf: dict[str, Any]) -> None:
    """The verb in this process."""
    with kernel_of(host) as kernel:
        call = make_call(conf, container.id)
        call.env.netns = container.path
        verb(call, kernel)


def test_delete_waits_for_the_kernel_to_hand_the_device_back(
    host: Host,
    container: Container,
    card: Card,
    network: Network,
    refunded: None,
    limbo: Container,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 3:
            limbo.sh(f"ip link set eth0 netns {host.id}")

    monkeypatch.setattr(home, "time", SimpleNamespace(sleep=pause))
    run(delete.run, host, container, network())
    assert (card.is_as_before, records()) == (True, [])
    assert pauses == list(home.PAUSES[:3])


def test_a_device_that_does_not_come_stays_on_record_until_it_does(
    host: Host, container: Container, card: Card, network: Network, refunded: None, limbo: Container
) -> None:
    for verb in (delete.run, garbage.run, delete.run):
        run(verb, host, container, network())
        assert (host.links(), records()) == (["wire"], [f"mynet/{container.id}:eth0"])
    limbo.sh(f"ip link set eth0 netns {host.id}")
    run(garbage.run, host, container, network())
    assert (card.is_as_before, records()) == (True, [])


def test_there_is_no_waiting_for_a_device_that_somebody_inside_has_put_away(
    host: Host, container: Container, card: Card, network: Network, refunded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.cni("ADD", network(), container)
    container.sh(f"ip link set eth0 netns {host.add_container().id}")
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("it slept"))
    run(delete.run, host, container, network())
    assert records() == [f"mynet/{container.id}:eth0"]


def test_a_name_that_is_taken_meanwhile(host: Host, container: Container, card: Card, network: Network) -> None:
    host.cni("ADD", network(), container)
    card.hand_back(container)
    host.sh("ip link add ens1 type bridge")
    for verb in ("DEL", "GC"):
        assert host.call(verb, network(), container).code == 102
    reply = host.call("ADD", network(device="", hwaddr=card.mac), host.add_container())
    assert reply.status == 0, "under whatever name it has"
    assert card.host.links() == ["ens1", "wire"]


# Records.


def test_records_of_another_boot_count_for_nothing(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    change_record(records()[0], boot="00000000-0000-0000-0000-000000000000")
    card.hand_back(container)
    host.cni("DEL", network(), container)
    assert (host.links(), records()) == (["eth0", "wire"], [])


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"key": "mynet/x/eth0", "name": "../x", "netns": "/x"}', '{"name": 7}']
)
def test_a_record_that_was_never_finished_is_of_a_device_that_was_never_moved(
    host: Host, container: Container, card: Card, network: Network, content: str
) -> None:
    path = RECORDS / f"mynet/{container.id}:eth0"
    for verb in ("ADD", "DEL", "GC"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        host.cni(verb, network(), container)
        if verb == "ADD":
            assert container.links() == ["eth0"]
            host.cni("DEL", network(), container)
        assert (card.is_as_before, records()) == (True, [])


def test_add_after_one_that_was_killed_before_the_move(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    saved = (RECORDS / records()[0]).read_bytes()
    host.cni("DEL", network(), container)
    (RECORDS / f"mynet/{container.id}:eth0").write_bytes(saved)
    host.cni("ADD", network(), container)
    host.cni("DEL", network(), container)
    assert (card.is_as_before, records()) == (True, [])


def test_an_attachment_that_is_in_another_namespace_is_not_taken_out_of_it(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    reply = host.call("ADD", network(), container, environ={"CNI_NETNS": host.add_container().path})
    assert (reply.code, reply.object["msg"]) == (102, "this attachment has 'ens1' already")
    assert state(container, "eth0") == (card.mac, "ens1", True)
    assert len(records()) == 1


# GC.


def test_garbage_collection_gives_back_what_is_not_listed(
    host: Host, card: Card, network: Network, leases: Path
) -> None:
    living, dead, other = (host.add_container() for _ in range(3))
    for number in (2, 3):
        host.sh(f"ip link add ens{number} type veth peer name wire{number}")
    host.cni("ADD", network(V4), dead)
    host.cni("ADD", network(V4, device="ens2"), living)
    host.cni("ADD", network(device="ens3", name="other"), other)
    host.cni("GC", network(V4, **valid((living.id, "eth0"))))
    assert (dead.links(), living.links(), other.links()) == ([], ["eth0"], ["eth0"])
    assert card.state == (card.mac, "", True)
    assert records() == [f"mynet/{living.id}:eth0", f"other/{other.id}:eth0"]
    assert lease_files(leases) == ["10.1.2.3"]
    host.cni("GC", network(V4))
    assert (living.links(), other.links(), lease_files(leases)) == ([], ["eth0"], [])


def test_garbage_collection_goes_on_after_an_error(host: Host, card: Card, network: Network, leases: Path) -> None:
    first, second = host.add_container(), host.add_container()
    host.sh("ip link add ens2 type veth peer name wire2")
    host.cni("ADD", network(V4), first)
    host.cni("ADD", network(V4, device="ens2"), second)
    host.sh("ip link add ens1 type bridge")
    assert host.call("GC", network(V4)).code == 102
    assert (first.links(), second.links(), lease_files(leases)) == (["eth0"], [], [])
    host.sh("ip link delete ens1")
    host.cni("GC", network(V4))
    assert (first.links(), card.state, records()) == ([], (card.mac, "", True), [])
