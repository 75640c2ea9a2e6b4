"""Who is alive on a link: containers that answer, that are gone, down or unplugged, behind a bridge and a pair."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from netlab import Container, Host

from poplin.linux.neighbour import answers, is_on_link
from poplin.linux.netns import Namespace
from poplin.spec.address import parse_ip

NETWORK = {4: "10.1.2.", 6: "fd00::"}
LENGTH = {4: 24, 6: 64}
PATIENT = 60  # seconds for what must answer: a link that has just come up may be deaf for a while
PATIENCE = 0.1  # on one's own links answers take less than a millisecond; the silent ones are waited for
versions = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture
def outside(host: Host) -> Iterator[Namespace]:
    """The host's namespace, opened."""
    host.set_sysctl("net/ipv6/conf/default/accept_dad", "0")  # new links may speak at once
    with Namespace(host.path) as namespace:
        yield namespace


def plug(host: Host, container: Container, link: str) -> None:
    """A pair, both ends up."""
    host.sh(f"ip link add {link} type veth peer name eth0 netns {container.id}")
    host.sh(f"ip link set {link} up")
    container.sh("ip link set eth0 up")


def address(here: Container, link: str, text: str) -> None:
    """Give a link an address."""
    here.sh(f"ip address add {text} dev {link}{' nodad' if ':' in text else ''}")


@pytest.fixture
def bridged(host: Host, container: Container, outside: Namespace, version: int) -> Container:
    """A container at .2 on a bridge where the host is .1."""
    host.sh("ip link add br0 type bridge")
    host.sh("ip link set br0 up")
    plug(host, container, "v2")
    host.sh("ip link set v2 master br0")
    address(host, "br0", f"{NETWORK[version]}1/{LENGTH[version]}")
    address(container, "eth0", f"{NETWORK[version]}2/{LENGTH[version]}")
    return container


def entries(host: Host) -> set[str]:
    """The host's neighbours that are usable."""
    return {each["dst"] for each in host.json("neighbour show") if "lladdr" in each}


@versions
def test_container_on_a_bridge_answers(host: Host, bridged: Container, outside: Namespace, version: int) -> None:
    ip = parse_ip(f"{NETWORK[version]}2")
    assert is_on_link(outside, ip, PATIENT) is True
    assert is_on_link(outside, ip) is True
    assert str(ip) in entries(host)


@versions
def test_nobody_s_address_is_silent(bridged: Container, outside: Namespace, version: int) -> None:
    assert is_on_link(outside, parse_ip(f"{NETWORK[version]}9"), PATIENCE) is False


@versions
def test_container_that_is_down_is_silent_however_fresh_its_entry(
    host: Host, bridged: Container, outside: Namespace, version: int
) -> None:
    ip = parse_ip(f"{NETWORK[version]}2")
    assert host.pings(str(ip))
    assert str(ip) in entries(host)
    bridged.sh("ip link set eth0 down")
    assert is_on_link(outside, ip, PATIENCE) is False
    bridged.sh("ip link set eth0 up")
    if version == 6:  # which the kernel takes off a link that goes down
        address(bridged, "eth0", f"{ip}/64")
    assert is_on_link(outside, ip, PATIENT) is True


@versions
def test_container_that_was_unplugged_is_silent(
    host: Host, bridged: Container, outside: Namespace, version: int
) -> None:
    ip = parse_ip(f"{NETWORK[version]}2")
    assert is_on_link(outside, ip, PATIENT) is True
    host.sh("ip link del v2")
    assert is_on_link(outside, ip, PATIENCE) is False


@versions
def test_address_that_moved_to_another_container_answers(
    host: Host, bridged: Container, outside: Namespace, version: int
) -> None:
    ip = parse_ip(f"{NETWORK[version]}2")
    assert is_on_link(outside, ip, PATIENT) is True
    host.sh("ip link del v2")
    other = host.add_container()
    plug(host, other, "v3")
    host.sh("ip link set v3 master br0")
    address(other, "eth0", f"{ip}/{LENGTH[version]}")
    assert is_on_link(outside, ip, PATIENT) is True


@versions
def test_container_at_the_other_end_of_a_pair_answers(
    host: Host, container: Container, outside: Namespace, version: int
) -> None:
    """As ptp has it: the host's end has the gateway's address, the container's a route of its own."""
    plug(host, container, "v2")
    ip = parse_ip(f"{NETWORK[version]}2")
    bits = ip.bits
    address(host, "v2", f"{NETWORK[version]}1/{bits}")
    address(container, "eth0", f"{ip}/{bits}")
    host.sh(f"ip route add {ip}/{bits} dev v2")
    container.sh(f"ip route add {NETWORK[version]}1/{bits} dev eth0")
    assert is_on_link(outside, ip, PATIENT) is True
    host.sh(f"ip route add {ip + 1}/{bits} dev v2")
    assert is_on_link(outside, ip + 1, PATIENCE) is False


@versions
def test_address_that_was_set_to_a_link_by_hand_is_asked_anew(
    host: Host, bridged: Container, outside: Namespace, version: int
) -> None:
    host.sh(f"ip neighbour add {NETWORK[version]}9 lladdr 02:00:00:00:00:09 dev br0 nud permanent")
    assert is_on_link(outside, parse_ip(f"{NETWORK[version]}9"), PATIENCE) is False


@versions
def test_nobody_is_asked_without_a_link_to_ask_on(
    host: Host, bridged: Container, outside: Namespace, version: int
) -> None:
    """No route, a route that says no, a gateway's, the host's own address, and loopback."""
    own, far, refused = f"{NETWORK[version]}1", {4: "198.51.100.1", 6: "2001:db8:9::1"}[version], f"{NETWORK[version]}7"
    assert is_on_link(outside, parse_ip(far)) is False
    host.sh(f"ip route add default via {NETWORK[version]}2")
    assert is_on_link(outside, parse_ip(far)) is False
    assert is_on_link(outside, parse_ip(own)) is False
    assert is_on_link(outside, parse_ip({4: "127.0.0.1", 6: "::1"}[version])) is False
    host.sh(f"ip route add unreachable {refused}")
    assert is_on_link(outside, parse_ip(refused)) is False
    assert entries(host) == set()


@versions
def test_link_without_neighbours_gets_the_benefit_of_the_doubt(
    host: Host, bridged: Container, outside: Namespace, version: int
) -> None:
    host.sh("ip link set br0 arp off")
    assert answers(outside.rtnl, outside.rtnl.get_link("br0"), parse_ip(f"{NETWORK[version]}9"), PATIENCE) is True


def test_link_whose_own_address_is_on_probation_gets_it_too(
    host: Host, container: Container, outside: Namespace
) -> None:
    host.set_sysctl("net/ipv6/conf/default/accept_dad", "1")
    host.set_sysctl("net/ipv6/conf/default/dad_transmits", "100")
    plug(host, container, "v2")
    address(host, "v2", "fd00::1/64")
    assert is_on_link(outside, parse_ip("fd00::9"), PATIENCE) is True
