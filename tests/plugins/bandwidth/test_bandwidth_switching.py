"""A node changes from the reference's bandwidth to ours and back, with containers running."""

from __future__ import annotations

from typing import Any

import pytest
from bandwidth_lab import BOTH, SLOW, Limiting
from netlab import REFERENCE, Container

THEIRS = {"bin_dir": REFERENCE}
UNBOUNDED = 4294967295  # what containerd sends for a burst that nobody named
# Limits of all sizes; the numbers of the third do not fit into 32 bits, so those of the reference begin again at 0.
LIMITS: dict[str, dict[str, int]] = {
    "both": BOTH,
    "odd": {"ingressRate": 33_000_001, "ingressBurst": 7_777_777, "egressRate": 16, "egressBurst": 8},
    "unbounded": {"ingressRate": 10**6, "ingressBurst": UNBOUNDED, "egressRate": 10**6, "egressBurst": UNBOUNDED},
    "fast": {"egressRate": 80 * 10**9, "egressBurst": 80_000_000},
    "in": SLOW,
}
all_limits = pytest.mark.parametrize("name", LIMITS)


def call(limiting: Limiting, command: str, container: Container, *, theirs: bool, **fields: Any) -> None:
    """One verb of either implementation, which must succeed."""
    reply = limiting.call(command, container, THEIRS if theirs else None, cniVersion="1.0.0", **fields)
    assert reply.status == 0, reply


@pytest.fixture
def container(limiting: Limiting) -> Container:
    """A container of ours, its result in a version that both know."""
    made = limiting.add_container()
    limiting.results[made.id]["cniVersion"] = "1.0.0"
    return made


@all_limits
@pytest.mark.parametrize("is_told", [True, False], ids=["told", "untold"])
def test_what_the_reference_limits_we_check_and_lift(
    limiting: Limiting, container: Container, name: str, is_told: bool
) -> None:
    call(limiting, "ADD", container, theirs=True, **LIMITS[name])
    call(limiting, "CHECK", container, theirs=False, **LIMITS[name])
    for _ in range(2):
        conf = limiting.conf(container if is_told else None)
        assert limiting.host.cni("DEL", conf, container) == {}
        assert limiting.traces(container) == []
    assert container.pings("10.1.2.1")


@all_limits
def test_what_we_limit_the_reference_checks_and_lifts(limiting: Limiting, container: Container, name: str) -> None:
    call(limiting, "ADD", container, theirs=False, **LIMITS[name])
    if name != "unbounded":  # which we bound
        call(limiting, "CHECK", container, theirs=True, **LIMITS[name])
    call(limiting, "DEL", container, theirs=True, **LIMITS[name])
    assert limiting.ifbs() == []
    call(limiting, "DEL", container, theirs=False)  # as the next ADD does, or a GC
    assert limiting.traces(container) == []


@all_limits
def test_an_add_of_ours_after_one_of_the_reference_makes_it_ours(
    limiting: Limiting, container: Container, name: str
) -> None:
    call(limiting, "ADD", container, theirs=True, **LIMITS[name])
    theirs = limiting.ifbs()
    call(limiting, "ADD", container, theirs=False, **LIMITS[name])
    assert limiting.ifbs() == theirs
    for ifb in theirs:
        assert limiting.host.json(f"link show dev {ifb}")[0]["ifalias"] == f"mynet/{container.id}/eth0"
    call(limiting, "CHECK", container, theirs=False, **LIMITS[name])
    limiting.host.cni("GC", {**limiting.conf(None), "cni.dev/valid-attachments": []})
    assert limiting.ifbs() == []


def test_what_a_del_of_the_reference_leaves_the_next_add_mends(limiting: Limiting, container: Container) -> None:
    call(limiting, "ADD", container, theirs=False, **BOTH)
    call(limiting, "DEL", container, theirs=True, **BOTH)
    assert limiting.redirects(limiting.outer(container)) == ["*"], "a device that is gone: nothing gets out"
    call(limiting, "ADD", container, theirs=False, **BOTH)
    call(limiting, "CHECK", container, theirs=False, **BOTH)
    assert limiting.redirects(limiting.outer(container)) == limiting.ifbs()
    call(limiting, "DEL", container, theirs=True, **BOTH)
    call(limiting, "ADD", container, theirs=False)
    assert limiting.traces(container) == []
    assert container.pings("10.1.2.1")


def test_the_reference_s_device_of_another_interface_stays(limiting: Limiting, container: Container) -> None:
    call(limiting, "ADD", container, theirs=True, **BOTH)
    [theirs] = limiting.ifbs()
    second = {"environ": {"CNI_IFNAME": "eth1"}}
    result = limiting.host.cni("ADD", limiting.bridge, container, **second)
    conf = {**limiting.conf(None, **BOTH), "prevResult": result}
    added = limiting.host.cni("ADD", conf, container, **second)
    assert added["interfaces"][-1]["name"] != theirs
    limiting.host.cni("DEL", conf, container, **second)
    assert limiting.ifbs() == [theirs]
    limiting.host.cni("DEL", conf, container, **second)
    assert limiting.ifbs() == [theirs]
    call(limiting, "CHECK", container, theirs=True, **BOTH)


def test_a_container_whose_namespace_is_gone_leaves_no_device_of_the_reference(
    limiting: Limiting, container: Container
) -> None:
    call(limiting, "ADD", container, theirs=True, **BOTH)
    container.remove()
    limiting.host.wait_until_gone(limiting.outer(container))
    limiting.host.cni("DEL", limiting.conf(None), container)
    assert limiting.ifbs() == []
