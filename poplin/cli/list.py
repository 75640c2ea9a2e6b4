"""Show what is connected: networks, containers, interfaces, addresses, ports, and where the kernel differs from the
record.

--json prints {"version": 1, "attachments": [{"network", "containerID", "ifname", "netns", "alive", "interfaces":
[{"name", "place": "host" or "container", "mac", "present", "bridge"}], "addresses": [{"address", "present"}], "ports":
[{"hostIP", "hostPort", "protocol", "containerPort", "present": true or false or null}], "drift": [text]}],
"unrecorded": [{"link", "network", "containerID", "ifname"}]}; null is what nobody can tell. With --networks it is
{"version": 1, "networks": [{"network", "cniVersion", "plugins": [type]}], "unread": [{"code", "msg", "details"?}]}.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import poplin.runtime as cni
from poplin.cli import failure
from poplin.cli.dot import graph
from poplin.cli.drawing import draw
from poplin.cli.settings import network_folder
from poplin.cli.table import tabulate
from poplin.cli.tree import grow
from poplin.runtime.survey import SeenLink
from poplin.spec.jsontext import dumps

View = Callable[[list[cni.SeenAttachment]], list[str]]
VIEWS: dict[str, tuple[View, str]] = {
    "tree": (grow, "networks, containers and what each has (the default)"),
    "table": (tabulate, "a line for each attachment, for grep and awk"),
    "drawing": (draw, "bridges, cables and containers"),
    "dot": (graph, "a graph for Graphviz"),
}
UNRECORDED = "on no record"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin list`."""
    parser.add_argument("names", metavar="NETWORK", nargs="*", help="only these networks")
    view = parser.add_mutually_exclusive_group()
    for name, (_, help_text) in VIEWS.items():
        view.add_argument(f"--{name}", dest="view", action="store_const", const=name, help=help_text)
    view.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--networks", action="store_true", help="the networks that are configured, attached or not")


def run(options: argparse.Namespace) -> int:
    """`poplin list`."""
    if options.networks:
        return list_networks(options)
    cache = cni.Cache()
    seen = cni.survey(cache)
    attachments = [item for item in seen.attachments if item.network in options.names or not options.names]
    unrecorded = [link for link in seen.unrecorded if split_key(link)["network"] in options.names or not options.names]
    if options.json:
        links = [split_key(link) for link in unrecorded]
        print(dumps({"version": 1, "attachments": list(map(as_object, attachments)), "unrecorded": links}, 2))
        return 0
    view, _ = VIEWS[options.view or "tree"]
    if attachments or options.view == "dot":
        print("\n".join(view(attachments)))
    else:
        where = f" to {' or '.join(options.names)}" if options.names else ""
        print(f"nothing is connected{where}, as far as {cache.results} knows")
    for link in unrecorded:
        print(f"link {link.name} is of {link.key}, which is {UNRECORDED} in {cache.results}", file=sys.stderr)
    return 0


def list_networks(options: argparse.Namespace) -> int:
    """`poplin list --networks`: their names, for people and for completion."""
    unread: list[cni.CNIError] = []
    found = cni.load_all(network_folder(), unread.append)
    networks = [each for each in found if each.name in options.names or not options.names]
    if options.json:
        objects = [
            {"network": each.name, "cniVersion": each.version, "plugins": [plugin.type for plugin in each.plugins]}
            for each in networks
        ]
        print(dumps({"version": 1, "networks": objects, "unread": list(map(failure.as_object, unread))}, 2))
    else:
        print("".join(f"{each.name}\n" for each in networks), end="")
    return max([0, *(failure.report(error, "poplin list") for error in unread)])


# For --json.


def as_object(item: cni.SeenAttachment) -> dict[str, object]:
    """One attachment."""
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
    ports = [
        {
            "hostIP": port.host_ip,
            "hostPort": port.host_port,
            "protocol": port.protocol,
            "containerPort": port.container_port,
            "present": port.is_present,
        }
        for port in item.ports
    ]
    return {
        "network": item.network,
        "containerID": item.attachment.container_id,
        "ifname": item.attachment.ifname,
        "netns": item.attachment.netns,
        "alive": item.is_alive,
        "interfaces": interfaces,
        "addresses": [{"address": address.text, "present": address.is_present} for address in item.addresses],
        "ports": ports,
        "drift": item.drift,
    }


def split_key(link: SeenLink) -> dict[str, str]:
    """A link that is on no record."""
    network, container_id, ifname = link.key.split("/")
    return {"link": link.name, "network": network, "containerID": container_id, "ifname": ifname}
