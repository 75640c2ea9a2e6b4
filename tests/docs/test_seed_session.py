"""The session of the CNI documents, line by line, as somebody types it who has just read them."""

from __future__ import annotations

import re
from pathlib import Path

from docs.readme import Ran, run_session

SESSION = [
    "mkdir -p /etc/cni/net.d",
    """cat >/etc/cni/net.d/10-mynet.conf <<EOF
{
	"name": "mynet",
	"type": "bridge",
	"bridge": "cni0",
	"isGateway": true,
	"ipMasq": true,
	"ipam": {
		"type": "host-local",
		"subnet": "10.22.0.0/16",
		"routes": [
			{ "dst": "0.0.0.0/0" }
		]
	}
}
EOF""",
    """cat >/etc/cni/net.d/99-loopback.conf <<EOF
{
	"type": "loopback"
}
EOF""",
    "./build",
    "CNI_PATH=`pwd`/bin",
    "cd scripts",
    "sudo CNI_PATH=$CNI_PATH ./priv-net-run.sh ifconfig",
]
LEFT = "ls -A /var/lib/cni/results; ls /var/lib/cni/networks/mynet; ip -o link show type veth"


def test_the_session_of_the_documents(tmp_path: Path) -> None:
    *ran, last, left = run_session([*SESSION, LEFT], tmp_path)
    assert [each for each in ran if each.status] == []
    assert last.status == 0, last.output
    assert interfaces(last) == {"eth0": "10.22.0.2  netmask 255.255.0.0", "lo": "127.0.0.1  netmask 255.0.0.0"}
    assert "eth0: flags=4163<UP,BROADCAST,RUNNING,MULTICAST>" in last.output
    assert "lo: flags=73<UP,LOOPBACK,RUNNING>" in last.output
    assert left.output.split() == ["last_reserved_ip.0", "lock"]


def test_the_script_runs_from_any_folder_whatever_lies_there(tmp_path: Path) -> None:
    checkout = Path(__file__).resolve().parents[2]
    session = [
        f"mkdir {tmp_path}/elsewhere && cd {tmp_path}/elsewhere",
        "echo 'raise SystemExit(\"the wrong argparse\")' >argparse.py",
        f"CNI_PATH={checkout}/bin {checkout}/scripts/priv-net-run.sh pwd",
    ]
    last = run_session(session, tmp_path)[-1]
    assert (last.status, last.output.splitlines()[-1]) == (0, f"{tmp_path}/elsewhere")


def interfaces(ran: Ran) -> dict[str, str]:
    """The IPv4 line of each interface that ifconfig shows."""
    found = re.findall(r"^(\w+): flags.*\n\s+inet (\S+  netmask \S+)", ran.output, re.MULTILINE)
    return dict(found)
