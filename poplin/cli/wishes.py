"""What the command line wants for a container beyond a connection: ports, addresses, a MAC, bandwidth, names, labels.

    option       capability     a network without it
    --publish    portMappings   gets none; if no network has it, that is an error
    --bandwidth  bandwidth      likewise
    --ip         ips            `args.cni.ips`, which address plugins read too (CONVENTIONS.md)
    --mac        mac            `args.cni.mac`
    --alias      aliases        gets none; if no network has it, that is an error
    --name       none           K8S_POD_NAME of CNI_ARGS, as Kubernetes and podman have it
    --label      none           `args.cni.labels`

They stand beside what CAP_ARGS says, and over it where there can be only one.
"""

from __future__ import annotations

import argparse
from argparse import ArgumentTypeError
from collections.abc import Sequence
from dataclasses import replace

from poplin.cli import bandwidth as bandwidths
from poplin.cli import publish
from poplin.linux.wire.link import format_mac, parse_mac
from poplin.plugins.dnsname.names import NAME
from poplin.runtime import Attachment, NetworkList
from poplin.runtime.published import CAPABILITY as PORT_MAPPINGS
from poplin.spec.address import parse_ip_or_prefix
from poplin.spec.arguments import IGNORE_UNKNOWN
from poplin.spec.errors import InvalidConfig
from poplin.spec.names import is_host_name

# The plugin to add to a network for a capability nobody declares.
SUGGESTIONS = {
    PORT_MAPPINGS: '{"type": "portmap", "capabilities": {"portMappings": true}}',
    "bandwidth": '{"type": "bandwidth", "capabilities": {"bandwidth": true}}',
    "aliases": '{"type": "dnsname", "capabilities": {"aliases": true}}',
}


def add_wishes(parser: argparse.ArgumentParser) -> None:
    """The options; all but --bandwidth and --name may be repeated."""
    group = parser.add_argument_group("what the container gets")
    group.add_argument(
        "-p",
        "--publish",
        metavar="PORTS",
        type=publish.published_port,
        action="append",
        default=[],
        help=f"a port of the host that leads to one of the container: {publish.SYNTAX}",
    )
    group.add_argument(
        "--ip",
        metavar="[NETWORK=]ADDRESS",
        type=address,
        action="append",
        default=[],
        help="an address, as 10.22.0.5; NETWORK says which of several is to give it",
    )
    group.add_argument(
        "--mac",
        metavar="[NETWORK=]MAC",
        type=mac,
        action="append",
        default=[],
        help="of the interface, as 02:00:00:00:00:05",
    )
    group.add_argument("--bandwidth", metavar="LIMITS", type=bandwidths.bandwidth, help=bandwidths.SYNTAX)
    group.add_argument("--name", metavar="NAME", type=host_name, help="by which the networks' others find it")
    group.add_argument(
        "--alias", metavar="NAME", type=host_name, action="append", default=[], help="another name of this kind"
    )
    group.add_argument(
        "--label", metavar="KEY=VALUE", type=label, action="append", default=[], help="for plugins that go by labels"
    )


# What an argument may be.


def address(text: str) -> tuple[str, str]:
    """(network or empty, address or prefix)."""
    network, _, value = text.rpartition("=")
    try:
        parse_ip_or_prefix(value)
    except ValueError as error:
        raise ArgumentTypeError(f"{error}; write an address, as 10.22.0.5 or 10.22.0.5/16") from None
    return network, value


def mac(text: str) -> tuple[str, str]:
    """(network or empty, MAC)."""
    network, _, value = text.rpartition("=")
    try:
        return network, format_mac(parse_mac(value))
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def host_name(text: str) -> str:
    """A name that can be looked up."""
    if not is_host_name(text):
        raise ArgumentTypeError(f"{text!r} is no host name; write letters, digits and hyphens, as web or db-1")
    return text


