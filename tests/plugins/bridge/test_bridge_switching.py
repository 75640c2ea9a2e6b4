"""bridge and IPAM of either implementation with the other's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import REFERENCE, Container, Host, lease_files, with_prev_result

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"


def mixed_folder(folder: Path, host: Host, ours: str) -> Path:
    """A folder of plugins in which only `ours` is ours."""
    folder.mkdir()
    for plugin in ("bridge", "host-local"):
        (folder / plugin).symlink_to((host.bin_dir if plugin == ours else REFERENCE) / plugin)
    return folder


@pytest.mark.parametrize("ours", ["bridge", "host-local"])
def test_reference_ipam_under_our_bridge_and_ours_under_theirs(
    host: Host, container: Container, network: Network, leases: Path, tmp_path: Path, ours: str
) -> None:
    conf = network(V4, V6, version="1.0.0", isDefaultGateway=True)
    how: dict[str, Any] = {"bin_dir": mixed_folder(tmp_path / "mixed", host, ours)}
    how["environ"] = {"CNI_PATH": str(how["bin_dir"])}
    result = host.cni("ADD", conf, container, **how)
    assert [ip["address"] for ip in result["ips"]] == ["10.1.2.2/24", "2001:db8::2/64"]
    assert lease_files(leases) == ["10.1.2.2", "2001:db8::2"]
    assert container.pings("10.1.2.1")  # the reference leaves the bridge without IPv6 for a second
    host.cni("CHECK", with_prev_result(conf, result), container, **how)
    assert host.call("ADD", conf, container, **how).status == 1
    host.cni("DEL", with_prev_result(conf, result), container, **how)
    assert (host.links(), container.links(), lease_files(leases)) == (["br0"], [], [])


@pytest.mark.parametrize(("adds", "deletes"), [("ours", "theirs"), ("theirs", "ours")])
def test_whoever_adds_the_other_checks_and_deletes(
    host: Host, container: Container, network: Network, leases: Path, adds: str, deletes: str
) -> None:
    conf = network(V4, V6, version="1.0.0", isDefaultGateway=True)
    folders = {"ours": host.bin_dir, "theirs": REFERENCE}
    ways = {name: {"bin_dir": folder, "environ": {"CNI_PATH": str(folder)}} for name, folder in folders.items()}
    result = host.cni("ADD", conf, container, **ways[adds])
    checked = with_prev_result(conf, result)
    host.cni("CHECK", checked, container, **ways[deletes])
    host.cni("DEL", checked, container, **ways[deletes])
    assert (host.links(), container.links(), lease_files(leases)) == (["br0"], [], [])
    host.cni("ADD", conf, container, **ways["ours"])
    host.cni("DEL", conf, container, **ways["ours"])
