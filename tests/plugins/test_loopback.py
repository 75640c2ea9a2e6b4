"""loopback, as a runtime calls it."""

from __future__ import annotations

from typing import Any

import pytest
from netlab import Container, Host, all_versions, check_versions, result_ips, with_prev_result

CONF: dict[str, Any] = {"name": "lo", "type": "loopback"}


def is_up(container: Container) -> bool:
    return "UP" in container.json("link show dev lo")[0]["flags"]


@all_versions
@pytest.mark.facts("plugins-main-ipam", 135, 136, 137)
def test_add_sets_lo_up_and_delete_sets_it_down(host: Host, container: Container, version: str) -> None:
    conf = {**CONF, "cniVersion": version}
    result = host.cni("ADD", conf, container, environ={"CNI_ARGS": "none"})
    assert is_up(container)
    assert result["cniVersion"] == version
    assert result_ips(result) == ["127.0.0.1/8", "::1/128"]
    if version >= "0.3.0":
        assert result["interfaces"] == [{"name": "lo", "mac": "00:00:00:00:00:00", "sandbox": container.path}]
        assert [ip["interface"] for ip in result["ips"]] == [0, 0]
    host.cni("DEL", conf, container)
    assert not is_up(container)


@pytest.mark.facts("plugins-main-ipam", 137)
def test_add_passes_prev_result_on(host: Host, container: Container) -> None:
    previous = {"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.3/24", "interface": 5}], "dns": {"domain": "x"}}
    assert host.cni("ADD", with_prev_result({**CONF, "cniVersion": "1.0.0"}, previous), container) == previous
    assert is_up(container)


def test_add_converts_prev_result_to_the_configs_version(host: Host, container: Container) -> None:
    previous = {"cniVersion": "1.0.0", "ips": [{"address": "10.1.2.3/24"}]}
    result = host.cni("ADD", with_prev_result({**CONF, "cniVersion": "1.1.0"}, previous), container)
    assert result == {**previous, "cniVersion": "1.1.0"}


@pytest.mark.facts("plugins-main-ipam", 138)
@pytest.mark.parametrize("has_previous", [False, True])
def test_a_foreign_address_on_lo_is_refused(host: Host, container: Container, has_previous: bool) -> None:
    container.sh("ip link set lo up")
    container.sh("ip address add 192.0.2.1/32 dev lo")
    conf = {**CONF, "cniVersion": "1.0.0"}
    reply = host.call("ADD", with_prev_result(conf, {"cniVersion": "1.0.0"}) if has_previous else conf, container)
    assert reply.code == 102
    assert reply.object["msg"] == "lo has the address 192.0.2.1/32, which is not a loopback address"


@check_versions
@pytest.mark.facts("plugins-main-ipam", 139)
def test_check_sees_lo_down(host: Host, container: Container, version: str) -> None:
    conf = {**CONF, "cniVersion": version}
    checked = with_prev_result(conf, host.cni("ADD", conf, container))
    host.cni("CHECK", checked, container)
    container.sh("ip link set lo down")
    assert host.call("CHECK", checked, container).code == 103


@pytest.mark.parametrize("netns", ["", "/run/netns/gone", "/etc/passwd", "/proc/999999999/ns/net"])
def test_delete_without_namespace_succeeds(host: Host, container: Container, netns: str) -> None:
    assert host.cni("DEL", CONF, container, environ={"CNI_NETNS": netns}) == {}


@pytest.mark.parametrize("netns", ["/run/netns/gone", "/etc/passwd"])
def test_add_without_namespace_is_an_error_that_names_it(host: Host, container: Container, netns: str) -> None:
    reply = host.call("ADD", CONF, container, environ={"CNI_NETNS": netns})
    assert reply.code == 8
    assert netns in reply.object["details"]


def test_delete_never_touches_the_hosts_own_lo(host: Host, container: Container) -> None:
    reply = host.call("DEL", CONF, container, environ={"CNI_NETNS": host.path})
    assert reply.code == 8
    assert is_up(host)


@pytest.mark.parametrize("command", ["STATUS", "GC"])
def test_status_and_garbage_collection_have_nothing_to_say(host: Host, command: str) -> None:
    assert host.cni(command, {**CONF, "cniVersion": "1.1.0"}) == {}


@pytest.mark.parametrize(("strict", "status"), [(True, 1), (False, 0)])
def test_a_strict_configuration_refuses_unknown_keys(
    host: Host, container: Container, strict: bool, status: int
) -> None:
    reply = host.call("ADD", {**CONF, "strict": strict, "bridge": "br0"}, container)
    assert reply.status == status
    if strict:
        assert (reply.code, "`bridge`" in reply.object["msg"], reply.object["details"]) == (2, True, '"br0"')
