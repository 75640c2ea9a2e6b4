"""`poplin doctor --only mtu`: links of different sizes on one way."""

from __future__ import annotations

from typing import Any

CHECK = "mtu"
UPLINK = (
    "ip link add up0 mtu {mtu} type veth peer name up1; ip link set up0 up; ip link set up1 up\n"
    "ip address add 192.0.2.2/24 dev up0; ip route add default via 192.0.2.1"
)


def test_a_network_that_is_larger_than_the_way_out(clinic: Any) -> None:
    file = clinic.configure(clinic.bridge(mtu=1500))
    clinic.sh(UPLINK.format(mtu=1400))
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "warning",
        "text": "network mynet asks for an mtu of 1500, and its packets leave by up0 with 1400",
        "evidence": [f"{file}: mtu 1500", "ip link show up0: mtu 1400"],
        "mend": f"jq '.plugins[0].mtu = 1400' {file} >{file}.new && mv {file}.new {file}",
    }
    clinic.cure(CHECK, found)


def test_a_network_that_leaves_it_to_us_is_well(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.sh(UPLINK.format(mtu=1400))
    clinic.attach()
    assert clinic.find(CHECK) == []


def test_a_network_that_is_larger_than_the_link_it_is_on(clinic: Any) -> None:
    ipam = {"type": "static", "addresses": [{"address": "10.9.0.2/24"}]}
    clinic.configure({"type": "macvlan", "master": "up0", "mtu": 9000, "ipam": ipam})
    clinic.sh(UPLINK.format(mtu=1500))
    found = clinic.find_one(CHECK)
    assert found["severity"] == "error"
    clinic.cure(CHECK, found)


def test_a_port_that_is_larger_than_its_bridge(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.attach()
    assert clinic.find(CHECK) == []
    clinic.sh(
        "ip link add big mtu 9000 type veth peer name big1; ip link set cni0 mtu 1500; ip link set big master cni0"
    )
    clinic.sh("ip link set cni0 mtu 1500")
    found = clinic.find_one(CHECK)
    assert found["severity"] == "warning"
    assert found["text"] == (
        "port big of bridge cni0, of network mynet, has mtu 9000, and the bridge 1500: what is larger than the smaller "
        "one is lost"
    )
    assert found["mend"] == "ip link set dev big mtu 1500"
    clinic.cure(CHECK, found)


def test_a_cable_whose_ends_differ(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    container = clinic.attach()
    container.sh("ip link set dev eth0 mtu 9000")
    found = clinic.find_one(CHECK)
    assert found["text"].startswith(f"eth0 of the container in {container.path} has mtu 9000, and veth")
    assert found["evidence"][0] == f"{container.path}: eth0: mtu 9000"
    clinic.cure(CHECK, found)
    assert container.json("link show dev eth0")[0]["mtu"] == 1500


def test_a_tunnel_of_vxlan_that_does_not_fit(clinic: Any) -> None:
    clinic.sh(UPLINK.format(mtu=1500))
    clinic.sh("ip link add flannel.1 mtu 1450 type vxlan id 1 dev up0 local 192.0.2.2 dstport 8472")
    assert clinic.find(CHECK) == []
    clinic.sh("ip link set dev up0 mtu 1480")
    found = clinic.find_one(CHECK)
    assert found["text"] == "flannel.1 has mtu 1450, and with the 50 bytes of VXLAN that is more than the 1480 of up0"
    assert found["mend"] == "ip link set dev flannel.1 mtu 1430"
    clinic.cure(CHECK, found)
