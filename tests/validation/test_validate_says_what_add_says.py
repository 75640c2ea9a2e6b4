"""`validate` finds an error if and only if ADD refuses: for configurations that are right, and for their mutations."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from validation.configurations import errors, find_refusal, validate

from poplin.schema.registry import load_schemas

RANGES = [
    {"subnet": "10.22.0.0/16"},
    {"subnet": "10.23.0.0/24", "rangeStart": "10.23.0.10", "rangeEnd": "10.23.0.20", "gateway": "10.23.0.1"},
    {"subnet": "fd00:22::/64"},
]
ROUTES = [{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.22.0.9", "mtu": 1400, "table": 0}]
DNS = {"nameservers": ["10.22.0.1"], "domain": "example.org", "search": [], "options": ["ndots:2"]}
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 5, 67, 68, 1500, 4095, 70000, 1.5, 10**20),
    *("", "x", "cni0", "a/b", "0123456789abcdef", "tcp", "ICMP", "iptables", "nft", "-s", "!", ";", "%d", "\ud800"),
    *("10.22.0.1", "10.22.0.1/16", "10.22.0.0/16", "::ffff:10.22.0.0/112", "fd00:22::/64", "1.1.0", "0.2.0", "9.9.9"),
    *([], [[]], {}, [{}], [None], ["x"], [[{"subnet": "10.22.9.0/24"}]], {"type": "static"}, [{"minID": 5}]),
]


def only(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Any of these fields."""
    return st.fixed_dictionaries({}, optional={key: st.sampled_from(value) for key, value in fields.items()})


