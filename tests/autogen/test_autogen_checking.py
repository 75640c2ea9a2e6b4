"""What each Windows plugin accepts, and what findings are like."""

from __future__ import annotations

import pytest
from autogen.configurations import ACL, FULL, MICROSOFT, SMALL, SMALL_WIN, UNKNOWN, WIN, endpoint, found

from poplin.autogen import generate
from poplin.autogen.checking import PLUGINS, check_configuration, find_plugin
from poplin.schema.finding import Finding

OLD_POLICIES = [
    {"name": "EndpointPolicy", "value": {"Type": "OutBoundNAT", "ExceptionList": ["192.168.0.0/16", "11.0.0.0/8"]}},
    {"name": "endpointpolicy", "value": {"Type": "ROUTE", "DestinationPrefix": "11.0.0.0/8", "NeedEncap": True}},
    {"name": "EndpointPolicy", "value": {"Type": "PA", "PA": "10.0.0.4"}},
    {"name": "EndpointPolicy", "value": {"Type": "ACL", "Action": "Block", "Direction": "In", "Priority": 1}},
]
NEW_POLICIES = [
    {"name": "EndpointPolicy", "value": {"Type": "OutBoundNAT", "Settings": {"Exceptions": ["172.30.0.0/16"]}}},
    {"name": "EndpointPolicy", "value": {"Type": "ProviderAddress", "Settings": {"ProviderAddress": "10.0.133.170"}}},
]
IPAM = {"type": "host-local", "subnet": "10.132.0.0/24", "ranges": []}


@pytest.mark.parametrize("plugin", MICROSOFT)
@pytest.mark.parametrize("config", [SMALL, FULL], ids=["small", "full"])
def test_plugin_of_microsoft_accepts(plugin, config):
    assert found({**config, "type": plugin}) == []


@pytest.mark.parametrize("kind", ["L2Bridge", "NAT", "Overlay"])
def test_plugin_of_microsoft_accepts_the_kind_of_network_as_its_type(kind):
    assert found({**SMALL, "type": kind}) == []


@pytest.mark.parametrize("version", ["0.2.0", "0.3.0", "0.4.0", "1.0.0"])
def test_plugin_of_microsoft_accepts_four_versions(version):
    assert found({"cniVersion": version, "name": "net", "type": "nat"}) == []


def test_ipam_plugin_may_have_keys_of_its_own():
    ipam = {"type": "azure-vnet-ipam", "mode": "v4overlay"}
    assert found({**SMALL, "type": "sdnbridge", "ipam": ipam}) == []
    assert found({**SMALL, "type": "sdnbridge", "ipam": {**ipam, "type": ""}}) == [
        f"warning: ipam.mode: {UNKNOWN}remove it"
    ]


@pytest.mark.parametrize("plugin", WIN)
@pytest.mark.parametrize(
    "config",
    [
        {"name": "cbr0", "ipam": IPAM, "policies": OLD_POLICIES, "loopbackDSR": True},
        {"name": "cbr0", "ipam": IPAM, "apiVersion": 1, "policies": OLD_POLICIES},
        {**SMALL, "ipam": IPAM, "ApiVersion": 2, "capabilities": {"dns": True}, "policies": NEW_POLICIES},
        {"cniVersion": "1.1.0", "name": "a", "ipam": IPAM, "dns": {"nameservers": ["11.0.0.10"], "search": ["local"]}},
    ],
    ids=["old interface", "old interface, said so", "new interface", "without policies"],
)
def test_plugin_of_the_cni_project_accepts(plugin, config):
    assert found({**config, "type": plugin}) == []


def test_keys_of_one_plugin_are_unknown_to_its_sibling():
    own = {"win-bridge": {"ipMasqNetwork": "10.0.0.0/8"}, "win-overlay": {"ipMasq": True, "endpointMacPrefix": "0E-2A"}}
    for plugin, keys in own.items():
        assert found({**SMALL_WIN, "type": plugin, **keys}) == []
        (other,) = {*WIN} - {plugin}
        assert [line.split(": ")[1] for line in found({**SMALL_WIN, "type": other, **keys})] == [*keys]


@pytest.mark.facts("autogen", 38)
@pytest.mark.parametrize("profile", ["1.0.0", "0.3.1"])
def test_generated_configuration_is_accepted_as_it_is_and_as_a_list(profile):
    addresses = {
        "Gateway": "10.0.0.2",
        "InfraPrefix": "10.1.0.0/24",
        "ManagementIp": "10.1.0.4",
        "DnsServers": "8.8.8.8",
    }
    intent = {"Name": "net", "Type": "sdnbridge", "Subnet": "10.0.0.0/24", **addresses}
    made = generate(intent, profile)
    assert made.document["type"] == "sdnbridge"
    assert all(0 < policy.settings["Priority"] < 1 << 16 for policy in made.policies if policy.type == "ACL")
    assert found(made.document) == []
    assert found(generate(intent, profile, as_list=True).document) == []


# The order of findings, and how they print.


def test_everything_is_found_in_the_order_of_the_document():
    config = {"type": "nat", "x": 1, "dns": {"search": 2, "nameservers": ["a", "b"]}, "name": "", "ipam": {"subnet": 3}}
    assert [line.split(": ")[1] for line in found(config)] == [
        *("x", "dns.search", "dns.nameservers[0]", "dns.nameservers[1]", "name", "ipam.subnet", "cniVersion")
    ]


def test_finding_says_whether_it_is_about_an_unknown_type_of_policy():
    policies = [endpoint(Type="ACL", Settings={**ACL, "x": 1}), endpoint(Type="Foo", Settings={})]
    others = [{"Name": "NetworkPolicy", "Value": {"Type": "Bar", "Settings": {}}}, {"Name": "Policy", "Value": {}}]
    findings = check_configuration({**SMALL, "type": "nat", "AdditionalArgs": policies + others})
    assert [(finding.where, finding.is_unknown_policy) for finding in findings] == [
        ("AdditionalArgs[0].Value.Settings.x", False),
        ("AdditionalArgs[1].Value.Type", True),
        ("AdditionalArgs[2].Value.Type", True),
        ("AdditionalArgs[3].Name", False),
    ]


def test_finding_prints_its_place_if_it_has_one():
    assert str(Finding("error", "ipam.subnet", "is wrong")) == "ipam.subnet: is wrong"
    assert str(Finding("error", "", "is wrong", is_unknown_policy=True)) == "is wrong"


@pytest.mark.parametrize(
    ("kind", "plugin"),
    [
        *((plugin, plugin) for plugin in PLUGINS),
        *(("L2Bridge", "sdnbridge"), ("L2Tunnel", "sdnbridge"), ("NAT", "nat"), ("Overlay", "sdnoverlay")),
        *(("l2bridge", "sdnbridge"), ("sdbridge", None), ("", None)),
    ],
)
def test_plugin_of_a_type(kind, plugin):
    assert find_plugin(kind) == plugin
