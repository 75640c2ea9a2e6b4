"""add, check, del and gc of several networks at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from node import Node

from poplin.cli.steps import name_interfaces
from poplin.spec.netlist import parse_network_list

NETNS = "/run/netns/blue"
RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}


@pytest.fixture
def three(config_dir: Path, double: Any) -> list[Any]:
    """Networks `one`, `two` and `three`, each of a plugin of its name."""
    for name in ("one", "two", "three"):
        text = json.dumps({"name": name, "cniVersion": "1.1.0", "plugins": [{"type": name}]})
        (config_dir / f"{name}.conflist").write_text(text)
    plugins = [double(name) for name in ("one", "two", "three")]
    for plugin in plugins:
        plugin.tell(ADD=RESULT)
    return plugins


def interfaces(plugins: list[Any]) -> list[list[tuple[str, str]]]:
    """Each plugin's calls: verb and interface."""
    return [[(call["command"], call["environ"]["CNI_IFNAME"]) for call in plugin.calls] for plugin in plugins]


def test_each_has_its_interface_and_its_result(poplin: Any, three: list[Any]) -> None:
    done = poplin("add", "one", "two", NETNS)
    assert done.status == 0
    assert done.object == {
        "version": 1,
        "attachments": [
            {"network": "one", "ifname": "eth0", "result": RESULT},
            {"network": "two", "ifname": "eth1", "result": RESULT},
        ],
    }
    assert poplin("check", "one", "two", NETNS).status == 0
    assert poplin("del", "one", "two", NETNS).status == 0
    steps = ("ADD", "CHECK", "DEL")
    assert interfaces(three) == [[(step, "eth0") for step in steps], [(step, "eth1") for step in steps], []]


def test_options_may_stand_between_names(poplin: Any, three: list[Any]) -> None:
    assert poplin("add", "one", "--container-id", "c1", "two", "--ifname", "net5", NETNS).status == 0
    assert interfaces(three) == [[("ADD", "net5")], [("ADD", "net6")], []]
    assert three[0].calls[0]["environ"]["CNI_CONTAINERID"] == "c1"


def test_one_that_fails_takes_the_others_back(poplin: Any, three: list[Any]) -> None:
    three[1].fail(42, "banana", "ADD")
    done = poplin("add", "one", "two", "three", NETNS)
    assert (done.status, done.object["msg"]) == (1, "banana")
    assert [plugin.commands for plugin in three] == [["ADD", "DEL"], ["ADD", "DEL"], []]


def test_detaching_tells_every_failure(poplin: Any, three: list[Any]) -> None:
    poplin("add", "one", "two", "three", NETNS)
    three[0].fail(42, "banana")
    three[2].fail(42, "apple")
    done = poplin("del", "one", "two", "three", NETNS)
    assert done.status == 1
    assert done.errors.splitlines() == [
        "poplin del: DEL of plugin three, network three: apple (code 42)",
        "poplin del: DEL of plugin one, network one: banana (code 42)",
    ]


def test_of_several_checks_one_that_could_not_be_made_counts_most(poplin: Any, three: list[Any]) -> None:
    three[0].fail(103, "address is missing", "CHECK")
    assert poplin("check", "one", "two", NETNS).status == 4
    three[1].fail(142, "no idea", "CHECK")
    done = poplin("check", "one", "two", "three", NETNS, "--json")
    assert done.status == 1
    assert [each["ok"] for each in done.object["attachments"]] == [False, False, True]


