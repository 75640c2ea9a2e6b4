"""dummy on a kernel that has it: what ADD makes and the other verbs find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, all_versions, lease_files, result_ips, with_prev_result

OLD = ("0.1.0", "0.2.0")  # whose results have no interfaces


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def network(leases: Path, version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
    ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8::/64"}]]
    ipam = {"type": "host-local", "dataDir": str(leases), "ranges": ranges}
    return {"cniVersion": version, "name": "mynet", "type": "dummy", "ipam": ipam, **fields}


@all_versions
@facts(125, 126, 127)
def test_a_network_with_addresses(host: Host, container: Container, leases: Path, version: str) -> None:
    host.sh("ip link add eth0 type dummy")
    conf = network(leases, version)
    conf["ipam"]["ranges"].pop()
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.1.2.2/24"]
    shown = container.json("-d link show dev eth0")[0]
    assert (shown["linkinfo"]["info_kind"], "UP" in shown["flags"]) == ("dummy", True)
    assert shown["ifalias"] == f"mynet/{container.id}/eth0"
    if version not in OLD:
        assert result["interfaces"] == [{"name": "eth0", "mac": shown["address"], "sandbox": container.path}]
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    else:
        assert host.call("CHECK", with_prev_result(conf, result), container).code == 1
    for _ in range(2):
        assert host.cni("DEL", conf, container) == {}
        assert (container.links(), host.links(), lease_files(leases)) == ([], ["eth0"], [])


def test_addresses_of_both_versions_answer_at_once(host: Host, container: Container, leases: Path) -> None:
    container.sh("ip link set lo up")
    host.cni("ADD", network(leases), container)
    assert container.pings("10.1.2.2") and container.pings("2001:db8::2")


@facts(129)
def test_check_sees_a_link_that_is_down_or_another(host: Host, container: Container, leases: Path) -> None:
    conf = network(leases)
    checked = with_prev_result(conf, host.cni("ADD", conf, container))
    assert host.cni("CHECK", checked, container) == {}
    container.sh("ip link set eth0 down")
    assert host.call("CHECK", checked, container).object["msg"] == "interface 'eth0' is down"
    container.sh("ip link delete eth0")
    assert host.call("CHECK", checked, container).object["msg"] == "interface 'eth0' is gone from the container"
    container.sh("ip link add eth0 type veth peer name eth1")
    assert host.call("CHECK", checked, container).object["msg"] == "interface 'eth0' is no dummy"


def test_del_takes_no_other_link_and_works_without_the_namespace(
    host: Host, container: Container, leases: Path
) -> None:
    conf = network(leases)
    container.sh("ip link add eth0 type dummy")
    container.sh("ip link set eth0 alias mynet/another/eth0")
    host.cni("DEL", conf, container)
    assert container.links() == ["eth0"]
    container.sh("ip link delete eth0")
    host.cni("ADD", conf, container)
    container.remove()
    host.cni("DEL", conf, container)
    assert lease_files(leases) == []


def test_a_failure_after_ipam_leaves_nothing(host: Host, container: Container, leases: Path) -> None:
    conf = network(leases)
    conf["ipam"]["routes"] = [{"dst": "10.5.0.0/16", "gw": "99.9.9.9"}]
    assert host.call("ADD", conf, container).code == 100
    assert (container.links(), lease_files(leases)) == ([], [])
