"""Kernel switches that several plugins set: forwarding on the host, IPv6 and announcements on a link."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace

FORWARDING = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}


def enable_forwarding(host: Namespace, version: int) -> None:
    """Have the host route for this family; a switch that is on is not written again."""
    if host.read_sysctl(FORWARDING[version]) != "1":
        host.write_sysctl(FORWARDING[version], "1")


def ensure_ipv6(namespace: Namespace, name: str) -> None:
    """IPv6 on for this link, where an image, a runtime or an administrator has it off."""
    key = disable_ipv6_key(name)
    if namespace.read_sysctl(key) != "0":
        namespace.write_sysctl(key, "0")


def announce_addresses(namespace: Namespace, name: str) -> None:
    """Have the link tell its neighbours whose its addresses are when it comes up: another may have had them before."""
    for key in (f"net/ipv4/conf/{name}/arp_notify", f"net/ipv6/conf/{name}/ndisc_notify"):
        namespace.prefer_sysctl(key, "1")


def disable_ipv6_key(name: str) -> str:
    """The IPv6 switch of a link."""
    return f"net/ipv6/conf/{name}/disable_ipv6"
