"""The link that all containers of the network are on, whose addresses are the name servers'."""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.address import IP
    from poplin.spec.result import Result

EACH_ITS_OWN = "veth"


def get_bridge(host: Namespace, result: Result, addresses: list[IP]) -> Link:
    """The host's first interface of the result; results before 0.3.0 have none, so what leads to the container.
    Raises InvalidConfig."""
    name = next((each.name for each in result.interfaces if not each.sandbox), "")
    link = host.rtnl.find_link(name) if name else find_way(host, addresses)
    if link is None:
        what = f"{name!r} is not there" if name else "the result has no interface on the host"
        raise InvalidConfig("there is no bridge that the containers are on", f"{what}; dnsname goes behind bridge")
    if link.kind == EACH_ITS_OWN:
        raise InvalidConfig(f"{name!r} is no bridge but one container's own", "dnsname goes behind bridge")
    return link


def find_way(host: Namespace, addresses: list[IP]) -> Link | None:
    """The link over which the host reaches the container; none if there is a router between them."""
    route = host.rtnl.find_route_to(addresses[0]) if addresses else None
    return host.rtnl.find_link_by_index(route.index) if route and route.gw is None else None


def get_servers(host: Namespace, bridge: Link) -> list[IP]:
    """Its addresses that containers can ask. Raises InvalidConfig."""
    servers = [each.prefix.ip for each in host.rtnl.list_addresses(bridge.index) if each.is_global]
    if not servers:
        raise InvalidConfig(f"{bridge.name!r} has no address to answer at", 'write "isGateway": true for bridge')
    return servers
