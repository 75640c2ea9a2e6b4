"""ADD and DEL killed at each call that changes something: DEL puts everything back all the same."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from netlab import PATIENCE
from tuning_lab import Tuning

KILLED = -9
FIELDS: dict[str, Any] = {
    **{"mac": "c2:11:22:33:44:55", "promisc": True, "mtu": 1454, "allmulti": True, "txQLen": 20000},
    "sysctl": {"net.ipv4.tcp_sack": "0", "net.ipv4.conf.IFNAME.log_martians": "1"},
}
SWITCHES = ("net/ipv4/tcp_sack", "net/ipv4/conf/eth0/log_martians")
# How often a call that changes something is made at most.
MOST = {"write": 4, "fsync": 1, "rename": 1, "sendto": 4, "unlink": 3}


def everything(tuning: Tuning) -> tuple[object, ...]:
    return tuning.state(), [tuning.container.sysctl(each) for each in SWITCHES], tuning.files()


def kill(tuning: Tuning, command: str, call: str, number: int) -> bool:
    """Have tuning killed at a call; False if it does not get there and succeeds."""
    environ = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": tuning.container.id,
        "CNI_NETNS": tuning.container.path,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": str(tuning.host.bin_dir),
    }
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", f"--trace={call}"]
    inject = f"--inject={call}:signal=KILL:when={number}"
    line = ["nsenter", f"--net={tuning.host.path}", *strace, inject, str(tuning.host.bin_dir / "tuning")]
    done = subprocess.run(
        line,
        env=environ,
        input=json.dumps(tuning.conf(**FIELDS)),
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode in (0, KILLED), done.stdout
    return done.returncode == KILLED


@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_a_kill_anywhere_is_put_right_by_del(tuning: Tuning, command: str) -> None:
    before = everything(tuning)
    killed = set()
    for call, most in MOST.items():
        for number in range(1, most + 1):
            if command == "DEL":
                tuning.do("ADD", **FIELDS)
            if kill(tuning, command, call, number):
                killed.add(call)
            tuning.do("DEL", **FIELDS)
            assert everything(tuning) == before, (call, number)
    assert killed == (set(MOST) if command == "ADD" else {"write", "sendto", "unlink"})
