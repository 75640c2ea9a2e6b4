"""What is found in configurations, where, and what is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from doubles import Double
from validation.configurations import errors, lines, validate

from poplin.validation.check import check_file
from poplin.validation.installed import Installed

HOST_LOCAL = {"type": "host-local", "subnet": "10.22.0.0/16"}
BRIDGE = {"type": "bridge", "ipam": HOST_LOCAL}
PORTMAP = {"type": "portmap", "capabilities": {"portMappings": True}}
WRITE_VERSION = 'write "cniVersion": "1.1.0"'


def network(*plugins: Any, **head: Any) -> dict[str, Any]:
    """A list of these plugins."""
    return {"cniVersion": "1.1.0", "name": "mynet", **head, "plugins": list(plugins)}


@pytest.fixture
def found(tmp_path, bin_dir):
    """What is found in a configuration, a list unless it is to have another file name."""

    def run(config: Any, name: str = "10-mynet.conflist") -> list[str]:
        return [f"{each.severity} {each}" for each in validate(config, tmp_path / name, bin_dir)]

    return run


@pytest.mark.parametrize(
    "config",
    [
        network(BRIDGE),
        network(BRIDGE, PORTMAP),
        network({**BRIDGE, "type": "ptp"}, {"type": "loopback"}, disableCheck="TRUE", cniVersions=["1.0.0"]),
        network(BRIDGE, **{"$schema": "list.json"}),
        network({**BRIDGE, "BRIDGE": "br0", "MTU": None, "capabilities": {"mac": True, "ipRanges": True}}),
        network({"type": "bridge", "capabilities": {"ips": True}, "ipam": {"type": "static", "addresses": []}}),
        network({"type": "bridge", "capabilities": {"ipRanges": True}, "ipam": {"type": "host-local"}}),
        network({"type": "flannel", "ipam": {"dataDir": "/x"}, "capabilities": {"portMappings": True}}, PORTMAP),
        network({"type": "flannel", "delegate": {"type": "macvlan", "mode": "vepa"}, "ipam": {"type": "static"}}),
        network(BRIDGE, {"type": "tuning", "sysctl": {"net.ipv4.x": "1"}, "capabilities": {"mac": True}}),
    ],
    ids=json.dumps,
)
def test_nothing_is_wrong(found, config):
    assert found(config) == []


def test_every_finding_has_the_line_and_column_of_what_it_is_about(tmp_path, bin_dir):
    text = """{
  "cniVersion": "1.1.0",
  "name": "mynet",
  "plugins": [
    { "type": "bridge", "mtu": "1500",
      "isGatway": true,
      "hairpinMode": true, "promiscMode": true,
      "ipam": { "type": "host-local",
                "ranges": [ [ { "subnet": "10.22.0.1/16" } ] ],
                "routes": [ { "dts": "0.0.0.0/0" } ] } }
  ]
}
"""
    assert lines(validate(text, tmp_path / "10-mynet.conflist", bin_dir)) == [
        "error 5:32 plugins[0].mtu: '1500' is not an integer; write 1500",
        "warning 6:7 plugins[0].isGatway: the plugin does not know it and ignores it; did you mean 'isGateway'?",
        "error 7:22 plugins[0].hairpinMode: cannot set hairpinMode and promiscMode at the same time",
        "error 9:43 plugins[0].ipam.ranges[0][0].subnet: invalid range set 0; network 10.22.0.1/16 has host bits set; "
        "the network address is 10.22.0.0",
        'error 10:29 plugins[0].ipam.routes[0].dst: is missing; write something like "0.0.0.0/0"',
        "warning 10:31 plugins[0].ipam.routes[0].dts: the plugin does not know it and ignores it; did you mean 'dst'?",
    ]


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, ["error name: is missing", "error plugins: is missing"]),
        (network(), ["error plugins: [] is empty; write at least one plugin"]),
        (network(5), ['error plugins[0]: 5 is not an object; write something like {"type": "bridge"}']),
        (network({}), ['error plugins[0].type: is missing; write something like "bridge"']),
        (network(BRIDGE, name="a/b"), ["error name: 'a/b' is not a network name"]),
        (network(BRIDGE, name=5), ['error name: 5 is not a string; write "5"']),
        (
            network(BRIDGE, Name="x"),
            ["warning Name: the runtime does not know it and ignores it; did you mean 'name'?"],
        ),
        (network(BRIDGE, disableGC="no"), ["error disableGC: 'no' is not true or false; write one of them"]),
        (network(BRIDGE, cniVersion="1.2.0"), ["error cniVersion: plugin 'bridge' does not speak version '1.2.0'"]),
        (network(BRIDGE, cniVersions=["x"]), ["error cniVersions: cannot decode the version; 'x' is not of the form"]),
        (
            network(
                {"type": "bridge", "ipam": {**HOST_LOCAL, "ranges": [[{"subnet": "10.9.0.0/24"}]]}}, cniVersion="0.2.0"
            ),
            ["error cniVersion: CNI version 0.2.0 has room for one address of each family; there are 2 IPv4"],
        ),
        (
            network({**BRIDGE, "CNIVersion": True}),
            [
                "error plugins[0].CNIVersion: cannot decode `cniVersion`; expected a string, got true",
                "warning plugins[0].CNIVersion: the list's 'cniVersion' counts; remove it",
            ],
        ),
        (network({"type": "bridg"}), ["error plugins[0].type: there is no plugin 'bridg' in "]),
        (
            network({"type": "bridge", "ipam": {"type": "host-locl"}}),
            ["error plugins[0].ipam.type: there is no plugin 'host-locl' in "],
        ),
        (network({"type": "a/b"}), ["error plugins[0].type: 'a/b' is not a plugin; write the name of its executable"]),
        (network({"type": "ptp"}), ["error plugins[0].ipam: is missing; write something like "]),
        (
            network({"type": "ptp", "ipam": {}}),
            ['error plugins[0].ipam.type: is missing; write something like "host-l'],
        ),
        (
            network({"type": "bridge", "ipam": {"type": "bridge"}}),
            ["error plugins[0].ipam.type: 'bridge' is the plugin itself; write \"host-local\", or another"],
        ),
        (
            network({"type": "bridge", "ipam": {"subnet": "10.0.0.0/8"}}),
            ['warning plugins[0].ipam: has no `type`, so nobody gives addresses; write "type": "host-local"'],
        ),
        (
            network(PORTMAP, BRIDGE),
            ["error plugins[0].type: portmap comes first, so nothing is attached yet whose ports it could publish; "],
        ),
        (
            network({"type": "dnsname"}, BRIDGE),
            ["error plugins[0].type: dnsname comes first, so nothing is attached yet that could have a name; write it"],
        ),
        (
            network({"type": "tuning", "mtu": 1400}),
            ["error plugins[0].type: tuning comes first, so nothing is attached yet that it could tune; write it"],
        ),
        (
            network(BRIDGE, {"type": "tuning", "sysctl": {"kernel.x": "1"}, "capabilities": {"ips": True}}),
            [
                "error plugins[1].sysctl['kernel.x']: sysctl 'kernel.x' is none of the network's; only those",
                "warning plugins[1].capabilities.ips: tuning has no use for it; remove it",
            ],
        ),
        (
            network({"type": "flannel", "delegate": {"name": "x"}}),
            ["error plugins[0].delegate.name: `delegate.name` is not for the network to say; flannel writes it"],
        ),
        (
            network(BRIDGE, {"type": "portmap"}),
            ['warning plugins[1].type: no runtime hands over ports to publish; write "capabilities": {"portMappings":'],
        ),
        (
            network(BRIDGE, {"type": "portmap", "capabilities": {"portMappings": False}}),
            ["warning plugins[1].capabilities.portMappings: no runtime hands over ports to publish; write "],
        ),
        (
            network({**BRIDGE, "capabilities": {"portMapping": True, "portMappings": True}}),
            [
                "warning plugins[0].capabilities.portMapping: no runtime is known to offer this capability; did ",
                "warning plugins[0].capabilities.portMappings: bridge with host-local has no use for it; remove it",
            ],
        ),
        (
            network({**BRIDGE, "name": "x", "cniVersion": "1.0.0"}),
            [
                "warning plugins[0].name: the list's 'name' counts; remove it",
                "warning plugins[0].cniVersion: the list's 'cniVersion' counts; remove it",
            ],
        ),
        (
            network({**BRIDGE, "strict": True, "isGatway": True, "foo": None}),
            [
                "error plugins[0].isGatway: the plugin does not know it and refuses it, as `strict` is true; ",
            ],
        ),
        (
            network({"type": "bridge", "ipam": {**HOST_LOCAL, "ranges": [[{"subnet": "10.22.5.0/24"}]]}}),
            ["error plugins[0].ipam.ranges[0]: range sets 0 and 1 overlap; 10.22.0.1-10.22.255.254 and 10.22.5.1-"],
        ),
        (
            network({"type": "bridge", "ipam": {**HOST_LOCAL, "gateway": "x"}}),
            ["error plugins[0].ipam.gateway: 'x' is not an IP address; write one like 10.22.0.1 or fd00::1"],
        ),
        (
            network({"type": "bridge", "ipam": {"type": "host-local", "gateway": "x", "ranges": [[HOST_LOCAL]]}}),
            [
                "warning plugins[0].ipam.gateway: means nothing without 'subnet'; write that too, or remove this",
                "warning plugins[0].ipam.ranges[0][0].type: the plugin does not know it and ignores it; remove it",
            ],
        ),
        (
            network({**BRIDGE, "mtu": 67, "vlan": 5000, "runtimeConfig": {"mac": "x"}}),
            [
                "error plugins[0].mtu: invalid mtu 67; it can be 68 to 65535, or 0 for the default",
                "error plugins[0].vlan: 5000 is out of range; write an integer from 0 to 4094",
                "error plugins[0].runtimeConfig.mac: invalid runtimeConfig.mac; 'x' is not a MAC address like ",
            ],
        ),
        (
            network({**BRIDGE, "mtu": "x", "MTU": 1500}),
            ["warning plugins[0].mtu: 'MTU' is the same name to the plugin, and counts; write it once"],
        ),
        (
            network(BRIDGE, {**PORTMAP, "runtimeConfig": {"portMappings": [{"hostPort": 0, "protocol": "icmp"}]}}),
            [
                "error plugins[1].runtimeConfig.portMappings[0].hostPort: 0 is out of range; write an integer ",
                "error plugins[1].runtimeConfig.portMappings[0].containerPort: is missing; write something like 80",
                "error plugins[1].runtimeConfig.portMappings[0].protocol: 'icmp' is not 'tcp', 'udp' or 'sctp'; ",
            ],
        ),
        (
            network({"type": "sdnbridge", "dns": {"nameservers": ["x"]}, "foo": 1}),
            [
                "error cniVersion: '1.1.0' is not '0.2.0', '0.3.0', '0.4.0' or '1.0.0'; did you mean '1.0.0'?",
                "error plugins[0].dns.nameservers[0]: 'x' is not an IP address; write one like 10.0.0.1 or fd00::1",
                "warning plugins[0].foo: the plugin does not know it and ignores it; remove it",
            ],
        ),
    ],
    ids=str,
)
def test_list_is_told_what_is_wrong(found, config, said):
    lines = [line for line in found(config) if WRITE_VERSION not in line]
    assert [line.startswith(start) for line, start in zip(sorted(lines), sorted(said), strict=True)] == [True] * len(
        said
    ), lines


@pytest.mark.parametrize(
    ("config", "name", "said"),
    [
        ({"cniVersion": "1.0.0", "type": "loopback"}, "99-loopback.conf", []),
        (
            {"cniVersion": "1.0.0", "type": "loopback"},
            "99 loopback.conf",
            ["error name: invalid characters in network"],
        ),
        (
            {"type": "loopback"},
            "lo.json",
            ["warning cniVersion: is missing, which means 0.1.0: a version without CHECK"],
        ),
        (
            {"cniVersion": "1.0.0", "type": "loopback"},
            "lo.txt",
            ["warning no runtime reads a file of this name; let its"],
        ),
        (
            network(BRIDGE),
            "mynet.conf",
            ["error plugins: this is a configuration list; let its file name end in .conflist"],
        ),
        (
            network(BRIDGE),
            "mynet.jsn",
            ["warning no runtime reads a file of this name; let its file name end in .conflist"],
        ),
        (
            {**network(BRIDGE), "type": "loopback"},
            "mynet.conf",
            [
                "warning plugins: a single plugin has no plugins, and they are ignored; remove them, or `type`",
                "warning plugins: the plugin does not know it and ignores it; remove it",
            ],
        ),
        (
            {"cniVersion": "1.0.0", "name": "lo", "type": "loopback"},
            "lo.conflist",
            [
                'error plugins: is missing; write "plugins": [{"type": "bridge"}], or put .conf files into lo/',
                "warning type: the runtime does not know it and ignores it; remove it",
                "warning type: this is the configuration of a single plugin, not a list; let its file name ",
            ],
        ),
        (
            {"cniVersion": "1.0.0", "name": "x", **PORTMAP},
            "x.conf",
            ["error type: portmap comes first, so nothing is attached yet whose ports it could publish"],
        ),
        ("[1]", "x.conf", ["error this is no JSON object; write one like "]),
        ('{"type": "loopback", "cniVersion": "1.0.0",}', "x.conf", ["error not JSON: Expecting property name"]),
        (
            '{"type": "loopback", "cniVersion": "1.0.0", "type": "loopback"}',
            "x.conf",
            ["warning type: the key 'type' is given twice in one object; write it once"],
        ),
        ("[" * 99999, "x.conf", ["error the JSON has too many levels of nesting"]),
        ("null", "x.conf", ['error type: is missing; write something like "bridge"', "warning cniVersion: is missing"]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_file_is_told_what_is_wrong(found, config, name, said):
    lines = found(config, name)
    assert [line.startswith(start) for line, start in zip(sorted(lines), sorted(said), strict=True)] == [True] * len(
        said
    ), lines


def test_nearest_plugin_is_proposed(found):
    assert found(network({"type": "bridg"}))[0].endswith("; did you mean 'bridge'?")
    assert found(network({"type": "sdnbrige"}))[0].endswith("; did you mean 'sdnbridge'?")
    assert found(network({"type": "nothing-like-it"}))[0].endswith("; install it there")


def test_windows_plugin_is_not_looked_for_here(found):
    assert found(network({"type": "win-bridge", "ipam": {"type": "host-local"}})) == []


def test_drop_ins_belong_to_the_network_and_have_findings_of_their_own(tmp_path, bin_dir):
    (tmp_path / "mynet").mkdir()
    (tmp_path / "mynet" / "20-ports.conf").write_text('{\n "type": "portmap"}')
    (tmp_path / "mynet" / "30-bad.conf").write_text("{")
    (tmp_path / "mynet" / "40-gone.conf").symlink_to("nowhere")
    findings = validate({"cniVersion": "1.1.0", "name": "mynet"}, tmp_path / "10-mynet.conflist", bin_dir)
    assert [(Path(each.file).name, each.severity, each.line, each.where) for each in findings] == [
        ("30-bad.conf", "error", 1, ""),
        ("40-gone.conf", "error", 1, ""),
        ("20-ports.conf", "error", 2, "type"),  # first in its chain
        ("20-ports.conf", "warning", 2, "type"),
    ]
    config = network({"type": "loopback"}, loadOnlyInlinedPlugins=True)
    assert validate(config, tmp_path / "10-mynet.conflist", bin_dir) == []


def test_network_that_another_file_has_too_is_told_which_counts(found, tmp_path):
    lists = network({"type": "loopback"})
    (tmp_path / "90-mynet.conflist").write_text(json.dumps(lists))
    (tmp_path / "00-mynet.conf").write_text(json.dumps({"name": "mynet", "type": "loopback"}))
    (tmp_path / "broken.conf").write_text("{")
    assert found(lists) == [
        "warning name: there is a network of this name in 90-mynet.conflist, 00-mynet.conf too, and this file counts; "
        "give each network a name of its own"
    ]
    single = {"cniVersion": "1.0.0", "name": "mynet", "type": "loopback"}
    assert found(single, "00-mynet.conf") == [
        "warning name: there is a network of this name in 10-mynet.conflist, 90-mynet.conflist too, and "
        "10-mynet.conflist counts; give each network a name of its own"
    ]


# Plugins of others.


def check(config: Any, installed: Installed) -> list[str]:
    """The errors in a list."""
    return errors(check_file(json.dumps(config).encode(), "-", installed))


def test_foreign_plugin_is_asked_for_its_versions_once(double, plugin_dir):
    foreign: Double = double("foreign")
    foreign.tell(versions=["0.4.0", "1.0.0"])
    installed = Installed((str(plugin_dir),))
    mine = {"type": "foreign", "mtu": "any", "foo": {}}
    assert check(network(mine, mine, cniVersion="1.0.0"), installed) == []
    assert check(network(mine), installed) == [
        "cniVersion: plugin 'foreign' does not speak version '1.1.0'; write '0.4.0' or '1.0.0'"
    ]
    assert foreign.commands == ["VERSION"]


def test_foreign_plugin_is_not_run_if_it_must_not_be(double, plugin_dir):
    foreign: Double = double("foreign")
    foreign.tell(versions=["0.1.0"])
    assert check(network({"type": "foreign"}), Installed((str(plugin_dir),), may_ask=False)) == []
    assert foreign.commands == []


def test_foreign_plugin_that_does_not_answer_is_named(double, plugin_dir):
    foreign: Double = double("foreign")
    foreign.fail(999, "out of order", "VERSION")
    (line,) = check(network({"type": "foreign"}), Installed((str(plugin_dir),)))
    assert line == "plugins[0].type: plugin 'foreign' does not say which versions it speaks: out of order"


def test_foreign_plugin_has_the_keys_checked_that_all_have(double, plugin_dir, bin_dir):
    double("sriov")
    found = check(
        network({"type": "sriov", "dns": 5, "capabilities": {"mac": 1}}),
        Installed((str(plugin_dir), str(bin_dir)), may_ask=False),
    )
    assert found == [
        "plugins[0].dns: 5 is not an object; write an object",
        "plugins[0].capabilities.mac: 1 is not true or false; write true or false",
    ]


def test_file_that_cannot_be_executed_is_named(plugin_dir):
    (plugin_dir / "foreign").write_text("")
    (line,) = check(network({"type": "foreign"}), Installed((str(plugin_dir),)))
    assert line == f"plugins[0].type: {plugin_dir}/foreign is no executable; chmod +x {plugin_dir}/foreign"


# Plugins of somebody else.

OWN_WORD = "ipam.subnet: 'usePodCidr' is not an address with a prefix length; write one like 10.22.0.2/16"


@pytest.mark.parametrize(("plugin", "severity"), [("calico", "warning"), ("ptp", "error")])
def test_what_is_in_ipam_is_an_error_only_of_plugins_that_are_known_to_hand_it_on(found, bin_dir, plugin, severity):
    if plugin == "calico":
        Double(bin_dir, plugin)
    config = network({"type": plugin, "ipam": {"type": "host-local", "subnet": "usePodCidr"}})
    assert found(config) == [f"{severity} plugins[0].{OWN_WORD}"]


def test_ipvlan_may_have_its_addresses_from_the_plugin_before_it_and_its_master_from_a_foreign_one(found, bin_dir):
    Double(bin_dir, "vpc")
    alone, with_master = {"type": "ipvlan"}, {"type": "ipvlan", "master": "eth1"}
    assert found(network({"type": "vpc"}, alone)) == found(network(BRIDGE, with_master)) == []
    assert found(network(with_master)) == [
        "error plugins[0].type: nobody gives addresses: there is no `ipam.type`, and no plugin before this one; "
        'write "ipam": {"type": "host-local"}, or another'
    ]
    assert found(network(BRIDGE, alone)) == [
        "error plugins[1].type: no plugin before this one brings a link that could be the `master`; "
        'write "master" and the name of one'
    ]


@pytest.mark.parametrize("key", ["args", "nerdctlID", "nerdctlLabels"])
def test_what_engines_note_in_a_list_is_no_finding(found, key):
    assert found(network(BRIDGE, **{key: {"a": "b"}})) == []


def test_several_wrong_items_of_one_list_hide_nothing_beside_it(found):
    ipam = {"type": "host-local", "ranges": [[{"subnet": "x"}], [{"subnet": "y"}]], "routes": [{"dst": "z"}]}
    assert [each.partition(": ")[0] for each in found(network({"type": "bridge", "ipam": ipam}))] == [
        "error plugins[0].ipam.ranges[0][0].subnet",
        "error plugins[0].ipam.ranges[1][0].subnet",
        "error plugins[0].ipam.routes[0].dst",
    ]
