"""Attachments as a table, a line each, for `grep` and `awk`.

NETWORK  CONTAINER  INTERFACE  ADDRESSES     LINK          BRIDGE  PORTS         NAMESPACE        STATE
mynet    c1         eth0       10.22.0.2/16  vethc0ffee00  cni0    8080->80/tcp  /run/netns/blue  ok

There is no empty column: what an attachment does not have is `-`. STATE is `ok`, `drift` or `gone`.
"""

from __future__ import annotations

from collections.abc import Iterable

from poplin.runtime import SeenAttachment

HEADS = ("NETWORK", "CONTAINER", "INTERFACE", "ADDRESSES", "LINK", "BRIDGE", "PORTS", "NAMESPACE", "STATE")
NOTHING = "-"
GAP = "  "


def tabulate(seen: list[SeenAttachment]) -> list[str]:
    """Lines, the heads first."""
    rows = [HEADS, *map(make_row, seen)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return [GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def make_row(item: SeenAttachment) -> tuple[str, ...]:
    """One attachment's cells."""
    bridge = item.bridge.name if item.bridge else ""
    links = [end.name for end in item.interfaces if not end.in_container and end.name != bridge]
    cells = (
        item.network,
        item.attachment.container_id,
        item.attachment.ifname,
        join(address.text for address in item.addresses),
        join(links),
        bridge,
        join(map(str, item.ports)),
        item.attachment.netns,
        state(item),
    )
    return tuple(cell or NOTHING for cell in cells)


def join(texts: Iterable[str]) -> str:
    """One word of several."""
    return ",".join(texts)


def state(item: SeenAttachment) -> str:
    """Of the container first: what is gone has drifted in every way."""
    return "gone" if not item.is_alive else "drift" if item.drift else "ok"
