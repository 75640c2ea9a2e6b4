"""The host's end of the container's link, where its traffic can be limited: of a veth, and of nothing else."""

from __future__ import annotations

from poplin.plugins.kit.attachment import find_host_link, link_alias
from poplin.plugins.kit.container import find_container, open_container
from poplin.spec.errors import CNIError, InvalidConfig
from poplin.spec.versions import FAMILIES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call
    from poplin.spec.result import Result

KIND = "veth"
WHY = "only what passes through a veth with an end on this host can be limited"


def get_host_end(call: Call, kernel: Kernel, result: Result, error: type[CNIError] = InvalidConfig) -> Link:
    """The one that prevResult has. Raises InvalidNamespace, or `error`."""
    is_told = FAMILIES[call.config.version] != "A"  # the oldest results have no interfaces to tell of
    if is_told and not result.interfaces:
        raise error("prevResult has no interface to limit", f"it has to have the host's end of {call.ifname!r}")
    with open_container(kernel, call.netns) as container:
        inner = get_inner(container, call.ifname, error)
    outer = find_far_end(kernel.host, inner)
    if outer is None:
        raise error(f"the other end of {call.ifname!r} is not on this host", WHY)
    names = [each.name for each in result.interfaces if not each.sandbox]
    if is_told and outer.name not in names:
        told = f"of the host's it has {', '.join(names) or 'none'}"
        raise error(f"the host's end of {call.ifname!r} is {outer.name!r}, which prevResult does not have", told)
    return outer


def get_inner(container: Namespace, ifname: str, error: type[CNIError]) -> Link:
    """The container's end. Raises `error`."""
    inner = container.rtnl.find_link(ifname)
    if inner is None:
        raise error(f"the container has no interface {ifname!r}", f"in {container.path}")
    if inner.kind != KIND:
        raise error(f"interface {ifname!r} is no veth", f"it is a {inner.kind or 'device'}; {WHY}")
    return inner


def find_far_end(host: Namespace, inner: Link) -> Link | None:
    """The other end of a veth, if it is on the host."""
    outer = host.rtnl.find_link_by_index(inner.link)
    is_end = outer and outer.kind == KIND and outer.link == inner.index and inner.netnsid is not None
    return outer if is_end else None


def find_host_end(call: Call, kernel: Kernel) -> Link | None:
    """The same for DEL, without prevResult: ours by its alias, another implementation's by way of the container. None
    if it is gone, or another attachment's."""
    ours = find_host_link(kernel.host.rtnl, call.key)
    if ours:
        return ours
    container = find_container(kernel, call.netns)
    if container is None:
        return None
    with container:
        inner = container.rtnl.find_link(call.ifname)
        outer = find_far_end(kernel.host, inner) if inner and inner.kind == KIND else None
    return outer if outer and may_be_of(outer, call) else None


def may_be_of(outer: Link, call: Call) -> bool:
    """Whether it bears no other attachment's alias; who made it may have been called for a network of another name, as
    a plugin to which another one delegates."""
    container = f"/{call.container_id}/{call.ifname}"
    return outer.alias in ("", link_alias(call.key)) or outer.alias.endswith(container)
