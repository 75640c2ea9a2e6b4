"""--publish, --ip, --mac, --bandwidth, --name, --alias and --label: what plugins are told."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest
from node import Node

from poplin.cli import wishes
from poplin.cli.bandwidth import bandwidth

NETNS = "/run/netns/blue"
ALL = {"portMappings": True, "bandwidth": True, "ips": True, "mac": True}


@pytest.fixture
def told(poplin: Any, config_dir: Path, double: Any) -> Any:
    """Adds with these options, and has what the plugin was told: (runtimeConfig, args.cni)."""
    noop = double("noop")

    def add(*options: str, capabilities: dict[str, bool], networks: tuple[str, ...] = ("mynet",)) -> Any:
        for name in networks:
            plugin = {"type": "noop", "capabilities": capabilities}
            text = json.dumps({"name": name, "cniVersion": "1.1.0", "plugins": [plugin]})
            (config_dir / f"{name}.conflist").write_text(text)
        done = poplin("add", *networks, NETNS, *options)
        assert done.status == 0, done.errors
        configs = [json.loads(call["stdin"]) for call in noop.calls]
        return [(each.get("runtimeConfig"), each.get("args", {}).get("cni")) for each in configs]

    return add


def test_a_plugin_that_declares_a_capability_is_told_by_it(told: Any) -> None:
    options = ["--publish", "8080:80", "-p", "53:53/udp", "--ip", "10.1.0.5", "--ip", "fd00::5/64"]
    options += ["--mac", "02:00:00:00:00:0A", "--bandwidth", "10M"]
    assert told(*options, capabilities=ALL) == [
        (
            {
                "bandwidth": {
                    "ingressRate": 10_000_000,
                    "ingressBurst": 200_000,
                    "egressRate": 10_000_000,
                    "egressBurst": 200_000,
                },
                "ips": ["10.1.0.5", "fd00::5/64"],
                "mac": "02:00:00:00:00:0a",
                "portMappings": [
                    {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"},
                    {"hostPort": 53, "containerPort": 53, "protocol": "udp"},
                ],
            },
            None,
        )
    ]


def test_addresses_mac_and_labels_reach_plugins_without_capabilities(told: Any) -> None:
    options = ["--ip", "10.1.0.5", "--mac", "02:00:00:00:00:05", "--label", "app=web", "--label", "a=b=c"]
    labels = [{"key": "app", "value": "web"}, {"key": "a", "value": "b=c"}]
    assert told(*options, capabilities={}) == [
        (None, {"ips": ["10.1.0.5"], "mac": "02:00:00:00:00:05", "labels": labels})
    ]


def test_of_several_networks_one_is_named(told: Any) -> None:
    options = ["--ip", "two=10.2.0.5", "--mac", "one=02:00:00:00:00:05"]
    assert told(*options, capabilities={}, networks=("one", "two")) == [
        (None, {"mac": "02:00:00:00:00:05"}),
        (None, {"ips": ["10.2.0.5"]}),
    ]


def test_names_reach_plugins_by_cni_args_and_aliases_by_their_capability(
    told: Any, double: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CNI_ARGS", "K8S_POD_NAME=old;IP=10.1.0.5")
    monkeypatch.setenv("CAP_ARGS", json.dumps({"aliases": {"one": ["www"], "other": ["x"]}}))
    options = ["--name", "web", "--alias", "w1", "--alias", "w2.a"]
    seen = told(*options, capabilities={"aliases": True}, networks=("one", "two"))
    assert [runtime_config for runtime_config, _ in seen] == [
        {"aliases": {"one": ["www", "w1", "w2.a"], "other": ["x"]}},
        {"aliases": {"one": ["www"], "other": ["x"], "two": ["w1", "w2.a"]}},
    ]
    calls = double("noop").calls
    assert [call["environ"]["CNI_ARGS"] for call in calls] == ["IgnoreUnknown=1;IP=10.1.0.5;K8S_POD_NAME=web"] * 2


def test_they_stand_beside_cap_args(told: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CAP_ARGS", json.dumps({"ips": ["10.1.0.4"], "mac": "02:00:00:00:00:01", "aliases": ["x"]}))
    ((runtime_config, _),) = told(
        "--ip", "10.1.0.5", "--mac", "02:00:00:00:00:05", capabilities={**ALL, "aliases": True}
    )
    assert runtime_config == {"ips": ["10.1.0.4", "10.1.0.5"], "mac": "02:00:00:00:00:05", "aliases": ["x"]}


def test_del_and_check_know_what_add_was_told(poplin: Any, told: Any, double: Any) -> None:
    first = told("--publish", "8080:80", "--label", "a=b", capabilities=ALL)
    assert (poplin("check", "mynet", NETNS).status, poplin("del", "mynet", NETNS).status) == (0, 0)
    everything = told(capabilities=ALL)
    assert everything[:3] == first * 3
    assert everything[3] == (None, None)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--publish", "8080:80"), 'none of \'mynet\' has the capability portMappings; add {"type": "portmap"'),
        (("--bandwidth", "1M"), 'none of \'mynet\' has the capability bandwidth; add {"type": "bandwidth"'),
        (("--alias", "www"), 'none of \'mynet\' has the capability aliases; add {"type": "dnsname"'),
        (("--ip", "other=10.0.0.5"), "--ip is for network 'other', which is none of these; mynet"),
    ],
)
def test_what_no_network_can_give_is_refused_before_anything_is_done(
    poplin: Any, configure: Any, double: Any, options: tuple[str, ...], words: str
) -> None:
    noop = double("noop")
    configure("noop")
    done = poplin("add", "mynet", NETNS, *options)
    assert (done.status, noop.calls) == (1, [])
    assert words in done.errors


def test_an_address_for_nobody_in_particular_of_two_is_refused(poplin: Any, config_dir: Path, double: Any) -> None:
    noop = double("noop")
    for name in ("one", "two"):
        text = json.dumps({"name": name, "cniVersion": "1.1.0", "plugins": [{"type": "noop"}]})
        (config_dir / f"{name}.conflist").write_text(text)
    done = poplin("add", "one", "two", NETNS, "--ip", "10.0.0.5")
    assert (done.status, noop.calls) == (1, [])
    assert "--ip must say for which of 2 networks; write --ip one=..." in done.errors


# What may be written.


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("10M", (10_000_000, 200_000, 10_000_000, 200_000)),
        ("2500000", (2_500_000, 128_000, 2_500_000, 128_000)),
        ("64Kbit", (64_000, 128_000, 64_000, 128_000)),
        ("100G", (10**11, 2 * 10**9, 10**11, 2 * 10**9)),
        ("in=10M/4M", (10_000_000, 4_000_000, None, None)),
        ("out=5m,in=1g", (10**9, 2 * 10**7, 5_000_000, 128_000)),
    ],
)
def test_bandwidth_reads(text: str, limits: tuple[int | None, ...]) -> None:
    names = ("ingressRate", "ingressBurst", "egressRate", "egressBurst")
    assert bandwidth(text) == {name: limit for name, limit in zip(names, limits, strict=True) if limit}


@pytest.mark.parametrize(
    ("read", "text", "words"),
    [
        (bandwidth, "", "'' is no number of bits"),
        (bandwidth, "0", "'0' is no number of bits"),
        (bandwidth, "10X", "'10X' is no number of bits"),
        (bandwidth, "-1M", "'-1M' is no number of bits"),
        (bandwidth, "in=1M,in=2M", "'in=2M' says nothing new"),
        (bandwidth, "1M,out=2M", "'out=2M' says nothing new"),
        (bandwidth, "up=1M", "'up=1M' says nothing new"),
        (bandwidth, "in=1M/", "'' is no number of bits"),
        (wishes.address, "10.0.0", "'10.0.0' is not an IP address"),
        (wishes.address, "n=10.0.0.1/33", "'10.0.0.1/33' is not an address with a prefix length"),
        (wishes.mac, "02:00:00:00:00", "'02:00:00:00:00' is not a MAC address like 02:00:00:00:00:01"),
        (wishes.mac, "mynet=02:00:00:00:00:0g", "'02:00:00:00:00:0g' is not a MAC address like"),
        (wishes.host_name, "a b", "'a b' is no host name; write letters, digits and hyphens, as web or db-1"),
        (wishes.host_name, "a;b=c", "'a;b=c' is no host name"),
        (wishes.label, "app", "'app' is no label; write KEY=VALUE"),
        (wishes.label, "=web", "'=web' is no label"),
    ],
)
def test_what_is_refused(read: Any, text: str, words: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError) as caught:
        read(text)
    assert words in str(caught.value)


# For real.


def test_a_container_gets_the_address_and_the_mac_it_asked_for(node: Node) -> None:
    options = ("--ip", "10.22.0.77", "--mac", "02:00:00:00:00:77")
    status, output, errors = node.run("run", *options, "mynet", "--", "ip", "-o", "addr", "show", "eth0")
    assert (status, errors) == (0, "")
    assert "inet 10.22.0.77/16" in output
    status, output, errors = node.run("run", *options, "mynet", "--", "ip", "-o", "link", "show", "eth0")
    assert "link/ether 02:00:00:00:00:77" in output
    assert node.has_nothing_left()
