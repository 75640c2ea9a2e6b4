"""tap: what is refused and leaves nothing, CHECK, DEL, GC, STATUS."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from calls import valid
from netlab import PATIENCE, Container, Host, lease_files, with_prev_result

Network = Callable[..., dict[str, Any]]
V4 = "10.1.2.0/24"


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"mtu": 67}, 7, "invalid mtu 67"),
        ({"mtu": 65522}, 7, "invalid mtu 65522"),
        ({"mac": "02:00"}, 7, "invalid mac"),
        ({"mac": "03:00:00:00:00:01"}, 7, "invalid mac"),
        ({"owner": -1}, 7, "invalid owner -1"),
        ({"group": 4294967295}, 7, "invalid group 4294967295"),
        ({"owner": "root"}, 6, "owner"),
        ({"multiQueue": 1}, 6, "multiQueue"),
        ({"bridge": "a/b"}, 7, "`bridge`"),
        ({"bridge": "br1"}, 7, "there is no bridge 'br1'"),
        ({"bridge": "lo"}, 7, "there is no bridge 'lo'"),
        ({"selinuxContext": "a b"}, 7, "invalid `selinuxContext`"),
        ({"selinuxContext": "a\0b"}, 7, "invalid `selinuxContext`"),
        ({"ipam": {"type": "tap"}}, 7, "the plugin itself"),
        ({"strict": True, "multiqueues": True}, 2, "multiqueues"),
        ({"dns": {"search": "x"}}, 6, "dns.search"),
    ],
)
def test_a_bad_setting_is_refused_before_anything_is_made(
    host: Host, container: Container, network: Network, leases: Path, fields: dict[str, Any], code: int, words: str
) -> None:
    reply = host.call("ADD", network(**fields) if "ipam" in fields else network(V4, **fields), container)
    assert (reply.code, words in reply.object["msg"]) == (code, True), reply.output
    assert "Traceback" not in reply.errors
    assert (container.links(), lease_files(leases)) == ([], [])


def test_a_strict_network_takes_what_is_known(host: Host, container: Container, network: Network) -> None:
    known = {"multiQueue": False, "mtu": 0, "mac": "", "owner": 0, "group": 0, "selinuxContext": "", "bridge": ""}
    host.cni("ADD", network(strict=True, dns={"domain": "a"}, **known), container)
    assert container.links() == ["eth0"]


@pytest.mark.facts("plugins-main-ipam", 133)
@pytest.mark.parametrize("fields", [{}, {"owner": 0, "group": 0}], ids=["without", "with owner and group"])
@pytest.mark.parametrize(
    "other", ["ip link add eth0 type veth peer name far", "ip tuntap add dev eth0 mode tap"], ids=["veth", "tap"]
)
def test_a_name_that_is_taken(
    host: Host, container: Container, network: Network, leases: Path, fields: dict[str, Any], other: str
) -> None:
    container.sh(other)
    before = container.json("-d link show")
    reply = host.call("ADD", network(V4, **fields), container)
    assert (reply.code, reply.object["msg"]) == (102, "the container already has an interface 'eth0'")
    assert container.json("-d link show") == before
    assert lease_files(leases) == []


def static(*addresses: str, **fields: Any) -> dict[str, Any]:
    """Addresses from the configuration."""
    return {"type": "static", "addresses": [{"address": each} for each in addresses], **fields}


NOT_ON_THE_LINK = {"dst": "10.5.0.0/16", "gw": "99.9.9.9"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"ipam": {"type": "nowhere"}}, 7),
        ({"ipam": static()}, 7),
        ({"version": "0.2.0"}, 6),
        ({"ipam": static("10.1.2.3/24", routes=[NOT_ON_THE_LINK])}, 100),
    ],
    ids=["no IPAM plugin", "no address", "0.2.0", "a route the kernel refuses"],
)
def test_a_failure_leaves_nothing(
    host: Host, container: Container, network: Network, fields: dict[str, Any], code: int
) -> None:
    reply = host.call("ADD", network(**fields), container)
    assert (reply.code, reply.errors) == (code, ""), reply.output
    assert container.links() == []


# The driver.


@pytest.fixture
def without_driver(laboratory: None) -> Iterator[None]:
    """/dev/net is empty."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/dev/net"], check=True, timeout=PATIENCE)
    yield
    subprocess.run(["umount", "/dev/net"], check=True, timeout=PATIENCE)


