"""A link removed by hand shows in the drawing, and the attachment can still be taken away."""

from __future__ import annotations

from pathlib import Path

from docs.readme import run_session

SESSION = [
    "mkdir -p /etc/cni/net.d; ip netns add blue; ip netns add green",
    """cat >/etc/cni/net.d/10-mynet.conf <<EOF
{ "cniVersion": "1.0.0", "name": "mynet", "type": "bridge", "isGateway": true,
  "ipam": { "type": "host-local", "subnet": "10.22.0.0/16" } }
EOF""",
    "poplin add mynet /run/netns/blue && poplin add mynet /run/netns/green",
    "ip netns exec blue ip link delete eth0",
    "poplin list --drawing",
    "poplin check mynet /run/netns/blue",
    "poplin del mynet /run/netns/blue && poplin check mynet /run/netns/green && poplin list",
]


def test_a_link_removed_by_hand_is_marked(tmp_path: Path) -> None:
    *made, drawing, check, left = run_session(SESSION, tmp_path)
    assert [each for each in (*made, drawing, left) if each.status] == []
    cables = [line for line in drawing.output.splitlines() if "════" in line]
    blue, green = (next(line for line in cables if name in line) for name in ("blue", "green"))
    assert blue.count("missing") == 3 and "✗ eth0 missing" in blue and "✗ 10.22.0.2/16 missing" in blue
    assert "missing" not in green and "eth0 10.22.0.3/16" in green
    assert "✗ interface eth0 is missing in the container" in drawing.output
    assert check.status == 4 and "interface 'eth0' is gone from the container" in check.output
    assert "blue" not in left.output and "green" in left.output
