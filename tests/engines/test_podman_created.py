"""`podman network create` of each kind, as podman 4.3 writes it: bridge, portmap, firewall and tuning of CNI 0.4.0."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engines.inside import Inside, peer
from engines.podman import Podman
from netlab import Container, Host

NAME = "made"
HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"
HOST6, OUTSIDE6 = "2001:db8:f::1", "2001:db8:f::2"
PUBLISH, PUBLISH_TOO = ("--publish", "8081:81"), ("--publish", "9081:81")
CHAIN = ["bridge", "portmap", "firewall", "tuning"]


class Pair:
    """A network that podman made, with a container that stays, and one that comes and goes."""

    def __init__(self, podman: Podman, *options: str) -> None:
        self.podman = podman
        podman.create(NAME, "--disable-dns", *options)
        self.stays = podman.start(*PUBLISH_TOO, network=NAME)
        self.before = podman.state()
        self.id = podman.start(*PUBLISH, network=NAME)
        self.address, *self.more = podman.get_addresses(NAME, self.id)
        self.other, *self.more_others = podman.get_addresses(NAME, self.stays)

    @property
    def inside(self) -> Inside:
        """The one that comes and goes."""
        return self.podman.inside(self.id)

    @property
    def inside_other(self) -> Inside:
        """The one that stays."""
        return self.podman.inside(self.stays)

    def config(self) -> dict[str, Any]:
        """What podman wrote."""
        told: dict[str, Any] = json.loads((self.podman.networks / f"{NAME}.conflist").read_text())
        return told

    def go(self) -> dict[str, object]:
        """Remove what came; what it left."""
        self.podman("rm", "-f", "-t0", self.id)
        return self.podman.changes(self.before)


def test_plain_network(podman: Podman, outside: Container) -> None:
    pair = Pair(podman)
    inside, other = pair.inside, pair.inside_other
    assert (pair.config()["cniVersion"], [each["type"] for each in pair.config()["plugins"]]) == ("0.4.0", CHAIN)
    assert (pair.other, pair.address) == ("10.89.0.2", "10.89.0.3")
    assert inside.routes() == ["default via 10.89.0.1"]
    assert peer(other, inside, pair.other) == pair.address
    assert peer(outside, inside, OUTSIDE) == HOST
    assert peer(inside, outside, HOST, 8081) == OUTSIDE
    assert pair.go() == {}


def test_subnet_with_gateway_and_range(podman: Podman, outside: Container) -> None:
    pair = Pair(podman, "--subnet=10.50.0.0/24", "--gateway=10.50.0.254", "--ip-range=10.50.0.128/25")
    inside, other = pair.inside, pair.inside_other
    assert (pair.other, pair.address) == ("10.50.0.129", "10.50.0.130")
    assert inside.routes() == ["default via 10.50.0.254"]
    assert podman.host.addresses("cni-podman1") == ["10.50.0.254/24"]
    assert peer(other, inside, pair.other) == pair.address
    assert peer(outside, inside, OUTSIDE) == HOST
    assert peer(inside, outside, HOST, 8081) == OUTSIDE
    assert pair.go() == {}


def test_both_families(podman: Podman, outside: Container) -> None:
    pair = Pair(podman, "--ipv6", "--subnet=10.50.0.0/24", "--subnet=fd50::/64")
    inside, other = pair.inside, pair.inside_other
    assert (pair.address, *pair.more) == ("10.50.0.3", "fd50::3")
    assert inside.routes(6) == ["default via fd50::1"]
    assert peer(other, inside, pair.more_others[0]) == "fd50::3"
    assert [peer(outside, inside, each) for each in (OUTSIDE, OUTSIDE6)] == [HOST, HOST6]
    assert [peer(inside, outside, HOST, 8081), peer(inside, outside, HOST6, 8081)] == [OUTSIDE, OUTSIDE6]
    assert pair.go() == {}


def test_internal_network(podman: Podman, outside: Container) -> None:
    pair = Pair(podman, "--internal")
    inside, other = pair.inside, pair.inside_other
    assert (inside.routes(), podman.host.addresses("cni-podman1")) == ([], [])
    assert peer(other, inside, pair.other) == pair.address
    assert peer(outside, inside, OUTSIDE) is None
    assert pair.go() == {}


def test_mtu(podman: Podman, host: Host, outside: Container) -> None:
    pair = Pair(podman, "--opt=mtu=1400")
    inside = pair.inside
    assert [inside.json(f"link show dev {link}")[0]["mtu"] for link in ("lo", "eth0")] == [65536, 1400]
    assert {each["mtu"] for each in host.json("link show master cni-podman1")} == {1400}
    assert peer(outside, inside, OUTSIDE) == HOST
    assert pair.go() == {}


@pytest.mark.parametrize("option", ["--subnet=10.60.0.0/24"])
def test_macvlan_with_a_subnet(podman: Podman, host: Host, outside: Container, option: str) -> None:
    podman.create(NAME, "--driver=macvlan", "--opt=parent=up0", option)
    outside.sh("ip address add 10.60.0.1/24 dev eth0")
    before = podman.state()
    container = podman.start(network=NAME)
    inside = podman.inside(container)
    assert podman.get_addresses(NAME, container) == ["10.60.0.2"]
    assert inside.routes() == ["default via 10.60.0.1"]
    assert peer(outside, inside, OUTSIDE) == "10.60.0.2"
    assert peer(inside, outside, "10.60.0.2") == "10.60.0.1"
    podman("rm", "-f", "-t0", container)
    assert podman.changes(before) == {}
