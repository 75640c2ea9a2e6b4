"""Attachments as a tree: networks, their containers, and what each has.

    mynet
    ├── c1  eth0 10.22.0.2/16  /run/netns/blue
    │   ├── vethc0ffee00 on cni0
    │   └── 8080->80/tcp
    └── c2  eth0 10.22.0.3/16  /run/netns/red
        ├── vethdeadbeef on cni0
        └── ✗ address 10.22.0.3/16 is missing on eth0

What has drifted has a cross.
"""

from __future__ import annotations

from itertools import groupby

from poplin.runtime import SeenAttachment, SeenInterface

CROSS = "✗"
Branch = tuple[str, list["Branch"]]


def grow(seen: list[SeenAttachment]) -> list[str]:
    """Lines, network by network."""
    lines: list[str] = []
    for network, items in groupby(seen, key=lambda item: item.network):
        lines += [network, *draw_branches([(tell(item), [(leaf, []) for leaf in leaves(item)]) for item in items])]
    return lines


def tell(item: SeenAttachment) -> str:
    """Container, interface, addresses, namespace."""
    addresses = ", ".join(address.text for address in item.addresses) or "no address"
    attachment = item.attachment
    return f"{attachment.container_id}  {attachment.ifname} {addresses}  {attachment.netns or 'no namespace'}"


def leaves(item: SeenAttachment) -> list[str]:
    """What an attachment has: links on the host, ports, drift."""
    bridge = item.bridge.name if item.bridge else ""
    links = [tell_link(end) for end in item.interfaces if not end.in_container and end.name != bridge]
    drift = [f"{CROSS} {text}" for text in item.drift]
    return [*links, *map(str, item.ports), *drift]


def tell_link(end: SeenInterface) -> str:
    """A link on the host, and the bridge it is a port of."""
    return f"{end.name} on {end.master}" if end.master else end.name


def draw_branches(branches: list[Branch]) -> list[str]:
    """Lines with the strokes of a tree before them."""
    lines: list[str] = []
    for branch in branches:
        is_last = branch is branches[-1]
        lines.append(("└── " if is_last else "├── ") + branch[0])
        lines += [("    " if is_last else "│   ") + line for line in draw_branches(branch[1])]
    return lines
