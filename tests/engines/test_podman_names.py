"""Networks as podman makes them where the plugin dnsname is: containers find each other by names and aliases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from engines.podman import Podman
from netlab import Host

NAME, OTHER = "made", "back"
CHAIN = ["bridge", "portmap", "firewall", "tuning", "dnsname"]
DB, BACK_DB = "10.50.0.3", "10.52.0.3"


@pytest.fixture
def caller(podman: Podman) -> str:
    """A container that looks up names; the network is podman's own writing."""
    podman.create(NAME, "--subnet=10.50.0.0/24")
    return podman.start("--name=caller", "--publish=9081:81", network=NAME)


def look_up(podman: Podman, caller: str, name: str) -> list[str]:
    """The addresses that a container finds for a name, none if there is no such name."""
    answer = podman.attempt("exec", caller, "/bin/nslookup", "-type=a", name).stdout
    found = answer.partition(f"Name:\t{name}\n")[2]
    return [line.partition(": ")[2] for line in found.splitlines() if line.startswith("Address")]


def test_names_and_aliases_are_found_while_a_container_runs(podman: Podman, host: Host, caller: str) -> None:
    written: dict[str, Any] = json.loads((podman.networks / f"{NAME}.conflist").read_text())
    assert [each["type"] for each in written["plugins"]] == CHAIN
    before = podman.state()
    assert look_up(podman, caller, "db.dns.podman") == []
    server = podman.start("--name=db", "--network-alias=store", "--publish=8080:80", network=NAME)
    for name in ("db", "store", server[:12]):
        assert look_up(podman, caller, f"{name}.dns.podman") == [DB]
    podman("restart", "-t0", "db")
    assert look_up(podman, caller, "store.dns.podman") == podman.get_addresses(NAME, server)
    podman("rm", "-f", "-t0", "db")
    assert look_up(podman, caller, "db.dns.podman") == look_up(podman, caller, "store.dns.podman") == []
    assert podman.changes(before) == {}


def test_connect_gives_a_name_on_the_other_network_and_disconnect_takes_it(podman: Podman, caller: str) -> None:
    podman.create(OTHER, "--subnet=10.52.0.0/24")
    there = podman.start("--name=there", "--publish=9082:81", network=OTHER)
    server = podman.start("--name=db", network=NAME)
    before = podman.state()
    podman("network", "connect", "--alias=store", OTHER, "db")
    assert look_up(podman, there, "db.dns.podman") == look_up(podman, there, "store.dns.podman") == [BACK_DB]
    assert look_up(podman, caller, "db.dns.podman") == [DB]
    assert look_up(podman, caller, "store.dns.podman") == []
    podman("network", "disconnect", OTHER, "db")
    assert look_up(podman, there, "db.dns.podman") == []
    assert look_up(podman, caller, "db.dns.podman") == podman.get_addresses(NAME, server) == [DB]
    assert podman.changes(before) == {}


def test_server_of_names_goes_with_the_last_container(podman: Podman, host: Host, caller: str) -> None:
    podman("rm", "-f", "-t0", caller)
    after = podman.state()
    assert (after.sockets, after.files, after.leases, after.records) == ([], [], [], [])
