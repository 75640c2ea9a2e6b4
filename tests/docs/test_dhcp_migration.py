"""What docs/migration.md says of leases: the two daemons keep theirs apart, one after the other and side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs.lan_troubles import DAEMON, END, LAN, LISTENING, SERVER, THEIRS, leased
from docs.readme import Ran, run_session

VERSION = "1.0.0"  # the newest of Debian's release
NETWORK = leased(version=VERSION)
OURS, REFERENCE = "export CNI_PATH=$PWD/bin", "export CNI_PATH=/usr/lib/cni"
GROUND = ["mkdir -p /etc/cni/net.d; ip netns add old; ip netns add new", LAN, SERVER, NETWORK]
ADD = "poplin add mynet /run/netns/{} | jq -r '.ips[].address'"
ELSEWHERE = "/run/poplin/dhcp.sock"


def run(folder: Path, *commands: str) -> dict[str, Ran]:
    """What each that is named by words ended with: `run(folder, "true", "OLD: poplin ...")`."""
    named = [command.partition(": ") if command.split(":")[0].isupper() else ("", "", command) for command in commands]
    ran = run_session([*GROUND, *(command for _, _, command in named)], folder)[len(GROUND) :]
    return {name: each for (name, _, _), each in zip(named, ran, strict=True) if name}


@pytest.mark.parametrize(
    ("first", "second"),
    [((REFERENCE, THEIRS), (OURS, DAEMON)), ((OURS, DAEMON), (REFERENCE, THEIRS))],
    ids=["to Poplin", "and back"],
)
def test_what_the_old_daemon_leased_the_new_one_does_not_know(
    tmp_path: Path, first: tuple[str, str], second: tuple[str, str]
) -> None:
    ended = run(
        tmp_path,
        *first,
        "OLD: " + ADD.format("old"),
        END,
        *second,
        "NEW: " + ADD.format("new"),
        "KEPT: ip -n old -brief -4 address show dev eth0",
        "DEL: poplin del mynet /run/netns/old",
        "AGAIN: " + ADD.format("old"),
    )
    assert [each for each in ended.values() if each.status] == []
    assert ended["OLD"].output.startswith("192.168.1.1") and ended["OLD"].output != ended["NEW"].output
    assert ended["OLD"].output.strip() in ended["KEPT"].output
    assert ended["AGAIN"].output == ended["OLD"].output, "the server knows the container by the same name"


def test_our_check_says_that_nobody_renews(tmp_path: Path) -> None:
    add, check = ADD.format("old"), "CHECK: poplin check mynet /run/netns/old"
    ended = run(tmp_path, REFERENCE, THEIRS, add, END, OURS, DAEMON, check)
    assert (ended["CHECK"].status, "no lease is maintained" in ended["CHECK"].output) == (4, True)


def test_both_run_side_by_side_at_two_places(tmp_path: Path) -> None:
    ended = run(
        tmp_path,
        REFERENCE,
        THEIRS,
        ADD.format("old"),
        OURS,
        f"poplin dhcp daemon -socketpath {ELSEWHERE} 2>/dev/null &",
        LISTENING.replace("/run/cni/dhcp.sock", ELSEWHERE),
        leased(version=VERSION, daemonSocketPath=ELSEWHERE),
        "ADD: " + ADD.format("new"),
        "CHECK: poplin check mynet /run/netns/new",
        "DEL: poplin del mynet /run/netns/old",
        "LEFT: ip -n old -brief link",
    )
    assert [each for each in ended.values() if each.status] == []
    assert ended["ADD"].output.startswith("192.168.1.1")
    assert "eth0" not in ended["LEFT"].output
