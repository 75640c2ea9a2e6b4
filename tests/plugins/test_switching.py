"""A node changes from the reference plugins to ours and back, with containers running.

What one implementation attached the other takes off, and leaves nothing of it; what it cannot know of ours is harmless.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from firewall import elements
from netlab import REFERENCE, Container, Host, lease_files
from reference import Reference, both_kinds, digits, masquerade_by_nft, masquerade_comments, port_rules, publish_by_nft
from traffic import add_outside, call, serving

Conf = dict[str, Any]
PORT = 8080
SHARED = ("CNI-HOSTPORT-", 'POSTROUTING -m comment --comment "CNI portfwd')  # of portmap, for all containers


class Node:
    """A host whose chain is `attaching` plugin and portmap, with either implementation, and a machine beyond it."""

    def __init__(self, host: Host, reference: Reference, leases: Path, **fields: Any) -> None:
        self.host = host
        self.reference = reference
        self.leases = leases
        self.outside = add_outside(host)
        self.network: Conf = {
            "cniVersion": "1.0.0",
            "name": "mynet",
            "type": "bridge",
            "bridge": "br0",
            "isGateway": True,
            "ipMasq": True,
            "hairpinMode": True,
            "ipam": {
                "type": "host-local",
                "dataDir": str(leases),
                "ranges": [[{"subnet": "10.1.2.0/24"}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
            **fields,
        }

    def portmap(self, result: Conf | None, port: int) -> Conf:
        """The chain's second plugin."""
        mappings = [{"hostPort": port, "containerPort": 80, "protocol": each} for each in ("tcp", "udp")]
        conf: Conf = {
            "cniVersion": "1.0.0",
            "name": "mynet",
            "type": "portmap",
            "runtimeConfig": {"portMappings": mappings},
        }
        return conf | ({"prevResult": result} if result else {})

    def call(self, theirs: bool, command: str, conf: Conf, container: Container | None = None) -> Conf:
        """One call of either implementation, its own IPAM included."""
        how: dict[str, Any] = {"environ": self.reference.environ}
        if theirs:
            how |= {"bin_dir": REFERENCE}
            how["environ"] = how["environ"] | {"CNI_PATH": str(REFERENCE)}
        return self.host.cni(command, conf, container, **how)

    def add(self, theirs: bool, container: Container, port: int) -> Conf:
        """The chain's ADD."""
        container.sh("ip link set lo up")
        result = self.call(theirs, "ADD", self.network, container)
        return self.call(theirs, "ADD", self.portmap(result, port), container)

    def delete(self, theirs: bool, container: Container, port: int, result: Conf | None = None) -> None:
        """The chain's DEL, backwards."""
        self.call(theirs, "DEL", self.portmap(result, port), container)
        self.call(theirs, "DEL", self.network | ({"prevResult": result} if result else {}), container)

    def give_to_reference(self, container: Container, port: int, result: Conf) -> None:
        """Its DEL of what we attached. Debian's release takes the masquerade that it does not find for an error, which
        it tells after all else is done; runtimes repeat a DEL that fails."""
        self.call(True, "DEL", self.portmap(result, port), container)
        conf = self.network | {"prevResult": result}
        environ = self.reference.environ | {"CNI_PATH": str(REFERENCE)}
        first = self.host.call("DEL", conf, container, bin_dir=REFERENCE, environ=environ)
        assert first.status == 0 or f"CNI-{digits('mynet' + container.id, 24)}" in first.object["msg"]
        self.call(True, "DEL", conf, container)

    def collect(self, *valid: Container) -> None:
        """Our GC of the chain."""
        live = [{"containerID": each.id, "ifname": "eth0"} for each in valid]
        for conf in (self.network, self.portmap(None, PORT)):
            self.call(False, "GC", {**conf, "cniVersion": "1.1.0", "cni.dev/valid-attachments": live})

    def own_rules(self) -> list[str]:
        """The rules of the nat tables that belong to a container."""
        return [
            rule for rule in self.reference.rules() if not any(shared in rule for shared in SHARED) or "CNI-DN-" in rule
        ]

    def ports(self) -> list[str]:
        """The links of the bridge."""
        return [link for link in self.host.links() if link.startswith("veth")]

    def reaches(self, port: int) -> str | None:
        """Who answers at the host's port."""
        return call(self.outside, "192.0.2.1", port)


