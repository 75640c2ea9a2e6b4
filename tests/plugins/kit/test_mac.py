"""The MAC that somebody wants: whose word counts, and what no interface can have."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.linux.wire.link import format_mac
from poplin.plugins.kit.mac import OPERATOR, find_mac
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import InvalidConfig

ENVIRON = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_NETNS": "/n", "CNI_IFNAME": "eth0", "CNI_PATH": "/p"}
MACS = [f"02:00:00:00:00:0{n}" for n in range(1, 5)]


def call(arguments: str = "", **fields: Any) -> Call:
    return Call(Environment({**ENVIRON, "CNI_ARGS": arguments}), Config({"name": "mynet", **fields}))


def test_the_runtime_counts_most_and_the_network_least() -> None:
    fields: dict[str, Any] = {}
    assert find_mac(call()) == b""
    assert format_mac(find_mac(call(), MACS[0])) == MACS[0]
    arguments = f"MAC={MACS[1]}"
    assert format_mac(find_mac(call(arguments), MACS[0])) == MACS[1]
    fields["args"] = {"cni": {"mac": MACS[2]}}
    assert format_mac(find_mac(call(arguments, **fields), MACS[0])) == MACS[2]
    fields["runtimeConfig"] = {"mac": MACS[3]}
    assert format_mac(find_mac(call(arguments, **fields), MACS[0])) == MACS[3]


def test_in_tuning_what_an_operator_says_counts_before_the_runtime() -> None:
    fields: dict[str, Any] = {"runtimeConfig": {"mac": MACS[0]}}
    assert format_mac(find_mac(call(**fields), first=OPERATOR)) == MACS[0]
    fields["args"] = {"cni": {"mac": MACS[1]}}
    assert format_mac(find_mac(call(**fields), first=OPERATOR)) == MACS[1]
    assert format_mac(find_mac(call(**fields))) == MACS[0]


def test_a_network_s_own_counts_only_where_the_plugin_has_the_field() -> None:
    assert find_mac(call(mac=MACS[0])) == b""


@pytest.mark.parametrize("text", ["02:00", "x", "01:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"])
@pytest.mark.parametrize(
    ("make", "source"),
    [
        (lambda text: find_mac(call(), text), "mac"),
        (lambda text: find_mac(call(f"MAC={text}")), "MAC in CNI_ARGS"),
        (lambda text: find_mac(call(args={"cni": {"mac": text}})), "args.cni.mac"),
        (lambda text: find_mac(call(runtimeConfig={"mac": text})), "runtimeConfig.mac"),
    ],
)
def test_what_no_interface_can_have_is_refused_with_where_it_stands(text: str, make: Any, source: str) -> None:
    with pytest.raises(InvalidConfig, match=f"^invalid {source}; '{text}' is "):
        make(text)