host_local = st.fixed_dictionaries(
    {"type": st.just("host-local"), "ranges": st.just([[RANGES[0]], [RANGES[2]]])},
    optional={"routes": st.just(ROUTES), "dataDir": st.just("/run/leases"), "subnet": st.just("10.24.0.0/16")},
)
static = st.fixed_dictionaries(
    {"type": st.just("static"), "addresses": st.just([{"address": "10.22.0.2/16", "gateway": "10.22.0.1"}])},
    optional={"routes": st.just(ROUTES), "dns": st.just(DNS)},
)
ipam = st.one_of(host_local, static)
flags = [True, False]
common = only(
    strict=flags,
    mtu=[0, 1400],
    dns=[DNS],
    ipMasq=flags,
    ipMasqBackend=["iptables"],
    args=[{"cni": {"ips": ["10.22.0.5"], "mac": "02:00:00:00:00:01"}}, {}],
    runtimeConfig=[
        {"mac": "02:00:00:00:00:01"},
        {"ips": ["10.22.0.5/16"]},
        {"ipRanges": [[{"subnet": "10.30.0.0/24"}]]},
    ],
)
bridge = st.builds(
    lambda own, shared, section: {"type": "bridge", **own, **shared, **({"ipam": section} if section else {})},
    only(
        bridge=["br0", ""],
        isGateway=flags,
        hairpinMode=flags,
        promiscMode=flags,
        vlan=[0, 100],
        vlanTrunk=[[{"id": 5}, {"minID": 7, "maxID": 9}]],
        disableContainerInterface=flags,
    ),
    common,
    st.none() | ipam,
)
ptp = st.builds(lambda shared, section: {"type": "ptp", **shared, "ipam": section}, common, ipam)
on_master = only(master=["eth0", "up0"], linkInContainer=flags)
macvlan = st.builds(
    lambda own, master, shared, section: {
        "type": "macvlan",
        **own,
        **master,
        **shared,
        **({"ipam": section} if section else {}),
    },
    only(mode=["bridge", "vepa"], bcqueuelen=[0, 5], mac=["02:00:00:00:00:01"]),
    on_master,
    common,
    st.none() | ipam,
)
ipvlan = st.builds(
    lambda own, master, shared, section: {
        "type": "ipvlan",
        **own,
        **master,
        **shared,
        **({"ipam": section} if section else {}),
    },
    only(mode=["l2", "l3s"]),
    on_master,
    common,
    st.none() | ipam,
)
vlan = st.builds(
    lambda own, master, shared, section: {"type": "vlan", **own, **master, **shared, "ipam": section},
    only(vlanId=[0, 4094]),
    on_master,
    common,
    ipam,
)
dummy = st.builds(lambda shared, section: {"type": "dummy", **shared, "ipam": section}, common, ipam)
host_device = st.builds(
    lambda own, shared, section: {"type": "host-device", **own, **shared, **({"ipam": section} if section else {})},
    only(
        device=["ens1", ""],
        hwaddr=["02:00:00:00:00:01", "0200.0000.0001"],
        kernelpath=["/sys/devices/pci0000:00/0000:00:1f.6"],
        pciBusID=["0000:00:1f.6"],
        DPDKMode=flags,
    ),
    common,
    st.none() | ipam,
)
tap = st.builds(
    lambda own, shared, section: {"type": "tap", **own, **shared, **({"ipam": section} if section else {})},
    only(
        owner=[0, 1000],
        group=[0, 1000],
        mac=["02:00:00:00:00:01", ""],
        multiQueue=flags,
        selinuxContext=["system_u:system_r:container_t:s0"],
    ),
    common,
    st.none() | ipam,
)
portmap = st.builds(
    lambda own, ports: {"type": "portmap", **own, **({"runtimeConfig": {"portMappings": ports}} if ports else {})},
    only(
        snat=flags,
        strict=flags,
        backend=["nftables", "iptables"],
        conditionsV4=[["ip", "saddr", "10.0.0.1"], ["-s", "10.0.0.1"], ["!", "-i", "eth0"]],
        markMasqBit=[0, 31],
        externalSetMarkChain=["X"],
        capabilities=[{"portMappings": True}],
    ),
    st.lists(st.just({"hostPort": 80, "containerPort": 80, "protocol": "TCP", "hostIP": "127.0.0.1"}), max_size=2),
)
limits = {f"{way}{what}": [0, 8000] for way in ("ingress", "egress") for what in ("Rate", "Burst")}
bandwidth = st.builds(
    lambda own, told: {"type": "bandwidth", **own, **({"runtimeConfig": {"bandwidth": told}} if told else {})},
    only(
        **limits,
        latency=[1, 25],
        unboundedBurst=flags,
        shapedSubnets=[["10.0.0.0/8", "fd00::/8"]],
        strict=flags,
        capabilities=[{"bandwidth": True}],
    ),
    only(**limits, unshapedSubnets=[["192.0.2.0/24"]]),
)
firewall = only(
    backend=["firewalld", "iptables", "nftables", "", "foo"],
    firewalldZone=["trusted", ""],
    ingressPolicy=["open", "same-bridge", "isolated", ""],
    iptablesAdminChainName=["CNI-ADMIN", "site", ""],
    strict=flags,
).map(lambda own: {"type": "firewall", **own})
loopback = only(strict=flags).map(lambda own: {"type": "loopback", **own})
member = st.one_of(bridge, ptp, macvlan, ipvlan, vlan, dummy, host_device, portmap, bandwidth, firewall, loopback, tap)
head = st.fixed_dictionaries(
    {"name": st.just("mynet")},
    optional={
        "cniVersion": st.sampled_from(["0.2.0", "0.3.1", "1.0.0", "1.1.0"]),
        "cniVersions": st.sampled_from([["1.0.0"], ["0.4.0", "1.1.0"]]),
        "disableCheck": st.sampled_from([True, "FALSE"]),
    },
)
lists = st.builds(lambda top, plugins: {**top, "plugins": plugins}, head, st.lists(member, min_size=1, max_size=3))
singles = st.builds(lambda top, own: {**top, **own}, only(name=["mynet"], cniVersion=["0.2.0", "1.0.0"]), member)


def list_places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The paths of everything in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, inner in items for place in list_places(inner, (*path, key)))]


