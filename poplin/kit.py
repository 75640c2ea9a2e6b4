"""What plugins that come without Poplin import: `from poplin.kit import Plugin, main`. docs/kit.md explains each name.

These names and their signatures are kept stable (docs/kit.md says what that means); where they are defined is nobody's
business, and everything else in Poplin may change with any version. A name is loaded when it is asked for, so that a
plugin pays for what it uses and no more.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.files import Files as Files
    from poplin.linux.kernel import Kernel as Kernel
    from poplin.linux.netlink import Request as Request
    from poplin.linux.netns import Namespace as Namespace
    from poplin.linux.nft.elements import Element as Element
    from poplin.linux.nft.elements import Set as Set
    from poplin.linux.nft.kinds import ADDRESS4 as ADDRESS4
    from poplin.linux.nft.kinds import ADDRESS6 as ADDRESS6
    from poplin.linux.nft.kinds import IFNAME as IFNAME
    from poplin.linux.nft.kinds import MAC as MAC
    from poplin.linux.nft.kinds import PORT as PORT
    from poplin.linux.nft.kinds import PROTOCOL as PROTOCOL
    from poplin.linux.rtnl import Rtnl as Rtnl
    from poplin.linux.wire.addr import Address as Address
    from poplin.linux.wire.addr import add_address as add_address
    from poplin.linux.wire.dummy import add_dummy as add_dummy
    from poplin.linux.wire.link import Link as Link
    from poplin.linux.wire.link import set_link as set_link
    from poplin.linux.wire.route import RouteEntry as RouteEntry
    from poplin.linux.wire.route import add_route as add_route
    from poplin.linux.wire.route import append_route as append_route
    from poplin.linux.wire.route import replace_route as replace_route
    from poplin.plugins.kit import ipam as ipam
    from poplin.plugins.kit.attachment import find_host_link as find_host_link
    from poplin.plugins.kit.attachment import link_alias as link_alias
    from poplin.plugins.kit.checks import check_configuration as check_configuration
    from poplin.plugins.kit.checks import check_container_link as check_container_link
    from poplin.plugins.kit.checks import check_host_end as check_host_end
    from poplin.plugins.kit.checks import get_container_interface as get_container_interface
    from poplin.plugins.kit.container import configure_interface as configure_interface
    from poplin.plugins.kit.container import find_container as find_container
    from poplin.plugins.kit.container import open_container as open_container
    from poplin.plugins.kit.container import require_free_name as require_free_name
    from poplin.plugins.kit.device import claim_device as claim_device
    from poplin.plugins.kit.device import delete_device as delete_device
    from poplin.plugins.kit.device import make_device as make_device
    from poplin.plugins.kit.device import remove_device as remove_device
    from poplin.plugins.kit.device import set_up_device as set_up_device
    from poplin.plugins.kit.dns import find_dns as find_dns
    from poplin.plugins.kit.keeping import find_folder as find_folder
    from poplin.plugins.kit.locking import NamespaceLock as NamespaceLock
    from poplin.plugins.kit.mac import find_mac as find_mac
    from poplin.plugins.kit.mtu import read_mtu as read_mtu
    from poplin.plugins.kit.pair import collect_pairs as collect_pairs
    from poplin.plugins.kit.pair import make_pair as make_pair
    from poplin.plugins.kit.pair import remove_pair as remove_pair
    from poplin.plugins.kit.pair import wait_until_operational as wait_until_operational
    from poplin.plugins.kit.previous import get_chained_link as get_chained_link
    from poplin.plugins.kit.previous import list_inside as list_inside
    from poplin.plugins.kit.shell import print_for_shell as print_for_shell
    from poplin.plugins.kit.skel import Plugin as Plugin
    from poplin.plugins.kit.skel import main as main
    from poplin.plugins.kit.skel import note as note
    from poplin.plugins.kit.switches import enable_forwarding as enable_forwarding
    from poplin.plugins.kit.table import Table as Table
    from poplin.plugins.kit.teardown import Teardown as Teardown
    from poplin.plugins.kit.undo import Undo as Undo
    from poplin.spec.address import IP as IP
    from poplin.spec.address import Prefix as Prefix
    from poplin.spec.address import parse_ip as parse_ip
    from poplin.spec.address import parse_prefix as parse_prefix
    from poplin.spec.arguments import parse_arguments as parse_arguments
    from poplin.spec.call import Call as Call
    from poplin.spec.errors import CheckFailed as CheckFailed
    from poplin.spec.errors import CNIError as CNIError
    from poplin.spec.errors import Conflict as Conflict
    from poplin.spec.errors import DecodingFailure as DecodingFailure
    from poplin.spec.errors import InvalidConfig as InvalidConfig
    from poplin.spec.errors import InvalidEnvironment as InvalidEnvironment
    from poplin.spec.errors import IOFailure as IOFailure
    from poplin.spec.errors import KernelRefused as KernelRefused
    from poplin.spec.errors import LimitedConnectivity as LimitedConnectivity
    from poplin.spec.errors import NoAddress as NoAddress
    from poplin.spec.errors import PluginNotAvailable as PluginNotAvailable
    from poplin.spec.errors import TryAgainLater as TryAgainLater
    from poplin.spec.fields import Fields as Fields
    from poplin.spec.result import DNS as DNS
    from poplin.spec.result import Interface as Interface
    from poplin.spec.result import IPConfig as IPConfig
    from poplin.spec.result import Result as Result
    from poplin.spec.result import Route as Route

# Where each is, for those who run; the same for type checkers is above. A test compares the two.
PLACES = {
    "poplin.linux.files": ("Files",),
    "poplin.linux.kernel": ("Kernel",),
    "poplin.linux.netlink": ("Request",),
    "poplin.linux.netns": ("Namespace",),
    "poplin.linux.nft.elements": ("Element", "Set"),
    "poplin.linux.nft.kinds": ("ADDRESS4", "ADDRESS6", "IFNAME", "MAC", "PORT", "PROTOCOL"),
    "poplin.linux.rtnl": ("Rtnl",),
    "poplin.linux.wire.addr": ("Address", "add_address"),
    "poplin.linux.wire.dummy": ("add_dummy",),
    "poplin.linux.wire.link": ("Link", "set_link"),
    "poplin.linux.wire.route": ("RouteEntry", "add_route", "append_route", "replace_route"),
    "poplin.plugins.kit": ("ipam",),
    "poplin.plugins.kit.attachment": ("find_host_link", "link_alias"),
    "poplin.plugins.kit.checks": (
        *("check_configuration", "check_container_link", "check_host_end", "get_container_interface"),
    ),
    "poplin.plugins.kit.container": (
        *("configure_interface", "find_container", "open_container", "require_free_name"),
    ),
    "poplin.plugins.kit.device": (*("claim_device", "delete_device", "make_device", "remove_device", "set_up_device"),),
    "poplin.plugins.kit.dns": ("find_dns",),
    "poplin.plugins.kit.keeping": ("find_folder",),
    "poplin.plugins.kit.locking": ("NamespaceLock",),
    "poplin.plugins.kit.mac": ("find_mac",),
    "poplin.plugins.kit.mtu": ("read_mtu",),
    "poplin.plugins.kit.pair": ("collect_pairs", "make_pair", "remove_pair", "wait_until_operational"),
    "poplin.plugins.kit.previous": ("get_chained_link", "list_inside"),
    "poplin.plugins.kit.shell": ("print_for_shell",),
    "poplin.plugins.kit.skel": ("Plugin", "main", "note"),
    "poplin.plugins.kit.switches": ("enable_forwarding",),
    "poplin.plugins.kit.table": ("Table",),
    "poplin.plugins.kit.teardown": ("Teardown",),
    "poplin.plugins.kit.undo": ("Undo",),
    "poplin.spec.address": ("IP", "Prefix", "parse_ip", "parse_prefix"),
    "poplin.spec.arguments": ("parse_arguments",),
    "poplin.spec.call": ("Call",),
    "poplin.spec.errors": (
        *("CNIError", "CheckFailed", "Conflict", "DecodingFailure", "IOFailure", "InvalidConfig"),
        *("InvalidEnvironment", "KernelRefused", "LimitedConnectivity", "NoAddress", "PluginNotAvailable"),
        "TryAgainLater",
    ),
    "poplin.spec.fields": ("Fields",),
    "poplin.spec.result": ("DNS", "IPConfig", "Interface", "Result", "Route"),
}
MODULES = {name: module for module, names in PLACES.items() for name in names}


def __getattr__(name: str) -> object:
    """The name, from where it is; asked once, then it is here."""
    if name not in MODULES:
        raise AttributeError(f"poplin.kit has no {name!r}; docs/kit.md lists what it has")
    module = __import__(MODULES[name], fromlist=[name])
    value: object = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What there is."""
    return sorted(MODULES)
