"""`poplin doctor --only subnets`: addresses that are in two places."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from netlab import REFERENCE

CHECK = "subnets"


def test_two_networks_on_two_bridges(clinic: Any) -> None:
    one = clinic.configure(clinic.bridge(), name="one")
    other = clinic.configure(clinic.bridge("10.22.128.0/17", bridge="cni1"), name="other")
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "error",
        "text": "networks one (10.22.0.0/16) and other (10.22.128.0/17) overlap: the host can have a way to one of "
        "them only",
        "evidence": [f"{one}: 10.22.0.0/16", f"{other}: 10.22.128.0/17"],
        "mend": f'"${{EDITOR:-vi}}" {other}',
    }
    clinic.cure(CHECK, found, **clinic.decide("10.22.128.0", "10.23.128.0"))


def test_networks_that_do_not_meet(clinic: Any) -> None:
    clinic.configure(clinic.bridge(isGateway=False, ipMasq=False), name="one")
    clinic.configure(clinic.bridge(bridge="cni1", isGateway=False, ipMasq=False), name="other")
    clinic.configure(clinic.bridge("10.24.0.0/16"), name="third")
    assert clinic.find(CHECK) == []


def test_a_network_the_host_forwards_for_and_one_it_does_not(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), name="one")
    ipam = {"type": "static", "addresses": [{"address": "10.22.7.7/24"}]}
    clinic.configure({"type": "macvlan", "master": "up0", "ipam": ipam}, name="other")
    found = clinic.find_one(CHECK)
    assert found["severity"] == "warning"
    clinic.cure(CHECK, found, **clinic.decide("10.22.7.7", "10.99.7.7"))


@pytest.mark.parametrize("kind", ["bridge", "ptp"])
def test_networks_on_one_bridge_share_a_subnet_but_no_address(clinic: Any, kind: str) -> None:
    first, second = clinic.bridge(type=kind), clinic.bridge(type=kind)
    first["ipam"]["rangeEnd"], second["ipam"]["rangeStart"] = "10.22.0.99", "10.22.0.100"
    clinic.configure(first, name="one")
    clinic.configure(second, name="other")
    assert clinic.find(CHECK) == []
    second["ipam"]["rangeStart"] = "10.22.0.50"
    clinic.configure(second, name="other")
    found = clinic.find_one(CHECK)
    assert found["text"] == (
        "networks one and other give the same addresses, 10.22.0.1-10.22.0.99 and 10.22.0.50-10.22.255.254"
    )
    clinic.cure(CHECK, found, **clinic.decide("10.22.0.50", "10.22.0.150"))


def test_its_own_bridge_and_containers_are_no_clash(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.configure(clinic.bridge("10.30.0.0/24", type="ptp"), name="cables")
    clinic.attach()
    clinic.attach("cables", "c2")
    assert clinic.find(CHECK) == []


def test_containers_that_the_reference_attached_are_no_clash_either(clinic: Any) -> None:
    clinic.environ["CNI_PATH"] = str(REFERENCE)
    clinic.configure(clinic.bridge("10.30.0.0/24", type="ptp"), version="1.0.0")
    clinic.attach()
    assert "10.30.0.2 dev veth" in clinic.sh("ip route")
    assert clinic.find(CHECK) == []


def test_a_route_of_the_host_into_the_network(clinic: Any) -> None:
    file = clinic.configure(clinic.bridge())
    clinic.sh("ip link add tun0 type veth peer name tun1; ip link set tun0 up; ip route add 10.22.3.0/24 dev tun0")
    found = clinic.find_one(CHECK)
    assert found["severity"] == "error"
    assert found["text"] == ("packets for addresses of network mynet (10.22.0.0/16) go to tun0, as does 10.22.3.0/24")
    assert found["evidence"] == ["ip route: 10.22.3.0/24 dev tun0", f"{file}: 10.22.0.0/16"]
    clinic.cure(CHECK, found, **clinic.decide("10.22.0.0", "10.99.0.0"))


def test_an_old_bridge_without_containers_is_taken_away(clinic: Any) -> None:
    clinic.configure(clinic.bridge(bridge="cni1"))
    clinic.sh("ip link add cni0 type bridge; ip address add 10.22.0.1/16 dev cni0; ip link set cni0 up")
    found = clinic.find_one(CHECK)
    assert found["mend"] == "ip link delete dev cni0"
    clinic.cure(CHECK, found)


def test_a_wider_route_is_a_note(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.sh("ip link add lan type veth peer name lan1; ip link set lan up; ip route add 10.0.0.0/8 dev lan")
    found = clinic.find_one(CHECK)
    assert found["severity"] == "note"
    assert found["text"] == "network mynet (10.22.0.0/16) hides a part of 10.0.0.0/8 behind lan from this host"


def test_a_single_address_of_the_host_that_may_be_given_away(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.sh("ip link set lo up; ip address add 10.22.9.9/32 dev lo")
    found = clinic.find_one(CHECK)
    assert found["text"] == "10.22.9.9 is an address of lo on the host, and network mynet may give it away"
    assert found["evidence"][0] == "ip address: 10.22.9.9/32 dev lo"
    clinic.cure(CHECK, found, **clinic.decide("10.22.0.0", "10.99.0.0"))


def test_flannels_part_of_this_host_counts(clinic: Any, tmp_path: Path) -> None:
    subnet_file = tmp_path / "subnet.env"
    subnet_file.write_text(
        "FLANNEL_NETWORK=10.22.0.0/16\nFLANNEL_SUBNET=10.22.5.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"
    )
    clinic.configure(
        {"type": "flannel", "subnetFile": str(subnet_file), "delegate": {"bridge": "cni9"}}, name="flannel"
    )
    clinic.sh("ip link add flannel.1 type veth peer name f2; ip link set flannel.1 up")
    clinic.sh("ip route add 10.22.0.0/16 dev flannel.1; ip route add 10.22.6.0/24 dev flannel.1")
    assert clinic.find(CHECK) == []
    clinic.configure(clinic.bridge("10.22.5.0/26"), name="other")
    found = clinic.find_one(CHECK, "error")
    assert found["text"].startswith("networks flannel (10.22.5.0/24) and other (10.22.5.0/26) overlap: ")
    assert json.loads((clinic.config_dir / "other.conflist").read_text())["name"] == "other"
    clinic.cure(CHECK, found, **clinic.decide("10.22.5.0", "10.23.5.0"))
