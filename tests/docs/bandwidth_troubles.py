"""The same for plugin bandwidth."""

from __future__ import annotations

from typing import Any

from docs.troubles import ADD, ADDED, BRIDGE, CHECK, WELL, Trouble, network

LIMITS = {"ingressRate": 10**7, "ingressBurst": 10**6, "egressRate": 10**7, "egressBurst": 10**6}
OUTER = "$(ip -o link show type veth | cut -d' ' -f2 | cut -d@ -f1)"
DEVICE = "$(ip -o link show type ifb | cut -d' ' -f2 | tr -d :)"


def limited(**fields: Any) -> str:
    """A network whose containers are limited."""
    return network(BRIDGE, {"type": "bandwidth", **fields})


def refused(message: str, **fields: Any) -> Trouble:
    """What ADD says to such limits."""
    return Trouble(message, ADD, limited(**fields), f"{WELL}\n{ADD}")


def damaged(message: str, damage: str) -> Trouble:
    """What CHECK says after such a command."""
    return Trouble(message, CHECK, f"{limited(**LIMITS)}\n{ADDED}; {damage}")


BANDWIDTH_TROUBLES = (
    refused("... without ...; `...` says how many bits at once", ingressRate=8000),
    refused("... without ...; `...` says how many bits a second", egressBurst=8000),
    refused("... is too low; the least is 8 bits", ingressRate=7, ingressBurst=8000),
    refused("... is too large; it must be below", ingressRate=8, ingressBurst=1 << 36),
    refused("invalid latency ...; it can be 1 to", latency=0),
    refused("both shapedSubnets and", shapedSubnets=["10.0.0.0/8"], unshapedSubnets=["::/0"]),
    damaged("... is not limited; ...", f"tc qdisc del dev {OUTER} root"),
    damaged("... is limited otherwise at", f"tc qdisc change dev {OUTER} root tbf rate 1mbit burst 9000 limit 9000"),
    damaged("the device '...' is gone", f"ip link delete dev {DEVICE}"),
    damaged("no filter at '...' leads to", f"tc filter del dev {OUTER} ingress"),
)

# As IN_THE_CODE; tests/plugins/bandwidth brings them about.
BANDWIDTH_IN_THE_CODE = (
    "a burst of ... bits lets no larger packet pass",
    "prevResult has no interface to limit",
    "interface '...' is no veth; it is a ...; only",
    "the container has no interface '...'; in",
    "the other end of '...' is not on this host",
    "the host's end of '...' is '...', which prevResult does not have",
    "the host's end '...' has a queue of somebody else's",
    "somebody else redirects what the container sends",
    "the host has a link '...' already",
    "this kernel knows no ifb",
    "this kernel has no ...; load it",
    "... is limited at '...', and should not be",
    "the device '...' is down",
)
