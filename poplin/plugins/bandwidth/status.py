"""STATUS: the settings are right, and the kernel has what it takes.

Each part is asked for without saying what of it is wanted: a kernel that has it, or can load it, refuses that for
another reason than one that has not, and nothing is made.
"""

from __future__ import annotations

from errno import EINVAL, ENOENT, EOPNOTSUPP, EPERM

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NetlinkError,
    Request,
    attribute,
    nest,
    text_attribute,
)
from poplin.linux.wire import filter, htb, ifb, tbf
from poplin.linux.wire.link import IFLA_ADDRESS, IFLA_INFO_KIND, IFLA_LINKINFO, add_link
from poplin.linux.wire.qdisc import TC_H_ROOT, Qdisc, add_qdisc
from poplin.plugins.bandwidth.settings import Settings
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call

ACTION_MODULE = "act_mirred"
LOOPBACK = 1  # the number of `lo`, in every namespace
RTM_NEWACTION = 48  # linux/rtnetlink.h
ACTIONS = 4  # the fixed part of its message


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the configuration."""
    settings = Settings(call)
    probes = {"sch_tbf": probe_qdisc(tbf.KIND), "ifb": probe_link(ifb.KIND), ACTION_MODULE: probe_action(filter.MIRRED)}
    if settings.subnets:
        probes["sch_htb"] = probe_qdisc(htb.KIND)
    for module, request in probes.items():
        try:
            kernel.host.rtnl.apply(request)
        except NetlinkError as error:
            if error.errno in (ENOENT, EOPNOTSUPP):
                raise PluginNotAvailable(f"this kernel has no {module}", f"load it with `modprobe {module}`") from None
            # of actions root of a user namespace may have filters that do them, but not ask for one alone
            if error.errno != EINVAL and (module, error.errno) != (ACTION_MODULE, EPERM):
                raise


def probe_qdisc(kind: str) -> Request:
    """A discipline without the options it needs."""
    return add_qdisc("lo", Qdisc(LOOPBACK, kind, 0, TC_H_ROOT))


def probe_link(kind: str) -> Request:
    """A link with an address that is none."""
    kinds = nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, kind))
    return add_link(attribute(IFLA_ADDRESS, b"\0") + kinds, f"ip link add type {kind}")


def probe_action(kind: str) -> Request:
    """An action that does nothing."""
    action = nest(1, nest(1, text_attribute(filter.TCA_ACT_KIND, kind)))  # TCA_ACT_TAB, and the first of it
    return Request(RTM_NEWACTION, NLM_F_CREATE | NLM_F_EXCL, bytes(ACTIONS) + action, f"tc actions add action {kind}")
