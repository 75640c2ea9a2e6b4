"""host-device: a device gets its own name back also if that is an alternative name of it, and without its alias."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from calls import kernel_of, make_call
from card import Card, read_record, records, state
from netlab import Container, Host

from poplin.linux.kernel import Kernel
from poplin.linux.wire import link
from poplin.plugins.host_device import add, delete, garbage
from poplin.spec.call import Call
from poplin.spec.errors import InvalidConfig

Network = Callable[..., dict[str, Any]]

# Alternative names, which udev gives to a device that comes to the host: one of them is what it was called before.


@pytest.fixture(params=["with its alias", "without"])
def renamed(request: pytest.FixtureRequest, host: Host, container: Container, card: Card, network: Network) -> Card:
    """The card is back as eth0, where it can be found as ens1 too."""
    host.cni("ADD", network(), container)
    if request.param == "without":
        container.sh("ip link set eth0 alias ''")
    card.hand_back(container)
    host.sh("ip link property add dev eth0 altname ens1 altname enp5s0")
    return card


def alternative_names(host: Host, name: str) -> list[str]:
    found: list[str] = host.json(f"link show dev {name}")[0].get("altnames", [])
    return found


@pytest.mark.parametrize("by", ["DEL", "GC", "ADD"])
def test_the_alternative_name_becomes_the_name(
    host: Host, container: Container, renamed: Card, network: Network, born_with_it: None, by: str
) -> None:
    second = host.add_container()
    if by == "ADD":
        run(add.run, host, second, network())
        assert [read_record(name)["name"] for name in records()] == ["ens1"]
    verbs = {"DEL": delete.run, "GC": garbage.run, "ADD": delete.run}
    run(verbs[by], host, second if by == "ADD" else container, network())
    assert (renamed.is_as_before, records()) == (True, [])
    assert alternative_names(host, "ens1") == ["enp5s0"]


def test_the_alternative_name_of_another_is_taken(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    card.hand_back(container)
    host.sh("ip link property add dev wire altname ens1")
    reply = host.call("DEL", network(), container)
    assert (reply.code, host.links(), alternative_names(host, "wire")) == (102, ["eth0", "wire"], ["ens1"])
    host.sh("ip link property del dev wire altname ens1")
    host.cni("DEL", network(), container)
    assert card.is_as_before


def test_its_name_became_an_alternative_one_in_the_container(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.cni("ADD", network(), container)
    container.sh("ip link property add dev eth0 altname ens1")
    host.cni("DEL", network(), container)
    assert (card.is_as_before, container.links(), alternative_names(host, "ens1")) == (True, [], [])


def test_a_device_found_by_an_alternative_name_keeps_its_own(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.sh("ip link property add dev ens1 altname enp5s0")
    host.cni("ADD", network(device="enp5s0"), container)
    assert (read_record(records()[0])["name"], state(container, "eth0")[1]) == ("ens1", "ens1")
    host.cni("DEL", network(device="enp5s0"), container)
    assert (card.is_as_before, alternative_names(host, "ens1")) == (True, ["enp5s0"])


@pytest.mark.parametrize("device", ["ens1", "eth0"])
def test_add_under_an_alternative_name_of_the_device_is_refused(
    host: Host, container: Container, card: Card, network: Network, device: str
) -> None:
    host.sh("ip link property add dev ens1 altname eth0")
    reply = host.call("ADD", network(device=device), container)
    assert (reply.code, reply.object["msg"]) == (102, "'eth0' is an alternative name of 'ens1' already")
    assert reply.object["details"] == "`ip link property del dev ens1 altname eth0`, or use another CNI_IFNAME"
    assert (card.is_as_before, container.links(), records()) == (True, [], [])
    assert alternative_names(host, "ens1") == ["eth0"]


# Without its alias, which whoever is in the container can take away: kind and the address it was born with tell it. A
# veth is born with none, so here they count as if they were; tests/vm has a real card.


@pytest.fixture
def born_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every link was born with the address it has, in this process."""
    real = link.unpack_link

    def unpack(body: bytes) -> link.Link:
        found = real(body)
        found.permanent_mac = found.mac
        return found

    monkeypatch.setattr(link, "unpack_link", unpack)


@pytest.fixture
def disguised(host: Host, container: Container, card: Card, network: Network) -> Container:
    """Its container, where it is called evil0 and has no alias."""
    host.cni("ADD", network(), container)
    container.sh("ip link set eth0 alias '' down")
    container.sh("ip link set eth0 name evil0")
    return container


def run(verb: Callable[[Call, Kernel], object], host: Host, container: Container, conf: dict[str, Any]) -> None:
    """The verb in this process."""
    with kernel_of(host) as kernel:
        call = make_call(conf, container.id)
        call.env.netns = container.path
        verb(call, kernel)


@pytest.mark.parametrize("verb", [delete.run, garbage.run], ids=["DEL", "GC"])
def test_a_device_without_its_alias_gets_its_name_back(
    host: Host, card: Card, network: Network, born_with_it: None, disguised: Container, verb: Callable[..., object]
) -> None:
    card.hand_back(disguised, "evil0")
    run(verb, host, disguised, network())
    assert (card.is_as_before, records()) == (True, [])


def test_the_next_add_gives_a_device_without_its_alias_its_name(
    host: Host, card: Card, network: Network, born_with_it: None, disguised: Container
) -> None:
    card.hand_back(disguised, "evil0")
    second = host.add_container()
    run(add.run, host, second, network())
    assert state(second, "eth0") == (card.mac, "ens1", True)
    assert records() == [f"mynet/{second.id}:eth0"]
    run(delete.run, host, second, network())
    assert (card.is_as_before, records()) == (True, [])


def test_the_name_from_inside_is_no_name_for_the_next_add(
    host: Host, card: Card, network: Network, born_with_it: None, disguised: Container
) -> None:
    card.hand_back(disguised, "evil0")
    with pytest.raises(InvalidConfig, match="the host has no interface of `device` 'evil0'"):
        run(add.run, host, host.add_container(), network(device="evil0"))
    assert (card.is_as_before, records()) == (True, [])


def test_an_address_that_it_merely_has_tells_nothing(
    host: Host, card: Card, network: Network, disguised: Container
) -> None:
    card.hand_back(disguised, "evil0")
    run(delete.run, host, disguised, network())
    assert host.links() == ["evil0", "wire"]


@pytest.mark.parametrize("why", ["its namespace lives", "it is up", "another kind"])
def test_what_might_be_anothers_is_left_alone(
    host: Host, card: Card, network: Network, born_with_it: None, disguised: Container, why: str
) -> None:
    if why == "its namespace lives":
        disguised.sh(f"ip link set evil0 netns {host.id}")
    elif why == "it is up":
        card.hand_back(disguised, "evil0")
        host.sh("ip link set evil0 up")
    else:
        disguised.remove()
        host.wait_until_gone("wire")
        host.sh(f"ip link add evil0 address {card.mac} type bridge")
    before = state(host, "evil0")
    run(delete.run, host, disguised, network())
    assert state(host, "evil0") == before
