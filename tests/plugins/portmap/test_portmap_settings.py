"""What portmap reads from its configuration, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.plugins.portmap.conditions import translate
from poplin.plugins.portmap.mapping import Mapping
from poplin.plugins.portmap.plan import find_targets
from poplin.plugins.portmap.settings import Settings
from poplin.spec.address import parse_ip
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import CNIError, InvalidConfig, UnsupportedField

NFT = ["ip", "saddr", "192.0.2.0/24"]
IPTABLES = ["-s", "192.0.2.0/24"]


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def make_call(*ports: dict[str, Any], command: str = "ADD", **conf: Any) -> Call:
    variables = {"CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/c1", "CNI_IFNAME": "eth0", "CNI_PATH": "/nowhere"}
    runtime = {"runtimeConfig": {"portMappings": list(ports)}} if ports else {}
    source = {"cniVersion": "1.0.0", "name": "n", "type": "portmap", **runtime, **conf}
    return Call(Environment({"CNI_COMMAND": command, **variables}), Config(source))


def read(*ports: dict[str, Any], **conf: Any) -> Settings:
    return Settings(make_call(*ports, **conf))


PORT = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}


@facts(1)
def test_addresses_on_the_host_are_not_the_containers() -> None:
    previous = {
        "interfaces": [{"name": "host"}, {"name": "eth0", "sandbox": "/run/netns/c1"}],
        "ips": [
            {"address": "10.0.0.1/24", "gateway": "10.0.0.1", "interface": 0},
            {"address": "2001:db8:1::2/64", "gateway": "2001:db8:1::1", "interface": 1},
            {"address": "10.0.0.2/24", "gateway": "10.0.0.1", "interface": 1},
        ],
    }
    call = make_call(PORT, snat=False, conditionsV4=NFT, conditionsV6=["ip6", "daddr", "::1"], prevResult=previous)
    settings = Settings(call)
    assert (settings.snat, settings.masq_all) == (False, False)
    assert settings.conditions == {4: "ip saddr 192.0.2.0/24", 6: "ip6 daddr ::1"}
    targets = find_targets(call.get_prev_result(), "eth0")
    assert [str(target) for target in targets] == ["10.0.0.2/24", "2001:db8:1::2/64"]


@facts(2)
def test_del_needs_neither_ports_nor_a_result() -> None:
    call = make_call(command="DEL")
    assert (Settings(call).mappings, call.find_prev_result(), call.config.name) == ([], None, "n")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"hostPort": 0}, "invalid host port number 0", marks=facts(3)),
        pytest.param({"containerPort": 0}, "invalid container port number 0", marks=facts(4)),
        pytest.param({"containerPort": -1}, "invalid container port number -1", marks=facts(4)),
        ({"hostPort": 70000}, "invalid host port number 70000"),
        ({"protocol": "icmp"}, "unknown protocol 'icmp' of host port 8080"),
        ({"hostIP": "nowhere"}, "invalid hostIP of host port 8080"),
    ],
)
def test_a_port_that_cannot_be_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read({**PORT, **change})
    assert caught.value.msg == message


@pytest.mark.parametrize(
    ("text", "host_ip", "versions"),
    [
        ("", None, (4, 6)),
        ("0.0.0.0", None, (4,)),
        ("::", None, (6,)),
        ("192.0.2.1", "192.0.2.1", (4,)),
        ("2001:db8::1", "2001:db8::1", (6,)),
    ],
)
def test_a_host_ip_chooses_the_version(text: str, host_ip: str | None, versions: tuple[int, ...]) -> None:
    expected = Mapping("tcp", 8080, 80, parse_ip(host_ip) if host_ip else None, versions)
    assert read({**PORT, "hostIP": text}).mappings == [expected]


@pytest.mark.parametrize(("text", "protocol"), [("TCP", "tcp"), ("sctp", "sctp"), ("", "tcp")])
def test_a_protocol_may_be_written_in_capitals_and_none_is_tcp(text: str, protocol: str) -> None:
    assert read({**PORT, "protocol": text}).mappings[0].protocol == protocol


@pytest.mark.parametrize(
    "conf",
    [
        pytest.param({"backend": "nftables"}, marks=facts(6)),
        pytest.param(
            {"backend": "nftables", "conditionsV4": NFT, "conditionsV6": ["ip6", "daddr", "::1"]}, marks=facts(7)
        ),
        {"backend": "iptables", "conditionsV4": IPTABLES, "externalSetMarkChain": "PLZ-SET-MARK"},
        pytest.param({"conditionsV4": IPTABLES, "markMasqBit": 31}, marks=facts(5)),
        {"conditionsV4": NFT, "markMasqBit": 0},
        {"conditionsV4": [], "conditionsV6": [""]},
    ],
)
def test_what_the_reference_accepts_is_accepted(conf: dict[str, Any]) -> None:
    assert len(read(PORT, **conf).mappings) == 1


@pytest.mark.parametrize(
    ("conf", "message"),
    [
        pytest.param(
            {"backend": "iptables", "conditionsV4": NFT, "conditionsV6": ["ip6", "daddr", "::1"]},
            "backend 'iptables' does not go with conditionsV4, conditionsV6",
            marks=facts(8),
        ),
        pytest.param(
            {"backend": "nftables", "externalSetMarkChain": "C", "conditionsV4": IPTABLES, "conditionsV6": IPTABLES},
            "backend 'nftables' does not go with externalSetMarkChain, conditionsV4, conditionsV6",
            marks=facts(9),
        ),
        pytest.param(
            {"backend": "nftables", "conditionsV6": ["!", "-s", "::1"]},
            "backend 'nftables' does not go with conditionsV6",
            marks=facts(10),
        ),
        pytest.param(
            {"markMasqBit": 5, "externalSetMarkChain": "C"},
            "cannot specify externalSetMarkChain and markMasqBit",
            marks=facts(12),
        ),
        pytest.param({"markMasqBit": 32}, "invalid markMasqBit 32", marks=facts(13)),
        pytest.param({"markMasqBit": -1}, "invalid markMasqBit -1", marks=facts(13)),
        pytest.param({"backend": "foo"}, "unknown backend 'foo'", marks=facts(14)),
    ],
)
def test_what_does_not_go_together_is_refused(conf: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(PORT, **conf)
    assert caught.value.msg == message


@facts(11)
def test_an_address_without_interface_is_the_containers() -> None:
    call = make_call(PORT, prevResult={"ips": [{"address": "10.0.0.2/24"}]})
    assert [str(target) for target in find_targets(call.get_prev_result(), "eth0")] == ["10.0.0.2/24"]


@pytest.mark.parametrize(
    ("tokens", "version", "expression"),
    [
        (NFT, 4, "ip saddr 192.0.2.0/24"),
        (["-s", "192.0.2.0/24"], 4, "ip saddr 192.0.2.0/24"),
        (["!", "-d", "192.0.2.0/24"], 4, "ip daddr != 192.0.2.0/24"),
        (["--source", "2001:db8::/64", "!", "-i", "eth+"], 6, 'ip6 saddr 2001:db8::/64 iifname != "eth*"'),
        (["-i", "wan0"], 4, 'iifname "wan0"'),
        (["-i", "0wan"], 4, 'iifname "0wan"'),
        ([], 4, ""),
    ],
)
def test_conditions_become_one_nft_expression(tokens: list[str], version: int, expression: str) -> None:
    assert translate(tokens, version) == expression


@pytest.mark.parametrize(
    ("tokens", "error", "words"),
    [
        (["-m", "quota"], UnsupportedField, "cannot translate '-m quota' of conditionsV4"),
        (["!"], UnsupportedField, "cannot translate '!' of conditionsV4"),
        (["-s", "localhost"], InvalidConfig, "invalid address in conditionsV4"),
        (["ip", "saddr", "\ud800"], InvalidConfig, "invalid token '\\ud800' in conditionsV4"),
        (["-s"], UnsupportedField, "cannot translate '-s'"),
        (["ip", "saddr", "1.1.1.1;", "drop"], InvalidConfig, "invalid token '1.1.1.1;' in conditionsV4"),
    ],
)
def test_other_conditions_are_refused(tokens: list[str], error: type[CNIError], words: str) -> None:
    with pytest.raises(error) as caught:
        translate(tokens, 4)
    assert caught.value.msg.startswith(words)


def test_an_unknown_key_is_refused_where_that_is_asked_for() -> None:
    with pytest.raises(UnsupportedField) as caught:
        read(PORT, strict=True, conditions=NFT)
    assert "conditions" in caught.value.msg
