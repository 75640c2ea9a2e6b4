"""What passes and what must wait: bytes as the kernel counts them, never how fast this machine is."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from bandwidth_lab import Limiting
from netlab import PATIENCE, Container, Host, run
from throughput import start, time_transfer

GATEWAY = "10.1.2.1"
FIRST = "10.1.2.2"  # the first container's address
# Sends datagrams of 1000 bytes all at once.
SHOT = """\
import socket, sys
talk = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
talk.connect((sys.argv[1], 9))
for _ in range(int(sys.argv[2])):
    try:
        talk.send(bytes(1000))
    except ConnectionRefusedError:
        talk.send(bytes(1000))
"""
FRAME = 1000 + 8 + 20 + 14
# Sends so many bytes and waits until all of them have come back.
ECHO_SERVER = """\
import socket
listener = socket.create_server(("0.0.0.0", 7))
print("ready", flush=True)
talk, _ = listener.accept()
while data := talk.recv(65536):
    talk.sendall(data)
"""
ECHO = """\
import socket, sys
payload = bytes(range(250)) * (int(sys.argv[2]) // 250)
with socket.create_connection((sys.argv[1], 7), timeout=60) as talk:
    talk.sendall(payload)
    talk.shutdown(socket.SHUT_WR)
    back = b""
    while data := talk.recv(65536):
        back += data
print("same" if back == payload else "different", flush=True)
"""
PINGS = 20


def both_ways(rate: int, burst: int) -> dict[str, int]:
    return {
        f"{way}{what}": value for way in ("ingress", "egress") for what, value in (("Rate", rate), ("Burst", burst))
    }


def shoot(sender: Container, address: str, count: int) -> None:
    """Datagrams to a port where nobody listens."""
    run(["nsenter", f"--net={sender.path}", "/usr/bin/python3", "-IS", "-c", SHOT, address, str(count)])


def counted(limiting: Limiting, link: str, what: str = "qdisc", name: str = "root") -> dict[str, Any]:
    """The counters of a link's queue."""
    [told] = json.loads(limiting.host.sh(f"tc -s -j {what} show dev {link} {name}"))
    return dict(told)


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_what_comes_at_once_passes_up_to_the_burst_then_waits_then_is_lost(limiting: Limiting, way: str) -> None:
    container = limiting.add_container()
    container.sh(f"ping -n -c1 -W2 {GATEWAY}")  # so that nobody need be asked for later
    # ten frames at once, and a queue as long as that, out of which the next comes after twenty seconds
    told = limiting.limit(container, **{f"{way}Rate": 400, f"{way}Burst": FRAME * 10 * 8})
    link = limiting.outer(container) if way == "ingress" else told["interfaces"][-1]["name"]
    before = counted(limiting, link)
    if way == "ingress":
        shoot(limiting.host, FIRST, 50)
    else:
        shoot(container, GATEWAY, 50)
    after = counted(limiting, link)
    passed, dropped = (after[key] - before[key] for key in ("bytes", "drops"))
    # more or less by what the kernel says by itself meanwhile, which is small
    assert 9 * FRAME <= passed < 11 * FRAME
    assert 9 <= after["qlen"] <= 12
    assert dropped >= 28


@pytest.mark.parametrize(
    ("attaching", "version"),
    [
        pytest.param({"type": "ptp"}, "1.1.0", marks=pytest.mark.facts("plugins-meta", 58), id="ptp"),
        pytest.param({"type": "ptp"}, "0.3.1", marks=pytest.mark.facts("plugins-main-ipam", 241), id="ptp of 0.3.1"),
        pytest.param(
            {"type": "bridge", "isDefaultGateway": True},
            "1.0.0",
            marks=pytest.mark.facts("plugins-main-ipam", 242),
            id="bridge",
        ),
    ],
)
def test_an_echo_takes_its_time_and_comes_back_whole(
    host: Host, leases: Path, attaching: dict[str, Any], version: str
) -> None:
    """At ten times the rate of the sheet, lest it last twenty seconds."""
    ipam = {"type": "host-local", "dataDir": str(leases), "subnet": "10.9.2.0/24"}
    network = {"cniVersion": version, "name": "mynet", "ipam": ipam, **attaching}
    for limits in ({}, both_ways(80_000, 16_000)):
        container = host.add_container()
        result = host.cni("ADD", network, container)
        conf = {**network, "type": "bandwidth", "runtimeConfig": {"bandwidth": limits}, "prevResult": result}
        result = host.cni("ADD", conf, container)
        address = result["ips"][0]["address"].partition("/")[0]
        assert address.startswith("10.9.2.")
        if version != "0.3.1":
            host.cni("CHECK", {**conf, "prevResult": result}, container)
        took = time_echo(host, container, address)
        for each in (conf, network):
            host.cni("DEL", each, container)
    # 25,000 bytes less the burst of 2,000, at 10,000 bytes a second
    assert took > 2.3, "no machine can be faster"


def time_echo(host: Host, container: Container, address: str) -> float:
    """Seconds in which 25,000 bytes go to the container and come back."""
    with start(container, ECHO_SERVER) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        began = time.monotonic()
        with start(host, ECHO, address, "25000") as caller:
            assert caller.communicate(timeout=PATIENCE)[0] == "same\n"
        took = time.monotonic() - began
        server.kill()
    return took


@pytest.mark.parametrize("megabits", [10, 200])
@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_a_rate_is_held_and_it_is_the_limit_that_holds_it(limiting: Limiting, megabits: int, way: str) -> None:
    container = limiting.add_container()
    rate, burst = megabits * 10**6, megabits * 10**5 // 4
    told = limiting.limit(container, **both_ways(rate, burst))
    link = limiting.outer(container) if way == "ingress" else told["interfaces"][-1]["name"]
    ends = (limiting.host, container, FIRST) if way == "ingress" else (container, limiting.host, GATEWAY)
    bits = 3 * rate // 2
    assert time_transfer(*ends, bits // 8) >= (bits - burst) / rate, (
        "no machine can be faster; bench/bandwidth.py measures"
    )
    assert counted(limiting, link)["overlimits"] > 0


def test_what_is_not_limited_is_not_slowed_by_what_is(limiting: Limiting) -> None:
    limited, free = limiting.add_container(), limiting.add_container()
    limiting.call("ADD", limited, **both_ways(8, 8))
    assert limited.is_cut_off(GATEWAY)
    for _ in range(3):
        assert free.pings(GATEWAY)


# Subnets.

FAR, NEAR = "10.77.0.1", GATEWAY


def add_addresses(limiting: Limiting, container: Container) -> None:
    """Two more addresses of the host, and the way to them."""
    limiting.host.sh("ip address add 10.77.0.1/32 dev lo")
    limiting.host.sh("ip -6 address add 2001:db8:77::1/128 dev lo")
    container.sh(f"ip route add 10.77.0.0/16 via {GATEWAY}")
    container.sh("ip -6 route add 2001:db8:77::/48 via fd00::1")


def count_classes(limiting: Limiting, link: str) -> dict[str, tuple[int, int]]:
    """How many packets each class has sent and dropped."""
    told = limiting.host.sh(f"tc -s class show dev {link}")
    found = re.findall(r"class htb (\S+).*\n Sent \d+ bytes (\d+) pkt \(dropped (\d+)", told)
    return {handle: (int(sent), int(dropped)) for handle, sent, dropped in found}


@pytest.mark.parametrize("key", ["shapedSubnets", "unshapedSubnets"])
@pytest.mark.parametrize(("there", "near"), [(FAR, NEAR), ("2001:db8:77::1", "fd00::1")], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("length", [0, 13, 32, 127])
def test_a_subnet_is_that_of_the_far_side_in_both_directions(
    limiting: Limiting, key: str, there: str, near: str, length: int
) -> None:
    container = limiting.add_container()
    add_addresses(limiting, container)
    bits = length if ":" in there else min(length, 32)
    told = limiting.limit(container, **both_ways(10**8, 10**6), **{key: [f"{there}/{bits}"]})
    links = limiting.outer(container), told["interfaces"][-1]["name"]
    matched, other = ("1:30", "1:1") if key == "shapedSubnets" else ("1:1", "1:30")
    for address, expected in ((there, matched), (near, matched if not bits else other)):
        before = [count_classes(limiting, link)[expected][0] for link in links]
        container.sh(f"ping -n -c{PINGS} -i0.01 -W2 {address}")
        after = [count_classes(limiting, link)[expected][0] for link in links]
        # neighbours ask for each other meanwhile, but not as often
        assert [now - then >= PINGS for now, then in zip(after, before, strict=True)] == [True, True]
    other_class = [count_classes(limiting, link)[other][0] for link in links]
    assert bits or max(other_class) < PINGS


@pytest.mark.parametrize("way", ["ingress", "egress"])
def test_what_is_shaped_waits_and_what_is_not_does_not(limiting: Limiting, way: str) -> None:
    container = limiting.add_container()
    add_addresses(limiting, container)
    assert container.pings(FAR)
    limits = {f"{way}Rate": 200, f"{way}Burst": FRAME * 4 * 8}
    told = limiting.limit(container, **limits, shapedSubnets=["10.77.0.0/16"])
    link = limiting.outer(container) if way == "ingress" else told["interfaces"][-1]["name"]
    before = count_classes(limiting, link)
    if way == "egress":
        shoot(container, FAR, 50)
    else:
        source = SHOT.replace("talk.connect", "talk.bind((sys.argv[3], 0)); talk.connect")
        run(["nsenter", f"--net={limiting.host.path}", "/usr/bin/python3", "-IS", "-c", source, FIRST, "50", FAR])
    assert container.pings(NEAR)
    after = count_classes(limiting, link)
    # four at once, and perhaps one more: a class may owe something; the queue has room for as many
    sent, dropped = after["1:30"][0] - before["1:30"][0], after["1:30"][1]
    assert sent in (4, 5)
    assert dropped == 50 - sent - 4
    assert after["1:1"][1] == 0
