"""--dry-run of add, del and gc: the plan is told, and nothing is done."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from node import Node


def everything(node: Node) -> tuple[list[str], list[Path], str]:
    """What an operation could have changed: links, files, firewall."""
    files = sorted(path for folder in (node.results.parent, node.leases) for path in folder.rglob("*"))
    return node.host.links(), files, node.host.sh("nft list ruleset")


def test_the_plan_of_add_is_what_add_then_does(node: Node, container: Any) -> None:
    before = everything(node)
    status, output, errors = node.run("add", "mynet", container.path, "--container-id", "c1", "--dry-run")
    assert (status, errors) == (0, "")
    assert everything(node) == before
    lines = output.splitlines()
    assert [line for line in lines if line.startswith("# mynet: ")] == [
        "# mynet: host-local",
        "# mynet: bridge",
        "# mynet: poplin",
    ]
    assert f"write {node.leases}/mynet/10.22.0.2" in lines
    (pair,) = re.findall(rf"^ip link add (veth\w+) type veth peer name eth0 netns {container.id}$", output, re.M)
    assert f"ip -n {container.id} address add 10.22.0.2/16 dev eth0 broadcast 10.22.255.255" in lines
    assert node.run("add", "mynet", container.path, "--container-id", "c1")[0] == 0
    assert set(node.host.links()) == {"cni0", pair}
    assert (node.leases / "mynet" / "10.22.0.2").exists()
    assert node.run("del", "mynet", container.path, "--container-id", "c1")[0] == 0


def test_the_plan_of_del_is_what_del_then_removes(node: Node, container: Any) -> None:
    node.run("add", "mynet", container.path, "--container-id", "c1")
    before = everything(node)
    status, output, errors = node.run("del", "mynet", container.path, "--container-id", "c1", "--dry-run")
    assert (status, errors) == (0, "")
    assert everything(node) == before
    (pair,) = [link for link in node.host.links() if link.startswith("veth")]
    lines = output.splitlines()
    assert f"ip link delete dev {pair}" in lines
    assert f"remove {node.leases}/mynet/10.22.0.2" in lines
    assert lines[-1] == f"remove {node.results}/mynet-c1-eth0"
    assert node.run("del", "mynet", container.path, "--container-id", "c1")[0] == 0


def test_the_plan_is_json_for_programs(node: Node, container: Any) -> None:
    arguments = ("mynet", container.path, "--container-id", "c1", "--dry-run", "--json")
    plan = json.loads(node.run("add", *arguments)[1])
    assert (plan["version"], plan["dryRun"]) == (1, True)
    (attachment,) = plan["attachments"]
    assert (attachment["network"], attachment["ifname"]) == ("mynet", "eth0")
    assert attachment["result"]["ip4"]["ip"] == "10.22.0.2/16"
    assert {"plugin": "bridge", "line": "ip link set dev cni0 up"} in attachment["steps"]
    (lease,) = [step for step in attachment["steps"] if step["line"].endswith("/mynet/10.22.0.2")]
    assert lease["content"].splitlines()[:1] == ["c1"]
    plan = json.loads(node.run("del", *arguments)[1])
    assert plan["attachments"][0]["result"] is None


def test_what_add_would_refuse_is_refused(node: Node, container: Any) -> None:
    container.sh("ip link add eth0 type veth peer name other")
    before = everything(node)
    status, output, errors = node.run("add", "mynet", container.path, "--dry-run")
    assert status == 1
    assert json.loads(output)["code"] == 102
    assert "the container already has an interface 'eth0'" in errors
    assert everything(node) == before


def test_gc_tells_how_it_would_remove(node: Node, container: Any) -> None:
    node.run("add", "mynet", "/run/netns/nosuch", "--container-id", "c0")
    node.run("add", "mynet", container.path, "--container-id", "c1")
    (record,) = node.results.iterdir()
    record.write_text(record.read_text().replace(container.path, "/run/netns/gone"))
    before = everything(node)
    status, output, errors = node.run("gc", "mynet", "--dry-run")
    assert (status, errors) == (0, "")
    assert output.splitlines()[0] == "mynet: would remove c1 eth0 (/run/netns/gone)"
    assert f"remove {node.leases}/mynet/10.22.0.2" in output
    (network,) = json.loads(node.run("gc", "mynet", "--dry-run", "--json")[1])["networks"]
    assert {"plugin": "host-local", "line": f"remove {node.leases}/mynet/10.22.0.2"} in network["steps"]
    assert everything(node) == before
    assert node.run("gc", "mynet")[0] == 0
    assert node.has_nothing_left()


def test_a_plugin_of_somebody_else_is_named_with_what_it_would_get(poplin: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    configure("noop")
    done = poplin("add", "mynet", "/run/netns/blue", "--container-id", "c1", "--dry-run")
    assert (done.status, noop.calls) == (0, [])
    assert done.output.splitlines()[0] == "# mynet: noop"
    assert done.output.splitlines()[1].startswith("# ")
    assert '"name":"mynet"' in done.output.replace(" ", "")
