"""Pods of containerd's CRI on our plugins: ports, limits and both families, and the three chains of DEL of each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles import Double, MakeDouble
from engines.containerd import Containerd
from engines.inside import Inside, peer, telling
from engines.network import BANDWIDTH, FIREWALL, GATEWAYS, NETWORK, write_network
from engines.pods import Pods, map_port
from engines.rootfs import SERVER
from netlab import Container, Host
from traffic import call

HOST, HOST6, SECOND = "192.0.2.1", "2001:db8:f::1", "192.0.2.9"
OUTSIDE, OUTSIDE6 = "192.0.2.2", "2001:db8:f::2"
LIMITS = {"kubernetes.io/ingress-bandwidth": "10M", "kubernetes.io/egress-bandwidth": "20M"}
RATES = [10**7 // 8, 2 * 10**7 // 8]  # bytes in a second
PORTS = [map_port(8080, 80), map_port(8081, 81), map_port(8081, 81, "udp"), map_port(8090, 81, address=SECOND)]


@pytest.fixture
def spy(containerd: Containerd, installed: Path, plugin_dir: Path, double: MakeDouble) -> Double:
    """The last plugin of the network, which tells how it was called."""
    made = double("spy")
    made.tell(ADD="PASSTHROUGH")
    for plugin in installed.iterdir():
        (plugin_dir / plugin.name).symlink_to(plugin)
    containerd.use(plugin_dir)
    more = (FIREWALL, BANDWIDTH, {"type": "spy", "capabilities": {"portMappings": True, "bandwidth": True}})
    write_network(containerd.networks, "1.0.0", *more)
    return made


@pytest.fixture
def pods(containerd: Containerd, spy: Double) -> Iterator[Pods]:
    """The CRI of a containerd that runs."""
    containerd.start()
    made = Pods(containerd)
    yield made
    made.remove_all()


@pytest.fixture
def witness(pods: Pods) -> Inside:
    """A pod on the same network, limited, with a port."""
    sandbox = pods.start("witness", [map_port(9081, 81)], LIMITS)
    return pods.add_container(sandbox, "server", *SERVER)


def rates(host: Host) -> list[int]:
    """How fast the traffic of all containers may be, in bytes a second, sorted."""
    told = json.loads(host.sh("tc -j qdisc show"))
    return sorted(each["options"]["rate"] for each in told if each["kind"] == "tbf")


def test_pod_has_ports_limits_and_both_families_until_it_is_removed(
    pods: Pods, containerd: Containerd, host: Host, outside: Container, witness: Inside
) -> None:
    host.sh(f"ip address add {SECOND}/24 dev up0")
    before = containerd.state()
    sandbox = pods.start("web", PORTS, LIMITS)
    inside = pods.add_container(sandbox, "server", *SERVER)
    assert inside.path.startswith("/var/run/netns/cni-")
    addresses = pods.get_addresses(sandbox)
    assert sorted(addresses) == sorted(containerd.get_addresses(NETWORK, sandbox)) == ["10.77.0.3", "fd77::3"]
    assert rates(host) == sorted(RATES * 2)
    assert [call(outside, each, 8080) for each in (HOST, HOST6)] == ["web", "web"]
    assert [call(witness, each, 80) for each in addresses] == ["web", "web"]
    assert call(inside, "127.0.0.1", 80) == "web"
    with telling(inside, "tcp", "udp"):
        assert [call(outside, HOST, 8081, each) for each in ("tcp", "udp")] == [OUTSIDE, OUTSIDE]
        assert [call(outside, each, 8090) for each in (HOST, SECOND)] == [None, OUTSIDE]
        assert [call(host, each, 8081) for each in ("127.0.0.1", HOST)] == [GATEWAYS[0], HOST]
        assert call(witness, HOST, 8081) == GATEWAYS[0]
    assert peer(inside, outside, HOST6, 8081) == OUTSIDE6
    assert peer(witness, inside, "10.77.0.2") == "10.77.0.3"
    assert [peer(outside, inside, each) for each in (OUTSIDE, OUTSIDE6)] == [HOST, HOST6]
    pods.stop(sandbox)
    assert containerd.changes(before) == {}
    assert [call(outside, HOST, 8080), call(outside, HOST, 8081, "udp")] == [None, None]
    pods.remove(sandbox)
    assert containerd.changes(before) == {}
    assert rates(host) == RATES


def test_stop_and_stop_and_remove_are_three_chains_of_del_of_which_the_first_knows_what_there_is(
    pods: Pods, containerd: Containerd, outside: Container, witness: Inside, spy: Double
) -> None:
    before = containerd.state()
    sandbox = pods.start("web", PORTS, LIMITS)
    calls = len(spy.calls)
    for end in (pods.stop, pods.stop, pods.remove):
        end(sandbox)
        assert containerd.changes(before) == {}
    ends = [each for each in spy.calls[calls:] if each["environ"]["CNI_CONTAINERID"] == sandbox]
    assert [each["command"] for each in ends] == ["DEL"] * 3
    assert [bool(each["environ"]["CNI_NETNS"]) for each in ends] == [True, False, False]
    assert ["prevResult" in json.loads(each["stdin"]) for each in ends] == [True, False, False]


def test_what_a_pod_asks_for_comes_in_capital_letters(pods: Pods, spy: Double, witness: Inside) -> None:
    asked = spy.configs[0]["runtimeConfig"]
    assert asked["portMappings"] == [{"HostPort": 9081, "ContainerPort": 81, "Protocol": "tcp", "HostIP": ""}]
    assert (asked["bandwidth"]["IngressRate"], asked["bandwidth"]["EgressRate"]) == (10**7, 2 * 10**7)


def test_removal_without_a_stop_leaves_nothing(pods: Pods, containerd: Containerd, host: Host, witness: Inside) -> None:
    before = containerd.state()
    sandbox = pods.start("web", PORTS[:3], LIMITS)
    pods.add_container(sandbox, "server", *SERVER)
    pods.remove(sandbox)
    assert containerd.changes(before) == {}
