"""vlan: what the executable refuses before it asks anything of the kernel, in every version."""

from __future__ import annotations

from typing import Any

import pytest
from netlab import all_versions
from upper_lab import V4, Ground, everywhere, facts


@everywhere
@all_versions
@pytest.mark.parametrize(
    ("fields", "details"),
    [
        pytest.param({"mtu": 1600}, "on up0 it can be 68 to 1500, or 0 for 1500", marks=facts(103)),
        pytest.param({"mtu": -100}, "it can be 68 to 65535, or 0 for the default", marks=facts(104)),
        pytest.param({"master": None}, "vlan needs the link whose VLAN the container is to have", marks=facts(105)),
        pytest.param({"vlanId": -1}, "it can be 0 to 4094", marks=facts(106)),
        pytest.param({"vlanId": 4095}, "it can be 0 to 4094", marks=facts(106)),
    ],
)
def test_what_cannot_be(ground: Ground, version: str, fields: dict[str, Any], details: str) -> None:
    reply = ground.host.call("ADD", ground.network(V4, version=version, **fields), ground.container)
    assert (reply.code, reply.object["details"]) == (7, details)
    assert ground.is_clean()


@everywhere
@all_versions
def test_what_was_never_attached_is_detached(ground: Ground, version: str) -> None:
    for fields in ({}, {"master": None, "vlanId": 5000, "mtu": 5, "ipam": None}):
        assert ground.host.cni("DEL", ground.network(V4, version=version, **fields), ground.container) == {}
    assert ground.is_clean()
