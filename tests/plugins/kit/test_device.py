"""A device in the container alone: made, claimed, and taken away only by whose it is."""

from __future__ import annotations

from typing import Any

import pytest
from calls import kernel_of, make_call
from netlab import Container, Host

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import Link, parse_mac, set_link
from poplin.linux.wire.upper import Upper, add_upper
from poplin.plugins.kit.attachment import link_alias
from poplin.plugins.kit.device import claim_device, make_device, remove_device
from poplin.spec.call import Call
from poplin.spec.errors import KernelRefused

MAC = parse_mac("02:00:00:00:00:01")


def call(container: Container, **environ: str) -> Call:
    """DEL of the container's eth0."""
    made = make_call(container_id=container.id)
    made.env.netns = environ.get("netns", container.path)
    return made


def test_a_kind_that_the_kernel_does_not_have_is_named_with_its_module(host: Host) -> None:
    with kernel_of(host) as kernel:
        upper = Upper("eth0", Link(1, "lo"), kernel.host.fd)
        with pytest.raises(KernelRefused, match=r"^this kernel knows no nosuch; load it with `modprobe nosuch`; ip"):
            make_device(kernel.host, add_upper(upper, "nosuch", "x"), "nosuch")


def test_any_other_refusal_is_the_kernel_s_own(host: Host) -> None:
    with kernel_of(host) as kernel:
        make_device(kernel.host, add_bridge("br0", MAC), "bridge")
        with pytest.raises(NetlinkError, match="File exists"):
            make_device(kernel.host, add_bridge("br0", MAC), "bridge")


def test_a_claimed_device_bears_the_alias(host: Host, container: Container) -> None:
    with kernel_of(host) as kernel, kernel.open(container.path) as inside:
        make_device(inside, add_bridge("eth0", MAC), "bridge")
        link = claim_device(call(container), inside)
        assert (link.name, link.alias) == ("eth0", f"mynet/{container.id}/eth0")


@pytest.mark.parametrize(
    ("alias", "kind", "is_left"),
    [
        (None, "bridge", False),
        ("", "bridge", False),
        ("mynet/another/eth0", "bridge", True),
        (None, "macvlan", True),
        ("", "macvlan", True),
    ],
)
def test_it_goes_if_it_is_of_the_kind_and_nobody_else_s(
    host: Host, container: Container, alias: Any, kind: str, is_left: bool
) -> None:
    """Alias None stands for the attachment's own, an empty one for a device of the reference's."""
    with kernel_of(host) as kernel, kernel.open(container.path) as inside:
        inside.rtnl.apply(add_bridge("eth0", MAC))
        own = link_alias(f"mynet/{container.id}/eth0")
        if alias != "":
            inside.rtnl.apply(set_link("eth0", alias=alias or own))
        for _ in range(2):
            remove_device(call(container), kernel, kind)
            assert container.has_link("eth0") == is_left


@pytest.mark.parametrize("path", ["", "/run/netns/gone", "/etc/passwd"])
def test_without_a_namespace_there_is_nothing_to_take_away(host: Host, container: Container, path: str) -> None:
    container.sh("ip link add eth0 type bridge")
    with kernel_of(host) as kernel:
        remove_device(call(container, netns=path), kernel, "bridge")
    assert container.has_link("eth0")
