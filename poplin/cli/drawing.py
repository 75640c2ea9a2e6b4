"""Attachments as a drawing: a bridge, its cables, and what hangs on them.

    mynet
    [bridge cni0]
     ├── veth1a2b3c4d ════ eth0 10.22.0.2/16 8080->80/tcp  (c1 /run/netns/blue)
     └── ✗ veth5e6f7a8b missing ════ eth0 10.22.0.3/16  (c2 /run/netns/red)
           ✗ interface veth5e6f7a8b is missing on the host

What is on record and not in the kernel has a cross and the word missing.
"""

from __future__ import annotations

from itertools import groupby

from poplin.cli.tree import CROSS
from poplin.runtime import SeenAttachment, SeenInterface

CABLE = " ════ "


def draw(seen: list[SeenAttachment]) -> list[str]:
    """Lines, network by network, and within one bridge by bridge."""
    lines: list[str] = []
    for network, items in groupby(seen, key=lambda item: item.network):
        lines.append(network)
        by_bridge = sorted(items, key=lambda item: (name_bridge(item), item.attachment.identity))
        for bridge, ports in groupby(by_bridge, key=name_bridge):
            lines.append(f"[{bridge}]" if bridge else "[no bridge]")
            lines += draw_ports(list(ports))
        lines.append("")
    return lines[:-1]


def name_bridge(item: SeenAttachment) -> str:
    """What the drawing calls the bridge."""
    if item.bridge is None:
        return ""
    name = f"bridge {item.bridge.name}"
    return name if item.bridge.is_present else mark(name)


def draw_ports(items: list[SeenAttachment]) -> list[str]:
    """One line for each container, and one for each thing that has drifted."""
    lines: list[str] = []
    for item in items:
        is_last = item is items[-1]
        lines.append((" └── " if is_last else " ├── ") + draw_attachment(item))
        lines += [("     " if is_last else " │   ") + f"  {CROSS} {text}" for text in item.drift]
    return lines


def draw_attachment(item: SeenAttachment) -> str:
    """Host end, cable, container end, addresses, container."""
    bridge = item.bridge.name if item.bridge else ""
    outer = [draw_end(end) for end in item.interfaces if not end.in_container and end.name != bridge]
    inner = [draw_end(end) for end in item.interfaces if end.in_container]
    if bridge and not outer:
        outer = [mark("veth")]  # nobody recorded its name
    ends = [" ".join(side) for side in (outer, inner) if side]
    addresses = [at.text if at.is_present else mark(at.text) for at in item.addresses]
    ports = [mark(str(port)) if port.is_present is False else str(port) for port in item.ports]
    container = f"({item.attachment.container_id} {item.attachment.netns or 'no namespace'})"
    owner = container if item.is_alive else mark(container)
    return " ".join([CABLE.join(ends), *addresses, *ports]) + f"  {owner}"


def draw_end(end: SeenInterface) -> str:
    """The interface's name."""
    return end.name if end.is_present else mark(end.name)


def mark(text: str) -> str:
    """What should be there and is not."""
    return f"{CROSS} {text} missing"
