"""What `poplin list` shows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from node import Node

from poplin.cli.dot import graph
from poplin.cli.drawing import draw
from poplin.cli.list import as_object
from poplin.cli.table import tabulate
from poplin.cli.tree import grow
from poplin.runtime import SeenAddress, SeenAttachment, SeenInterface
from poplin.runtime.attachment import Attachment
from poplin.runtime.published import SeenPort


def seen(container_id: str, present: bool = True, network: str = "mynet") -> SeenAttachment:
    """A container on bridge cni0; not `present`: its cable has been pulled out, at both ends."""
    ends = [
        SeenInterface("cni0", False, "02:00:00:00:00:01"),
        SeenInterface(f"veth{container_id}", False, is_present=present, master="cni0" if present else ""),
        SeenInterface("eth0", True, is_present=present),
    ]
    addresses = [SeenAddress("10.22.0.2/16", present)]
    ports = [SeenPort("", 8080, "tcp", 80, present)]
    attachment = Attachment(container_id, f"/run/netns/{container_id}")
    drift = [] if present else [f"interface veth{container_id} is missing on the host"]
    return SeenAttachment(network, attachment, True, SeenInterface("cni0", False), ends, addresses, ports, drift)


LOOPBACK = SeenAttachment("lo", Attachment("c1", "/ns", "lo"), False, None, [SeenInterface("lo", True)], drift=["gone"])
BOTH = [seen("c1"), seen("c2", present=False), LOOPBACK]


def test_the_tree_has_networks_containers_and_what_each_has() -> None:
    assert grow(BOTH) == [
        "mynet",
        "├── c1  eth0 10.22.0.2/16  /run/netns/c1",
        "│   ├── vethc1 on cni0",
        "│   └── 8080->80/tcp",
        "└── c2  eth0 10.22.0.2/16  /run/netns/c2",
        "    ├── vethc2",
        "    ├── 8080->80/tcp",
        "    └── ✗ interface vethc2 is missing on the host",
        "lo",
        "└── c1  lo no address  /ns",
        "    └── ✗ gone",
    ]


def test_the_table_has_a_line_for_each_and_no_empty_cell() -> None:
    assert tabulate(BOTH) == [
        "NETWORK  CONTAINER  INTERFACE  ADDRESSES     LINK    BRIDGE  PORTS         NAMESPACE      STATE",
        "mynet    c1         eth0       10.22.0.2/16  vethc1  cni0    8080->80/tcp  /run/netns/c1  ok",
        "mynet    c2         eth0       10.22.0.2/16  vethc2  cni0    8080->80/tcp  /run/netns/c2  drift",
        "lo       c1         lo         -             -       -       -             /ns            gone",
    ]
    assert {len(line.split()) for line in tabulate(BOTH)} == {9}


def test_the_drawing_has_bridges_cables_and_containers() -> None:
    assert draw(BOTH) == [
        "mynet",
        "[bridge cni0]",
        " ├── vethc1 ════ eth0 10.22.0.2/16 8080->80/tcp  (c1 /run/netns/c1)",
        " └── ✗ vethc2 missing ════ ✗ eth0 missing ✗ 10.22.0.2/16 missing ✗ 8080->80/tcp missing  (c2 /run/netns/c2)",
        "       ✗ interface vethc2 is missing on the host",
        "",
        "lo",
        "[no bridge]",
        " └── lo  ✗ (c1 /ns) missing",
        "       ✗ gone",
    ]


def test_a_missing_bridge_and_a_cable_nobody_recorded_are_drawn_as_missing() -> None:
    item = seen("c1")
    item.bridge = SeenInterface("cni0", False, is_present=False)
    item.interfaces = [SeenInterface("eth0", True)]
    assert draw([item]) == [
        "mynet",
        "[✗ bridge cni0 missing]",
        " └── ✗ veth missing ════ eth0 10.22.0.2/16 8080->80/tcp  (c1 /run/netns/c1)",
    ]


def test_the_graph_has_a_box_for_each_network_and_red_for_drift() -> None:
    lines = [line.strip() for line in graph(BOTH)]
    assert lines[:5] == [
        "graph poplin {",
        "rankdir=LR;",
        'node [shape=box, fontname="sans-serif"];',
        'subgraph "cluster_mynet" {',
        'label="mynet";',
    ]
    assert '"mynet/c1/eth0" [label="c1\\neth0\\n10.22.0.2/16\\n8080->80/tcp"];' in lines
    assert '"mynet//cni0" -- "mynet/c1/eth0" [label="vethc1"];' in lines
    assert '"mynet//cni0" -- "mynet/c2/eth0" [label="vethc2", color="red", fontcolor="red"];' in lines
    assert '"lo/c1/lo" [label="c1\\nlo\\ngone", color="red", fontcolor="red"];' in lines
    assert lines.count("}") == 3


def test_the_graph_says_nothing_that_would_end_a_string() -> None:
    item = seen("c1", network='a"b\\c')
    text = "\n".join(graph([item]))
    assert 'label="a\\"b\\\\c";' in text
    assert text.replace('\\"', "").count('"') % 2 == 0


def test_json_has_everything() -> None:
    view = as_object(seen("c1", present=False))
    assert {key: view[key] for key in ("network", "containerID", "ifname", "netns", "alive")} == {
        "network": "mynet",
        "containerID": "c1",
        "ifname": "eth0",
        "netns": "/run/netns/c1",
        "alive": True,
    }
    assert view["interfaces"] == [
        {"name": "cni0", "place": "host", "mac": "02:00:00:00:00:01", "present": True, "bridge": ""},
        {"name": "vethc1", "place": "host", "mac": "", "present": False, "bridge": ""},
        {"name": "eth0", "place": "container", "mac": "", "present": False, "bridge": ""},
    ]
    assert view["addresses"] == [{"address": "10.22.0.2/16", "present": False}]
    assert view["ports"] == [{"hostIP": "", "hostPort": 8080, "protocol": "tcp", "containerPort": 80, "present": False}]
    assert view["drift"] == ["interface vethc1 is missing on the host"]


@pytest.mark.parametrize(
    ("port", "text"),
    [
        (SeenPort("", 1, "udp", 2), "1->2/udp"),
        (SeenPort("192.0.2.1", 1, "tcp", 2), "192.0.2.1:1->2/tcp"),
        (SeenPort("2001:db8::1", 1, "sctp", 2), "[2001:db8::1]:1->2/sctp"),
    ],
)
def test_a_port_reads_as_it_was_asked_for(port: SeenPort, text: str) -> None:
    assert str(port) == text


def test_nothing_connected_is_no_failure(poplin: Any, tmp_path: Any) -> None:
    done = poplin("list", "other")
    assert (done.status, done.output) == (0, f"nothing is connected to other, as far as {tmp_path}/cni/results knows\n")
    assert poplin("list").output == f"nothing is connected, as far as {tmp_path}/cni/results knows\n"
    assert poplin("list", "other", "--json").object["attachments"] == []
    assert poplin("list", "--dot").output.splitlines()[0] == "graph poplin {"


def test_it_reads_the_record_and_the_kernel(poplin: Any, configure: Any, double: Any) -> None:
    double("noop").tell(ADD={"cniVersion": "1.1.0", "interfaces": [{"name": "nosuchlink"}]})
    configure("noop")
    poplin("add", "mynet", "/nowhere/c1", "--container-id", "c1")
    assert poplin("list").output.splitlines() == [
        "mynet",
        "└── c1  eth0 no address  /nowhere/c1",
        "    ├── nosuchlink",
        "    ├── ✗ namespace /nowhere/c1 is gone",
        "    └── ✗ interface nosuchlink is missing on the host",
    ]
    attachments = poplin("list", "--json").object["attachments"]
    assert [(item["containerID"], item["alive"], len(item["drift"])) for item in attachments] == [("c1", False, 2)]
    assert poplin("list", "other", "--json").object["attachments"] == []
    assert [item["network"] for item in poplin("list", "mynet", "--json").object["attachments"]] == ["mynet"]


def test_it_lists_the_networks_that_are_configured(poplin: Any, config_dir: Path, configure: Any) -> None:
    configure("noop", "other")
    (config_dir / "20-two.conf").write_text('{"cniVersion": "0.4.0", "name": "two", "type": "ptp"}')
    assert poplin("list", "--networks").output == "mynet\ntwo\n"
    assert poplin("list", "--networks", "--json", "two").object == {
        "version": 1,
        "networks": [{"network": "two", "cniVersion": "0.4.0", "plugins": ["ptp"]}],
        "unread": [],
    }


# For real.


@pytest.fixture
def publishing(node: Node) -> Node:
    """mynet publishes ports, and `blue` is attached to it with one."""
    plain = json.loads((node.config_dir / "10-mynet.conf").read_text())
    plugins = [plain, {"type": "portmap", "capabilities": {"portMappings": True}}]
    chain = {"cniVersion": "1.1.0", "name": "mynet", "plugins": plugins}
    (node.config_dir / "10-mynet.conflist").write_text(json.dumps(chain))
    return node


def test_a_published_port_is_there_until_somebody_flushes_it(publishing: Node, container: Any) -> None:
    options = ("--container-id", "c1", "-p", "8080:80", "-p", "127.0.0.1:53:53/udp")
    status, _, errors = publishing.run("add", "mynet", container.path, *options)
    assert (status, errors) == (0, "")

    def look() -> tuple[list[bool], list[str]]:
        item = json.loads(publishing.run("list", "--json")[1])["attachments"][0]
        return [port["present"] for port in item["ports"]], item["drift"]

    assert look() == ([True, True], [])
    publishing.host.sh("nft flush map inet poplin hostports4")
    assert look() == ([True, False], ["port 127.0.0.1:53->53/udp is not published"])
    publishing.host.sh("nft delete table inet poplin")
    assert look() == (
        [False, False],
        ["port 8080->80/tcp is not published", "port 127.0.0.1:53->53/udp is not published"],
    )
    assert publishing.run("reload")[0] == 0
    assert look() == ([True, True], [])
    assert publishing.run("check", "mynet", container.path, "--container-id", "c1")[0] == 0
    assert publishing.run("del", "mynet", container.path, "--container-id", "c1") == (0, "", "")
    assert publishing.has_nothing_left()


def test_a_link_of_no_record_is_told(node: Node, container: Any) -> None:
    assert node.run("add", "mynet", container.path, "--container-id", "c1")[0] == 0
    (record,) = node.results.iterdir()
    kept = record.read_bytes()
    record.unlink()
    status, output, errors = node.run("list")
    assert status == 0
    assert output == f"nothing is connected, as far as {node.results} knows\n"
    (link,) = json.loads(node.run("list", "--json")[1])["unrecorded"]
    assert {key: link[key] for key in ("network", "containerID", "ifname")} == {
        "network": "mynet",
        "containerID": "c1",
        "ifname": "eth0",
    }
    assert errors == f"link {link['link']} is of mynet/c1/eth0, which is on no record in {node.results}\n"
    record.write_bytes(kept)
    assert node.run("list", "--table")[2] == ""
    assert node.run("del", "mynet", container.path, "--container-id", "c1")[0] == 0


def test_graphviz_would_read_the_graph(node: Node, container: Any) -> None:
    """Without Graphviz: every line but the braces is a statement that ends, and braces close what they open."""
    assert node.run("add", "mynet", container.path, "--container-id", "c1")[0] == 0
    status, output, _ = node.run("list", "--dot")
    assert node.run("del", "mynet", container.path, "--container-id", "c1")[0] == 0
    assert status == 0
    lines = output.splitlines()
    assert [line for line in lines if not line.endswith((";", "{", "}"))] == []
    assert output.count("{") == output.count("}")
    assert 'label="c1\\neth0\\n10.22.0.2/16"' in output
