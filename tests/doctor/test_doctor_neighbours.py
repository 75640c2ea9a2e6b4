"""`poplin doctor --only neighbours`: room in the neighbour table. In tests/vm its limits may be changed."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from poplin.doctor.checks.neighbours import Crowd, examine, judge
from poplin.doctor.finding import ERROR, WARNING
from poplin.doctor.place import Place
from poplin.linux.netlink import attribute, text_attribute
from poplin.linux.wire.neightbl import CONFIG, INFO, NDTA_CONFIG, NDTA_NAME, NDTA_THRESH3, NeighbourTable
from poplin.runtime.survey import Survey

CHECK = "neighbours"


def read_limit(clinic: Any) -> int:
    """What iproute2 says of IPv4's table."""
    found = re.search(r"thresh3 (\d+)", clinic.sh("ip ntable show name arp_cache"))
    assert found
    return int(found[1])


def record(clinic: Any, netns: str, number: int) -> None:
    """So many containers are attached, as far as records say."""
    clinic.results.mkdir(parents=True)
    for each in range(number):
        address = f"10.22.{each // 250}.{each % 250 + 2}/16"
        entry = {
            "kind": "cniCacheV1",
            "containerId": f"c{each}",
            "config": "",
            "ifName": "eth0",
            "networkName": "mynet",
            "netns": netns,
            "result": {"cniVersion": "1.1.0", "ips": [{"address": address}]},
        }
        (clinic.results / f"mynet-c{each}-eth0").write_text(json.dumps(entry))


def test_a_table_that_the_containers_would_fill(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    assert clinic.find(CHECK) == []
    limit = read_limit(clinic)
    number = limit * 3 // 4 + 1
    record(clinic, clinic.host.add_container().path, number)
    found = clinic.find_one(CHECK)
    assert found["severity"] == "warning"
    assert found["text"] == f"the neighbour table for IPv4 has room for {limit}, and there are {number} neighbours"
    assert found["evidence"][0].startswith(f"arp_cache: gc_thresh3 {limit}, ")
    assert found["evidence"][1:] == [
        f"records: {number} IPv4 addresses are attached",
        "networks: they can give 65533 IPv4 addresses",
    ]
    assert found["mend"].startswith("sysctl -w net.ipv4.neigh.default.gc_thresh1=")


@pytest.mark.parametrize(
    ("entries", "attached", "severity"), [(74, 74, None), (75, 0, WARNING), (0, 75, WARNING), (101, 0, ERROR)]
)
def test_three_quarters_are_a_warning_and_more_than_all_an_error(
    entries: int, attached: int, severity: str | None
) -> None:
    found = list(judge(Crowd(NeighbourTable("arp_cache", 100, entries), attached, 200), 4))
    assert [each.severity for each in found] == ([severity] if severity else [])


def test_a_table_is_told_of_once_on_a_host_with_many_links() -> None:
    """The kernel begins each part of its answer with the table, and links are what makes the answer long."""
    place = Place("/nowhere", ())
    body = pack_table("arp_cache", limit=100, entries=80)
    dump = SimpleNamespace(rtnl=SimpleNamespace(socket=SimpleNamespace(dump=lambda request: [body, body, body])))
    place.kernel = SimpleNamespace(host=dump)
    place.survey, place.networks = Survey([], []), []
    assert [each.severity for each in examine(place)] == [WARNING]


def pack_table(name: str, limit: int, entries: int) -> bytes:
    """The body of an RTM_NEWNEIGHTBL."""
    config = attribute(NDTA_CONFIG, CONFIG.pack(4, 0, entries))
    return (
        INFO.pack(2) + text_attribute(NDTA_NAME, name) + attribute(NDTA_THRESH3, limit.to_bytes(4, "little")) + config
    )


@pytest.mark.parametrize(
    ("version", "entries", "capacity", "mend"),
    [
        (4, 900, 1000, "gc_thresh1=1024 {0}2=2048 {0}3=4096"),
        (4, 2000, 65533, "gc_thresh1=4096 {0}2=8192 {0}3=16384"),
        (6, 3000, 0, "gc_thresh1=2048 {0}2=4096 {0}3=8192"),
    ],
)
def test_the_limits_have_room_for_twice_as_many_and_for_what_networks_may_soon_give(
    version: int, entries: int, capacity: int, mend: str
) -> None:
    (found,) = judge(Crowd(NeighbourTable("arp_cache", 1024, entries), 0, capacity), version)
    prefix = f"net.ipv{version}.neigh.default."
    assert found.mend == f"sysctl -w {prefix}{mend.format(f'{prefix}gc_thresh')}"
