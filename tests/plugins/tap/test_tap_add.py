"""tap: ADD on the real kernel, and a program that has the other end."""

from __future__ import annotations

import fcntl
import os
import select
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE, Container, Host, all_versions, lease_files, result_ips, with_prev_result

from poplin.linux.netns import Namespace

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"
MAC = "02:00:00:00:00:07"
IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE = 0x2, 0x1000, 0x4000, 0x100  # linux/if_tun.h
TUNSETIFF = 0x400454CA
# How a tap is made: with the identities that the reference makes it with by ioctl, and without.
WAYS = {"with owner and group": {"owner": 0, "group": 0}, "without": {}}


def tap(container: Container, name: str = "eth0") -> dict[str, Any]:
    """The driver's part of the link, and what else it was told."""
    link = container.json(f"-d link show dev {name}")[0]
    assert link["linkinfo"]["info_kind"] == "tun"
    told = {key: link.get(key) for key in ("mtu", "address", "master", "ifalias")}
    return {**told, **link["linkinfo"]["info_data"]}


def plug_in(container: Container, flags: int, name: str = "eth0") -> int:
    """The descriptor of a program that has the tap."""

    def attach() -> int:
        fd = os.open("/dev/net/tun", os.O_RDWR)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("=16sH22x", name.encode(), flags))
        return fd

    with Namespace(container.path) as inside:
        return inside.run(attach)


@all_versions
@pytest.mark.facts("plugins-main-ipam", 130)
def test_a_tap_is_made_checked_and_removed(
    host: Host, container: Container, network: Network, leases: Path, version: str
) -> None:
    conf = network(V4, version=version, owner=0, group=0)
    result = host.cni("ADD", conf, container)
    if "interfaces" in result:
        interface = {"name": "eth0", "mac": container.mac("eth0"), "sandbox": container.path}
        assert result["interfaces"] == [interface]
    assert result_ips(result) == container.addresses("eth0") == ["10.1.2.2/24"]
    found = tap(container)
    assert (found["type"], found["persist"], found["user"], found["group"]) == ("tap", True, "root", "root")
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    for _ in range(2):
        host.cni("DEL", with_prev_result(conf, result), container)
        assert (container.links(), lease_files(leases)) == ([], [])


@all_versions
@pytest.mark.facts("plugins-main-ipam", 131)
def test_a_tap_is_a_port_of_a_bridge_in_the_container(
    host: Host, container: Container, network: Network, version: str
) -> None:
    container.sh("ip link add br1 type bridge")
    conf = network(V4, version=version, bridge="br1")
    result = host.cni("ADD", conf, container)
    assert tap(container)["master"] == "br1"
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    host.cni("DEL", conf, container)
    assert container.links() == ["br1"]


@pytest.mark.facts("plugins-main-ipam", 132)
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("multi_queue", [True, False], ids=["many queues", "one queue"])
def test_mac_mtu_and_queues_go_together(
    host: Host, container: Container, network: Network, way: str, multi_queue: bool
) -> None:
    conf = network(mac=MAC, mtu=1400, multiQueue=multi_queue, **WAYS[way])
    result = host.cni("ADD", conf, container)
    assert result["interfaces"][0]["mac"] == MAC
    found = tap(container)
    assert (found["address"], found["mtu"], found["multi_queue"]) == (MAC, 1400, multi_queue)
    assert (found["pi"], found["vnet_hdr"], found["persist"]) == (False, True, True)
    assert (found.get("user"), found.get("group")) == (("root", "root") if WAYS[way] else (None, None))
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


@pytest.mark.parametrize(("owner", "group"), [(4242, None), (None, 4243), (4242, 4243), (3_000_000_000, 4_294_967_294)])
def test_who_may_open_it(
    host: Host, container: Container, network: Network, owner: int | None, group: int | None
) -> None:
    host.cni("ADD", network(owner=owner, group=group), container)
    found = tap(container)
    assert (found.get("user"), found.get("group")) == (owner, group)


