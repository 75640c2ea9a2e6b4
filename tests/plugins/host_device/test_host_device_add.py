"""host-device: ADD on the real kernel, and DEL that makes it as it was."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card import Card, read_record, records, state
from netlab import Container, Host, all_versions, lease_files, result_ips, with_prev_result

from poplin.linux.netns import Namespace
from poplin.spec.versions import FAMILIES, KNOWN

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"
STATIC = {"type": "static", "addresses": [{"address": "10.10.0.1/24", "gateway": "10.10.0.254"}]}
with_interfaces = pytest.mark.parametrize("version", [each for each in KNOWN if FAMILIES[each] != "A"])


@with_interfaces
@pytest.mark.facts("plugins-main-ipam", 109, 122)
def test_the_device_goes_and_comes_back(
    host: Host, container: Container, card: Card, network: Network, version: str
) -> None:
    conf = network(version=version)
    result = host.cni("ADD", conf, container)
    assert result.pop("dns", {}) == {}
    interface = {"name": "eth0", "mac": card.mac, "sandbox": container.path}
    assert result == {"cniVersion": version, "interfaces": [interface]}
    assert (host.links(), container.links()) == (["wire"], ["eth0"])
    assert state(container, "eth0") == (card.mac, "ens1", True)
    host.cni("DEL", with_prev_result(conf, result), container)
    assert card.is_as_before
    assert (container.links(), records()) == ([], [])


@pytest.mark.facts("plugins-main-ipam", 116)
@pytest.mark.parametrize("version", ["0.4.0", "1.0.0", "1.1.0"])
def test_check_of_a_device_without_addresses(
    host: Host, container: Container, card: Card, network: Network, version: str
) -> None:
    conf = network(version=version)
    result = host.cni("ADD", conf, container)
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


@all_versions
@pytest.mark.facts("plugins-main-ipam", 113)
def test_the_device_has_its_address(
    host: Host, container: Container, card: Card, network: Network, version: str
) -> None:
    conf = network(version=version, ipam=STATIC)
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.10.0.1/24"]
    host.sh("ip address add 10.10.0.254/24 dev wire")
    assert container.pings("10.10.0.254")
    host.cni("DEL", conf, container)
    assert card.is_as_before


@pytest.mark.facts("plugins-main-ipam", 114)
@pytest.mark.parametrize("version", ["0.4.0", "1.0.0", "1.1.0"])
def test_check_of_a_device_with_an_address(
    host: Host, container: Container, card: Card, network: Network, version: str
) -> None:
    conf = network(version=version, ipam=STATIC)
    result = host.cni("ADD", conf, container)
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


def test_both_families_with_routes(
    host: Host, container: Container, card: Card, network: Network, leases: Path
) -> None:
    conf = network(V4, V6, routes=("0.0.0.0/0", "::/0"))
    host.sh("ip address add 10.1.2.1/24 dev wire")
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.1.2.2/24", "2001:db8::2/64"]
    assert container.routes() == ["default via 10.1.2.1"]
    assert container.routes(6)[0] == "default via 2001:db8::1"
    assert container.pings("10.1.2.1")
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    host.cni("DEL", conf, container)
    assert (card.is_as_before, lease_files(leases)) == (True, [])


def test_neighbours_are_told_of_the_addresses(host: Host, container: Container, card: Card, network: Network) -> None:
    host.cni("ADD", network(V4, V6), container)
    switches = [container.sysctl(f"net/{key}") for key in ("ipv4/conf/eth0/arp_notify", "ipv6/conf/eth0/ndisc_notify")]
    assert switches == ["1", "1"]


def test_duplicate_addresses_are_noticed(host: Host, container: Container, card: Card, network: Network) -> None:
    host.sh("ip -6 address add 2001:db8::2/64 dev wire nodad")
    reply = host.call("ADD", network(V6), container)
    assert (reply.code, reply.object["msg"]) == (102, "address 2001:db8::2/64 is in use by another host")
    assert (card.state, container.links(), records()) == ((card.mac, "", True), [], [])


@pytest.mark.facts("plugins-main-ipam", 122)
@pytest.mark.parametrize("alias", ["", "the one on the left", "left"])
def test_an_alias_is_there_again_afterwards(
    host: Host, container: Container, card: Card, network: Network, alias: str
) -> None:
    host.sh(f"ip link set ens1 alias '{alias}'")
    host.cni("ADD", network(), container)
    assert state(container, "eth0")[1] == "ens1"
    host.cni("DEL", network(), container)
    assert card.state == (card.mac, alias, True)


def test_a_device_that_was_down_is_down_again(host: Host, container: Container, card: Card, network: Network) -> None:
    host.sh("ip link set ens1 down")
    host.cni("ADD", network(), container)
    assert state(container, "eth0") == (card.mac, "ens1", True)
    host.cni("DEL", network(), container)
    assert card.state == (card.mac, "", False)


@pytest.mark.facts("plugins-main-ipam", 118)
@with_interfaces
def test_another_link_in_the_container_has_the_devices_name(
    host: Host, container: Container, card: Card, network: Network, version: str
) -> None:
    container.sh("ip link add ens1 type veth peer name far")
    container.sh("ip link set ens1 up")
    before = state(container, "ens1")
    host.cni("ADD", network(version=version), container)
    assert container.links() == ["ens1", "eth0", "far"]
    host.cni("DEL", network(version=version), container)
    assert (container.links(), state(container, "ens1")) == (["ens1", "far"], before)
    assert card.is_as_before


def test_the_container_may_have_it_under_its_own_name(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    how: dict[str, Any] = {"environ": {"CNI_IFNAME": "ens1"}}
    result = host.cni("ADD", network(V4), container, **how)
    assert state(container, "ens1") == (card.mac, "ens1", True)
    assert host.cni("CHECK", with_prev_result(network(V4), result), container, **how) == {}
    host.cni("DEL", network(V4), container, **how)
    assert (card.is_as_before, records()) == (True, [])


def test_a_record_says_what_the_device_was(host: Host, container: Container, card: Card, network: Network) -> None:
    host.sh("ip link set ens1 alias left")
    index = host.json("link show dev ens1")[0]["ifindex"]
    host.cni("ADD", network(), container)
    name = f"mynet/{container.id}:eth0"
    assert records() == [name]
    told = read_record(name)
    with Namespace(container.path) as namespace:
        assert (told.pop("device"), told.pop("inode"), told.pop("cookie")) == namespace.lasting_identity
    assert told.pop("boot") == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert told == {
        "key": f"mynet/{container.id}/eth0",
        "name": "ens1",
        "index": index,
        "mac": card.mac,
        "kind": "veth",
        "alias": "left",
        "up": True,
        "netns": container.path,
    }
    assert (Path("/var/lib/cni/host-device") / name).stat().st_mode & 0o777 == 0o600


def test_dns_of_the_network_stands_over_that_of_ipam(
    host: Host, container: Container, card: Card, network: Network
) -> None:
    ipam = {**STATIC, "dns": {"nameservers": ["10.10.0.254"]}}
    assert host.cni("ADD", network(ipam=ipam), container)["dns"] == {"nameservers": ["10.10.0.254"]}
    host.cni("DEL", network(ipam=ipam), container)
    conf = network(ipam=ipam, dns={"domain": "example.org"})
    assert host.cni("ADD", conf, container)["dns"] == {"domain": "example.org"}


def test_a_device_by_its_alternative_name(host: Host, container: Container, card: Card, network: Network) -> None:
    host.sh("ip link property add dev ens1 altname the-card-on-the-left")
    host.cni("ADD", network(device="the-card-on-the-left"), container)
    assert state(container, "eth0") == (card.mac, "ens1", True)
    host.cni("DEL", network(device="the-card-on-the-left"), container)
    assert card.is_as_before


def test_a_very_long_container_id(host: Host, container: Container, card: Card, network: Network) -> None:
    container.id = "c" + "0" * 230
    host.cni("ADD", network(), container)
    assert [len(name) for name in records()] == [len("mynet/") + 200 + len(":eth0")]
    host.cni("DEL", network(), container)
    container.id = container.path.rpartition("/")[2]
    assert (card.is_as_before, records()) == (True, [])
