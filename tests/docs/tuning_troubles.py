"""The same for plugin tuning."""

from __future__ import annotations

from typing import Any

from docs.troubles import ADD, ADDED, BRIDGE, CHECK, WELL, Trouble, network

ALLOWLIST = "/etc/cni/tuning/allowlist.conf"
NAMED = {"net.ipv4.conf.IFNAME.arp_filter": "1"}


def tuned(**fields: Any) -> str:
    """A network whose interfaces are tuned."""
    return network(BRIDGE, {"type": "tuning", **fields})


def allow(line: str) -> str:
    """What the administrator allows."""
    return f"mkdir -p /etc/cni/tuning && echo '{line}' >{ALLOWLIST}"


TUNING_TROUBLES = (
    Trouble("sysctl '...' is none of the network's", ADD, tuned(sysctl={"kernel.pid_max": "9"}), f"{WELL}\n{ADD}"),
    Trouble("sysctl '...' is not allowed on this host", ADD, f"{tuned(sysctl=NAMED)}\n{allow('^net.core')}"),
    Trouble(
        "line ... of ... is no regular expression",
        "poplin status mynet",
        f"{tuned(sysctl=NAMED)}\n{allow('(')}",
        f"{allow('^net')}\n{ADD}",
    ),
    Trouble("sysctl -w ...: No such file", ADD, tuned(sysctl={"net.ipv4.conf.net0.arp_filter": "1"}), f"{WELL}\n{ADD}"),
    Trouble("invalid txQLen ...", ADD, tuned(txQLen=-1), f"{tuned(txQLen=0)}\n{ADD}"),
    Trouble(
        "sysctl ... is not what was asked for",
        CHECK,
        f"{tuned(sysctl=NAMED)}\n{ADDED}; ip netns exec blue sysctl -qw net.ipv4.conf.eth0.arp_filter=0",
    ),
    Trouble(
        "... of interface '...' is not what", CHECK, f"{tuned(mtu=1400)}\n{ADDED}; ip -n blue link set eth0 mtu 1500"
    ),
)

# As IN_THE_CODE.
TUNING_IN_THE_CODE = (
    "sysctl '...' is set twice",  # poplin tells plugins what it has read, where nothing is twice
    "not everything is as it was before",  # tests/plugins/tuning
    "cannot read ...; it is a link that leads nowhere",
    "cannot read sysctl ...",
)
