"""The veth pair: made with its alias, waited for, removed from the host's side, collected."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest
from netlab import Container, Host

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.kernel import Kernel
from poplin.linux.netns import Namespace
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit.attachment import MOST_NAMES, host_link_names
from poplin.plugins.kit.pair import (
    STATE_PAUSES,
    belongs_to_another,
    collect_pairs,
    make_pair,
    remove_pair,
    silence_ipv6,
    wait_until_operational,
)
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import Conflict, PluginNotAvailable

KEY = "mynet/c1/eth0"
BOX, OTHER = "/run/netns/box", "/run/netns/other"


def make_call(container_id: str = "c1", netns: str = BOX, **conf: object) -> Call:
    """A DEL, whose environment has all that is asked for here."""
    environ = {"CNI_COMMAND": "DEL", "CNI_CONTAINERID": container_id, "CNI_NETNS": netns, "CNI_IFNAME": "eth0"}
    return Call(Environment({**environ, "CNI_PATH": "/nowhere"}), Config({"name": "mynet", **conf}))


@pytest.fixture
def kernel() -> FakeKernel:
    return FakeKernel([BOX, OTHER])


def names(namespace: Namespace) -> list[str]:
    """Its links but lo."""
    return [link.name for link in namespace.rtnl.list_links() if link.name != "lo"]


# Making.


def test_pair_has_the_attachment_s_name_and_alias(kernel: FakeKernel) -> None:
    name = make_pair(make_call(), kernel.host, kernel.open(BOX), mtu=1400, mac=bytes.fromhex("020000000007"))
    outer, inner = kernel.host.rtnl.get_link(name), kernel.open(BOX).rtnl.get_link("eth0")
    assert (name, outer.alias) == (next(host_link_names(KEY)), KEY)
    assert (outer.mtu, inner.mtu, inner.mac) == (1400, 1400, "02:00:00:00:00:07")
    assert (outer.is_up, inner.is_up) == (False, False)


def test_pair_of_a_killed_attempt_is_replaced(kernel: FakeKernel) -> None:
    first = make_pair(make_call(), kernel.host, kernel.open(OTHER))
    assert make_pair(make_call(), kernel.host, kernel.open(BOX)) == first
    assert (names(kernel.host), names(kernel.open(BOX)), names(kernel.open(OTHER))) == ([first], ["eth0"], [])


@pytest.mark.parametrize("taken", range(MOST_NAMES + 1))
def test_names_of_others_are_passed_over_until_none_is_left(kernel: FakeKernel, taken: int) -> None:
    all_names = list(host_link_names(KEY))
    for number, name in enumerate(itertools.islice(all_names, taken)):
        kernel.host.rtnl.apply(add_veth(name, f"far{number}", kernel.host.fd))
    if taken < MOST_NAMES:
        assert make_pair(make_call(), kernel.host, kernel.open(BOX)) == all_names[taken]
    else:
        with pytest.raises(Conflict, match=r"^no free name for the host's end of the pair; vetha529fbf5, "):
            make_pair(make_call(), kernel.host, kernel.open(BOX))
        assert names(kernel.open(BOX)) == []


def test_silence_is_for_this_link_alone(kernel: FakeKernel) -> None:
    silence_ipv6(kernel.host, "veth0")
    assert kernel.log == [
        "sysctl -w net/ipv6/conf/veth0/accept_ra=0",
        "sysctl -w net/ipv6/conf/veth0/disable_ipv6=1",
    ]


def test_host_s_end_is_looked_at_after_the_last_pause_too(kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    rtnl = kernel.host.rtnl
    rtnl.apply(add_veth("v0", "v1", kernel.host.fd))
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == len(STATE_PAUSES) - 1:  # the first is none
            rtnl.apply(set_link("v0", up=True))

    monkeypatch.setattr(time, "sleep", sleep)
    wait_until_operational(rtnl, rtnl.get_link("v0"))
    assert (0, *slept) == STATE_PAUSES
    rtnl.apply(set_link("v0", up=False))
    with pytest.raises(PluginNotAvailable, match=r"^the host's end v0 did not come up; after 11.9 s"):
        wait_until_operational(rtnl, rtnl.get_link("v0"))


# Removing.


@pytest.mark.parametrize("netns", [BOX, OTHER, "", "/run/netns/gone"])
def test_our_pair_is_found_wherever_the_path_leads(kernel: FakeKernel, netns: str) -> None:
    make_pair(make_call(), kernel.host, kernel.open(BOX))
    remove_pair(make_call(netns=netns), kernel)
    assert (names(kernel.host), names(kernel.open(BOX))) == ([], [])
    remove_pair(make_call(netns=netns), kernel)


def test_pair_of_another_implementation_is_found_by_the_container(kernel: FakeKernel) -> None:
    kernel.host.rtnl.apply(add_veth("vethdeadbeef", "eth0", kernel.open(BOX).fd))
    remove_pair(make_call(netns=""), kernel)
    assert names(kernel.host) == ["vethdeadbeef"]
    remove_pair(make_call(), kernel)
    assert (names(kernel.host), names(kernel.open(BOX))) == ([], [])


def test_pair_of_another_attachment_stays(kernel: FakeKernel) -> None:
    make_pair(make_call("c2"), kernel.host, kernel.open(BOX))
    remove_pair(make_call("c1"), kernel)
    assert names(kernel.open(BOX)) == ["eth0"]


def test_device_that_is_no_veth_stays(host: Host, container: Container) -> None:
    container.sh("ip link add eth0 type bridge")
    with host.entered():
        kernel = Kernel()
        remove_pair(make_call(netns=container.path), kernel)
        kernel.host.close()
    assert container.links() == ["eth0"]


@pytest.fixture
def joined(host: Host, container: Container) -> Iterator[tuple[Namespace, Namespace]]:
    """The host's namespace and the container's, with a pair without an alias: h0 and eth0."""
    with Namespace(host.path) as outside, Namespace(container.path) as inside:
        outside.rtnl.apply(add_veth("h0", "eth0", inside.fd))
        yield outside, inside


@pytest.mark.parametrize(
    ("alias", "belongs"), [("", False), ("office uplink", False), ("mynet/c2/eth0", True), ("mynet/c1/eth0", False)]
)
def test_veth_belongs_to_whose_alias_its_far_end_bears(
    joined: tuple[Namespace, Namespace], alias: str, belongs: bool
) -> None:
    outside, inside = joined
    if alias:
        outside.rtnl.apply(set_link("h0", alias=alias))
    assert belongs_to_another(outside.rtnl, inside.rtnl.get_link("eth0"), "mynet/c1/eth0") is belongs


def test_garbage_is_what_is_of_this_network_and_not_listed(kernel: FakeKernel) -> None:
    living = make_pair(make_call("c1"), kernel.host, kernel.open(BOX))
    make_pair(make_call("c2"), kernel.host, kernel.open(OTHER))
    kernel.host.rtnl.apply(add_veth("unrelated", "far", kernel.host.fd))
    valid = {"cni.dev/valid-attachments": [{"containerID": "c1", "ifname": "eth0"}]}
    collect_pairs(make_call(**valid), kernel)
    assert sorted(names(kernel.host)) == sorted([living, "unrelated", "far"])
    assert names(kernel.open(OTHER)) == []
    collect_pairs(make_call(name="other"), kernel)
    assert len(names(kernel.host)) == 3
