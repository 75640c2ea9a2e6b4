"""Attachments as a graph for Graphviz: `poplin list --dot | dot -Tsvg > networks.svg`.

A network is a box, a bridge and each container a node in it, a veth pair the edge between them. What is missing or has
drifted is red.
"""

from __future__ import annotations

from itertools import groupby

from poplin.runtime import SeenAttachment

HEAD = ["graph poplin {", "  rankdir=LR;", '  node [shape=box, fontname="sans-serif"];']
BAD = ', color="red", fontcolor="red"'


def graph(seen: list[SeenAttachment]) -> list[str]:
    """Lines of the DOT language."""
    lines = list(HEAD)
    for network, items in groupby(seen, key=lambda item: item.network):
        lines += [f"  subgraph {quote(f'cluster_{network}')} {{", f"    label={quote(network)};"]
        for item in items:
            lines += [f"    {line}" for line in draw(item)]
        lines.append("  }")
    return [*lines, "}"]


def draw(item: SeenAttachment) -> list[str]:
    """A container's node, that of its bridge, and the edge between them; without a bridge, the host is the other."""
    name = f"{item.network}/{item.attachment.container_id}/{item.attachment.ifname}"
    texts = [item.attachment.container_id, item.attachment.ifname, *(address.text for address in item.addresses)]
    label = "\n".join([*texts, *map(str, item.ports), *item.drift])
    bridge = item.bridge.name if item.bridge else ""
    is_missing = item.bridge is not None and not item.bridge.is_present
    other = f"{item.network}//{bridge or 'host'}"
    links = [end for end in item.interfaces if not end.in_container and end.name != bridge]
    is_cut = bool(bridge) and not any(end.is_present for end in links)
    lines = [f"{quote(name)} [label={quote(label)}{BAD if item.drift else ''}];"]
    if not bridge and not links:
        return lines
    shown = f"bridge {bridge}" if bridge else "host"
    lines.append(f"{quote(other)} [label={quote(shown)}, shape=ellipse{BAD if is_missing else ''}];")
    edge = ", ".join(end.name for end in links)
    lines.append(f"{quote(other)} -- {quote(name)} [label={quote(edge)}{BAD if is_cut else ''}];")
    return lines


def quote(text: str) -> str:
    """A string of DOT: quotes and backslashes escaped, lines broken."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + escaped.replace("\n", "\\n") + '"'
