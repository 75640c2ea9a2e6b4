"""`poplin doctor --only services`: the DHCP daemon."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE

CHECK = "services"


def wait_for(path: Path) -> None:
    """Until there is something."""
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_network_whose_daemon_does_not_run(clinic: Any, tmp_path: Path) -> None:
    socket = tmp_path / "dhcp.sock"
    ipam = {"type": "dhcp", "daemonSocketPath": str(socket)}
    clinic.configure({"type": "bridge", "ipam": ipam})
    found = clinic.find_one(CHECK)
    assert found == {
        "check": CHECK,
        "severity": "error",
        "text": "no DHCP daemon answers, of which network mynet would have addresses",
        "evidence": [f"connect {socket}: No such file or directory"],
        "mend": f"setsid poplin dhcp daemon -socketpath {socket} >/dev/null 2>&1 &",
    }
    pidfile = tmp_path / "pid"
    clinic.environ["POPLIN_STATE_DIR"] = str(tmp_path / "state")
    clinic.sh(found["mend"].replace(" >", f" -pidfile {pidfile} >", 1))
    try:
        wait_for(socket)
        wait_for(pidfile)
        assert clinic.find(CHECK) == []
    finally:
        os.kill(int(pidfile.read_text()), signal.SIGTERM)


def test_a_socket_that_nobody_listens_at(clinic: Any, tmp_path: Path) -> None:
    socket = tmp_path / "dhcp.sock"
    clinic.sh(f"python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"{socket}\")'")
    clinic.configure({"type": "macvlan", "ipam": {"type": "dhcp", "daemonSocketPath": str(socket)}})
    assert clinic.find_one(CHECK)["evidence"] == [f"connect {socket}: Connection refused"]


def test_a_flannel_network_whose_daemon_has_said_nothing(clinic: Any, tmp_path: Path) -> None:
    file = tmp_path / "subnet.env"
    clinic.configure({"type": "flannel", "subnetFile": str(file)})
    found = clinic.find_one(CHECK)
    assert found["text"] == (
        "flannel's daemon has not said which subnet this host has, which network mynet needs; start it"
    )
    assert found["evidence"] == [f"there is no {file}; flannel's daemon writes it; is it running?"]
    file.write_text("FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.5.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n")
    assert clinic.find(CHECK) == []


def test_other_networks_need_none(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    assert clinic.find(CHECK) == []


@pytest.mark.parametrize("subnet_file", ["/nul\0byte", 5, {}])
def test_settings_that_are_wrong_are_left_to_the_check_of_configurations(clinic: Any, subnet_file: object) -> None:
    clinic.configure({"type": "flannel", "subnetFile": subnet_file})
    visit = clinic.visit("configuration", CHECK)
    assert (len(visit.find("configuration", "error")), visit.find(CHECK)) == (1, [])


def test_names_where_there_is_no_dnsmasq(clinic: Any) -> None:
    clinic.configure(clinic.bridge(), {"type": "dnsname", "domainName": "dns.podman"})
    assert clinic.find(CHECK) == []
    without = "mount -t tmpfs none /usr/sbin; exec poplin doctor --only services --json"
    done = clinic.run(["unshare", "-m", "sh", "-c", without])
    assert json.loads(done.stdout)["findings"] == [
        {
            "check": CHECK,
            "severity": "error",
            "text": "there is no dnsmasq, which is to answer names on network mynet",
            "evidence": ["there is no /usr/sbin/dnsmasq; install the package dnsmasq-base"],
            "mend": "apt-get install dnsmasq-base",
        }
    ]
