"""Show what is connected: networks, containers, interfaces, addresses, and where the kernel differs from the record.

--json prints {"version": 1, "attachments": [{"network", "containerID", "ifname", "netns", "alive", "interfaces":
[{"name", "place": "host" or "container", "mac", "present", "bridge"}], "addresses": [{"address", "present"}],
"drift": [text]}]}.
"""

from __future__ import annotations

import argparse

from poplin.cli.drawing import draw
from poplin.runtime.cache import Cache
from poplin.runtime.survey import SeenAttachment, survey
from poplin.spec.jsontext import dumps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin list`."""
    view = parser.add_mutually_exclusive_group()
    view.add_argument("--json", action="store_true", help="for programs")
    view.add_argument("--drawing", action="store_true", help="bridges, cables and containers")


def run(options: argparse.Namespace) -> int:
    """`poplin list`."""
    cache = Cache()
    seen = survey(cache)
    if options.json:
        print(dumps({"version": 1, "attachments": [as_object(item) for item in seen]}, 2))
    elif not seen:
        print(f"nothing is connected, as far as {cache.results} knows")
    else:
        print("\n".join(draw(seen) if options.drawing else tell(seen)))
    return 0


def as_object(item: SeenAttachment) -> dict[str, object]:
    """One attachment for --json."""
    interfaces = [
        {
            "name": end.name,
            "place": "container" if end.in_container else "host",
            "mac": end.mac,
            "present": end.is_present,
            "bridge": end.master,
        }
        for end in item.interfaces
    ]
    return {
        "network": item.network,
        "containerID": item.attachment.container_id,
        "ifname": item.attachment.ifname,
        "netns": item.attachment.netns,
        "alive": item.is_alive,
        "interfaces": interfaces,
        "addresses": [{"address": address.text, "present": address.is_present} for address in item.addresses],
        "drift": item.drift,
    }


def tell(seen: list[SeenAttachment]) -> list[str]:
    """Lines: a network, below it its containers, below each what has drifted."""
    lines: list[str] = []
    network = ""
    for item in seen:
        if item.network != network:
            network = item.network
            lines.append(network)
        outer = ", ".join(end.name for end in item.interfaces if not end.in_container)
        addresses = ", ".join(address.text for address in item.addresses)
        parts = [item.attachment.ifname, addresses or "no address", outer, item.attachment.netns]
        lines.append(f"  {item.attachment.container_id}  " + "  ".join(filter(None, parts)))
        lines += [f"    drift: {text}" for text in item.drift]
    return lines
