"""What plugins need around them: the configurations of the types there are, and links and files on their host.

In a text `{n}` is the number of the container, from 2; a text that is nothing but `{n}` becomes a number.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from errno import EOPNOTSUPP
from pathlib import Path
from typing import Any

from poplin.conformance.rule import CHAINED, INTERFACE, IPAM
from poplin.linux.netlink import NetlinkError, nest, text_attribute
from poplin.linux.netns import Namespace
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.link import IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, add_link, set_link
from poplin.linux.wire.veth import add_veth
from poplin.spec.address import parse_prefix

Prepare = Callable[[int], None]  # for the container of this number; 0 once before the first

SUBNET = "10.222.0.0/24"
UPLINK = "up0"
UPLINK_ADDRESS = "192.0.2.1/24"
FLANNEL_FILE = "/run/flannel/subnet.env"
FLANNEL_TEXT = "FLANNEL_NETWORK=10.222.0.0/16\nFLANNEL_SUBNET=10.222.7.1/24\nFLANNEL_MTU=1400\nFLANNEL_IPMASQ=false\n"


def make_uplink(number: int) -> None:
    """A link of the host that leads somewhere."""
    if number == 0:
        make_link(UPLINK, "far0", UPLINK_ADDRESS)


def make_device(number: int) -> None:
    """A device for each container."""
    if number:
        make_link(f"dev{number}", f"far{number}")


def write_subnet(number: int) -> None:
    """What flanneld would write."""
    if number == 0:
        Path(FLANNEL_FILE).parent.mkdir()
        Path(FLANNEL_FILE).write_text(FLANNEL_TEXT)


def make_link(name: str, far: str, address: str = "") -> None:
    """A veth pair, both ends on the host and up."""
    with Namespace() as host:
        host.rtnl.apply(add_veth(name, far, host.fd), set_link(name, up=True), set_link(far, up=True))
        if address:
            host.rtnl.apply(add_address(name, host.rtnl.get_link(name).index, parse_prefix(address)))


@dataclass(frozen=True)
class Surroundings:
    """The keys of a plugin's configuration, and what is made on the host before it is called.

    `before` are plugins that must have been called, where an interface alone is not enough for a chained one.
    `link_kind` is what the kernel must know for it, and `lacks` says what is not to be had here, so that its ADD cannot
    be tried.
    """

    kind: str
    config: Mapping[str, Any]
    prepare: Sequence[Prepare] = ()
    ifname: str = "eth0"
    args: str = ""
    link_kind: str = ""
    lacks: str = ""
    before: Sequence[Mapping[str, Any]] = ()


def with_addresses(keys: Mapping[str, Any], *prepare: Prepare, link_kind: str = "") -> Surroundings:
    """A plugin that makes an interface and asks host-local for its address."""
    return Surroundings(INTERFACE, {**keys, "ipam": IPAM_OBJECT}, prepare, link_kind=link_kind)


def chained(keys: Mapping[str, Any]) -> Surroundings:
    """A plugin that works on what others made."""
    return Surroundings(CHAINED, keys)


ROUTES = [{"dst": "198.51.100.0/24", "gw": "10.222.0.1"}]
IPAM_OBJECT = {"type": "host-local", "ranges": [[{"subnet": SUBNET}]], "routes": ROUTES}
BRIDGE = {"type": "bridge", "bridge": "conf0", "isGateway": True, "ipam": IPAM_OBJECT}
PORTS = [{"hostPort": "{n}", "containerPort": 80, "protocol": "tcp"}]
RATES = {"ingressRate": 8_000_000, "ingressBurst": 800_000, "egressRate": 8_000_000, "egressBurst": 800_000}
NEEDS_SERVER = "it needs its daemon and a DHCP server: what can be seen without them is judged"

# Every type that somebody ships, by its name.
TYPES = {
    "bandwidth": chained(RATES),
    "bridge": with_addresses({**BRIDGE, "ipMasq": True}),
    "dhcp": Surroundings(IPAM, {}, lacks=NEEDS_SERVER),
    "dnsname": Surroundings(
        CHAINED, {"domainName": "conf.test"}, args="IgnoreUnknown=1;K8S_POD_NAME=web", before=(BRIDGE,)
    ),
    "dummy": with_addresses({}, link_kind="dummy"),
    "firewall": chained({}),
    "flannel": Surroundings(INTERFACE, {"delegate": {"bridge": "conf0", "isGateway": True}}, (write_subnet,)),
    "host-device": with_addresses({"device": "dev{n}"}, make_device),
    "host-local": Surroundings(IPAM, {"ranges": [[{"subnet": SUBNET}]]}),
    "ipvlan": with_addresses({"master": UPLINK}, make_uplink, link_kind="ipvlan"),
    "loopback": Surroundings(INTERFACE, {}, ifname="lo"),
    "macvlan": with_addresses({"master": UPLINK}, make_uplink),
    "portmap": chained({"runtimeConfig": {"portMappings": PORTS}}),
    "ptp": with_addresses({"ipMasq": True}),
    "sbr": chained({}),
    "static": Surroundings(IPAM, {"addresses": [{"address": "10.222.0.{n}/24", "gateway": "10.222.0.1"}]}),
    "tap": with_addresses({}),
    "tuning": chained({"sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"}, "mtu": 1400}),
    "vlan": with_addresses({"master": UPLINK, "vlanId": "{n}"}, make_uplink, link_kind="vlan"),
    "vrf": Surroundings(CHAINED, {"vrfname": "red"}, link_kind="vrf"),
}
OF_KIND = {INTERFACE: with_addresses({}), IPAM: Surroundings(IPAM, {}), CHAINED: chained({})}


def fill(config: Mapping[str, Any], number: int) -> dict[str, Any]:
    """The configuration for the container of this number."""
    text = json.dumps(config).replace('"{n}"', str(number)).replace("{n}", str(number))
    filled: dict[str, Any] = json.loads(text)
    return filled


def find_lack(surroundings: Surroundings) -> str:
    """What the kernel of this machine does not have, and may not load for us; empty if all is there."""
    kind = surroundings.link_kind
    if not kind or surroundings.lacks:
        return surroundings.lacks
    attributes = text_attribute(IFLA_IFNAME, "trial") + nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, kind))
    with Namespace() as host:
        try:
            host.rtnl.apply(add_link(attributes, f"ip link add trial type {kind}"))
            host.rtnl.remove_link("trial")
        except NetlinkError as error:
            if error.errno == EOPNOTSUPP:
                return f"it needs links of kind {kind}, which this kernel does not know"
    return ""
