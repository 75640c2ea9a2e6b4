"""`poplin reload`: the firewall comes back after somebody flushed it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from firewall import elements
from netlab import REFERENCE, Container
from node import CHECKOUT, Node
from traffic import add_outside, call, is_silent, serving

CAPABILITIES = '{"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}'


@pytest.fixture
def chain(node: Node) -> Node:
    """mynet hides its containers, guards their ports and publishes theirs, the latter also under conditions."""
    plain = node.config_dir / "10-mynet.conf"
    conf = json.loads(plain.read_text())
    bridge = {key: conf[key] for key in conf if key not in ("name", "cniVersion")} | {"macspoofchk": True}
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}, "conditionsV4": ["-i", "up+"]}
    network = {"cniVersion": "1.1.0", "name": "mynet", "plugins": [bridge, portmap]}
    (node.config_dir / "10-mynet.conflist").write_text(json.dumps(network))
    return node


def attach(node: Node) -> Container:
    """A container on mynet that publishes port 80 as 8080."""
    container = node.host.add_container()
    node.environ["CAP_ARGS"] = CAPABILITIES
    assert node.run("add", "mynet", container.path)[0] == 0
    del node.environ["CAP_ARGS"]
    return container


@pytest.mark.parametrize("flush", ["flush ruleset", "flush table inet poplin", "delete table inet poplin"])
def test_everything_is_restored(chain: Node, flush: str) -> None:
    outside = add_outside(chain.host)
    container = attach(chain)
    before = elements(chain.host), elements(chain.host, "bridge")
    chain.host.sh(f"nft {flush}")
    with serving(container, 80), serving(outside, 81):
        assert is_silent(outside, "192.0.2.1", 8080)
        assert chain.run("reload") == (0, "restored 1 attachment\n", "")
        assert call(outside, "192.0.2.1", 8080) == "192.0.2.2"
        assert call(container, "192.0.2.2", 81) == "192.0.2.1"
    assert (elements(chain.host), elements(chain.host, "bridge")) == before
    chain.environ["CAP_ARGS"] = CAPABILITIES
    assert chain.run("check", "mynet", container.path) == (0, "", "")


def test_reload_when_nothing_was_flushed_changes_nothing(chain: Node) -> None:
    attach(chain)
    before = chain.host.sh("nft list ruleset")
    assert chain.run("reload")[0] == 0
    assert chain.host.sh("nft list ruleset") == before


def test_what_is_gone_and_what_others_made_is_left_alone(chain: Node) -> None:
    gone, theirs = attach(chain), chain.host.add_container()
    gone.remove()
    ours = chain.environ["CNI_PATH"]
    plain = json.loads((chain.config_dir / "10-mynet.conf").read_text())
    (chain.config_dir / "20-theirs.conf").write_text(json.dumps({**plain, "name": "theirs", "ipMasq": False}))
    chain.environ["CNI_PATH"] = str(REFERENCE)
    assert chain.run("add", "theirs", theirs.path)[0] == 0
    chain.host.sh("nft flush ruleset")
    assert chain.run("reload", "--json")[:2] == (0, '{\n  "version": 1,\n  "restored": [],\n  "failed": []\n}\n')
    chain.environ["CNI_PATH"] = ours
    assert chain.host.sh("nft list ruleset") == ""


def test_what_cannot_be_restored_is_named(chain: Node) -> None:
    attach(chain)
    chain.host.sh("nft flush ruleset")
    record = next(Path(chain.environ["POPLIN_CNI_DIR"], "results").iterdir())
    text = json.loads(record.read_text())
    text["capabilityArgs"]["portMappings"][0]["hostPort"] = 70000
    record.write_text(json.dumps(text))
    status, output, errors = chain.run("reload")
    assert (status, output) == (1, "restored 0 attachments, 1 failed\n")
    assert "invalid host port number 70000" in errors


def test_what_nft_refuses_is_named(chain: Node) -> None:
    attach(chain)
    chain.host.sh("nft flush ruleset")
    record = next(Path(chain.environ["POPLIN_CNI_DIR"], "results").iterdir())
    text = json.loads(record.read_text())
    config = base64.b64decode(text["config"]).replace(b'["-i", "up+"]', b'["no", "nft", "words"]')
    assert b"words" in config
    text["config"] = base64.b64encode(config).decode()
    record.write_text(json.dumps(text))
    status, output, errors = chain.run("reload")
    assert (status, output) == (1, "restored 0 attachments, 1 failed\n")
    assert "nft refuses the rules: Error: syntax error" in errors
    assert "Traceback" not in errors


def test_the_unit_follows_nftables_and_firewalld() -> None:
    unit = (CHECKOUT / "deploy" / "systemd" / "poplin-reload.service").read_text().splitlines()
    for key in ("After", "PartOf", "ReloadPropagatedFrom"):
        assert f"{key}=nftables.service firewalld.service" in unit
    assert "ExecStart=/usr/local/bin/poplin reload" in unit
