"""pyroute2's reading of our requests: an independent decoder of the same bytes."""

from __future__ import annotations

from typing import Any

from pyroute2.netlink.rtnl import RTM_VALUES
from pyroute2.netlink.rtnl.br_vlan import br_vlan_msg
from pyroute2.netlink.rtnl.fibmsg import fibmsg
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg
from pyroute2.netlink.rtnl.tcmsg import tcmsg

from poplin.linux.netlink import Request, pack_message

FAMILIES = {
    16: ifinfmsg,
    20: ifaddrmsg,
    24: rtmsg,
    28: ndmsg,
    36: tcmsg,
    40: tcmsg,
    44: tcmsg,
    32: fibmsg,
    108: ifinfmsg,
    112: br_vlan_msg,
}  # RTM_NEWX; DELX and GETX are the next two
NLM_F_REQUEST = 1


def explain(request: Request) -> str:
    """The message in pyroute2's words: type and flags, the fields that are not zero, the attributes."""
    message = FAMILIES[request.kind & ~3](pack_message(request, 1))
    message.decode()
    header = message["header"]
    return f"{RTM_VALUES[header['type']]} {header['flags'] & ~NLM_F_REQUEST:#x} {describe(message)}".rstrip()


def describe(message: Any) -> str:
    """One message or nest."""
    numbers = [f"{name}={value}" for name, *_ in getattr(message, "fields", ()) if (value := message[name])]
    return " ".join(numbers + [describe_attribute(item.name, item.value) for item in message.get("attrs", ())])


def describe_attribute(name: str, value: Any) -> str:
    """`IFLA_MTU=1400`, `IFLA_LINKINFO{...}`."""
    is_nest = hasattr(value, "get") and "attrs" in value
    return f"{name}{{{describe(value)}}}" if is_nest else f"{name}={value}"
