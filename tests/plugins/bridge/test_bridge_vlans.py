"""bridge: what `vlan`, `vlanTrunk` and `preserveDefaultVlan` mean, on a kernel in memory.

That a real kernel keeps VLANs apart is shown in tests/vm: the usual development kernel knows none.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from errno import EOPNOTSUPP
from pathlib import Path
from typing import Any

import pytest

from poplin.linux.fake.changes import CHANGES
from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.netlink import NetlinkError, Request
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import RTM_NEWLINK, delete_link, parse_mac, set_link
from poplin.linux.wire.veth import add_veth
from poplin.linux.wire.vlan import BRIDGE_VLAN_INFO_UNTAGGED, NATIVE, Vlans, add_vlans, delete_vlans
from poplin.plugins.bridge.plugin import PLUGIN
from poplin.plugins.bridge.vlan_check import show
from poplin.plugins.bridge.vlan_ids import merge, parse_trunk
from poplin.plugins.kit.attachment import host_link_names
from poplin.plugins.kit.skel import Answer, answer
from poplin.spec.errors import DecodingFailure, InvalidConfig
from poplin.spec.fields import Fields

Network = Callable[..., dict[str, Any]]

V4, V6 = "10.1.2.0/24", "2001:db8::/64"
UNTAGGED = BRIDGE_VLAN_INFO_UNTAGGED
MAC = parse_mac("02:00:00:00:00:01")
PORT = "vetha529fbf5"
GATEWAY_PORT = next(host_link_names("br0.100"))
TRUNK = [{"id": 101}, {"minID": 200, "maxID": 210}]
TRUNK_VIDS = dict.fromkeys((101, *range(200, 211)), 0)


def facts(row: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", row)


def trunk(items: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return parse_trunk(Fields({"vlanTrunk": items}).objects("vlanTrunk"))


# The trunk.


@pytest.mark.parametrize(
    ("items", "ranges"),
    [
        pytest.param([], [], marks=facts(1)),
        pytest.param([{"minID": 100, "maxID": 105}], [(100, 105)], marks=facts(2)),
        pytest.param([{"id": 10}], [(10, 10)], marks=facts(3)),
        pytest.param([{"id": 10}, {"minID": 100, "maxID": 105}], [(10, 10), (100, 105)], marks=facts(4)),
        ([{"id": 7, "minID": 1, "maxID": 2}], [(1, 2), (7, 7)]),
        ([{"minID": 5, "maxID": 9}, {"minID": 1, "maxID": 6}, {"id": 10}, {"id": 9}], [(1, 10)]),
        ([{"minID": 1, "maxID": 4094}, {"id": 7}], [(1, 4094)]),
        ([{"minID": 4, "maxID": 4}, {"id": None}, {}], [(4, 4)]),
    ],
)
def test_a_trunk_is_the_union_of_its_elements(items: list[dict[str, Any]], ranges: list[tuple[int, int]]) -> None:
    assert trunk(items) == ranges


@pytest.mark.parametrize(
    ("item", "message"),
    [
        pytest.param({"minID": 100}, "vlanTrunk[1] has minID 100 and no maxID", marks=facts(5)),
        pytest.param({"maxID": 105}, "vlanTrunk[1] has maxID 105 and no minID", marks=facts(6)),
        pytest.param({"minID": -1, "maxID": 105}, "invalid `vlanTrunk[1].minID` -1", marks=facts(7)),
        pytest.param({"minID": 5000, "maxID": 105}, "invalid `vlanTrunk[1].minID` 5000", marks=facts(8)),
        pytest.param({"minID": 100, "maxID": 5000}, "invalid `vlanTrunk[1].maxID` 5000", marks=facts(9)),
        pytest.param({"minID": 100, "maxID": -1}, "invalid `vlanTrunk[1].maxID` -1", marks=facts(10)),
        pytest.param({"id": 5000}, "invalid `vlanTrunk[1].id` 5000", marks=facts(11)),
        pytest.param({"id": -1}, "invalid `vlanTrunk[1].id` -1", marks=facts(12)),
        pytest.param({"minID": 105, "maxID": 100}, "vlanTrunk[1]: maxID 100 is below minID 105", marks=facts(13)),
        ({"id": 0}, "invalid `vlanTrunk[1].id` 0"),
        ({"minID": 0, "maxID": 4095}, "invalid `vlanTrunk[1].minID` 0"),
        ({"minID": 1, "maxID": 4095}, "invalid `vlanTrunk[1].maxID` 4095"),
    ],
)
def test_an_element_of_a_trunk_that_names_no_vlans_is_refused(item: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        trunk([{"id": 1}, item])
    assert caught.value.msg == message


@pytest.mark.parametrize("items", [[7], [{"id": "7"}], [{"minID": 1.5, "maxID": 2}], "7"])
def test_a_trunk_of_other_types_is_refused(items: Any) -> None:
    with pytest.raises(DecodingFailure, match="vlanTrunk"):
        trunk(items)


def test_ranges_that_touch_become_one() -> None:
    assert merge([(3, 4), (1, 2), (6, 7), (4, 4)]) == [(1, 4), (6, 7)]


# The port.


@pytest.fixture
def kernel() -> FakeKernel:
    return FakeKernel(["/run/netns/c1", "/run/netns/c2"])


@pytest.fixture
def call(kernel: FakeKernel, bin_dir: Path) -> Callable[..., Answer]:
    def perform(command: str, conf: dict[str, Any], container: str = "c1") -> Answer:
        environ = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": container,
            "CNI_NETNS": f"/run/netns/{container}",
            "CNI_IFNAME": "eth0",
            "CNI_PATH": str(bin_dir),
        }
        return answer(PLUGIN, environ, lambda: json.dumps(conf).encode(), kernel)

    return perform


def add(call: Callable[..., Answer], conf: dict[str, Any], container: str = "c1") -> dict[str, Any]:
    """The result of an ADD that must succeed, and so must the CHECK after it."""
    reply = call("ADD", conf, container)
    assert reply.status == 0, reply.output
    result: dict[str, Any] = json.loads(reply.output)
    reply = call("CHECK", {**conf, "prevResult": result}, container)
    assert reply.status == 0, reply.output
    return result


def refusal(reply: Answer) -> tuple[int, str, str]:
    """Code, msg and details."""
    error = json.loads(reply.output)
    return error["code"], error["msg"], error.get("details", "")


def vlans(kernel: FakeKernel, name: str) -> dict[int, int]:
    """The flags by id of a port."""
    rtnl = kernel.host.rtnl
    return {each.first: each.flags for each in rtnl.list_vlans(rtnl.get_link(name).index)}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"vlan": 100}, {100: NATIVE}),
        ({"vlan": 1}, {1: NATIVE}),
        pytest.param({"vlan": 4094}, {4094: NATIVE}, marks=facts(50)),
        ({"vlan": 100, "preserveDefaultVlan": True}, {1: UNTAGGED, 100: NATIVE}),
        ({"vlanTrunk": TRUNK}, {1: NATIVE, **TRUNK_VIDS}),
        ({"vlan": 100, "vlanTrunk": TRUNK}, {100: NATIVE, **TRUNK_VIDS}),
        ({"vlan": 205, "vlanTrunk": TRUNK}, {**TRUNK_VIDS, 205: NATIVE}),
        ({"vlanTrunk": [{"minID": 1, "maxID": 3}]}, {1: NATIVE, 2: 0, 3: 0}),
        ({"vlan": 100, "vlanTrunk": [{"id": 1}], "preserveDefaultVlan": True}, {1: 0, 100: NATIVE}),
        ({"vlanTrunk": []}, {1: NATIVE}),
        ({"vlanTrunk": [{}]}, {1: NATIVE}),
    ],
)
def test_the_vlans_of_a_port(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, fields: dict[str, Any], expected: dict[int, int]
) -> None:
    add(call, network(**fields))
    assert vlans(kernel, PORT) == expected


def test_the_default_vlan_of_a_bridge_that_others_made(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network
) -> None:
    kernel.host.rtnl.apply(add_bridge("br0", MAC, vlan_filtering=True))
    bridge = kernel.host.rtnl.get_link("br0")
    assert bridge.data == {39: b"\1\0", 7: b"\1"}
    add(call, network(vlan=100, preserveDefaultVlan=True))
    assert vlans(kernel, PORT) == {1: UNTAGGED, 100: NATIVE}


def test_a_port_is_in_its_vlans_before_it_is_up(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network
) -> None:
    add(call, network(vlan=100, vlanTrunk=TRUNK))
    joined = [line for line in kernel.log if PORT in line][-6:]
    assert joined == [
        f"ip link set dev {PORT} master br0",
        f"bridge vlan del dev {PORT} vid 1",
        f"bridge vlan add dev {PORT} vid 100 pvid untagged",
        f"bridge vlan add dev {PORT} vid 101",
        f"bridge vlan add dev {PORT} vid 200-210",
        f"ip link set dev {PORT} up",
    ]


def test_a_network_without_vlans_leaves_its_port_to_the_bridge(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network
) -> None:
    add(call, network(vlan=100))
    add(call, network(vlan=0), "c2")
    port = kernel.host.rtnl.list_links("veth")[-1]
    assert vlans(kernel, port.name) == {1: NATIVE}


# The gateway.


@pytest.mark.parametrize(("subnets", "ipv6"), [((V4,), "1"), ((V6,), "0"), ((V4, V6), "0")])
def test_the_gateway_of_a_vlan_is_a_port_of_the_bridge(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, subnets: tuple[str, ...], ipv6: str
) -> None:
    result = add(call, network(*subnets, vlan=100, isGateway=True))
    rtnl = kernel.host.rtnl
    bridge, port, gateway = (rtnl.get_link(name) for name in ("br0", GATEWAY_PORT, "br0.100"))
    assert [each["name"] for each in result["interfaces"]] == ["br0", PORT, "eth0", "br0.100"]
    assert result["interfaces"][3] == {"name": "br0.100", "mac": gateway.mac}
    assert rtnl.list_addresses(bridge.index) == []
    expected = {V4: "10.1.2.1/24", V6: "2001:db8::1/64"}
    assert [str(each.prefix) for each in rtnl.list_addresses(gateway.index)] == [expected[each] for each in subnets]
    assert (port.master, port.link, port.mtu) == (bridge.index, gateway.index, bridge.mtu)
    assert vlans(kernel, GATEWAY_PORT) == {100: NATIVE}
    assert kernel.host.read_sysctl("net/ipv6/conf/br0.100/disable_ipv6") == ipv6


def test_the_second_container_finds_the_gateway_made(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network
) -> None:
    conf = network(V4, vlan=100, isGateway=True)
    add(call, conf)
    kernel.log.clear()
    assert add(call, conf, "c2")["interfaces"][3]["name"] == "br0.100"
    log = [line for line in kernel.log if "br0" in line or GATEWAY_PORT in line]
    assert [line.split()[-2:] for line in log] == [["master", "br0"]]


@pytest.mark.parametrize("preserve", [False, True])
def test_a_gateway_keeps_the_default_vlan_only_if_told(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, preserve: bool
) -> None:
    add(call, network(V4, vlan=100, vlanTrunk=TRUNK, isGateway=True, preserveDefaultVlan=preserve))
    assert vlans(kernel, GATEWAY_PORT) == ({1: UNTAGGED, 100: NATIVE} if preserve else {100: NATIVE})


@pytest.mark.parametrize("done", range(6))
def test_a_gateway_half_made_is_completed(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, done: int
) -> None:
    """A killed ADD has done any number of the steps, in their order."""
    rtnl = kernel.host.rtnl
    rtnl.apply(add_bridge("br0", MAC, vlan_filtering=True), add_veth(GATEWAY_PORT, "br0.100", kernel.host.fd))
    bridge, port, gateway = (rtnl.get_link(name) for name in ("br0", GATEWAY_PORT, "br0.100"))
    steps = [
        set_link(port.name, port.index, master=bridge.index),
        delete_vlans(port.name, port.index, [Vlans(1)]),
        add_vlans(port.name, port.index, [Vlans(100, flags=NATIVE)]),
        set_link(gateway.name, gateway.index, up=True),
        set_link(port.name, port.index, up=True),
    ]
    rtnl.apply(*steps[:done])
    add(call, network(V4, vlan=100, isGateway=True))
    assert vlans(kernel, GATEWAY_PORT) == {100: NATIVE}
    assert rtnl.get_link("br0.100").index == gateway.index


def test_a_gateway_made_by_another_add_meanwhile_is_taken(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make_first(here: Any, request: Request) -> None:
        if "br0.100" in request.text and not here.find("br0.100"):
            new_link(here, add_veth("veth0", "br0.100", kernel.host.fd))
        new_link(here, request)

    new_link = CHANGES[RTM_NEWLINK]
    monkeypatch.setitem(CHANGES, RTM_NEWLINK, make_first)
    add(call, network(V4, vlan=100, isGateway=True))
    assert vlans(kernel, "veth0") == {100: NATIVE}
    assert kernel.host.rtnl.find_link(GATEWAY_PORT) is None


def test_the_port_of_a_gateway_takes_another_name_if_its_own_is_in_use(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network
) -> None:
    kernel.host.rtnl.apply(add_veth(GATEWAY_PORT, "x0", kernel.host.fd))
    add(call, network(V4, vlan=100, isGateway=True))
    _, second, *_ = host_link_names("br0.100")
    assert vlans(kernel, second) == {100: NATIVE}


@pytest.mark.parametrize("kind", ["bridge", "port of another bridge", "end of a container"])
def test_a_link_in_the_gateways_place_is_left_alone(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, kind: str
) -> None:
    rtnl = kernel.host.rtnl
    if kind == "bridge":
        rtnl.apply(add_bridge("br0.100", MAC))
    elif kind == "end of a container":
        rtnl.apply(add_veth("br0.100", "x0", kernel.open("/run/netns/c2").fd))
    else:
        rtnl.apply(add_veth("br0.100", "x0", kernel.host.fd), add_bridge("br9", MAC))
        rtnl.apply(set_link("x0", master=rtnl.get_link("br9").index))
    before = [each.name for each in rtnl.list_links()]
    code, msg, details = refusal(call("ADD", network(V4, vlan=100, isGateway=True)))
    assert (code, msg) == (102, "'br0.100' exists and is not a port of 'br0' with both ends on this host")
    assert details == f"it is a {'bridge' if kind == 'bridge' else 'veth'}; remove or rename it"
    assert [each.name for each in rtnl.list_links()] == [*before, "br0"]


def test_a_network_without_addresses_has_no_gateway(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network
) -> None:
    assert len(add(call, network(vlan=100, isGateway=True))["interfaces"]) == 3


# Refusals.


@pytest.mark.parametrize("version", ["0.4.0", "1.0.0"])
@pytest.mark.parametrize(
    "vlan",
    [
        pytest.param(-100, marks=facts(49)),
        pytest.param(5000, marks=facts(49)),
        pytest.param(4095, marks=facts(50)),
        pytest.param(0, marks=facts(49)),
    ],
)
def test_a_vlan_no_frame_can_bear(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, version: str, vlan: int
) -> None:
    reply = call("ADD", network(version=version, vlan=vlan))
    if vlan:
        assert refusal(reply) == (7, f"invalid vlan {vlan}", "VLAN ids are 0 to 4094")
        assert kernel.log == []
    else:
        assert reply.status == 0


@pytest.mark.parametrize(("vlan", "fits"), [(10, True), (100, False), (4094, False)])
def test_a_bridge_whose_gateway_would_have_no_name(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, vlan: int, fits: bool
) -> None:
    conf = network(V4, bridge="twelve-bytes", vlan=vlan, isGateway=True)
    if fits:
        add(call, conf)
        return
    code, msg, details = refusal(call("ADD", conf))
    assert (code, msg) == (7, "invalid interface name in `bridge`.`vlan`, the gateway's")
    assert details.startswith(f"'twelve-bytes.{vlan}': 1 to 15 bytes")
    assert kernel.log == []


@pytest.mark.parametrize("fields", [{"vlan": 100}, {"vlanTrunk": []}])
def test_a_bridge_that_does_not_filter_is_not_switched(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, leases: Path, fields: dict[str, Any]
) -> None:
    kernel.host.rtnl.apply(add_bridge("br0", MAC))
    kernel.log.clear()
    reply = refusal(call("ADD", network(V4, **fields)))
    msg = "bridge 'br0' exists and does not filter VLANs"
    details = "run `ip link set dev br0 type bridge vlan_filtering 1` or set another `bridge`"
    assert reply == (102, msg, details)
    assert kernel.log == []
    assert not (leases / "mynet/10.1.2.2").exists()
    assert refusal(call("STATUS", network(V4, **fields))) == (50, msg, details)


def test_a_kernel_that_knows_no_vlans(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, leases: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(here: Any, request: Request) -> None:
        raise NetlinkError(EOPNOTSUPP, request.text)

    monkeypatch.setitem(CHANGES, RTM_NEWLINK, refuse)
    code, msg, details = refusal(call("ADD", network(V4, vlan=100)))
    assert (code, msg) == (100, "this kernel's bridges cannot filter VLANs")
    assert details.startswith("`vlan` and `vlanTrunk` need a kernel with CONFIG_BRIDGE_VLAN_FILTERING; ip link add br0")
    assert kernel.log == []
    assert not (leases / "mynet/10.1.2.2").exists()
    assert refusal(call("ADD", network(V4)))[1].startswith("ip link add br0")


@pytest.mark.parametrize("strict", [False, True])
def test_an_unknown_key_of_a_trunk_is_refused_where_that_was_asked_for(
    call: Callable[..., Answer], network: Network, strict: bool
) -> None:
    conf = network(vlanTrunk=[{"id": 1}, {"id": 2, "name": "blue"}], strict=strict)
    reply = call("ADD", conf)
    if strict:
        assert refusal(reply) == (2, "unknown key `vlanTrunk[1].name` in a strict configuration", '"blue"')
    else:
        assert reply.status == 0


# CHECK.


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        (PORT, "vid", f"port '{PORT}' is in other VLANs; 7, 100 pvid untagged instead of 100 pvid untagged"),
        (PORT, "gone", f"port '{PORT}' is in other VLANs; none instead of 100 pvid untagged"),
        (PORT, "tagged", f"port '{PORT}' is in other VLANs; 100 instead of 100 pvid untagged"),
        (GATEWAY_PORT, "vid", f"port '{GATEWAY_PORT}' is in other VLANs; 7, 100 pvid untagged instead of"),
        (GATEWAY_PORT, "down", f"interface '{GATEWAY_PORT}' is down"),
        ("br0.100", "down", "interface 'br0.100' is down"),
        ("br0.100", "deleted", "the gateway's interface 'br0.100' is gone"),
        ("br0.100", "mac", "interface 'br0.100' has another MAC"),
        (GATEWAY_PORT, "moved", "'br0.100' does not lead to a port of bridge 'br0'"),
    ],
)
def test_check_finds_what_drifted(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network, name: str, change: str, message: str
) -> None:
    conf = network(V4, vlan=100, isGateway=True)
    result = add(call, conf)
    rtnl = kernel.host.rtnl
    index = rtnl.get_link(name).index
    rtnl.apply(add_bridge("br9", MAC))
    changes = {
        "vid": add_vlans(name, index, [Vlans(7)]),
        "gone": delete_vlans(name, index, [Vlans(1, 4094)]),
        "tagged": add_vlans(name, index, [Vlans(100)]),
        "down": set_link(name, index, up=False),
        "deleted": delete_link(name, index),
        "mac": set_link(name, index, mac=MAC),
        "moved": set_link(name, index, master=rtnl.get_link("br9").index),
    }
    rtnl.apply(changes[change])
    code, msg, details = refusal(call("CHECK", {**conf, "prevResult": result}))
    assert code == 103
    assert f"{msg}; {details}".startswith(message)


def test_check_finds_that_prev_result_has_no_gateway(call: Callable[..., Answer], network: Network) -> None:
    conf = network(V4, vlan=100, isGateway=True)
    result = add(call, conf)
    del result["interfaces"][3]
    reply = refusal(call("CHECK", {**conf, "prevResult": result}))
    assert reply == (103, "prevResult has no interface 'br0.100'", "")


def test_check_finds_a_bridge_that_filters_no_more(
    kernel: FakeKernel, call: Callable[..., Answer], network: Network
) -> None:
    conf = network(vlan=100)
    result = add(call, conf)
    rtnl = kernel.host.rtnl
    rtnl.apply(delete_link("br0"), add_bridge("br0", parse_mac(result["interfaces"][0]["mac"])))
    rtnl.apply(set_link(PORT, master=rtnl.get_link("br0").index))
    reply = refusal(call("CHECK", {**conf, "prevResult": result}))
    assert reply == (103, "bridge 'br0' does not filter VLANs any more", "")


def test_vlans_print_as_bridge_prints_them() -> None:
    assert show({1: UNTAGGED, 100: NATIVE, 200: 0, 201: 0}) == "1 untagged, 100 pvid untagged, 200-201"
    assert show({}) == "none"
