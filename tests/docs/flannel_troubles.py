"""The same for plugin flannel."""

from __future__ import annotations

from typing import Any

from docs.troubles import ADD, ADDED, CHECK, Trouble, network

SUBNET = "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.17.1/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=true"


def daemon(lines: str = SUBNET) -> str:
    """What flannel's daemon writes."""
    return f"cat >/run/flannel/subnet.env <<'END'\n{lines}\nEND"


def flannel(**fields: Any) -> str:
    """A flannel network."""
    return network({"type": "flannel", **fields})


FLANNEL_TROUBLES = (
    Trouble("there is no ...; flannel's daemon", ADD, flannel(), f"{daemon()}\n{ADD}"),
    Trouble("... says no subnet", ADD, f"{flannel()}\n{daemon('FLANNEL_MTU=1472')}", f"{daemon()}\n{ADD}"),
    Trouble(
        "`...` is not for the network",
        ADD,
        f"{flannel(delegate={'ipam': {}})}\n{daemon()}",
        f"{flannel(ipam={})}\n{ADD}",
    ),
    Trouble(
        "it is not known how this container was attached",
        CHECK,
        f"{flannel()}\n{daemon()}\n{ADDED}; rm -r /var/lib/cni/flannel",
    ),
)

# As IN_THE_CODE.
FLANNEL_IN_THE_CODE = (  # tests/plugins/flannel
    "there is no way to know what to detach",
    "nothing is attached, and '...' would not",
)
