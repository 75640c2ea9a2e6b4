"""macvlan: a node changes from the reference to ours and back, with containers running. Debian's release of it does not
know `linkInContainer`."""

from __future__ import annotations

from typing import Any

import pytest
from netlab import Host, result_ips
from upper_lab import V4, Ground
from upper_switching import both_ways, call, is_taken_over, list_outcomes

FIELDS: dict[str, dict[str, Any]] = {"bridge": {}, "private": {"mode": "private"}, "mtu": {"mtu": 1400}}


@both_ways
def test_what_one_attached_the_other_checks_and_takes_off(ground: Ground, theirs_first: bool) -> None:
    assert is_taken_over(ground, theirs_first, V4)


@both_ways
def test_both_versions(ground: Ground, theirs_first: bool) -> None:
    assert is_taken_over(ground, theirs_first)


@both_ways
@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_modes_and_mtu(ground: Ground, theirs_first: bool, fields: dict[str, Any]) -> None:
    assert is_taken_over(ground, theirs_first, V4, **fields)


def test_both_answer_the_same(ground: Ground) -> None:
    theirs, ours = list_outcomes(ground)
    assert theirs == ours


def test_containers_of_both_reach_each_other(ground: Ground, host: Host) -> None:
    other = host.add_container()
    call(host, True, "ADD", ground.network(V4, version="1.0.0"), ground)
    assert result_ips(host.cni("ADD", ground.network(V4), other)) == ["10.1.2.3/24"]
    assert other.pings("10.1.2.2") and ground.container.pings("10.1.2.3")