def is_heard(container: Container, program: int) -> bool:
    """Whether a datagram to the neighbour comes out in a second: not before the kernel knows the link to be up."""
    container.sh("bash -c 'echo >/dev/udp/10.1.2.9/9'")
    while select.select([program], [], [], 1)[0]:
        frame = os.read(program, 2000)
        if frame[10:16] == bytes.fromhex("020000000009"):  # after a virtio header of ten octets comes Ethernet's
            return True
    return False


@pytest.mark.parametrize("multi_queue", [True, False])
def test_a_program_has_the_other_end(host: Host, container: Container, network: Network, multi_queue: bool) -> None:
    host.cni("ADD", network(V4, multiQueue=multi_queue), container)
    flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | (IFF_MULTI_QUEUE if multi_queue else 0)
    program = plug_in(container, flags)
    try:
        container.sh("ip neighbour replace 10.1.2.9 lladdr 02:00:00:00:00:09 dev eth0")
        assert any(is_heard(container, program) for _ in range(PATIENCE))
    finally:
        os.close(program)
    assert container.has_link("eth0"), "it stays without a program"


@pytest.mark.parametrize("multi_queue", [True, False])
def test_a_program_must_agree_about_queues_and_nothing_else(
    host: Host, container: Container, network: Network, multi_queue: bool
) -> None:
    host.cni("ADD", network(multiQueue=multi_queue), container)
    right, wrong = (IFF_MULTI_QUEUE, 0) if multi_queue else (0, IFF_MULTI_QUEUE)
    os.close(plug_in(container, IFF_TAP | right))
    with pytest.raises(OSError, match="Invalid argument"):
        plug_in(container, IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | wrong)


def test_a_link_without_a_program_has_its_addresses_at_once(host: Host, container: Container, network: Network) -> None:
    conf = network(V4, V6, routes=("0.0.0.0/0", "::/0"))
    result = host.cni("ADD", conf, container)
    assert container.addresses("eth0") == ["10.1.2.2/24", "2001:db8::2/64"]
    assert "tentative" not in container.sh("ip -6 address show dev eth0 scope global")
    assert (container.routes(), container.routes(6)) == (["default via 10.1.2.1"], ["default via 2001:db8::1"])
    assert container.sysctl("net/ipv4/conf/eth0/arp_notify") == "1"
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


def test_without_ipam_it_is_only_up(host: Host, container: Container, network: Network) -> None:
    result = host.cni("ADD", network(), container)
    assert result == {
        "cniVersion": "1.1.0",
        "interfaces": [{"name": "eth0", "mac": container.mac("eth0"), "sandbox": container.path}],
    }
    assert "UP" in container.json("link show dev eth0")[0]["flags"]
    assert tap(container)["ifalias"] == f"mynet/{container.id}/eth0"
    assert host.cni("CHECK", with_prev_result(network(), result), container) == {}


def test_whose_mac_counts(host: Host, container: Container, network: Network) -> None:
    macs = [f"02:00:00:00:00:1{number}" for number in range(4)]
    sources: list[tuple[dict[str, Any], str]] = [
        ({"mac": macs[0]}, ""),
        ({"mac": macs[0]}, f"IgnoreUnknown=1;MAC={macs[1]}"),
        ({"mac": macs[0], "args": {"cni": {"mac": macs[2]}}}, f"MAC={macs[1]}"),
        ({"mac": macs[0], "args": {"cni": {"mac": macs[2]}}, "runtimeConfig": {"mac": macs[3]}}, f"MAC={macs[1]}"),
    ]
    for mac, (fields, arguments) in zip(macs, sources, strict=True):
        host.cni("ADD", network(**fields), container, environ={"CNI_ARGS": arguments})
        assert container.mac("eth0") == mac
        host.cni("DEL", network(), container)


def test_dns_of_the_network_stands_over_that_of_ipam(host: Host, container: Container, network: Network) -> None:
    ipam = {"type": "static", "addresses": [{"address": "10.1.2.2/24"}], "dns": {"domain": "of.ipam"}}
    assert host.cni("ADD", network(ipam=ipam), container)["dns"] == {"domain": "of.ipam"}
    host.cni("DEL", network(ipam=ipam), container)
    conf = network(ipam=ipam, dns={"domain": "of.network"})
    assert host.cni("ADD", conf, container)["dns"] == {"domain": "of.network"}
