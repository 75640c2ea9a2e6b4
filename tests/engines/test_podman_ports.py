"""Ports that podman publishes: who reaches them, and as whom the container sees the caller, as with the reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from engines.inside import Inside, telling
from engines.podman import Podman
from netlab import REFERENCE, Container, Host
from reference import Reference
from traffic import call

NAME = "made"
SUBNETS = ("--ipv6", "--subnet=10.50.0.0/24", "--subnet=fd50::/64")
HOST, HOST6, SECOND = "192.0.2.1", "2001:db8:f::1", "192.0.2.9"
GATEWAY, GATEWAY6 = "10.50.0.1", "fd50::1"
LOCAL = "127.0.0.1"
# Each caller and where it calls; as whom the container sees it, through IPv4 and IPv6.
SEEN = {
    ("outside", HOST): "192.0.2.2",
    ("outside", HOST6): "2001:db8:f::2",
    ("host", LOCAL): GATEWAY,
    ("host", HOST): HOST,
    ("host", HOST6): HOST6,
    ("other", HOST): GATEWAY,
    ("other", HOST6): GATEWAY6,
    ("itself", HOST): GATEWAY,
    ("itself", HOST6): GATEWAY6,
}


def see(callers: dict[str, Container], server: Inside, port: int, protocol: str) -> dict[tuple[str, str], str | None]:
    """As whom the server sees each caller, at each address of SEEN."""
    told: dict[tuple[str, str], str | None] = {}
    for family in (4, 6):
        with telling(server, protocol, family=family):
            places = [place for place in SEEN if (":" in place[1]) == (family == 6)]
            told |= {place: call(callers[place[0]], place[1], port, protocol) for place in places}
    return told


@pytest.mark.parametrize("whose", ["ours", "the reference's"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_container_sees_its_callers_as_with_the_reference(
    podman: Podman, host: Host, outside: Container, tmp_path: Path, protocol: str, whose: str
) -> None:
    if whose != "ours":
        podman.environ |= Reference(host, "nft", tmp_path / "tools").environ
        podman.use(REFERENCE)
    podman.create(NAME, "--disable-dns", *SUBNETS)
    other = podman.start("--publish", "9081:81", network=NAME)
    server = podman.start("--publish", f"8081:81/{protocol}", network=NAME)
    inside = podman.inside(server)
    callers = {"outside": outside, "host": host, "other": podman.inside(other), "itself": inside}
    assert see(callers, inside, 8081, protocol) == SEEN


def test_ports_of_every_kind_come_and_go(podman: Podman, host: Host, outside: Container) -> None:
    host.sh(f"ip address add {SECOND}/24 dev up0")
    podman.create(NAME, "--disable-dns", *SUBNETS)
    podman.start("--publish", "9081:81", network=NAME)
    before = podman.state()
    ranges = ("--publish", "8100-8102:81-83", "--publish", "8100-8102:81-83/udp")
    server = podman.start("--publish", f"{SECOND}:8090:81", *ranges, network=NAME)
    inside = podman.inside(server)
    with telling(inside, "tcp"):
        assert [call(outside, address, 8090) for address in (HOST, SECOND)] == [None, "192.0.2.2"]
        assert call(outside, HOST, 8100) == "192.0.2.2"
    with telling(inside, "tcp", "udp", port=83):
        assert [call(outside, HOST, 8102, protocol) for protocol in ("tcp", "udp")] == ["192.0.2.2"] * 2
    assert sorted(podman("port", server).split("\n"))[1:4] == [
        "81/tcp -> 0.0.0.0:8100",
        f"81/tcp -> {SECOND}:8090",
        "81/udp -> 0.0.0.0:8100",
    ]
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before) == {}
    assert [call(outside, SECOND, 8090), call(outside, HOST, 8100), call(outside, HOST, 8102, "udp")] == [None] * 3
