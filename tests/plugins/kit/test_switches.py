"""Switches are written only where they are not as they should be."""

from __future__ import annotations

import pytest

from poplin.linux.fake.kernel import FakeKernel
from poplin.plugins.kit.switches import enable_forwarding, ensure_ipv6


@pytest.mark.parametrize(("version", "key"), [(4, "net/ipv4/ip_forward"), (6, "net/ipv6/conf/all/forwarding")])
@pytest.mark.parametrize(("before", "written"), [("0", True), ("2", True), ("1", False)])
def test_forwarding_is_on_and_written_once(version: int, key: str, before: str, written: bool) -> None:
    kernel = FakeKernel()
    kernel.host.sysctls[key] = before  # type: ignore[attr-defined]
    for _ in range(2):
        enable_forwarding(kernel.host, version)
    assert kernel.log == ([f"sysctl -w {key}=1"] if written else [])


def test_ipv6_is_switched_on_where_it_is_off() -> None:
    kernel = FakeKernel(["/run/netns/box"])
    box = kernel.open("/run/netns/box")
    ensure_ipv6(box, "eth0")
    box.write_sysctl("net/ipv6/conf/eth0/disable_ipv6", "1")
    ensure_ipv6(box, "eth0")
    assert box.read_sysctl("net/ipv6/conf/eth0/disable_ipv6") == "0"
    assert len(kernel.log) == 2