def label(text: str) -> tuple[str, str]:
    """(key, value)."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ArgumentTypeError(f"{text!r} is no label; write KEY=VALUE")
    return key, value


# Granting them.


def grant(
    networks: Sequence[NetworkList], attachments: Sequence[Attachment], wishes: argparse.Namespace
) -> list[Attachment]:
    """The attachments, one for each network, with what was wished. Raises InvalidConfig for what nobody can give."""
    for capability, is_wanted in (
        (PORT_MAPPINGS, wishes.publish),
        ("bandwidth", wishes.bandwidth),
        ("aliases", wishes.alias),
    ):
        if is_wanted:
            require_capability(networks, capability)
    for option in ("ip", "mac"):
        require_network(networks, option, [name for name, _ in getattr(wishes, option)])
    return [grant_one(*pair, wishes) for pair in zip(networks, attachments, strict=True)]


def grant_one(network: NetworkList, attachment: Attachment, wishes: argparse.Namespace) -> Attachment:
    """One network's part."""
    declared = {name for plugin in network.plugins for name in plugin.capabilities}
    capability_args, config_args = dict(attachment.capability_args), dict(attachment.config_args)
    if wishes.publish and PORT_MAPPINGS in declared:
        append(capability_args, PORT_MAPPINGS, wishes.publish)
    if wishes.bandwidth and "bandwidth" in declared:
        capability_args["bandwidth"] = wishes.bandwidth
    if wishes.alias and "aliases" in declared:
        capability_args["aliases"] = add_aliases(capability_args.get("aliases"), network.name, wishes.alias)
    if addresses := [value for name, value in wishes.ip if name in ("", network.name)]:
        append(capability_args if "ips" in declared else config_args, "ips", addresses)
    for name, value in wishes.mac:
        if name in ("", network.name):
            (capability_args if "mac" in declared else config_args)["mac"] = value
    if wishes.label:
        config_args["labels"] = [{"key": key, "value": value} for key, value in wishes.label]
    args = name_container(attachment.args, wishes.name) if wishes.name else attachment.args
    return replace(attachment, args=args, capability_args=capability_args, config_args=config_args)


def name_container(args: Sequence[tuple[str, str]], name: str) -> tuple[tuple[str, str], ...]:
    """CNI_ARGS with this name; plugins that know no names are to let it pass."""
    others = [pair for pair in args if pair[0] not in (NAME, IGNORE_UNKNOWN)]
    return ((IGNORE_UNKNOWN, "1"), *others, (NAME, name))


def add_aliases(given: object, network: str, names: list[str]) -> dict[str, object]:
    """Each network has a list of its own."""
    lists: dict[str, object] = dict(given) if isinstance(given, dict) else {}
    append(lists, network, names)
    return lists


def append(values: dict[str, object], key: str, more: Sequence[object]) -> None:
    """Put `more` after what is in the list already."""
    given = values.get(key, [])
    values[key] = [*(given if isinstance(given, list) else [given]), *more]


def require_capability(networks: Sequence[NetworkList], capability: str) -> None:
    """Raises InvalidConfig, with what to add, if none of the networks has it."""
    if any(capability in plugin.capabilities for network in networks for plugin in network.plugins):
        return
    names = ", ".join(repr(network.name) for network in networks) or "none at all"
    raise InvalidConfig(
        f"none of {names} has the capability {capability}",
        f'add {SUGGESTIONS[capability]} to the "plugins" of its .conflist; a .conf of one plugin becomes a .conflist '
        "of two",
    )


def require_network(networks: Sequence[NetworkList], option: str, names: Sequence[str]) -> None:
    """Raises InvalidConfig for a value that nobody gets, or that several networks would."""
    known = [network.name for network in networks]
    for name in names:
        if name and name not in known:
            raise InvalidConfig(f"--{option} is for network {name!r}, which is none of these", ", ".join(known))
        if not name and len(known) != 1:
            which = f"{known[0]}=" if known else "NETWORK="
            raise InvalidConfig(
                f"--{option} must say for which of {len(known)} networks", f"write --{option} {which}..."
            )
