"""The two implementations take over from each other: what one attached the other checks and takes off."""

from __future__ import annotations

from typing import Any

import pytest
from netlab import REFERENCE, Host, with_prev_result
from upper_lab import V4, V6, Conf, Ground

both_ways = pytest.mark.parametrize("theirs_first", [True, False], ids=["theirs, then ours", "ours, then theirs"])


def call(host: Host, theirs: bool, command: str, conf: Conf, ground: Ground) -> dict[str, Any]:
    """One call of either implementation, with its own address plugins."""
    folder = REFERENCE if theirs else host.bin_dir
    return host.cni(command, conf, ground.container, bin_dir=folder, environ={"CNI_PATH": str(folder)})


def is_taken_over(ground: Ground, theirs_first: bool, *subnets: str, **fields: Any) -> bool:
    """Whether after ADD by one, CHECK by both and two DELs by the other nothing is left."""
    host = ground.host
    conf = ground.network(*(subnets or (V4, V6)), version="1.0.0", **fields)
    result = call(host, theirs_first, "ADD", conf, ground)
    checked = with_prev_result(conf, result)
    for theirs in (theirs_first, not theirs_first):
        call(host, theirs, "CHECK", checked, ground)
    assert ground.container.pings("10.1.2.1")
    for _ in range(2):
        call(host, not theirs_first, "DEL", checked, ground)
    return ground.is_clean()


def list_outcomes(ground: Ground, **fields: Any) -> list[object]:
    """What theirs and ours answer, and the routes and the number of addresses that they leave."""
    seen: list[object] = []
    for theirs in (True, False):
        conf = ground.network(V4, version="1.0.0", **fields)
        conf["ipam"]["routes"] = [{"dst": "0.0.0.0/0"}, {"dst": "192.168.0.0/16"}]
        result = call(ground.host, theirs, "ADD", conf, ground)
        result.pop("dns", None)  # an empty one, as the reference prints it
        result["interfaces"][0].pop("mac")
        for address in result["ips"]:
            address.pop("address")  # the next one of the range
        seen.append((result, sorted(ground.container.routes()), len(ground.container.addresses("eth0"))))
        call(ground.host, theirs, "DEL", conf, ground)
    return seen
