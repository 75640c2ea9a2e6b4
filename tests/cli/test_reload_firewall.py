"""`poplin reload` lets containers through again, whatever somebody flushed or reloaded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from firewall import elements
from firewall_lab import OUTSIDE4, RULE, Iptables, answers, reaches
from firewalld_lab import running_bus, running_firewalld
from netlab import Container
from node import Node
from traffic import add_outside


@pytest.fixture
def chain(node: Node) -> Node:
    """mynet hides its containers, lets them through, and isolates them."""
    plain = node.config_dir / "10-mynet.conf"
    conf = json.loads(plain.read_text())
    bridge = {key: conf[key] for key in conf if key not in ("name", "cniVersion")}
    firewall = {"type": "firewall", "ingressPolicy": "isolated", "iptablesAdminChainName": "site"}
    network = {"cniVersion": "1.1.0", "name": "mynet", "plugins": [bridge, firewall]}
    (node.config_dir / "10-mynet.conflist").write_text(json.dumps(network))
    node.environ["DBUS_SYSTEM_BUS_ADDRESS"] = "unix:path=/nonexistent/bus"
    add_outside(node.host)
    return node


def attach(node: Node) -> Container:
    """A container on mynet."""
    container = node.host.add_container()
    status, output, errors = node.run("add", "mynet", container.path)
    assert (status, errors) == (0, ""), output
    return container


@pytest.mark.parametrize("kind", ["nft", "legacy"])
@pytest.mark.parametrize("flush", ["iptables", "table inet poplin", "ruleset"])
def test_after_a_flush(chain: Node, kind: str, flush: str) -> None:
    iptables = Iptables(chain.host, kind)
    iptables.run("-P FORWARD DROP")
    container = attach(chain)
    assert reaches(container, OUTSIDE4)
    before = elements(chain.host), elements(chain.host, "bridge")
    if flush == "iptables":
        iptables.run("-F")
    else:
        chain.host.sh(f"nft flush {flush}")
        iptables.run("-P FORWARD DROP")
    assert not answers(container, OUTSIDE4)
    assert chain.run("reload") == (0, "restored 1 attachment\n", "")
    assert reaches(container, OUTSIDE4)
    assert (elements(chain.host), elements(chain.host, "bridge")) == before
    assert iptables.chain("FORWARD") == [RULE]
    assert chain.run("check", "mynet", container.path) == (0, "", "")


def test_after_a_reload_of_firewalld(chain: Node, tmp_path: Path) -> None:
    with running_bus(tmp_path / "bus") as address:
        chain.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        with running_firewalld(chain.host, address, tmp_path / "etc") as firewalld:
            container = attach(chain)
            firewalld.reload()
            source = f"{container.addresses('eth0')[0].partition('/')[0]}/32"
            assert not firewalld.has("trusted", source)
            status, _, errors = chain.run("check", "mynet", container.path)
            assert (status, f"firewalld does not have {source} in zone 'trusted'" in errors) == (4, True)
            assert chain.run("reload") == (0, "restored 1 attachment\n", "")
            assert firewalld.has("trusted", source)
            assert chain.run("check", "mynet", container.path) == (0, "", "")
            assert chain.run("del", "mynet", container.path) == (0, "", "")
            assert not firewalld.has("trusted", source)
