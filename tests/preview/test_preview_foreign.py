"""Plugins of somebody else are named and not run; what they left is taken away by lines, too."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doubles import MakeDouble
from netlab import REFERENCE
from preview_lab import Rehearsed, container, known_result, lines, network
from reference import Reference, both_kinds, masquerade_by_nft, masquerade_comments, port_rules, publish_by_nft

from poplin.preview.plan import preview_gc
from poplin.runtime import CNIError

WEB = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}


def bridge(host: Rehearsed, **fields: Any) -> dict[str, Any]:
    """A bridge plugin."""
    ipam = {"type": "host-local", "dataDir": str(host.leases), "subnet": "10.1.2.0/24"}
    return {"type": "bridge", "bridge": "br0", "isGateway": True, "ipMasq": True, "ipam": ipam, **fields}


@pytest.fixture
def mixed(rehearsed: Rehearsed, plugin_dir: Path) -> Rehearsed:
    """The host, on whose CNI_PATH plugins of others come first."""
    rehearsed.runtime = replace(rehearsed.runtime, paths=(str(plugin_dir), *rehearsed.runtime.paths))
    return rehearsed


def read_comment(line: str) -> tuple[str, dict[str, Any]]:
    """What is said of a plugin that is not ours, and the configuration it would be given."""
    words, _, text = line.partition(" with this configuration: ")
    return words, json.loads(text)


def test_a_foreign_plugin_in_a_chain_is_named_with_its_configuration(mixed: Rehearsed, double: MakeDouble) -> None:
    tuning = double("tuning")
    wanted = network(bridge(mixed), {"type": "tuning", "mtu": 1400}, {"type": "portmap"})
    with mixed.untouched():
        preview = mixed.preview("ADD", wanted, container())
    [line] = lines(preview, "tuning")
    words, given = read_comment(line)
    assert words == f"# {tuning.path} is not one of ours: it would be called for ADD"
    assert (given["name"], given["mtu"], given["prevResult"]["ips"][0]["address"]) == ("mynet", 1400, "10.1.2.2/24")
    assert known_result(preview)["ips"] == [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 2}]
    assert [step.plugin for step in preview.steps if step.is_comment] == ["tuning"]
    assert tuning.calls == []


def test_what_depends_on_the_answer_of_a_foreign_plugin_is_not_guessed(mixed: Rehearsed, double: MakeDouble) -> None:
    sriov, _ = double("sriov"), double("tuning")
    preview = mixed.preview("ADD", network({"type": "sriov"}, {"type": "portmap"}, {"type": "tuning"}), container())
    known = "# what sriov would answer only sriov knows: what follows depends on it"
    assert lines(preview)[-1] == f"{known}; so does what portmap, tuning would do"
    assert read_comment(lines(preview)[0])[1] == {"type": "sriov", "name": "mynet", "cniVersion": "1.1.0"}
    assert (len(preview.steps), preview.result, sriov.calls) == (2, None, [])


@pytest.mark.parametrize("is_ours", [False, True], ids=["foreign", "dhcp"])
def test_what_depends_on_addresses_that_are_not_known_is_not_said(
    mixed: Rehearsed, double: MakeDouble, is_ours: bool
) -> None:
    """The link is made before anybody is asked; that it is not taken back again is part of what is right here."""
    theirs = [] if is_ours else [double("dhcp")]
    with mixed.untouched():
        preview = mixed.preview("ADD", network(bridge(mixed, ipam={"type": "dhcp"})), container())
    *made, last = lines(preview)
    source = "a DHCP server would give only that server" if is_ours else "dhcp would give only dhcp"
    assert last == f"# which address{'' if is_ours else 'es'} {source} knows: what follows depends on it"
    assert made[0].startswith("ip link add br0 ")
    assert [line for line in made if "delete" in line] == []
    commented = [step.plugin for step in preview.steps if step.is_comment and step.plugin != "bridge"]
    assert commented == ["dhcp"] * len(theirs) + [""]
    assert (preview.result, [each.calls for each in theirs]) == (None, [[]] * len(theirs))


def test_what_dhcp_would_give_back_is_told(mixed: Rehearsed) -> None:
    wanted = network(bridge(mixed, ipam={"type": "dhcp"}, ipMasq=False))
    told = lines(mixed.preview("DEL", wanted, container()), "dhcp")
    assert told == ["# the DHCP daemon would give back the lease of mynet/blue/eth0"]
    with mixed.host.entered():
        told = lines(preview_gc(mixed.runtime, wanted, []), "dhcp")
    assert told == ["# the DHCP daemon would give back the lease of every attachment to mynet that is gone"]


def test_an_executable_of_our_name_that_is_not_ours_is_foreign(mixed: Rehearsed, double: MakeDouble) -> None:
    theirs = double("host-local")
    preview = mixed.preview("ADD", network(bridge(mixed)), container())
    assert lines(preview)[0].startswith(f"# {theirs.path} is not one of ours: ")
    assert (preview.result, theirs.calls) == (None, [])


def test_del_goes_on_after_foreign_plugins(mixed: Rehearsed, double: MakeDouble) -> None:
    theirs = [double("tuning"), double("dhcp")]
    theirs[0].tell(ADD="PASSTHROUGH")
    theirs[1].tell(ADD={"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.9/24"}]})
    wanted = network(bridge(mixed, ipam={"type": "dhcp"}), {"type": "tuning"})
    mixed.do("ADD", wanted, container())
    with mixed.untouched():
        preview = mixed.preview("DEL", wanted, container())
    told = [step.line.partition(" is ")[0] if step.is_comment else step.line for step in preview.steps]
    name = mixed.host.json("link show type veth")[0]["ifname"]
    assert told == [
        f"# {theirs[0].path}",
        "nft 'delete element inet poplin masq4 { 10.1.2.9 }'",
        f"# {theirs[1].path}",
        f"ip link delete dev {name}",
        f"remove {mixed.results}/mynet-blue-eth0",
    ]
    assert [each.commands for each in theirs] == [["ADD"], ["ADD"]]


def test_a_record_that_does_not_parse_is_removed_and_stops_nothing(rehearsed: Rehearsed) -> None:
    wanted = network(bridge(rehearsed))
    rehearsed.do("ADD", wanted, container())
    record = rehearsed.results / "mynet-blue-eth0"
    record.write_text("{")
    preview = rehearsed.preview("DEL", wanted, container())
    assert lines(preview)[-1] == f"remove {record}"
    assert len(lines(preview, "host-local")) == 1


# What the reference left.


@both_kinds
def test_del_of_what_the_reference_attached_is_foreseen(rehearsed: Rehearsed, tmp_path: Path, kind: str) -> None:
    reference = Reference(rehearsed.host, kind, tmp_path / "tools")
    plugins = bridge(rehearsed), {"type": "portmap", "capabilities": {"portMappings": True}}
    conf = {"cniVersion": "1.0.0", "name": "mynet"}
    result = reference.cni("ADD", conf | plugins[0], rehearsed.blue)
    ports = conf | plugins[1] | {"runtimeConfig": WEB, "prevResult": result}
    reference.cni("ADD", ports, rehearsed.blue)
    assert len(reference.rules()) > 4
    wanted, blue = network(*plugins, version="1.0.0"), container(capability_args=WEB)
    with rehearsed.untouched():
        before = reference.rules()
        preview = rehearsed.preview("DEL", wanted, blue)
        assert reference.rules() == before
    tool = "nft delete rule ip nat" if kind == "nft" else "/usr/sbin/iptables-legacy -w -t nat -D POSTROUTING"
    assert [line for line in lines(preview, "bridge") if line.startswith(tool)] != []
    rehearsed.replay(preview.steps)
    assert [rule for rule in reference.rules() if "CNI-DN" in rule or rule.startswith("-A POSTROUTING -s")] == []
    assert not rehearsed.blue.has_link("eth0")
    assert [path.name for path in rehearsed.leases.glob("mynet/10.*")] == []
    assert lines(rehearsed.preview("DEL", wanted, blue)) == []


def test_del_of_what_the_reference_wrote_by_nft_is_foreseen(rehearsed: Rehearsed) -> None:
    masquerade_by_nft(rehearsed.host, "mynet", "blue", "eth0", "10.1.2.2/24")
    publish_by_nft(rehearsed.host, "blue", "10.1.2.2", 8080)
    wanted = network(bridge(rehearsed), {"type": "portmap", "capabilities": {"portMappings": True}})
    preview = rehearsed.preview("DEL", wanted, container(capability_args=WEB))
    assert [line.rpartition(" ")[0] for line in lines(preview)] == [
        "nft delete rule ip cni_hostport hostports handle",
        "nft delete rule ip cni_hostport masquerading handle",
        "nft delete rule ip cni_hostport masquerading handle",
        "nft delete rule inet cni_plugins_masquerade masq_checks handle",
    ]
    rehearsed.replay(preview.steps)
    assert (masquerade_comments(rehearsed.host), port_rules(rehearsed.host, 4)) == ([], [])


def test_a_plugin_of_the_reference_is_never_taken_for_ours(rehearsed: Rehearsed) -> None:
    rehearsed.runtime = replace(rehearsed.runtime, paths=(str(REFERENCE),))
    preview = rehearsed.preview("ADD", network(bridge(rehearsed)), container())
    assert lines(preview)[0].startswith(f"# {REFERENCE}/bridge is not one of ours: ")


def test_a_plugin_that_cannot_be_read_is_named(mixed: Rehearsed, plugin_dir: Path) -> None:
    (plugin_dir / "bridge").symlink_to("/proc/self/mem")
    with pytest.raises(CNIError, match="cannot read plugin"):
        mixed.preview("ADD", network(bridge(mixed)), container())
