"""What the reference plugins left of an attachment is found by computed names and removed, nothing else.

The state is that of Debian's plugins, run with either kind of iptables, and what newer ones do with nft.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from calls import kernel_of, make_call, told
from netlab import Container, Host
from reference import (
    Reference,
    both_kinds,
    digits,
    load,
    masquerade_by_nft,
    masquerade_comments,
    port_rules,
    publish_by_nft,
)

from poplin.linux.kernel import Kernel
from poplin.plugins.kit.reference import (
    chain_name,
    masquerade_comment,
    remove_reference_masquerade,
    remove_reference_ports,
    remove_reference_spoof_check,
)
from poplin.spec.call import Call

LONGEST_ID = (
    "icee6giejonei6sohng6ahngee7laquohquee9shiGo7fohferakah3Feiyoolu2"
    "pei7ciPhoh7shaoX6vai3vuf0ahfaeng8yohb9ceu0daez5hashee8ooYai5wa3y"
)
CANARIES = (
    "-A POSTROUTING -s 198.51.100.1/32 -m comment --comment canary -j ACCEPT",
    "-A CNI-HOSTPORT-DNAT -p tcp -m tcp --dport 9 -m comment --comment canary -j RETURN",
)
PORTS = [
    {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"},
    {"hostPort": 8081, "containerPort": 81, "protocol": "tcp", "hostIP": "192.0.2.1"},
    {"hostPort": 8080, "containerPort": 80, "protocol": "udp"},
]
AT_ONCE = 10
Remove = Callable[[Call, Kernel], None]


def remove(host: Host, step: Remove, call: Call, times: int = 1) -> None:
    """Run a step on the host as a DEL would."""
    with kernel_of(host) as kernel:
        for _ in range(times):
            step(call, kernel)


@pytest.fixture
def reference(host: Host, tmp_path: Path, kind: str) -> Reference:
    return Reference(host, kind, tmp_path / "tools")


@pytest.fixture
def bridge(leases: Path) -> dict[str, Any]:
    """A network of both versions that hides its containers."""
    ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00::/64"}]]
    return {
        "cniVersion": "1.0.0",
        "name": "mynet",
        "type": "bridge",
        "bridge": "br0",
        "ipMasq": True,
        "ipam": {"type": "host-local", "dataDir": str(leases), "ranges": ranges},
    }


def portmap(result: Mapping[str, Any], ports: list[dict[str, Any]] = PORTS) -> dict[str, Any]:
    """portmap behind it."""
    return {
        "cniVersion": "1.0.0",
        "name": "mynet",
        "type": "portmap",
        "capabilities": {"portMappings": True},
        "prevResult": result,
        "runtimeConfig": {"portMappings": ports},
    }


# Names.


@pytest.mark.facts("plugins-meta", 15, 16)
@pytest.mark.parametrize(
    "network, name", [("testNetName", "CNI-DN-bfd599665540dd91d5d28"), ("test", "CNI-DN-67e92b96e692a494b6b85")]
)
def test_chain_of_published_ports_is_computed(network: str, name: str) -> None:
    assert chain_name("CNI-DN-", network, LONGEST_ID) == name


@pytest.mark.facts("plugins-meta", 41, 42)
@pytest.mark.facts("plugins-main-ipam", 228)
def test_chain_of_masquerade_is_computed() -> None:
    assert chain_name("CNI-", "test", "1234") == "CNI-2bbe0c48b91a7d1b8a6753a8"
    assert chain_name("CNI-PREFIX-", "test", "1234") == "CNI-PREFIX-2bbe0c48b91a7d1b8"
    long = "testalongnamethatdoesnotmakesense"
    assert chain_name("CNI-", long, "1234") == "CNI-374f33fe84ab0ed84dcdebe3"
    assert chain_name("CNI-", long, "1235") != "CNI-374f33fe84ab0ed84dcdebe3"
    assert len(chain_name("CNI-", long, "1234")) == 28


@pytest.mark.facts("plugins-meta", 43)
@pytest.mark.facts("plugins-main-ipam", 228)
def test_prefix_that_leaves_no_digit_is_refused() -> None:
    assert len(chain_name("p" * 27, "test", "1234")) == 28
    with pytest.raises(ValueError, match=r"^prefix 'p{28}' leaves nothing of the 28 characters"):
        chain_name("p" * 28, "test", "1234")


@pytest.mark.facts("plugins-meta", 44)
def test_eight_digits_tell_a_thousand_containers_apart() -> None:
    assert len({chain_name("p" * 20, "test", str(number)) for number in range(1000)}) == 1000


@pytest.mark.facts("plugins-main-ipam", 231)
def test_comment_of_masquerade_by_nft_is_computed() -> None:
    assert masquerade_comment(make_call(container_id="one", network="unit-test")) == "6fd94d501e58f0aa-287fc69eff0574a2"


# ipMasq.


@both_kinds
@pytest.mark.facts("plugins-meta", 25, 27)
def test_masquerade_by_iptables_goes_and_all_else_stays(
    host: Host, reference: Reference, bridge: dict[str, Any]
) -> None:
    first, second = host.add_container(), host.add_container()
    reference.iptables(CANARIES[0])
    reference.cni("ADD", bridge, second)
    before = reference.rules()
    assert CANARIES[0] in before
    result = reference.cni("ADD", bridge, first)
    added = set(reference.rules()) - set(before)
    name = f"CNI-{digits('mynet' + first.id, 24)}"
    assert sorted(rule.split()[1] for rule in added if rule.startswith("-A")) == sorted(
        [name] * 4 + ["POSTROUTING"] * 2
    )
    call = make_call({"prevResult": result}, first.id)
    remove(host, remove_reference_masquerade, call, times=2)
    assert reference.rules() == before


@both_kinds
def test_masquerade_is_found_without_prev_result_and_not_in_another_network(
    host: Host, reference: Reference, bridge: dict[str, Any], container: Container
) -> None:
    reference.cni("ADD", bridge, container)
    added = reference.rules()
    for other in (make_call(container_id=container.id, network="other"), make_call(container_id="other")):
        remove(host, remove_reference_masquerade, other)
    assert reference.rules() == added
    remove(host, remove_reference_masquerade, make_call(container_id=container.id))
    assert reference.rules() == []


@both_kinds
def test_second_attachment_to_the_network_keeps_its_masquerade(
    host: Host, reference: Reference, bridge: dict[str, Any], container: Container
) -> None:
    """Both share a chain; which jump is whose only the addresses tell."""
    first = reference.cni("ADD", bridge, container)
    second = reference.cni("ADD", bridge, container, CNI_IFNAME="eth1")
    both = reference.rules()
    remove(host, remove_reference_masquerade, make_call({"prevResult": first}, container.id))
    gone = sorted(set(both) - set(reference.rules()))
    assert [rule.split()[1:4] for rule in gone] == [
        ["POSTROUTING", "-s", f"{ip['address'].partition('/')[0]}/{128 if ':' in ip['address'] else 32}"]
        for ip in first["ips"]
    ]
    remove(host, remove_reference_masquerade, make_call({"prevResult": second}, container.id, "eth1"))
    assert reference.rules() == []


@both_kinds
@pytest.mark.parametrize("length", [24, 20])
def test_jump_of_an_old_release_is_known_by_its_network(host: Host, reference: Reference, length: int) -> None:
    name = chain_name("CNI-", "mynet", "c1")
    reference.iptables(f"-N {name}")
    reference.iptables(f"-A POSTROUTING -s 10.1.2.3/{length} -j {name}")
    remove(host, remove_reference_masquerade, make_call(told("10.1.2.3/28")))
    assert len(reference.rules()) == 2
    remove(host, remove_reference_masquerade, make_call(told(f"10.1.2.3/{length}")))
    assert reference.rules() == []


@both_kinds
@pytest.mark.facts("plugins-meta", 28)
def test_ten_at_once_all_succeed(
    host: Host, reference: Reference, bridge: dict[str, Any], container: Container
) -> None:
    result = reference.cni("ADD", bridge, container)
    reference.cni("ADD", portmap(result), container)
    kept = [rule for rule in reference.rules() if "CNI-HOSTPORT" in rule and "CNI-DN-" not in rule]
    steps = (remove_reference_masquerade, remove_reference_ports)
    calls = [(step, make_call({"prevResult": result}, container.id)) for step in steps for _ in range(AT_ONCE)]
    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(lambda pair: remove(host, *pair), calls))
    assert reference.rules() == kept


@pytest.mark.facts("plugins-main-ipam", 231)
def test_masquerade_by_nft_goes_and_other_attachments_stay(host: Host) -> None:
    many = ["192.168.1.1/24", "192.168.1.2/24", "192.168.1.3/24", "2001:db8::1/64", "2001:db8::2/64", "2001:db8::3/64"]
    masquerade_by_nft(host, "unit-test", "one", "eth0", "192.168.1.53/24")
    masquerade_by_nft(host, "unit-test", "two", "eth0", *many)
    masquerade_by_nft(host, "unit-test", "two", "eth1", "192.168.1.9/24")
    masquerade_by_nft(host, "a-different-network", "one", "eth0", "192.168.1.54/24")
    before = masquerade_comments(host)
    postrouting = host.sh("nft list chain inet cni_plugins_masquerade postrouting")
    assert len(before) == 9
    assert before[0] == '192.168.1.53 "6fd94d501e58f0aa-287fc69eff0574a2, net: unit-test, if: eth0, id: one"'
    remove(host, remove_reference_masquerade, make_call(container_id="two", network="unit-test"), times=2)
    assert masquerade_comments(host) == [before[0], *before[7:]]
    remove(host, remove_reference_masquerade, make_call(container_id="one", network="unit-test"))
    assert masquerade_comments(host) == before[7:]
    assert host.sh("nft list chain inet cni_plugins_masquerade postrouting") == postrouting


@pytest.mark.facts("plugins-main-ipam", 232)
def test_address_that_another_container_has_by_now_stays_hidden(host: Host) -> None:
    masquerade_by_nft(host, "mynet", "old", "eth0", "10.1.2.3/24")
    masquerade_by_nft(host, "mynet", "new", "eth0", "10.1.2.3/24")
    remove(host, remove_reference_masquerade, make_call(told("10.1.2.3/24"), "old"))
    (left,) = masquerade_comments(host)
    assert left.startswith("10.1.2.3 ") and left.endswith('id: new"')


# portmap.


@both_kinds
@pytest.mark.facts("plugins-meta", 25, 26, 27)
def test_ports_by_iptables_go_and_all_else_stays(host: Host, reference: Reference, bridge: dict[str, Any]) -> None:
    first, second = host.add_container(), host.add_container()
    results = [reference.cni("ADD", bridge | {"ipMasq": False}, each) for each in (first, second)]
    reference.cni("ADD", portmap(results[1], PORTS[:1]), second)
    for canary in CANARIES:
        reference.iptables(canary)
    before = reference.rules()
    assert set(CANARIES) <= set(before)
    for _ in range(2):
        reference.cni("ADD", portmap(results[0]), first)
    added = [rule for rule in reference.rules() if rule not in before]
    name = f"CNI-DN-{digits('mynet' + first.id, 21)}"
    assert added != [] and all(f" {name}" in rule or f":{name}" in rule for rule in added)
    remove(host, remove_reference_ports, make_call({"prevResult": results[0]}, first.id), times=2)
    assert reference.rules() == before
    remove(host, remove_reference_ports, make_call(container_id=second.id))
    assert [rule for rule in reference.rules() if "CNI-DN-" in rule] == []
    assert set(CANARIES) <= set(reference.rules())


@both_kinds
def test_chain_that_old_releases_made_for_ports_goes_too(host: Host, reference: Reference) -> None:
    for tool in ("iptables", "ip6tables"):
        for chain in ("CNI-HOSTPORT-SNAT", chain_name("CNI-SN-", "mynet", "c1")):
            reference.iptables(f"-N {chain}", tool)
        reference.iptables(f"-A CNI-HOSTPORT-SNAT -j {chain_name('CNI-SN-', 'mynet', 'c1')}", tool)
        reference.iptables(f"-A {chain_name('CNI-SN-', 'mynet', 'c1')} -p tcp --dport 80 -j MASQUERADE", tool)
    remove(host, remove_reference_ports, make_call())
    assert reference.rules() == [":CNI-HOSTPORT-SNAT -", ":CNI-HOSTPORT-SNAT -"]


@both_kinds
def test_chain_that_somebody_else_uses_is_kept_and_told(host: Host, reference: Reference) -> None:
    name = chain_name("CNI-", "mynet", "c1")
    reference.iptables(f"-N {name}")
    reference.iptables(f"-A OUTPUT -j {name}")
    with pytest.raises(Exception, match=name if kind_is_nft(reference) else "iptables-legacy-restore failed") as caught:
        remove(host, remove_reference_masquerade, make_call())
    assert caught.value.code == (100 if kind_is_nft(reference) else 5)  # type: ignore[attr-defined]
    assert f"-A OUTPUT -j {name}" in reference.rules()


def kind_is_nft(reference: Reference) -> bool:
    """Whether it is the kind the kernel is asked for directly."""
    return reference.kind == "nft"


def test_ports_by_nft_go_and_other_attachments_stay(host: Host) -> None:
    publish_by_nft(host, "c1", "10.1.2.3", 8080, 8081)
    publish_by_nft(host, "c2", "10.1.2.4", 8082)
    publish_by_nft(host, "c1", "10.9.2.3", 8083)  # the same container in another network
    publish_by_nft(host, "c1", "fd00::3", 8080)
    before = {version: port_rules(host, version) for version in (4, 6)}
    remove(host, remove_reference_ports, make_call(told("10.1.2.3/24", "fd00::3/64")), times=2)
    assert port_rules(host, 6) == []
    assert port_rules(host, 4) == [rule for rule in before[4] if "10.1.2.3" not in rule]
    assert len(port_rules(host, 4)) == 3 + 3
    remove(host, remove_reference_ports, make_call())
    assert port_rules(host, 4) == [rule for rule in before[4] if rule.startswith("c2: ")]
    assert "jump hostports" in host.sh("nft list chain ip cni_hostport hostports_all")


# macspoofchk.


def test_spoof_check_goes_and_that_of_others_stays(host: Host, tmp_path: Path, bridge: dict[str, Any]) -> None:
    reference = Reference(host, "nft", tmp_path / "tools")
    first, second = host.add_container(), host.add_container()
    guarded = {**bridge, "ipMasq": False, "macspoofchk": True}
    reference.cni("ADD", guarded, second)
    load(host, ['add rule bridge nat PREROUTING iifname "canary" accept comment "macspoofchk"'])
    before = host.sh("nft list table bridge nat")
    reference.cni("ADD", guarded, first)
    reference.cni("ADD", guarded, first, CNI_IFNAME="eth1")
    both = host.sh("nft list table bridge nat")
    remove(host, remove_reference_spoof_check, make_call(container_id=first.id), times=2)
    left = host.sh("nft list table bridge nat")
    assert f"{first.id}-eth0" in both and f"{first.id}-eth0" not in left and f"{first.id}-eth1" in left
    remove(host, remove_reference_spoof_check, make_call(container_id=first.id, ifname="eth1"))
    assert host.sh("nft list table bridge nat") == before


# Nothing there.


@pytest.mark.parametrize("step", [remove_reference_masquerade, remove_reference_ports, remove_reference_spoof_check])
@pytest.mark.parametrize("container_id", ["c1", "c" * 300])
def test_nothing_is_made_where_there_is_nothing(host: Host, step: Remove, container_id: str) -> None:
    remove(host, step, make_call(told("10.1.2.3/24"), container_id))
    assert host.sh("nft list ruleset") == ""
    assert host.sh("cat /proc/net/ip_tables_names") == ""
