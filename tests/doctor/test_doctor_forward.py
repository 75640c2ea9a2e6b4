"""`poplin doctor --only forward`: firewalls of others that drop what the host forwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from firewalld_lab import running_bus, running_firewalld
from traffic import add_outside

from poplin.linux.dbus import ADDRESS_VARIABLE

CHECK = "forward"
FIREWALL = {"type": "firewall"}
NFT = "nft add table inet mine; nft add chain inet mine gate '{ type filter hook forward priority 5; policy drop; }'"


def test_a_chain_of_somebody_that_drops_needs_a_rule(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), FIREWALL)
    clinic.sh(NFT)
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "error",
        "text": "chain inet mine gate drops what none of its rules accepts, containers' packets too: network mynet",
        "evidence": [
            "nft: chain inet mine gate: hook forward, priority 5, policy drop",
            "network mynet: this host forwards for it",
        ],
        "mend": "nft add rule inet mine gate meta mark and 0x10000000 != 0 accept",
    }
    clinic.cure(CHECK, found)
    assert clinic.visit(CHECK).status == 0


@pytest.mark.parametrize("family", ["ip", "ip6"])
def test_a_chain_for_one_version_hurts_networks_of_that(clinic: Any, family: str) -> None:
    clinic.configure(clinic.bridge(), FIREWALL)
    clinic.sh(NFT.replace("inet", family))
    (found,) = clinic.find(CHECK)
    assert found["severity"] == ("error" if family == "ip" else "note")


def test_a_chain_that_hurts_nobody_is_a_note(clinic: Any) -> None:
    clinic.sh(NFT)
    found = clinic.find_one(CHECK)
    assert found["severity"] == "note"
    assert found["text"] == (
        "chain inet mine gate drops what none of its rules accepts; no network that is configured passes it"
    )
    clinic.cure(CHECK, found)


def test_a_chain_that_accepts_is_nobodys_business(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), FIREWALL)
    clinic.sh(NFT.replace("drop", "accept"))
    assert clinic.find(CHECK) == []


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_iptables_that_drops_gets_its_rule_from_the_plugin(clinic: Any, kind: str) -> None:
    """Nothing is wrong before the first container, nor with it; only when somebody flushed the rule."""
    clinic.configure(clinic.bridge(), FIREWALL)
    clinic.sh(f"iptables-{kind} -P FORWARD DROP")
    before = clinic.find_one(CHECK)
    assert before["severity"] == "note"
    assert before["text"].endswith("; the firewall plugin will add its rule to it with the first container")
    clinic.attach()
    assert clinic.find(CHECK) == []
    clinic.sh(f"iptables-{kind} -F FORWARD")
    found = clinic.find_one(CHECK)
    assert found["severity"] == "error"
    assert found["text"].endswith(", and the rule of the firewall plugin is gone from it: network mynet")
    assert found["mend"] == "poplin reload"
    clinic.cure(CHECK, found)


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_the_rule_may_be_there_before_any_container(clinic: Any, kind: str) -> None:
    clinic.configure(clinic.bridge(), FIREWALL)
    clinic.sh(f"iptables-{kind} -P FORWARD DROP")
    found = clinic.find_one(CHECK)
    assert found["mend"] == (
        f"/usr/sbin/iptables-{kind} -w -I FORWARD 1 -m mark --mark 0x10000000/0x10000000"
        ' -m comment --comment "Poplin: accepted by table inet poplin" -j ACCEPT'
    )
    clinic.cure(CHECK, found)


def test_where_docker_has_a_chain_for_rules_of_others_it_belongs_there(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), FIREWALL)
    clinic.sh(
        "iptables-nft -P FORWARD DROP; iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -j RETURN\n"
        "iptables-nft -I FORWARD -j DOCKER-USER"
    )
    found = clinic.find_one(CHECK)
    assert " -I DOCKER-USER 1 " in found["mend"]
    clinic.cure(CHECK, found)


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_a_network_without_the_firewall_plugin_does_not_get_past(clinic: Any, kind: str) -> None:
    file = clinic.configure(clinic.bridge())
    clinic.sh(f"iptables-{kind} -P FORWARD DROP")
    found = clinic.find_one(CHECK, "error")
    assert found["text"] == (
        f"network mynet has no firewall plugin to get its packets past chain FORWARD of iptables"
        f"{'-legacy' if kind == 'legacy' else ''}"
    )
    assert found["evidence"][0] == f"{file}: this host forwards for it"
    clinic.cure(CHECK, found)
    assert '"firewall"' in file.read_text()


def test_a_bridge_network_that_the_host_does_not_forward_for_is_hurt_if_bridges_ask_iptables(clinic: Any) -> None:
    clinic.configure(clinic.bridge(isGateway=False, ipMasq=False))
    clinic.sh("iptables-nft -P FORWARD DROP")
    clinic.host.set_sysctl("net/bridge/bridge-nf-call-iptables", "0")
    assert clinic.find(CHECK, "error") == []
    clinic.host.set_sysctl("net/bridge/bridge-nf-call-iptables", "1")
    found = clinic.find_one(CHECK, "error")
    assert found["evidence"][0].endswith(": net/bridge/bridge-nf-call-iptables is 1, so bridges ask too")
    clinic.cure(CHECK, found)


@pytest.mark.parametrize("plugins", [[FIREWALL], []])
def test_with_firewalld_the_plugin_must_be_there_and_left_to_tell_it(clinic: Any, plugins: list[Any]) -> None:
    clinic.configure(clinic.bridge(), *({**each, "backend": "nftables"} for each in plugins))
    clinic.sh(
        "nft add table inet firewalld\n"
        "nft add chain inet firewalld filter_FORWARD '{ type filter hook forward priority 10; policy accept; }'"
    )
    found = clinic.find_one(CHECK)
    assert found["severity"] == "error"
    if plugins:
        assert found["text"] == (
            'network mynet has the firewall plugin tell nftables, with "backend": "nftables", and firewalld, which is '
            "running, rejects its packets"
        )
    else:
        assert found["text"].endswith("get its packets past firewalld's chain inet firewalld filter_FORWARD")
    clinic.cure(CHECK, found)
    assert clinic.find(CHECK) == []


def test_a_real_firewalld_is_known_and_its_cure_lets_containers_out(clinic: Any, tmp_path: Path) -> None:
    """The network hides its containers, so that who is outside needs no way back."""
    clinic.configure(clinic.bridge(isDefaultGateway=True), {**FIREWALL, "backend": "nftables"})
    outside = add_outside(clinic.host)
    address = outside.addresses("eth0")[0].partition("/")[0]
    with running_bus(tmp_path / "bus") as bus, running_firewalld(clinic.host, bus, tmp_path / "etc") as daemon:
        clinic.environ[ADDRESS_VARIABLE] = bus
        assert clinic.attach().is_cut_off(address)
        found = clinic.find_one(CHECK)
        assert found["text"].endswith("and firewalld, which is running, rejects its packets")
        assert found["evidence"][0].startswith("nft: chain inet firewalld filter_FORWARD: hook forward, ")
        clinic.cure(CHECK, found)
        container = clinic.attach(container_id="c2")
        assert container.pings(address)
        assert clinic.find(CHECK) == clinic.find("rules") == []
        daemon.reload()
        assert container.is_cut_off(address)
        forgotten = clinic.find_one("rules")
        assert (
            forgotten["text"] == "firewalld has forgotten that 10.22.0.3 is in zone trusted, and rejects what it sends"
        )
        clinic.cure("rules", forgotten)
        assert container.pings(address)
