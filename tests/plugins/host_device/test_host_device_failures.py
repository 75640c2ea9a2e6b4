"""host-device: a failed ADD leaves the device on the host as it was, wherever it fails, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card import Card, records
from doubles import Double
from netlab import Container, Host, lease_files, with_prev_result

Network = Callable[..., dict[str, Any]]
V4 = "10.1.2.0/24"
NO_DEVICE = {"device": ""}


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"device": "a/b"}, 7, "invalid `device`"),
        ({"device": ".."}, 7, "invalid `device`"),
        ({"device": "x" * 128}, 7, "invalid `device`"),
        ({"device": "\ud800"}, 7, "invalid `device`"),
        ({"device": 7}, 6, "device"),
        ({"hwaddr": "02:00:00:00:00"}, 7, "invalid `hwaddr`"),
        ({"hwaddr": "02:00:00:00:00:0g"}, 7, "invalid `hwaddr`"),
        ({"hwaddr": "020000000001"}, 7, "invalid `hwaddr`"),
        ({"kernelpath": "/etc"}, 7, "invalid `kernelpath`"),
        ({"kernelpath": "/sys/devices/../../etc"}, 7, "invalid `kernelpath`"),
        ({"kernelpath": "/sys/devices/"}, 7, "invalid `kernelpath`"),
        ({"kernelpath": "sys/devices/pci0000:00"}, 7, "invalid `kernelpath`"),
        ({"kernelpath": "/sys/devices/a\0b"}, 7, "invalid `kernelpath`"),
        ({"pciBusID": "../../class"}, 7, "invalid `pciBusID`"),
        ({"pciBusID": ".."}, 7, "invalid `pciBusID`"),
        ({"pciBusID": "0000:99:00.0"}, 7, "PCI device 0000:99:00.0 is not there"),
        ({"runtimeConfig": {"deviceID": "a/b"}}, 7, "invalid `runtimeConfig.deviceID`"),
        ({"runtimeConfig": {"deviceID": "0000:99:00.0"}}, 7, "there is no device '0000:99:00.0'"),
        ({"dns": {"nameservers": "10.1.2.1"}}, 6, "dns.nameservers"),
        ({"DPDKMode": "yes"}, 6, "DPDKMode"),
        ({"ipam": {"type": "host-device"}}, 7, "the plugin itself"),
        ({"strict": True, "devcie": "ens1"}, 2, "devcie"),
        ({"device": "nowhere"}, 7, "the host has no interface of `device` 'nowhere'"),
        ({**NO_DEVICE, "hwaddr": "02:00:00:00:00:99"}, 7, "the host has no interface of `hwaddr` 02:00:00:00:00:99"),
    ],
)
def test_a_bad_setting_is_refused_before_anything_is_touched(
    host: Host,
    container: Container,
    card: Card,
    network: Network,
    leases: Path,
    fields: dict[str, Any],
    code: int,
    words: str,
) -> None:
    reply = host.call("ADD", network(V4, **fields) if "ipam" not in fields else network(**fields), container)
    assert reply.code == code
    assert words in reply.object["msg"], reply.output
    assert "Traceback" not in reply.errors
    assert card.is_as_before
    assert (container.links(), lease_files(leases), records()) == ([], [], [])


@pytest.mark.facts("plugins-main-ipam", 115)
@pytest.mark.parametrize("command", ["ADD", "CHECK"])
def test_without_a_selector_the_selectors_are_told(
    host: Host, container: Container, network: Network, command: str
) -> None:
    conf = with_prev_result(network(**NO_DEVICE), {"cniVersion": "1.1.0"})
    reply = host.call(command, conf, container)
    assert (reply.code, reply.object["msg"]) == (7, "no selector says which device to move")
    assert reply.object["details"] == "give one of device, hwaddr, kernelpath, pciBusID, runtimeConfig.deviceID"


def test_status_may_lack_the_runtimes_selector(host: Host, network: Network) -> None:
    assert host.cni("STATUS", network(V4, **NO_DEVICE)) == {}
    assert host.call("STATUS", network(V4, device="a/b")).code == 7


def test_status_is_ipams(host: Host, container: Container, card: Card, network: Network) -> None:
    conf = network("10.1.2.0/30")
    assert host.cni("STATUS", conf) == {}
    host.cni("ADD", conf, container)
    assert host.call("STATUS", conf).code == 50


def test_a_strict_network_takes_what_is_known(host: Host, container: Container, card: Card, network: Network) -> None:
    known = {"hwaddr": "", "kernelpath": "", "pciBusID": "", "DPDKMode": False, "dns": {"domain": "example.org"}}
    host.cni("ADD", network(strict=True, runtimeConfig={"deviceID": ""}, **known), container)
    assert container.links() == ["eth0"]


def test_a_device_in_another_container_is_not_taken(host: Host, card: Card, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    host.cni("ADD", network(), first)
    for fields in ({}, {**NO_DEVICE, "hwaddr": card.mac}):
        reply = host.call("ADD", network(**fields), second)
        assert (reply.code, reply.object["details"]) == (7, f"attachment mynet/{first.id}/eth0 has it")
    assert (first.links(), second.links(), len(records())) == (["eth0"], [], 1)


def test_a_port_of_a_bridge_is_not_taken_out_of_it(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    host.sh("ip link add br0 type bridge")
    host.sh("ip link set ens1 master br0")
    reply = host.call("ADD", network(V4), container)
    assert (reply.code, reply.object["msg"]) == (102, "'ens1' is a port of 'br0'")
    assert (container.links(), records()) == ([], [])
    assert host.json("link show dev ens1")[0]["master"] == "br0"


def test_an_interface_name_that_is_taken(
    host: Host, container: Container, card: Card, network: Network, leases: Path
) -> None:
    container.sh("ip link add eth0 type veth peer name eth1")
    reply = host.call("ADD", network(V4), container)
    assert (reply.code, reply.object["msg"]) == (102, "the container already has an interface 'eth0'")
    assert (container.links(), lease_files(leases), records()) == (["eth0", "eth1"], [], [])
    assert card.is_as_before


def test_a_link_that_cannot_be_moved(host: Host, container: Container, card: Card, network: Network) -> None:
    reply = host.call("ADD", network(device="lo"), container)
    assert (reply.code, reply.object["msg"].partition(":")[0]) == (
        100,
        f"ip link set dev lo netns {container.id} name eth0 alias lo",
    )
    assert (container.links(), records()) == ([], [])


# After the move.

TOO_LARGE = {"dst": "10.5.0.0/16", "mtu": 1 << 32}
NOT_ON_THE_LINK = {"dst": "10.5.0.0/16", "gw": "99.9.9.9"}
ADDRESS = {"address": "10.1.2.3/24"}


def static(*addresses: dict[str, str], **fields: Any) -> dict[str, Any]:
    """Addresses from the configuration."""
    return {"type": "static", "addresses": list(addresses), **fields}


@pytest.mark.facts("plugins-main-ipam", 123)
@pytest.mark.parametrize("is_up", [True, False], ids=["up", "down"])
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ipam": {"type": "nowhere"}}, 7),
        ({"ipam": static()}, 7),
        ({"ipam": static(ADDRESS, routes=[NOT_ON_THE_LINK])}, 100),
        ({"ipam": static(ADDRESS, routes=[TOO_LARGE])}, 7),
        ({"version": "0.2.0"}, 6),
        ({"version": "0.1.0"}, 6),
    ],
    ids=["no IPAM plugin", "no address", "a route the kernel refuses", "a bad number", "0.2.0", "0.1.0"],
)
def test_a_failure_gives_the_device_back_as_it_was(
    host: Host, container: Container, card: Card, network: Network, fields: dict[str, Any], code: int, is_up: bool
) -> None:
    host.sh("ip link set ens1 alias left")
    if not is_up:
        host.sh("ip link set ens1 down")
    reply = host.call("ADD", network(**fields), container)
    assert (reply.code, reply.errors) == (code, ""), reply.output
    assert card.state == (card.mac, "left", is_up)
    assert (host.links(), container.links(), records()) == (["ens1", "wire"], [], [])


@pytest.mark.facts("plugins-main-ipam", 123)
def test_a_failure_releases_the_address(
    host: Host, container: Container, card: Card, network: Network, tmp_path: Path
) -> None:
    other = Double(tmp_path, "other-ipam")
    other.tell(ADD={"cniVersion": "1.1.0", "ips": [ADDRESS], "routes": [NOT_ON_THE_LINK]})
    reply = host.call("ADD", network(ipam={"type": "other-ipam"}), container, environ={"CNI_PATH": str(tmp_path)})
    assert (reply.code, other.commands) == (100, ["ADD", "DEL"])
    assert card.is_as_before
    assert (container.links(), records()) == ([], [])


def test_a_record_that_cannot_be_written_leaves_the_device_where_it_is(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    folder = Path("/var/lib/cni/host-device")
    folder.mkdir(exist_ok=True)
    (folder / "mynet").write_text("in the way")
    reply = host.call("ADD", network(), container)
    (folder / "mynet").unlink()
    assert reply.code == 5
    assert (card.is_as_before, container.links()) == (True, [])


# CHECK.

DRIFTS = {
    "address 10.1.2.2/24 is missing from eth0": "ip address delete 10.1.2.2/24 dev eth0",
    "route to 0.0.0.0/0 is missing from the container": "ip route delete default",
    "interface 'eth0' has another MAC": "ip link set eth0 address 02:00:00:00:00:98",
    "interface 'eth0' is gone from the container": "ip link set eth0 name eth9",
    "interface 'eth0' is down": "ip link set eth0 down",
}


@pytest.mark.parametrize("message", DRIFTS)
def test_check_says_what_drifted(host: Host, container: Container, card: Card, network: Network, message: str) -> None:
    conf = network(V4, routes=("0.0.0.0/0",))
    result = host.cni("ADD", conf, container)
    container.sh(DRIFTS[message])
    reply = host.call("CHECK", with_prev_result(conf, result), container)
    assert (reply.code, reply.object["msg"]) == (103, message)


def test_check_without_prev_result_is_an_error(host: Host, container: Container, card: Card, network: Network) -> None:
    host.cni("ADD", network(), container)
    assert host.call("CHECK", network(), container).code == 7