@pytest.fixture
def make_node(host: Host, tmp_path: Path, leases: Path, kind: str) -> Callable[..., Node]:
    return lambda **fields: Node(host, Reference(host, kind, tmp_path / "tools"), leases, **fields)


@pytest.fixture
def node(make_node: Callable[..., Node]) -> Node:
    return make_node()


# From theirs to ours.


@both_kinds
@pytest.mark.parametrize("is_told", [True, False], ids=["prevResult", "no prevResult"])
def test_what_the_reference_attached_we_check_and_take_off(host: Host, node: Node, is_told: bool) -> None:
    mine, other = host.add_container(), host.add_container()
    kept = node.add(True, other, PORT)
    before = (node.reference.rules(), node.ports(), lease_files(node.leases))
    result = node.add(True, mine, PORT + 1)
    node.call(False, "CHECK", node.network | {"prevResult": result}, mine)
    node.call(False, "CHECK", node.portmap(result, PORT + 1), mine)
    for _ in range(2):
        node.delete(False, mine, PORT + 1, result if is_told else None)
        assert (node.reference.rules(), node.ports(), lease_files(node.leases)) == before
    assert mine.links() == []
    with serving(other, 80, name="other "):
        assert node.reaches(PORT) == "other 192.0.2.2"
        assert node.reaches(PORT + 1) is None
    node.delete(False, other, PORT, kept if is_told else None)
    assert (node.own_rules(), node.ports(), lease_files(node.leases)) == ([], [], [])


@both_kinds
def test_ptp_of_the_reference_is_taken_off(host: Host, make_node: Callable[..., Node], container: Container) -> None:
    node = make_node(type="ptp")
    result = node.add(True, container, PORT)
    assert node.own_rules() != []
    node.call(False, "CHECK", node.network | {"prevResult": result}, container)
    node.delete(False, container, PORT, result)
    assert (node.own_rules(), node.ports(), lease_files(node.leases), container.links()) == ([], [], [], [])


@both_kinds
def test_vanished_namespace_leaves_nothing_either(host: Host, node: Node, container: Container) -> None:
    result = node.add(True, container, PORT)
    container.remove()
    host.wait_until_gone(result["interfaces"][1]["name"])
    node.delete(False, container, PORT, result)
    assert (node.own_rules(), node.ports(), lease_files(node.leases)) == ([], [], [])


@both_kinds
def test_containers_of_both_run_side_by_side(host: Host, node: Node) -> None:
    theirs, ours = host.add_container(), host.add_container()
    node.add(True, theirs, PORT)
    node.add(False, ours, PORT + 1)
    with serving(theirs, 80, name="theirs "), serving(ours, 80, name="ours "), serving(node.outside, 81):
        assert (node.reaches(PORT), node.reaches(PORT + 1)) == ("theirs 192.0.2.2", "ours 192.0.2.2")
        for caller in (theirs, ours):
            assert call(caller, "192.0.2.2", 81) == "192.0.2.1", "masqueraded"
        assert call(theirs, "192.0.2.1", PORT + 1) == "ours 10.1.2.1", "as hairpin has it"
        rules = node.reference.rules()
        node.delete(False, ours, PORT + 1)
        assert node.reference.rules() == rules
        assert (node.reaches(PORT), node.reaches(PORT + 1)) == ("theirs 192.0.2.2", None)