@pytest.mark.parametrize(
    ("types", "first", "names"),
    [
        (["bridge"], "eth0", ["eth0"]),
        (["bridge", "ptp"], "eth0", ["eth0", "eth1"]),
        (["loopback", "bridge", "ptp"], "eth0", ["lo", "eth0", "eth1"]),
        (["bridge", "loopback", "ptp"], "eth3", ["eth3", "lo", "eth4"]),
        (["bridge", "ptp", "ptp"], "net", ["net", "net1", "net2"]),
        (["bridge", "ptp"], "eth09", ["eth09", "eth10"]),
    ],
)
def test_interfaces_are_numbered_from_the_first(types: list[str], first: str, names: list[str]) -> None:
    networks = [
        parse_network_list(json.dumps({"name": f"n{number}", "cniVersion": "1.0.0", "plugins": [{"type": each}]}))
        for number, each in enumerate(types)
    ]
    assert name_interfaces(networks, first) == names


# gc.


def test_gc_without_a_name_is_of_every_network(poplin: Any, three: list[Any]) -> None:
    poplin("add", "one", "three", "/nowhere/blue", "--container-id", "c1")
    three[1].fail(42, "banana", "GC")
    done = poplin("gc")
    assert done.status == 1
    assert done.output.splitlines() == [
        "one: removed c1 eth0 (/nowhere/blue)",
        "three: removed c1 eth1 (/nowhere/blue)",
    ]
    assert done.errors == "poplin gc: GC of plugin two, network two: banana (code 42)\n"


def test_gc_speaks_json_when_it_fails(poplin: Any, three: list[Any]) -> None:
    three[1].fail(42, "banana", "GC")
    done = poplin("gc", "two", "one", "--json")
    assert done.status == 1
    error = {"cniVersion": "1.1.0", "code": 42, "msg": "banana", "step": "GC", "plugin": "two", "network": "two"}
    two, one = done.object["networks"]
    assert [{key: error[key] for key in each} for each in two["errors"]] == two["errors"]
    assert (two["errors"][0]["step"], one["errors"]) == ("GC", [])


def test_a_file_that_does_not_parse_keeps_no_other_network_from_being_cleaned(
    poplin: Any, three: list[Any], config_dir: Path
) -> None:
    poplin("add", "one", "/nowhere/blue", "--container-id", "c1")
    (config_dir / "00-bad.conflist").write_text("{")
    done = poplin("gc")
    assert done.status == 1
    assert done.output.splitlines()[0] == "one: removed c1 eth0 (/nowhere/blue)"
    assert done.errors.startswith(f"poplin gc: network configuration {config_dir}/00-bad.conflist: ")
    done = poplin("gc", "--json")
    assert (done.status, [each["code"] for each in done.object["unread"]]) == (1, [6])
    done = poplin("list", "--networks")
    assert (done.status, done.output) == (1, "one\nthree\ntwo\n")
    assert "00-bad.conflist" in done.errors


def test_gc_of_everything_in_use_wants_to_be_told_of_which_network(poplin: Any, three: list[Any]) -> None:
    done = poplin("gc", "--all")
    assert (done.status, done.output) == (2, "")
    assert done.errors == "poplin gc: --all removes what is in use, too; name the networks it is meant for\n"
    assert interfaces(three) == [[], [], []]


# For real.


def test_a_container_on_two_networks_has_both_or_none(node: Node) -> None:
    second = json.loads((node.config_dir / "10-mynet.conf").read_text())
    second |= {"name": "other", "bridge": "cni1"}
    second["ipam"] |= {"subnet": "10.23.0.0/16", "routes": []}
    (node.config_dir / "20-other.conf").write_text(json.dumps(second))
    status, output, errors = node.run("run", "mynet", "other", "--", "ip", "-4", "-o", "addr", "show")
    assert (status, errors) == (0, "")
    assert "eth0    inet 10.22.0.2/16" in output and "eth1    inet 10.23.0.2/16" in output
    second["mtu"] = 7
    (node.config_dir / "20-other.conf").write_text(json.dumps(second))
    status, output, errors = node.run("run", "mynet", "other", "--", "echo", "never")
    assert (status, output) == (1, "")
    assert errors.startswith("poplin run: ADD of plugin bridge, network other: ")
    assert node.host.links() == ["cni0", "cni1"]
    assert [path.name for path in node.leases.glob("*/10.*")] == []