def test_without_the_driver_it_is_said_what_to_do(
    host: Host, container: Container, network: Network, leases: Path, without_driver: None
) -> None:
    for verb, code in (("ADD", 5), ("STATUS", 50)):
        reply = host.call(verb, network(V4), container)
        assert (reply.code, reply.object["msg"]) == (code, "cannot open /dev/net/tun: No such file or directory")
        assert reply.object["details"] == "load it with `modprobe tun`; in a container, have it given this device"
    assert (container.links(), lease_files(leases)) == ([], [])


def test_what_the_driver_refuses_is_told_as_a_command(host: Host, container: Container, network: Network) -> None:
    """Nobody has these numbers in a user namespace that maps one user."""
    conf = json.dumps(network(owner=4242))
    environ = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": container.id,
        "CNI_NETNS": "/run/netns/blue",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": str(host.bin_dir),
    }
    script = 'mount -t tmpfs none /run; ip netns add blue; exec "$0"'
    command = ["unshare", "-rmn", "sh", "-ec", script, str(host.bin_dir / "tap")]
    done = subprocess.run(
        command, env=environ, input=conf, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    error = json.loads(done.stdout)
    assert (error["code"], error["msg"]) == (
        100,
        "ip tuntap add dev eth0 mode tap vnet_hdr user 4242: Invalid argument",
    )


# CHECK.

DRIFTS = {
    "address 10.1.2.2/24 is missing from eth0": "ip address delete 10.1.2.2/24 dev eth0",
    "interface 'eth0' has another MAC": "ip link set eth0 address 02:00:00:00:00:98",
    "interface 'eth0' has another mtu": "ip link set eth0 mtu 1300",
    "interface 'eth0' is gone from the container": "ip link delete eth0",
    "interface 'eth0' is down": "ip link set eth0 down",
    "interface 'eth0' is no tun": "sh -c 'ip link delete eth0; ip link add eth0 type veth peer name x'",
    "interface 'eth0' is no tap": "sh -c 'ip link delete eth0; ip tuntap add dev eth0 mode tun'",
    "the bridge 'br1' does not have 'eth0' as a port": "ip link set eth0 nomaster",
    "the bridge 'br1' is gone": "ip link delete br1",
}


@pytest.mark.parametrize("message", DRIFTS)
def test_check_says_what_drifted(host: Host, container: Container, network: Network, message: str) -> None:
    container.sh("ip link add br1 type bridge")
    conf = network(V4, mtu=1400, bridge="br1")
    result = host.cni("ADD", conf, container)
    container.sh(DRIFTS[message])
    if message.endswith("no tap"):
        del result["interfaces"][0]["mac"]  # a tun has none
    reply = host.call("CHECK", with_prev_result(conf, result), container)
    assert (reply.code, reply.object["msg"]) == (103, message)


# DEL, GC and STATUS.


@pytest.mark.parametrize("netns", ["as it was", "", "/run/netns/gone", "/etc/passwd"])
def test_delete_twice_and_without_the_namespace(
    host: Host, container: Container, network: Network, leases: Path, netns: str
) -> None:
    host.cni("ADD", network(V4), container)
    conf = network(V4, mtu=7, bridge="gone")
    for _ in range(2):
        host.cni("DEL", conf, container, environ={} if netns == "as it was" else {"CNI_NETNS": netns})
        assert lease_files(leases) == []
    assert container.links() == ([] if netns == "as it was" else ["eth0"])


def test_delete_leaves_alone_what_is_somebody_elses(host: Host, container: Container, network: Network) -> None:
    container.sh("ip tuntap add dev eth0 mode tap")
    container.sh("ip link set eth0 alias other/c1/eth0")
    host.cni("DEL", network(), container)
    assert container.links() == ["eth0"]
    container.sh("ip link delete eth0")
    container.sh("ip link add eth0 type veth peer name far")
    host.cni("DEL", network(), container)
    assert container.links() == ["eth0", "far"]


def test_garbage_collection_releases_addresses(host: Host, network: Network, leases: Path) -> None:
    living, dead = host.add_container(), host.add_container()
    for each in (living, dead):
        host.cni("ADD", network(V4), each)
    dead.remove()
    host.cni("GC", network(V4, **valid((living.id, "eth0"))))
    assert lease_files(leases) == ["10.1.2.2"]


def test_status_is_ipams(host: Host, container: Container, network: Network) -> None:
    conf = network("10.1.2.0/30")
    assert host.cni("STATUS", conf) == {}
    host.cni("ADD", conf, container)
    assert host.call("STATUS", conf).code == 50
    assert host.call("STATUS", network(mtu=7)).code == 7
