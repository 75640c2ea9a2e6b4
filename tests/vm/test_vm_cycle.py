"""Every plugin does every verb on the oldest kernel we support, as a runtime would have it do them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from matrix_lab import Lan
from matrix_lab import lan as lan
from netlab import Container, Host, lease_files

from poplin.invoke.entry import PLUGINS

BRIDGE = {"type": "bridge", "bridge": "br0", "isDefaultGateway": True, "ipMasq": True, "macspoofchk": True}
PORTS = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
RATES = {"ingressRate": 10**7, "ingressBurst": 10**6, "egressRate": 10**7, "egressBurst": 10**6}
STATIC = {"type": "static", "addresses": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1"}]}


def host_local(leases: Path) -> dict[str, Any]:
    """Addresses of both families."""
    ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8::/64"}]]
    return {"type": "host-local", "dataDir": str(leases), "ranges": ranges}


def flannel(leases: Path) -> dict[str, Any]:
    """A network of both families, as its daemon would have written it."""
    env = leases.parent / "subnet.env"
    env.write_text(
        "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.2.1/24\n"
        "FLANNEL_IPV6_NETWORK=2001:db8::/48\nFLANNEL_IPV6_SUBNET=2001:db8::1/64\n"
        "FLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n"
    )
    places = {"subnetFile": str(env), "dataDir": str(leases.parent / "flannel"), "ipam": {"dataDir": str(leases)}}
    return {"type": "flannel", "delegate": {"bridge": "br0", "isDefaultGateway": True}, **places}


def tuning(leases: Path) -> dict[str, Any]:
    """Everything that it can set."""
    attributes = {"mac": "02:00:00:00:00:07", "promisc": True, "mtu": 1400, "allmulti": True, "txQLen": 500}
    switches = {"net.ipv4.conf.IFNAME.arp_filter": "1", "net.ipv4.ip_local_port_range": "2048 65000"}
    return {"type": "tuning", **attributes, "sysctl": switches, "dataDir": str(leases.parent / "tuning")}


# The chain of configurations that a plugin is used in; called is the plugin itself, an IPAM plugin by another one.
CHAINS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "bandwidth": lambda leases: [{**BRIDGE, "ipam": host_local(leases)}, {"type": "bandwidth", **RATES}],
    "bridge": lambda leases: [{**BRIDGE, "ipam": host_local(leases)}],
    "dnsname": lambda leases: [{**BRIDGE, "ipam": host_local(leases)}, {"type": "dnsname", "domainName": "dns.podman"}],
    "dummy": lambda leases: [{"type": "dummy", "ipam": host_local(leases)}],
    "firewall": lambda leases: [
        {**BRIDGE, "ipam": host_local(leases)},
        {"type": "firewall", "ingressPolicy": "isolated"},
    ],
    "flannel": lambda leases: [flannel(leases)],
    "host-device": lambda leases: [{"type": "host-device", "device": "ens1", "ipam": host_local(leases)}],
    "host-local": lambda leases: [{"type": "host-local", "ipam": host_local(leases)}],
    "ipvlan": lambda leases: [{"type": "ipvlan", "master": "up0", "ipam": host_local(leases)}],
    "loopback": lambda leases: [{"type": "loopback"}],
    "macvlan": lambda leases: [{"type": "macvlan", "master": "up0", "ipam": host_local(leases)}],
    "portmap": lambda leases: [
        {**BRIDGE, "ipam": host_local(leases)},
        {"type": "portmap", "runtimeConfig": PORTS},
    ],
    "ptp": lambda leases: [{"type": "ptp", "ipMasq": True, "ipam": host_local(leases)}],
    "sbr": lambda leases: [{**BRIDGE, "ipam": host_local(leases)}, {"type": "sbr"}],
    "static": lambda leases: [{"type": "static", "ipam": STATIC}],
    "tap": lambda leases: [{"type": "tap", "owner": 0, "ipam": host_local(leases)}],
    "tuning": lambda leases: [{**BRIDGE, "macspoofchk": False, "ipam": host_local(leases)}, tuning(leases)],
    "vlan": lambda leases: [{"type": "vlan", "master": "up0", "vlanId": 5, "ipam": host_local(leases)}],
    "vrf": lambda leases: [{**BRIDGE, "ipam": host_local(leases)}, {"type": "vrf", "vrfname": "red"}],
}


# What there must be on the host before that, as lines of the shell: a link, and who answers at its other end.
LINK = "ip link add {link} type veth peer name wire && ip link set {link} up && ip link set wire up"
ANSWERING = f"{LINK} && ip address add 10.1.2.1/24 dev wire"
IN_VLAN = "ip link add link wire name wire.5 up type vlan id 5 && ip address add 10.1.2.1/24 dev wire.5"
GROUND = {
    "host-device": ANSWERING.format(link="ens1"),
    "ipvlan": ANSWERING.format(link="up0"),
    "macvlan": ANSWERING.format(link="up0"),
    "vlan": f"{LINK.format(link='up0')} && {IN_VLAN}",
}

SPEAKER = {"sbr": "-I 10.1.2.2", "vrf": "-I red"}  # the main table has no way out any more
ALONE = ("dummy", "tap")  # their links have nobody at the other end


def test_every_plugin_has_a_chain() -> None:
    assert {*CHAINS, "dhcp"} == PLUGINS.keys(), "say in CHAINS how the new plugin is used"


@pytest.mark.parametrize("plugin", CHAINS)
def test_a_full_cycle(host: Host, container: Container, leases: Path, plugin: str) -> None:
    chain = [{"cniVersion": "1.1.0", "name": "mynet", **conf} for conf in CHAINS[plugin](leases)]
    host.sh(f"sh -c '{GROUND.get(plugin, ':')}'")
    before = host.links(), container.links(), own_rules(host)
    here = {"containerID": container.id, "ifname": "eth0"}
    name = {"CNI_IFNAME": "lo"} if plugin == "loopback" else {}

    def each(command: str, **fields: Any) -> None:
        for conf in chain if command != "DEL" else reversed(chain):
            host.cni(command, {**conf, **fields}, container, environ=name)

    each("STATUS")
    result: dict[str, Any] = {}
    for conf in chain:
        result = host.cni("ADD", {**conf, **({"prevResult": result} if result else {})}, container, environ=name)
    each("CHECK", prevResult=result)
    each("GC", **{"cni.dev/valid-attachments": [here]})
    each("CHECK", prevResult=result)
    if container.has_link("eth0") and plugin not in ALONE:
        container.sh(f"ping -n -c1 -i0.2 -w60 {SPEAKER.get(plugin, '')} {result['ips'][0]['gateway']}")
    each("DEL", prevResult=result)
    each("DEL", prevResult=result)
    each("GC", **{"cni.dev/valid-attachments": []})
    links, inside, rules = before
    assert ([link for link in host.links() if link != "br0"], container.links()) == (links, inside)
    assert (lease_files(leases), own_rules(host)) == ([], rules)


def test_a_full_cycle_of_dhcp(lan: Lan, container: Container) -> None:
    conf = {**lan.prepare("macvlan"), "cniVersion": "1.1.0", "ipam": lan.make_ipam("dhcp")}
    valid = [{"containerID": container.id, "ifname": "eth0"}]
    lan.host.cni("STATUS", conf)
    result = lan.host.cni("ADD", conf, container)
    lan.host.cni("GC", {**conf, "cni.dev/valid-attachments": valid})
    lan.host.cni("CHECK", {**conf, "prevResult": result}, container)
    assert container.pings(result["ips"][0]["gateway"])
    for _ in range(2):
        lan.host.cni("DEL", conf, container)
        assert container.links() == []
        lan.wait_for_leased([])
    lan.host.cni("ADD", conf, container)
    lan.host.cni("GC", {**conf, "cni.dev/valid-attachments": []})
    lan.wait_for_leased([])


def own_rules(host: Host) -> list[str]:
    """The lines of the whole ruleset that bear an attachment's key."""
    return [line for line in host.sh("nft list ruleset").splitlines() if "mynet/" in line]
