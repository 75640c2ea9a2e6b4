"""The link that a device is made on: by name or by the default route, on either side, with an MTU that fits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import parse_mac, set_link
from poplin.linux.wire.route import RouteEntry, add_route
from poplin.plugins.kit.master import Master, get_master, plan_upper, read_mode, require_master
from poplin.spec.address import parse_prefix
from poplin.spec.errors import CNIError, InvalidConfig, PluginNotAvailable
from poplin.spec.fields import Fields

MODES = {"one": 1, "two": 2}


def master(**fields: object) -> Master:
    return Master(Fields(fields))


@pytest.fixture
def kernel() -> FakeKernel:
    """Its host has up0 with an MTU of 1400, its container nothing."""
    made = FakeKernel(["/run/netns/c1"])
    made.host.rtnl.apply(add_bridge("up0", parse_mac("02:00:00:00:00:01"), mtu=1400), set_link("up0", up=True))
    return made


@contextmanager
def refusal(kind: type[CNIError], text: str) -> Iterator[None]:
    """The block raises exactly this."""
    with pytest.raises(kind) as caught:
        yield
    assert str(caught.value) == text


def test_a_master_is_found_by_its_name_or_by_the_default_route(kernel: FakeKernel) -> None:
    assert get_master(master(master="up0"), kernel.host).name == "up0"
    index = kernel.host.rtnl.get_link("up0").index
    kernel.host.rtnl.apply(add_route("up0", RouteEntry(parse_prefix("0.0.0.0/0"), index)))
    assert get_master(master(), kernel.host).name == "up0"


def test_what_is_not_there_is_said_with_the_side_it_was_sought_on(kernel: FakeKernel) -> None:
    inside = kernel.open("/run/netns/c1")
    with refusal(InvalidConfig, "there is no link 'up1', the `master`; `ip link` lists those of the host"):
        get_master(master(master="up1"), kernel.host)
    with refusal(InvalidConfig, "there is no link 'up0', the `master`; `ip link` lists those of the container"):
        get_master(master(master="up0", linkInContainer=True), inside)
    with refusal(InvalidConfig, "the host has no default route, whose link would be the `master`; set `master`"):
        get_master(master(), kernel.host)


@pytest.mark.parametrize("mtu", [0, 68, 1400])
def test_an_mtu_that_fits(kernel: FakeKernel, mtu: int) -> None:
    assert get_master(master(master="up0", mtu=mtu), kernel.host).mtu == 1400


@pytest.mark.parametrize("mtu", [1401, 65535])
def test_an_mtu_above_the_master_s(kernel: FakeKernel, mtu: int) -> None:
    with refusal(InvalidConfig, f"invalid mtu {mtu}; on up0 it can be 68 to 1400, or 0 for 1400"):
        get_master(master(master="up0", mtu=mtu), kernel.host)


@pytest.mark.parametrize("name", ["a/b", "sixteen-letters-", "a%d", "."])
def test_a_name_that_no_link_can_have(name: str) -> None:
    with pytest.raises(InvalidConfig, match=r"^invalid interface name in `master`; "):
        master(master=name)


def test_the_device_is_planned_for_its_own_namespace(kernel: FakeKernel) -> None:
    inside, below = kernel.open("/run/netns/c1"), kernel.host.rtnl.get_link("up0")
    plan = plan_upper(master(mtu=1300), below, inside, "eth0", b"\2\0\0\0\0\1")
    assert (plan.name, plan.master, plan.master_name, plan.namespace) == ("eth0", below.index, "up0", inside.fd)
    assert (plan.mtu, plan.mac) == (1300, b"\2\0\0\0\0\1")


def test_status_has_its_own_code_and_does_not_look_into_containers(kernel: FakeKernel) -> None:
    require_master(master(master="up0"), kernel)
    require_master(master(master="up1", linkInContainer=True), kernel)
    with refusal(PluginNotAvailable, "there is no link 'up1', the `master`; `ip link` lists those of the host"):
        require_master(master(master="up1"), kernel)


def test_a_mode_is_one_of_those_there_are() -> None:
    assert read_mode(Fields({}), MODES, "two") == read_mode(Fields({"mode": ""}), MODES, "two") == "two"
    assert read_mode(Fields({"mode": "one"}), MODES, "two") == "one"
    with refusal(InvalidConfig, "unknown mode 'three'; known are one, two"):
        read_mode(Fields({"mode": "three"}), MODES, "two")
