"""Plugins of others run under our runtime unchanged: the reference's in every position of a chain, among ours."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from firewall import elements
from netlab import REFERENCE, Container, Host, lease_files
from node import Node
from traffic import call, serving

CHAIN = ("bridge", "portmap", "firewall", "tuning", "bandwidth")
POSITIONS = ("host-local", *CHAIN)
DEFECT = "could not check ipv6 dnat"
STAYS = ("keep4", "keep6", "hairpin4", "hairpin6")  # of the network, until GC


def write_chain(node: Node, container: Container) -> None:
    """The network of all these; ingress is shaped so widely that nothing is held up."""
    ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]
    routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
    ipam = {"type": "host-local", "dataDir": str(node.leases), "ranges": ranges, "routes": routes}
    plugins: list[dict[str, object]] = [
        {"type": "bridge", "bridge": "br0", "isGateway": True, "ipMasq": True, "hairpinMode": True, "ipam": ipam},
        {"type": "portmap", "capabilities": {"portMappings": True}},
        {"type": "firewall", "backend": "iptables"},
        {"type": "tuning", "sysctl": {"net.ipv4.conf.eth0.arp_notify": "1"}, "mtu": 1400},
        {"type": "bandwidth", "ingressRate": 800_000_000, "ingressBurst": 80_000_000},
    ]
    conf = {"cniVersion": "1.0.0", "name": "chain", "plugins": plugins}
    (node.config_dir / "05-chain.conflist").write_text(json.dumps(conf))
    node.environ["CAP_ARGS"] = json.dumps(
        {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
    )


def mix(host: Host, folder: Path, theirs: tuple[str, ...]) -> Path:
    """A folder of plugins: these of the reference, the others ours."""
    folder.mkdir()
    for plugin in POSITIONS:
        shutil.copy((REFERENCE if plugin in theirs else host.bin_dir) / plugin, folder / plugin)
    return folder


@pytest.mark.parametrize("theirs", [(each,) for each in POSITIONS] + [POSITIONS], ids=[*POSITIONS, "all"])
def test_a_chain_works_whoever_made_which_plugin(
    node: Node, container: Container, tmp_path: Path, theirs: tuple[str, ...]
) -> None:
    host = node.host
    write_chain(node, container)
    node.environ["CNI_PATH"] = str(mix(host, tmp_path / "bin", theirs))
    status, output, errors = node.run("add", "chain", container.path)
    assert status == 0, output + errors
    status, output, errors = node.run("check", "chain", container.path)
    if "portmap" in theirs:  # of this release CHECK looks for the rules of one IP version among those of the other
        assert (status, f"network chain: {DEFECT}" in errors) == (1, True), output + errors
    else:
        assert (status, errors) == (0, ""), output
    assert container.addresses("eth0") == ["10.1.2.2/24", "fd00:1::2/64"]
    assert container.json("link show dev eth0")[0]["mtu"] == 1400
    assert container.sysctl("net/ipv4/conf/eth0/arp_notify") == "1"
    assert "qdisc tbf" in host.sh(f"tc qdisc show dev {next(name for name in host.links() if name.startswith('veth'))}")
    with serving(container, 80):
        assert call(host, "10.1.2.1", 8080)
    for _ in range(2):
        status, output, errors = node.run("del", "chain", container.path)
        assert (status, container.links()) == (0, []), output + errors
    assert [link for link in host.links() if link != "br0"] == []
    assert (lease_files(node.leases, "chain"), list(node.results.iterdir())) == ([], [])
    left = {name: found for name, found in elements(host).items() if name not in STAYS}
    assert left == {}
    tables = host.sh("nft list ruleset")
    assert "10.1.2.2" not in tables, "nor in what the reference keeps"
