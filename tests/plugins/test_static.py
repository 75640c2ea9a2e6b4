"""static: whose addresses are given, what is refused, and what CHECK compares."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from netlab import REFERENCE, Host, all_versions, check_versions, result_ips, with_prev_result

from poplin.plugins.kit.skel import answer
from poplin.plugins.static import PLUGIN

OLD = ("0.1.0", "0.2.0")
V4 = {"address": "10.10.0.1/24", "gateway": "10.10.0.254"}
V6 = {"address": "3ffe:ffff:0:1ff::1/64", "gateway": "3ffe:ffff:0::1"}
ROUTES = [
    {"dst": "0.0.0.0/0"},
    {"dst": "192.168.0.0/16", "gw": "10.10.5.1"},
    {"dst": "3ffe:ffff:0:01ff::1/64"},
]
SHOWN_ROUTES = [*ROUTES[:2], {"dst": "3ffe:ffff:0:1ff::1/64"}]
DNS = {"nameservers": ["8.8.8.8"], "domain": "example.com", "search": ["example.com"], "options": ["ndots:2"]}
RUNTIME = {"ips": ["10.10.0.3/24", "3ffe:ffff:0:1ff::3/64"]}
ARGS = {"cni": {"ips": ["10.10.0.2/24", "3ffe:ffff:0:1ff::2/64"]}}
ARGUMENTS = "IP=10.10.0.1/24,3ffe:ffff:0:1ff::1/64;GATEWAY=10.10.0.254"


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def network(*addresses: Mapping[str, object], version: str = "1.1.0", **more: Any) -> dict[str, Any]:
    """A configuration with these addresses; `ipam` in `more` adds to its section."""
    ipam = {"type": "static", "addresses": list(addresses), **more.pop("ipam", {})}
    return {"cniVersion": version, "name": "mynet", "type": "bridge", "ipam": ipam, **more}


def call(command: str, conf: Mapping[str, object], cni_args: str = "") -> dict[str, Any]:
    """The answer: a result, an error object, or {} for nothing on stdout."""
    environ = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": "c1",
        "CNI_IFNAME": "eth0",
        "CNI_NETNS": "/run/netns/nowhere",  # nobody looks at it
        "CNI_PATH": "/nowhere",
        "CNI_ARGS": cni_args,
    }
    reply = answer(PLUGIN, environ, lambda: json.dumps(conf).encode())
    assert "Traceback" not in reply.errors
    return json.loads(reply.output) if reply.output else {}  # type: ignore[no-any-return]


def given(result: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """(address, gateway) of each address of a result of whatever version."""
    old = [result[key] for key in ("ip4", "ip6") if key in result]
    return [(ip["ip"], ip.get("gateway")) for ip in old] or [(i["address"], i.get("gateway")) for i in result["ips"]]


def given_routes(result: Mapping[str, Any]) -> list[dict[str, str]]:
    """The routes of a result of whatever version."""
    old = [route for key in ("ip4", "ip6") if key in result for route in result[key].get("routes", [])]
    return old or list(result["routes"])


@all_versions
@facts(195)
def test_addresses_routes_and_dns_are_those_of_the_configuration(version: str) -> None:
    result = call("ADD", network(V4, V6, version=version, ipam={"routes": ROUTES, "dns": DNS}))
    assert given(result) == [("10.10.0.1/24", "10.10.0.254"), ("3ffe:ffff:0:1ff::1/64", "3ffe:ffff::1")]
    assert given_routes(result) == SHOWN_ROUTES
    assert result["dns"] == DNS


@all_versions
@facts(196)
def test_two_default_routes_are_kept_in_their_order(version: str) -> None:
    routes = [{"dst": "0.0.0.0/0", "gw": "10.10.0.254"}, {"dst": "0.0.0.0/0", "gw": "10.10.0.253"}]
    assert given_routes(call("ADD", network(V4, version=version, ipam={"routes": routes}))) == routes


@all_versions
@facts(197)
def test_delete_never_fails(version: str) -> None:
    assert call("DEL", network(V4, version=version)) == {}
    assert call("DEL", network({"address": "nonsense"}, version=version)) == {}


@all_versions
@facts(198)
def test_an_address_and_a_gateway_in_cni_args(version: str) -> None:
    conf = network(version=version, ipam={"routes": ROUTES[:2]})
    result = call("ADD", conf, "IP=10.10.0.1/24;GATEWAY=10.10.0.254")
    assert given(result) == [("10.10.0.1/24", "10.10.0.254")]
    assert given_routes(result) == ROUTES[:2]


@all_versions
@facts(199)
def test_two_addresses_and_one_gateway_in_cni_args(version: str) -> None:
    reply = call("ADD", network(version=version), "IP=10.10.0.1/24,11.11.0.1/24;GATEWAY=10.10.0.254")
    if version in OLD:
        assert (reply["code"], reply["details"]) == (
            7,
            "there are 2 IPv4 and 0 IPv6 addresses; use 0.3.0 or newer",
        )
    else:
        assert given(reply) == [("10.10.0.1/24", "10.10.0.254"), ("11.11.0.1/24", None)]


@all_versions
@pytest.mark.parametrize(
    ("more", "cni_args", "host"),
    [
        pytest.param({"runtimeConfig": RUNTIME}, "", 3, marks=facts(200), id="runtimeConfig"),
        pytest.param({"args": ARGS}, "", 2, marks=facts(201), id="args"),
        pytest.param({"runtimeConfig": RUNTIME, "args": ARGS}, ARGUMENTS, 3, marks=facts(202), id="all three"),
        pytest.param({"args": ARGS}, ARGUMENTS, 2, id="args over CNI_ARGS"),
    ],
)
def test_who_brings_addresses_replaces_the_others(version: str, more: dict[str, Any], cni_args: str, host: int) -> None:
    result = call("ADD", network(V4, V6, version=version, ipam={"routes": ROUTES}, **more), cni_args)
    assert given(result) == [(f"10.10.0.{host}/24", None), (f"3ffe:ffff:0:1ff::{host}/64", None)]
    assert given_routes(result) == SHOWN_ROUTES


@pytest.mark.parametrize(
    ("addresses", "cni_args", "expected"),
    [
        ([V4], "IP=10.9.0.2/24", [("10.10.0.1/24", "10.10.0.254"), ("10.9.0.2/24", None)]),
        ([{"address": "10.1.2.3/24"}], "GATEWAY=10.1.2.1", [("10.1.2.3/24", "10.1.2.1")]),
        ([V4], "GATEWAY=10.10.0.1", [("10.10.0.1/24", "10.10.0.254")]),
        ([{"address": "10.1.2.3/24"}], "GATEWAY=10.1.2.1,10.9.0.1,10.1.2.2", [("10.1.2.3/24", "10.1.2.2")]),
        ([{"address": "10.1.2.3/24"}], "GATEWAY=fd00::1", [("10.1.2.3/24", None)]),
        ([{"address": "10.1.2.3/24", "gateway": ""}], "IP=;GATEWAY=", [("10.1.2.3/24", None)]),
        ([{"address": "10.1.2.3/24"}], "MAC=02:00:00:00:00:01", [("10.1.2.3/24", None)]),
    ],
)
def test_cni_args_add_to_the_configuration(
    addresses: list[dict[str, str]], cni_args: str, expected: list[tuple[str, str | None]]
) -> None:
    assert given(call("ADD", network(*addresses), cni_args)) == expected


def test_no_addresses_at_all_is_for_the_caller_to_judge() -> None:
    assert call("ADD", network()) == {"cniVersion": "1.1.0"}


# What is refused.


@all_versions
@facts(203)
@pytest.mark.parametrize("cni_args", ["IP=10.10.0.1/24", ""])
def test_the_section_must_be_there_whoever_brings_addresses(version: str, cni_args: str) -> None:
    conf = network(version=version, runtimeConfig={} if cni_args else RUNTIME)
    del conf["ipam"]
    reply = call("ADD", conf, cni_args)
    assert (reply["code"], reply["msg"]) == (7, "missing `ipam`")


@all_versions
@facts(204)
@pytest.mark.parametrize(
    ("conf", "cni_args", "msg"),
    [
        (network({"address": "10.10.0.1"}), "", "cannot decode `ipam.addresses[0].address`"),
        (network(), "IP=10.10.0.1", "cannot decode IP in CNI_ARGS"),
        (network(args={"cni": {"ips": ["10.10.0.1"]}}), "", "cannot decode args.cni.ips"),
        (network(runtimeConfig={"ips": ["10.10.0.1"]}), "", "cannot decode runtimeConfig.ips"),
    ],
)
def test_an_address_without_its_prefix_length(version: str, conf: dict[str, Any], cni_args: str, msg: str) -> None:
    reply = call("ADD", {**conf, "cniVersion": version}, cni_args)
    assert (reply["code"], reply["msg"]) == (6, msg)
    assert reply["details"] == "'10.10.0.1' is not an address with a prefix length, like 10.1.2.3/24"


@pytest.mark.parametrize(
    ("conf", "cni_args", "code", "words"),
    [
        (network({"address": "10.1.2.3/24", "gateway": "x"}), "", 6, "ipam.addresses[0].gateway"),
        (network({"gateway": "10.1.2.1"}), "", 6, "ipam.addresses[0].address"),
        (network(V4), "GATEWAY=x", 6, "GATEWAY in CNI_ARGS"),
        (network(V4), "GATEWAY=10.10.0.254,", 6, "GATEWAY in CNI_ARGS"),
        (network(V4), "IP=10.9.0.2/24,", 6, "IP in CNI_ARGS"),
        (network(V4, runtimeConfig=RUNTIME), "IP=x", 6, "IP in CNI_ARGS"),
        (network(V4), "K8S_POD_NAME=web", 4, "K8S_POD_NAME"),
        (network(V4, ipam={"routes": [{"dst": "x"}]}), "", 6, "ipam.routes[0].dst"),
        (network(V4, ipam={"dns": []}), "", 6, "ipam.dns"),
        (network(V4, strict=True, ipam={"adresses": []}), "", 2, "ipam.adresses"),
        (network({**V4, "gatway": "x"}, strict=True), "", 2, "ipam.addresses[0].gatway"),
        (network(V4, strict=True, ipam={"routes": [{"dst": "10.0.0.0/8", "via": "x"}]}), "", 2, "ipam.routes[0].via"),
        (network(V4, strict=True, ipam={"dns": {"nameserver": "x"}}), "", 2, "ipam.dns.nameserver"),
        (network(V4, V4, version="0.2.0"), "", 7, "2 IPv4"),
    ],
)
def test_a_wrong_configuration_is_refused(conf: dict[str, Any], cni_args: str, code: int, words: str) -> None:
    reply = call("ADD", conf, cni_args)
    assert (reply["code"], words in reply["msg"] + reply.get("details", "")) == (code, True), reply


def test_a_strict_configuration_may_use_every_key() -> None:
    ipam = {"routes": [{"dst": "10.0.0.0/8", "mtu": 1400}], "dns": DNS}
    assert given(call("ADD", network(V4, strict=True, ipam=ipam))) == [("10.10.0.1/24", "10.10.0.254")]


# CHECK and STATUS.


@check_versions
@pytest.mark.parametrize(
    ("configured", "code", "msg"),
    [
        ([V4, V6], 0, ""),
        ([{"address": "10.10.0.1/24"}], 0, ""),
        ([V4, {"address": "10.9.0.1/24"}], 103, "address 10.9.0.1/24 is missing from prevResult"),
        ([{"address": "10.10.0.1/16"}], 103, "address 10.10.0.1/16 is missing from prevResult"),
        ([{**V4, "gateway": "10.10.0.9"}], 103, "address 10.10.0.1/24 has another gateway in prevResult"),
    ],
)
def test_check_compares_with_the_result(version: str, configured: list[dict[str, str]], code: int, msg: str) -> None:
    result = call("ADD", network(V4, V6, version=version))
    reply = call("CHECK", with_prev_result(network(*configured, version=version), result))
    assert (reply.get("code", 0), reply.get("msg", "")) == (code, msg)


def test_check_needs_the_result() -> None:
    assert call("CHECK", network(V4))["code"] == 7


def test_status_is_good_if_the_configuration_is() -> None:
    assert call("STATUS", network(V4)) == {}
    assert call("STATUS", network({"address": "10.10.0.1"}))["code"] == 6


def test_garbage_collection_has_nothing_to_do() -> None:
    assert call("GC", network(V4, **{"cni.dev/valid-attachments": []})) == {}


# Beside the reference, and under a plugin.


@pytest.mark.parametrize(
    ("conf", "cni_args"),
    [
        (network(V4, V6, version="1.0.0", ipam={"routes": ROUTES, "dns": DNS}), ""),
        (network(V4, version="0.3.1"), "IP=10.9.0.2/24,11.11.0.1/16;GATEWAY=10.9.0.254,10.9.0.253"),
        (network(V4, V6, version="0.2.0", runtimeConfig=RUNTIME), ARGUMENTS),
        (network(V4, V6, version="0.4.0", args=ARGS), ARGUMENTS),
    ],
)
def test_the_reference_gives_the_same(host: Host, conf: dict[str, Any], cni_args: str) -> None:
    container = host.add_container()
    how: dict[str, Any] = {"plugin": "static", "environ": {"CNI_ARGS": cni_args}}
    ours = host.cni("ADD", conf, container, **how)
    theirs = host.cni("ADD", conf, container, bin_dir=REFERENCE, **how)
    assert {"dns": {}, **ours} == {"dns": {}, **theirs}


def test_a_bridge_with_written_addresses(host: Host) -> None:
    container = host.add_container()
    routes = [{"dst": "0.0.0.0/0"}, {"dst": "0.0.0.0/0", "gw": "10.10.0.253"}]
    conf = network(V4, ipam={"routes": routes}, bridge="br0", isGateway=True)
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.10.0.1/24"]
    assert container.routes() == ["default via 10.10.0.254", "default via 10.10.0.253"]
    assert container.pings("10.10.0.254")
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


def test_a_bridge_without_any_address_is_refused(host: Host) -> None:
    container = host.add_container()
    reply = host.call("ADD", network(bridge="br0"), container)
    assert (reply.code, reply.object["msg"]) == (7, "the ipam plugin 'static' gave no address")
    assert (host.links(), container.links()) == ([], [])
