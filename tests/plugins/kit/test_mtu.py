"""The MTU: what may be asked for, and what is taken if nothing is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from netlab import Host

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.netns import Namespace
from poplin.plugins.kit.mtu import choose_mtu, default_mtu, read_mtu
from poplin.spec.address import parse_prefix
from poplin.spec.errors import InvalidConfig
from poplin.spec.fields import Fields
from poplin.spec.result import IPConfig, Result

V4, V6 = IPConfig(parse_prefix("10.1.2.3/24")), IPConfig(parse_prefix("2001:db8::3/64"))


@pytest.mark.parametrize("value", [0, 68, 1500, 65535])
def test_sizes_that_a_link_can_have(value: int) -> None:
    assert read_mtu(Fields({"mtu": value})) == value
    assert read_mtu(Fields({})) == 0


@pytest.mark.parametrize("value", [-1, 67, 65536])
def test_sizes_that_no_link_can_have(value: int) -> None:
    with pytest.raises(InvalidConfig, match=f"^invalid mtu {value}; it can be 68 to 65535, or 0 for the default$"):
        read_mtu(Fields({"mtu": value}))


def test_ipv6_needs_its_least() -> None:
    host = FakeKernel().host
    assert choose_mtu(1000, host, Result(ips=[V4])) == 1000
    assert choose_mtu(1280, host, Result(ips=[V4, V6])) == 1280
    with pytest.raises(InvalidConfig, match=r"^mtu 1000 is too small for IPv6; it needs 1280$"):
        choose_mtu(1000, host, Result(ips=[V4, V6]))


def test_without_an_uplink_the_kernel_decides() -> None:
    assert choose_mtu(0, FakeKernel().host, Result(ips=[V6])) == 0


@pytest.fixture
def uplink(host: Host) -> Callable[[int], Namespace]:
    """Gives the host a default route by a device of this size; the host's namespace."""

    def make(mtu: int, family: int = 4) -> Namespace:
        host.sh(f"ip link add up0 mtu {mtu} type veth peer name up1 mtu {mtu}")
        host.sh("ip link set up0 up")
        host.sh(f"ip address add {'192.0.2.2/24' if family == 4 else '2001:db8:9::2/64 nodad'} dev up0")
        host.sh(f"ip route add default via {'192.0.2.1' if family == 4 else '2001:db8:9::1'}")
        return Namespace(host.path)

    return make


@pytest.mark.parametrize(("mtu", "family", "expected"), [(1400, 4, 1400), (1300, 6, 1300), (1500, 4, 0), (9000, 4, 0)])
def test_default_follows_an_uplink_below_ethernet_s(
    uplink: Callable[[int, int], Namespace], mtu: int, family: int, expected: int
) -> None:
    with uplink(mtu, family) as host:
        assert default_mtu(host) == expected


def test_default_leaves_ipv6_its_least(uplink: Callable[[int], Namespace]) -> None:
    with uplink(1000) as host:
        assert choose_mtu(0, host, Result(ips=[V4])) == 1000
        assert choose_mtu(0, host, Result(ips=[V6])) == 1280
