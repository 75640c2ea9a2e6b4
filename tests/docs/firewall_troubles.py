"""The same for plugin firewall."""

from __future__ import annotations

from typing import Any

from docs.troubles import ADD, ADDED, BRIDGE, CHECK, WELL, Trouble, network


def firewalled(*before: dict[str, Any], **fields: Any) -> str:
    """A network whose containers are let through."""
    return network(*(before or (BRIDGE,)), {"type": "firewall", "backend": "nftables", **fields})


FIREWALL_TROUBLES = (
    Trouble("unknown ingressPolicy", ADD, firewalled(ingressPolicy="closed"), f"{firewalled()}\n{ADD}"),
    Trouble("invalid iptablesAdminChainName", ADD, firewalled(iptablesAdminChainName="my rules"), f"{WELL}\n{ADD}"),
    Trouble(
        "iptablesAdminChainName '...' is the name",
        ADD,
        firewalled(iptablesAdminChainName="forward"),
        f"{firewalled(iptablesAdminChainName='Forward')}\n{ADD}",
    ),
    Trouble(
        "... is missing from set ... of table", CHECK, f"{firewalled()}\n{ADDED}; nft flush set inet poplin allowed4"
    ),
    Trouble(
        "the rule that lets our packets pass is missing",
        CHECK,
        f"iptables -P FORWARD DROP; {firewalled()}\n{ADDED}; iptables -F FORWARD",
    ),
    Trouble(
        "firewalld is not running",
        ADD,
        f"export DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent; {firewalled(backend='firewalld')}",
        f"{firewalled(backend='')}\n{ADD}",
    ),
)

# As IN_THE_CODE; tests/plugins/firewall and tests/plugins/kit/test_passage.py bring them about.
FIREWALL_IN_THE_CODE = (
    "prevResult has no interfaces",
    "the first interface of prevResult has the name",
    "the filter table of ... may drop what is allowed here",
    "the filter table of ... was written with nft",
    "firewalld does not take",
    "firewalld does not have",
    "cannot ask the system bus for firewalld",
)
