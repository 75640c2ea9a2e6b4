"""ipvlan: what the executable does without asking anything of the kernel that only some have, in every version."""

from __future__ import annotations

import pytest
from netlab import all_versions
from upper_lab import V4, Conf, Ground, everywhere, facts


@everywhere
@all_versions
@facts(94)
def test_what_was_never_attached_is_detached(ground: Ground, version: str) -> None:
    for fields in ({}, {"master": None, "mode": "x", "mtu": 5, "ipam": None}):
        assert ground.host.cni("DEL", ground.network(V4, version=version, **fields), ground.container) == {}
    assert ground.is_clean()


@pytest.mark.parametrize("names", [[], ["up0", "up1"]], ids=["none", "two"])
@pytest.mark.parametrize("version", ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"])
@facts(96)
def test_a_chain_without_one_master(ground: Ground, version: str, names: list[str]) -> None:
    previous: Conf = {"cniVersion": version, "interfaces": [{"name": name} for name in names], "ips": []}
    conf = ground.network(V4, version=version, master=None, prevResult=previous)
    reply = ground.host.call("ADD", conf, ground.container)
    assert (reply.code, reply.object["msg"]) == (7, "prevResult must have one interface, to be the `master`")
    assert ground.is_clean()


@all_versions
@facts(97)
def test_an_unknown_mode(ground: Ground, version: str) -> None:
    reply = ground.host.call("ADD", ground.network(V4, version=version, mode="l4"), ground.container)
    assert (reply.code, reply.object["msg"]) == (7, "unknown mode 'l4'")
    assert ground.is_clean()
