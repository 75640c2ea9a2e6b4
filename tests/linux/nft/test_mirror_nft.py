"""nftables of the kernel in memory that mirrors a real one: sets begin as they are there, and nothing is made there."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from errno import EEXIST

import pytest
from netlab import Host

from poplin.linux.fake.mirror import MirrorKernel
from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.elements import Element, add_element, delete_element
from poplin.linux.nft.nat import KEPT, MASQUERADED, NAT
from poplin.linux.nft.ruleset import Ruleset
from poplin.linux.nft.when import Conditions
from poplin.spec.address import parse_ip

ONE, TWO = (Element(MASQUERADED[4], (parse_ip(ip),), comment=ip) for ip in ("10.1.2.3", "10.1.2.4"))
LOW, HIGH = parse_ip("10.1.0.0"), parse_ip("10.1.255.255")
WIDE = Element(KEPT[4], (LOW, LOW), end=(HIGH, HIGH), comment="wide")
CONDITIONS = Conditions({4: "ip saddr != 192.0.2.0/24 meta mark & 0xff == 1", 6: ""})


def ruleset(host: Host) -> str:
    return host.sh("nft list ruleset")


def type_in(host: Host, lines: list[str]) -> None:
    """Do what was logged."""
    for line in lines:
        host.sh(f"sh -ec {shlex.quote(line)}")


@pytest.fixture
def kernel(host: Host) -> Iterator[MirrorKernel]:
    """Of the host."""
    with host.entered():
        made = MirrorKernel()
        yield made
        made.close()


def test_without_a_table_none_is_made(host: Host, kernel: MirrorKernel) -> None:
    nft = kernel.host.nft
    assert (kernel.host.has_table("inet poplin"), nft.find(ONE), nft.list(MASQUERADED[4])) == (False, None, [])
    nft.apply(NAT, add_element(ONE))
    assert kernel.log == [
        f"nft -f {NAT.path}",
        "nft 'add element inet poplin skeletons { \"nat-1\" }'",
        "nft 'create element inet poplin masq4 { 10.1.2.3 comment \"10.1.2.3\" }'",
    ]
    assert (kernel.host.has_table("inet poplin"), kernel.host.has_table("bridge poplin")) == (True, False)
    assert (nft.find(ONE), nft.list(MASQUERADED[4]), ruleset(host)) == (ONE, [ONE], "")


def test_a_set_begins_as_it_is_there(host: Host, kernel: MirrorKernel) -> None:
    real = Ruleset()
    real.apply(NAT, add_element(ONE), add_element(WIDE))
    real.close()
    before = ruleset(host)
    nft = kernel.host.nft
    with pytest.raises(NetlinkError) as caught:
        nft.apply(NAT, add_element(TWO), add_element(ONE))
    assert (caught.value.errno, nft.list(MASQUERADED[4]), kernel.log) == (EEXIST, [ONE], [])
    nft.apply(NAT, delete_element(ONE), add_element(TWO))
    assert (nft.find(ONE), nft.list(MASQUERADED[4])) == (None, [TWO])
    inside, outside = LOW + 700, HIGH + 1
    assert nft.find(Element(KEPT[4], (inside, inside), end=(inside + 1, inside + 1))) == WIDE
    assert nft.find(Element(KEPT[4], (outside, outside), end=(outside, outside))) is None
    assert nft.find(Element(KEPT[4], (inside, outside), end=(inside, outside))) is None
    assert ruleset(host) == before


def test_rules_that_were_there_are_replaced(host: Host, kernel: MirrorKernel) -> None:
    real = Ruleset()
    real.apply(NAT, add_element(ONE))
    before = ruleset(host)
    host.sh("nft flush set inet poplin skeletons")
    nft = kernel.host.nft
    nft.apply(NAT, add_element(TWO))
    chains = ("loopback_guard", "prerouting", "output", "publish", "postrouting", "published")
    assert kernel.log[:-2] == [
        f"nft -f {NAT.path}",
        *(f"nft flush chain inet poplin {name}" for name in chains),
        f"nft -f {NAT.path}",
    ]
    assert nft.list(MASQUERADED[4]) == [ONE, TWO]
    type_in(host, kernel.log)
    real.remove([TWO])
    real.close()
    assert ruleset(host) == before


def test_conditions_are_put_in_their_places_by_sed(host: Host, kernel: MirrorKernel) -> None:
    kernel.host.nft.ensure(CONDITIONS.skeleton)
    assert [line.split()[0] for line in kernel.log] == ["nft", "nft", "sed", "nft"]
    type_in(host, kernel.log)
    typed = ruleset(host)
    host.sh("nft flush ruleset")
    real = Ruleset()
    real.ensure(CONDITIONS.skeleton)
    real.close()
    assert typed == ruleset(host)
