"""The programs that have to be there: the daemons behind dhcp and flannel, and what dnsname starts."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator

from poplin.doctor.configured import FLANNEL, Configured
from poplin.doctor.finding import ERROR, Finding, command, name_all, plain_path
from poplin.doctor.place import Place
from poplin.plugins.dhcp.protocol import SOCKET
from poplin.plugins.dnsname.server import PACKAGE, find_missing
from poplin.plugins.flannel.settings import Settings as FlannelSettings
from poplin.plugins.flannel.subnet import read_subnet
from poplin.spec.errors import CNIError, PluginNotAvailable
from poplin.spec.fields import Fields

DHCP, DNSNAME = "dhcp", "dnsname"
UNITS = ("cni-dhcp.socket", "cni-dhcp.service")
UNIT_FOLDERS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
RUNNING_SYSTEMD = "/run/systemd/system"


def examine(place: Place) -> Iterator[Finding]:
    """Whether somebody answers at each socket that networks name, and has written what they read."""
    wanting: dict[str, list[Configured]] = {}
    for network in place.networks:
        if DHCP in network.types:
            wanting.setdefault(find_socket(network), []).append(network)
    for path, networks in wanting.items():
        reason = find_silence(path)
        if isinstance(reason, PermissionError):
            place.note_unseen(reason)
        elif reason:
            text = f"no DHCP daemon answers, of which {name_all([each.name for each in networks])} would have addresses"
            yield Finding(ERROR, text, (f"connect {path}: {reason.strerror or reason}",), start(path))
    yield from find_subnets(place.networks)
    yield from find_nameless(place.networks)


def find_subnets(networks: list[Configured]) -> Iterator[Finding]:
    """flannel networks whose daemon has not said which subnet this host has."""
    for network in networks:
        for plugin in (each for each in network.network.plugins if each.type == FLANNEL):
            try:
                read_subnet(FlannelSettings(network.call(plugin)).subnet_file)
            except PluginNotAvailable as error:
                text = f"flannel's daemon has not said which subnet this host has, which network {network.name} needs"
                yield Finding(ERROR, f"{text}; start it", (" ".join(str(error).split()),))
            except CNIError:  # the settings are wrong, of which the check of configurations tells
                continue


def find_nameless(networks: list[Configured]) -> Iterator[Finding]:
    """Networks whose containers have names, on a host without dnsmasq."""
    wanting = [network.name for network in networks if DNSNAME in network.types]
    missing = find_missing()
    if wanting and missing:
        text = f"there is no dnsmasq, which is to answer names on {name_all(wanting)}"
        yield Finding(ERROR, text, (missing,), command("apt-get", "install", PACKAGE))


def find_socket(network: Configured) -> str:
    """Where the network looks for the daemon."""
    for plugin in network.network.plugins:
        try:
            path = Fields(plugin.source).fields("ipam").text("daemonSocketPath")
        except CNIError:
            continue
        if path:
            return path
    return SOCKET


def find_silence(path: str) -> OSError | None:
    """Why nobody answers; None if somebody does."""
    with socket.socket(socket.AF_UNIX) as descriptor:
        descriptor.settimeout(1)
        try:
            descriptor.connect(path)
        except OSError as error:
            error.filename = path
            return error
    return None


def start(path: str) -> str:
    """The line that starts it: by systemd where that runs and knows it."""
    units = all(any(os.path.exists(f"{folder}/{unit}") for folder in UNIT_FOLDERS) for unit in UNITS)
    if path == SOCKET and units and os.path.isdir(RUNNING_SYSTEMD) and shutil.which("systemctl"):
        return f"systemctl enable --now {' '.join(UNITS)}"
    where = () if path == SOCKET else ("-socketpath", plain_path(path))
    return f"{command('setsid', 'poplin', 'dhcp', 'daemon', *where)} >/dev/null 2>&1 &"