def list_names() -> list[str]:
    """Every key that any schema of ours has, and some that none has."""
    found = {"foo", "TYPE", "Name", "MTU", "CNIVERSION", "Plugins", "cni.dev/x"}
    left: list[Any] = [schema for name, schema in load_schemas().items() if "/" not in name]
    while left:
        schema = left.pop()
        if isinstance(schema, dict):
            found |= set(schema.get("properties", {}))
            left += schema.values()
        elif isinstance(schema, list):
            left += schema
    return sorted(found)


NAMES = list_names()


@st.composite
def mutations(draw: Any, of: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A configuration with up to three things changed, taken out, or put in."""
    config: Any = copy.deepcopy(draw(of))
    for _ in range(draw(st.integers(0, 3))):
        *way, last = draw(st.sampled_from(list_places(config)[1:] or [("x",)]))
        inner = config
        for step in way:
            inner = inner[step]
        match draw(st.sampled_from(["change", "remove", "add", "respell"])):
            case "remove" if isinstance(inner, dict):
                inner.pop(last, None)
            case "respell" if isinstance(inner, dict) and last in inner:
                inner[str(last).upper()] = copy.deepcopy(draw(st.sampled_from([inner[last], *VALUES])))
            case "add" if isinstance(inner, dict):
                inner[draw(st.sampled_from(NAMES))] = copy.deepcopy(draw(st.sampled_from(VALUES)))
            case _:
                if last != "type" and (isinstance(inner, list) or last in inner):
                    inner[last] = copy.deepcopy(draw(st.sampled_from(VALUES)))
    return config


def is_about_our_plugins(config: Any) -> bool:
    """Whether ADD can be asked: plugins of others are run, and capabilities stand for what a runtime will bring."""
    text = json.dumps(config).lower()
    plugins = config.get("plugins")
    members = [config, *(plugins if isinstance(plugins, list) else [])]
    types = [
        value for each in members if isinstance(each, dict) for key, value in each.items() if key.lower() == "type"
    ]
    sections = [
        value for each in members if isinstance(each, dict) for key, value in each.items() if key.lower() == "ipam"
    ]
    asked = [
        value for each in sections if isinstance(each, dict) for key, value in each.items() if key.lower() == "type"
    ]
    known = (
        "bandwidth",
        "bridge",
        "dummy",
        "firewall",
        "host-device",
        "ipvlan",
        "loopback",
        "macvlan",
        "portmap",
        "ptp",
        "tap",
        "vlan",
        "",
        None,
    )
    return (
        all(kind in (*known, "", None) for kind in types if isinstance(kind, str))
        and all(kind in ("host-local", "static", "", None) for kind in asked if isinstance(kind, str))
        and '"ipranges": true' not in text
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("net.d")


def assert_same_as_add(config: Any, file: Path, bin_dir: Path) -> None:
    """An error if and only if ADD refuses."""
    findings = validate(config, file, bin_dir)
    refusal = find_refusal(file)
    assert bool(errors(findings)) == (refusal is not None), (refusal, findings, file.read_text())
    assert all(str(finding) and finding.line and finding.column for finding in findings)


quick = settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


@quick
@given(config=mutations(lists).filter(is_about_our_plugins))
def test_an_error_is_found_in_a_list_if_and_only_if_add_refuses(config, folder, bin_dir):
    assert_same_as_add(config, folder / "10-mynet.conflist", bin_dir)


@quick
@given(config=mutations(singles).filter(is_about_our_plugins))
def test_an_error_is_found_in_a_single_plugin_if_and_only_if_add_refuses(config, folder, bin_dir):
    assert_same_as_add(config, folder / "10-mynet.conf", bin_dir)


@quick
@given(config=singles)
def test_single_plugins_that_only_differ_in_what_add_takes_are_found_right(config, folder, bin_dir):
    assert_same_as_add(config, folder / "10-mynet.json", bin_dir)
