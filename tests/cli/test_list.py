"""What `poplin list` shows."""

from __future__ import annotations

from typing import Any

from poplin.cli.drawing import draw
from poplin.cli.list import as_object, tell
from poplin.runtime.attachment import Attachment
from poplin.runtime.survey import SeenAddress, SeenAttachment, SeenInterface


def seen(container_id: str, present: bool = True, network: str = "mynet") -> SeenAttachment:
    """A container on bridge cni0; not `present`: its cable has been pulled out, at both ends."""
    ends = [
        SeenInterface("cni0", False, "02:00:00:00:00:01"),
        SeenInterface(f"veth{container_id}", False, is_present=present, master="cni0" if present else ""),
        SeenInterface("eth0", True, is_present=present),
    ]
    addresses = [SeenAddress("10.22.0.2/16", present)]
    attachment = Attachment(container_id, f"/run/netns/{container_id}")
    drift = [] if present else [f"interface veth{container_id} is missing on the host"]
    return SeenAttachment(network, attachment, True, SeenInterface("cni0", False), ends, addresses, drift)


def test_the_drawing_has_bridges_cables_and_containers() -> None:
    other = SeenAttachment("lo", Attachment("c1", "/ns", "lo"), False, None, [SeenInterface("lo", True)], [], ["gone"])
    assert draw([seen("c1"), seen("c2", present=False), other]) == [
        "mynet",
        "[bridge cni0]",
        " ├── vethc1 ════ eth0 10.22.0.2/16  (c1 /run/netns/c1)",
        " └── ✗ vethc2 missing ════ ✗ eth0 missing ✗ 10.22.0.2/16 missing  (c2 /run/netns/c2)",
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
        " └── ✗ veth missing ════ eth0 10.22.0.2/16  (c1 /run/netns/c1)",
    ]


def test_the_table_has_a_line_for_each_container_and_each_drift() -> None:
    assert tell([seen("c1"), seen("c2", present=False)]) == [
        "mynet",
        "  c1  eth0  10.22.0.2/16  cni0, vethc1  /run/netns/c1",
        "  c2  eth0  10.22.0.2/16  cni0, vethc2  /run/netns/c2",
        "    drift: interface vethc2 is missing on the host",
    ]


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
    assert view["drift"] == ["interface vethc1 is missing on the host"]


def test_nothing_connected_is_no_failure(poplin: Any, tmp_path: Any) -> None:
    done = poplin("list")
    assert (done.status, done.output) == (0, f"nothing is connected, as far as {tmp_path}/cni/results knows\n")
    assert poplin("list", "--json").object == {"version": 1, "attachments": []}


def test_it_reads_the_record_and_the_kernel(poplin: Any, configure: Any, double: Any) -> None:
    double("noop").tell(ADD={"cniVersion": "1.1.0", "interfaces": [{"name": "nosuchlink"}]})
    configure("noop")
    poplin("add", "mynet", "/nowhere/c1", "--container-id", "c1")
    done = poplin("list")
    assert done.output.splitlines() == [
        "mynet",
        "  c1  eth0  no address  nosuchlink  /nowhere/c1",
        "    drift: namespace /nowhere/c1 is gone",
        "    drift: interface nosuchlink is missing on the host",
    ]
    attachments = poplin("list", "--json").object["attachments"]
    assert [(item["containerID"], item["alive"], len(item["drift"])) for item in attachments] == [("c1", False, 2)]