@pytest.mark.parametrize("kind", ["nft"])
@pytest.mark.parametrize("is_told", [True, False], ids=["prevResult", "no prevResult"])
def test_what_newer_releases_made_with_nft_goes_too(
    host: Host, make_node: Callable[..., Node], kind: str, is_told: bool
) -> None:
    node = make_node(ipMasq=False, macspoofchk=True)
    mine, other = host.add_container(), host.add_container()
    results = [node.call(True, "ADD", node.network, each) for each in (mine, other)]
    for each, result, port in ((mine, results[0], PORT), (other, results[1], PORT + 1)):
        address = result["ips"][0]["address"]
        masquerade_by_nft(host, "mynet", each.id, "eth0", address)
        publish_by_nft(host, each.id, address.partition("/")[0], port)
    node.network |= {"ipMasq": True}
    node.delete(False, mine, PORT, results[0] if is_told else None)
    assert [rule.split()[0] for rule in masquerade_comments(host)] == ["10.1.2.3"]
    assert {rule.partition(":")[0] for rule in port_rules(host, 4)} == {other.id}
    guards = host.sh("nft list table bridge nat")
    assert (mine.id in guards, other.id in guards) == (False, True)
    assert (lease_files(node.leases), len(node.ports())) == (["10.1.2.3"], 1)
    with serving(other, 80, name="other "):
        assert node.reaches(PORT + 1) == "other 192.0.2.2"


# From ours to theirs.


@pytest.fixture
def one_address(make_node: Callable[..., Node]) -> Node:
    """A network with room for one container."""
    node = make_node()
    node.network["ipam"]["ranges"] = [[{"subnet": "10.1.2.0/30"}]]
    return node


@both_kinds
def test_next_add_of_the_address_and_port_replaces_what_the_reference_left(
    host: Host, one_address: Node, kind: str
) -> None:
    node, first, second = one_address, host.add_container(), host.add_container()
    result = node.add(False, first, PORT)
    before = elements(host)
    assert before["masq4"] == ["10.1.2.2"]
    node.give_to_reference(first, PORT, result)
    assert (node.ports(), lease_files(node.leases), elements(host)) == ([], [], before), "its DEL knows nothing of nft"
    result = node.add(False, second, PORT)
    assert elements(host) | {"publishers": []} == before | {"publishers": []}
    with serving(second, 80, name="second "), serving(node.outside, 81):
        assert node.reaches(PORT) == "second 192.0.2.2"
        assert call(second, "192.0.2.2", 81) == "192.0.2.1"
    node.collect(second)
    assert len(elements(host)["publishers"]) == 1, "of the first nothing is left"
    node.delete(False, second, PORT, result)
    node.collect()
    assert elements(host) == {}


@both_kinds
def test_reference_takes_over_address_and_port_that_were_ours(host: Host, one_address: Node, kind: str) -> None:
    """What is left of ours leads to the same address and port, and hides what shall be hidden."""
    node, first, second = one_address, host.add_container(), host.add_container()
    result = node.add(False, first, PORT)
    node.give_to_reference(first, PORT, result)
    result = node.add(True, second, PORT)
    with serving(second, 80, name="second "), serving(node.outside, 81):
        assert node.reaches(PORT) == "second 192.0.2.2"
        assert call(second, "192.0.2.2", 81) == "192.0.2.1"
    node.delete(True, second, PORT, result)
    assert (node.own_rules(), node.ports(), lease_files(node.leases)) == ([], [], [])


@both_kinds
def test_gc_takes_what_the_reference_left_and_nothing_else(host: Host, node: Node, kind: str) -> None:
    gone, ours, theirs = (host.add_container() for _ in range(3))
    result = node.add(False, gone, PORT)
    node.add(False, ours, PORT + 1)
    node.add(True, theirs, PORT + 2)
    node.give_to_reference(gone, PORT, result)
    rules = node.reference.rules()
    assert elements(host)["masq4"] == ["10.1.2.2", "10.1.2.3"]
    node.collect(ours, theirs)
    left = elements(host)
    assert left["masq4"] == ["10.1.2.3"]
    assert left["ports4"] == [f"{each} . {PORT + 1} : 10.1.2.3 . 80" for each in ("tcp", "udp")]
    assert (node.reference.rules(), len(node.ports())) == (rules, 2)
    with serving(ours, 80, name="ours "), serving(theirs, 80, name="theirs "):
        assert (node.reaches(PORT + 1), node.reaches(PORT + 2)) == ("ours 192.0.2.2", "theirs 192.0.2.2")
        assert node.reaches(PORT) is None
