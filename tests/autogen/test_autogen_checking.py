"""What each Windows plugin accepts and refuses: configurations, and lists of them."""

from __future__ import annotations

import pytest

from poplin.autogen import generate
from poplin.autogen.checking import PLUGINS, Finding, check_configuration, find_plugin

MICROSOFT = ("sdnbridge", "nat", "sdnoverlay")
WIN = ("win-bridge", "win-overlay")
TYPES = "sdnbridge, nat, sdnoverlay, win-bridge, win-overlay, L2Bridge, NAT, Overlay"
UNKNOWN = "the plugin does not know it and ignores it; "


def endpoint(**value):
    return {"Name": "EndpointPolicy", "Value": value}


ACL = {"Action": "Allow", "Direction": "Out", "Priority": 3000}
SMALL = {"cniVersion": "0.2.0", "name": "net"}
FULL = {
    **SMALL,
    "master": "Ethernet",
    "capabilities": {"portMappings": True, "dns": True},
    "args": {"cni": {}},
    "ipam": {
        "type": "",
        "environment": "azure",
        "addressSpace": "x",
        "subnet": "192.168.0.0/24",
        "ipAddress": "192.168.0.9",
        "queryInterval": "60",
        "routes": [{"dst": "0.0.0.0/0", "GW": "192.168.0.2"}],
    },
    "dns": {
        "Nameservers": ["8.8.8.8", "fd00::1"],
        "domain": "a",
        "Search": ["svc.cluster.local"],
        "options": ["ndots:5"],
    },
    "optionalFlags": {
        "localRoutedPortMapping": True,
        "allowAclPortMapping": True,
        "forceBridgeGateway": False,
        "enableDualStack": False,
        "loopbackDSR": False,
        "gatewayFromAdditionalRoutes": False,
    },
    "runtimeConfig": {
        "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": ""}],
        "dns": {"servers": ["8.8.8.8"], "searches": ["a"], "options": ["b"]},
    },
    "additionalRoutes": [{"dst": "10.0.0.0/8", "gw": "192.168.0.3"}],
    "AdditionalArgs": [
        endpoint(Type="OutBoundNAT", Settings={"Exceptions": ["192.168.0.0/24", "10.0.0.5"], "Flags": 0}),
        endpoint(Type="acl", Settings={"Remoteports": "8080", **ACL}),
        endpoint(
            Type="SDNRoute", Settings={"DestinationPrefix": "10.0.0.0/8", "NeedEncap": True, "NextHop": "10.0.0.1"}
        ),
        {"name": "NetworkPolicy", "value": {"Type": "VxlanPort", "Settings": {"Port": 4789}}},
    ],
    "cni.dev/attachments": [],
}
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


def found(document):
    return [f"{finding.severity}: {finding}" for finding in check_configuration(document)]


# Accepted.


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
        {"name": "cbr0", "policies": OLD_POLICIES, "loopbackDSR": True},
        {"name": "cbr0", "apiVersion": 1, "policies": OLD_POLICIES},
        {**SMALL, "ipam": IPAM, "ApiVersion": 2, "capabilities": {"dns": True}, "policies": NEW_POLICIES},
        {"cniVersion": "1.1.0", "name": "a", "dns": {"nameservers": ["11.0.0.10"], "search": ["svc.cluster.local"]}},
    ],
    ids=["old interface", "old interface, said so", "new interface", "without policies"],
)
def test_plugin_of_the_cni_project_accepts(plugin, config):
    assert found({**config, "type": plugin}) == []


def test_keys_of_one_plugin_are_unknown_to_its_sibling():
    own = {"win-bridge": {"ipMasqNetwork": "10.0.0.0/8"}, "win-overlay": {"ipMasq": True, "endpointMacPrefix": "0E-2A"}}
    for plugin, keys in own.items():
        assert found({**SMALL, "type": plugin, **keys}) == []
        (other,) = {*WIN} - {plugin}
        assert [line.split(": ")[1] for line in found({**SMALL, "type": other, **keys})] == [*keys]


@pytest.mark.facts("autogen", 38)
@pytest.mark.parametrize("profile", ["1.0.0", "0.3.1"])
def test_generated_configuration_is_accepted_as_it_is_and_as_a_list(profile):
    addresses = {
        "Gateway": "10.0.0.2",
        "InfraPrefix": "10.1.0.0/24",
        "ManagementIp": "10.1.0.4",
        "DnsServers": "8.8.8.8",
    }
    made = generate({"Name": "net", "Type": "sdnbridge", "Subnet": "10.0.0.0/24", **addresses}, profile)
    assert made.document["type"] == "sdnbridge"
    assert all(0 < policy.settings["Priority"] < 1 << 16 for policy in made.policies if policy.type == "ACL")
    assert found(made.document) == []
    assert found(made.as_list()) == []


# Refused. Each row changes FULL in one place.

MICROSOFT_REFUSES = [
    ({"cniVersion": "0.3.1"}, "cniVersion: '0.3.1' is not '0.2.0', '0.3.0', '0.4.0' or '1.0.0'; did you mean '0.3.0'?"),
    ({"cniVersion": 1}, "cniVersion: 1 is not a string; write '0.2.0', '0.3.0', '0.4.0' or '1.0.0'"),
    ({"name": "a/b"}, "name: 'a/b' has '/' in it, which names of files must not have; take it out"),
    ({"name": None}, 'name: null is not a string; write something like "azure-cni"'),
    ({"dns": {"nameservers": "8.8.8.8"}}, "dns.nameservers: '8.8.8.8' is not a list; write [\"8.8.8.8\"]"),
    (
        {"dns": {"NameServers": ["dns.google"]}},
        "dns.NameServers[0]: 'dns.google' is not an IP address; write one like 10.0.0.1 or fd00::1",
    ),
    ({"dns": []}, "dns: [] is not an object; write an object"),
    ({"ipam": {"subnet": "10.0.0.0"}}, "ipam.subnet: '10.0.0.0' is not an IPv4 prefix; write one like 10.0.0.0/24"),
    ({"ipam": {"Subnet": "fd00::/64"}}, "ipam.Subnet: 'fd00::/64' is not an IPv4 prefix; write one like 10.0.0.0/24"),
    (
        {"ipam": {"routes": [{"GW": "10.0.0.1"}, {"GW": "10.0.0.1/24"}]}},
        "ipam.routes[1].GW: '10.0.0.1/24' is not an IP address; write one like 10.0.0.1 or fd00::1",
    ),
    (
        {"ipam": {"routes": {"GW": "10.0.0.1"}}},
        'ipam.routes: {"GW": "10.0.0.1"} is not a list; write something like [{"gw": "192.168.0.2"}]',
    ),
    (
        {"optionalFlags": {"allowAclPortMapping": "true"}},
        "optionalFlags.allowAclPortMapping: 'true' is not true or false; write true",
    ),
    (
        {"optionalFlags": {"loopbackDSR": 1}},
        "optionalFlags.loopbackDSR: 1 is not true or false; write true or false",
    ),
    ({"capabilities": {"dns": "yes"}}, "capabilities.dns: 'yes' is not true or false; write true or false"),
    ({"capabilities": {"dns": "[[[["}}, "capabilities.dns: '[[[[' is not true or false; write true or false"),
    (
        {"additionalRoutes": [{"dst": "10.0.0.1/8"}]},
        "additionalRoutes[0].dst: '10.0.0.1/8' is not the start of its prefix; write 10.0.0.0/8",
    ),
    (
        {"AdditionalArgs": [endpoint(Type="ACL", Settings=ACL), {"Name": "EndpointPolicy"}]},
        'AdditionalArgs[1].Value: is missing; write something like {"Type": "OutBoundNAT", "Settings": {"Exceptions": '
        '["192.168.0.0/24"]}}',
    ),
    (
        {"AdditionalArgs": [endpoint(Type="ACL", Settings={**ACL, "Action": "Permit"})]},
        "AdditionalArgs[0].Value.Settings.Action: 'Permit' is not 'Allow', 'Block' or 'Pass'; write one of them",
    ),
    (
        {"AdditionalArgs": [{"Name": "NetworkPolicy", "Value": {"Type": "VxlanPort"}}]},
        'AdditionalArgs[0].Value.Settings: is missing; write something like {"Port": 4789}',
    ),
    ({"dns": {}, "DNS": {}}, "DNS: 'dns' and 'DNS' are the same name to the plugin; write it once"),
    (
        {"runtimeConfig": {"portMappings": [{"containerPort": 70000}]}},
        "runtimeConfig.portMappings[0].containerPort: 70000 is out of range; write an integer from 1 to 65535",
    ),
]


@pytest.mark.parametrize("plugin", MICROSOFT)
@pytest.mark.parametrize(("change", "sentence"), MICROSOFT_REFUSES)
def test_plugin_of_microsoft_refuses(plugin, change, sentence):
    assert found({**FULL, "type": plugin, **change}) == [f"error: {sentence}"]


WIN_REFUSES = [
    (
        {"cniVersion": "2.0.0"},
        "cniVersion: '2.0.0' is not '0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0' or '1.1.0'; "
        "did you mean '1.0.0'?",
    ),
    ({"name": ".."}, "name: '..' is a folder's name; write another"),
    ({"apiVersion": 3}, "apiVersion: 3 is out of range; write an integer from 1 to 2"),
    ({"apiVersion": 0}, "apiVersion: 0 is out of range; write an integer from 1 to 2"),
    ({"ApiVersion": "2"}, "ApiVersion: '2' is not an integer; write 2"),
    ({"apiVersion": 1.0}, "apiVersion: 1.0 is not an integer; write something like 2"),
    ({"loopbackDSR": "no"}, "loopbackDSR: 'no' is not true or false; write true or false"),
    ({"ipam": "host-local"}, "ipam: 'host-local' is not an object; write an object"),
    ({"ipam": {"type": 5}}, 'ipam.type: 5 is not a string; write "5"'),
    ({"dns": {"search": ["a", 1]}}, 'dns.search[1]: 1 is not a string; write "1"'),
    (
        {"policies": [{"name": "EndpointPolicy", "value": {"Type": "OutBoundNAT", "Settings": {}}}]},
        'policies[0].value.ExceptionList: is missing; write something like ["10.0.0.0/8"]',
    ),
    (
        {"policies": [{"name": "EndpointPolicy", "value": {"Type": "ROUTE", "DestinationPrefix": "11.0.0.0"}}]},
        "policies[0].value.DestinationPrefix: '11.0.0.0' is not a prefix; write one like 10.0.0.0/24 or fd00::/64",
    ),
    (
        {"policies": [{"name": "EndpointPolicy", "value": {"Type": "PA", "PA": ""}}]},
        "policies[0].value.PA: '' is not an IP address; write one like 10.0.0.1 or fd00::1",
    ),
    (
        {"apiVersion": 2, "policies": [{"name": "EndpointPolicy", "value": {"Type": "SDNRoute"}}]},
        'policies[0].value.Settings: is missing; write something like {"Action": "Allow", "Direction": "Out", '
        '"Priority": 3000}',
    ),
    (
        {"apiVersion": 2, "policies": [{"name": "EndpointPolicy", "value": {"Settings": {}}}]},
        'policies[0].value.Type: is missing; write something like "ACL"',
    ),
    (
        {"policies": [{"value": {"Type": "L2Driver"}}]},
        'policies[0].name: is missing; write something like "EndpointPolicy"',
    ),
]


@pytest.mark.parametrize("plugin", WIN)
@pytest.mark.parametrize(("change", "sentence"), WIN_REFUSES)
def test_plugin_of_the_cni_project_refuses(plugin, change, sentence):
    errors = [line for line in found({**SMALL, "type": plugin, **change}) if line.startswith("error")]
    assert errors == [f"error: {sentence}"]


@pytest.mark.parametrize(
    ("plugin", "change", "sentence"),
    [
        (
            "win-bridge",
            {"ipMasqNetwork": "10.0.0.1"},
            "ipMasqNetwork: '10.0.0.1' is not a prefix; write one like 10.0.0.0/24 or fd00::/64",
        ),
        ("win-overlay", {"ipMasq": "10.0.0.0/8"}, "ipMasq: '10.0.0.0/8' is not true or false; write true or false"),
        (
            "win-overlay",
            {"endpointMacPrefix": "0E:2A"},
            "endpointMacPrefix: '0E:2A' is not the start of a MAC address; write one like 0E-2A",
        ),
    ],
)
def test_keys_of_one_plugin_are_checked(plugin, change, sentence):
    assert found({**SMALL, "type": plugin, **change}) == [f"error: {sentence}"]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("L2Tunnel", "'L2Tunnel' is not 'sdnbridge' or 'L2Bridge'; write one of them"),
        ("l2bridge", "'l2bridge' is not 'sdnbridge' or 'L2Bridge'; did you mean 'L2Bridge'?"),
        ("Nat", "'Nat' is not 'nat' or 'NAT'; did you mean 'nat'?"),
        ("overlay", "'overlay' is not 'sdnoverlay' or 'Overlay'; did you mean 'Overlay'?"),
        ("WIN-BRIDGE", "'WIN-BRIDGE' is not 'win-bridge'; did you mean 'win-bridge'?"),
        ("sdbridge", "'sdbridge' is not a type of a Windows plugin; did you mean 'sdnbridge'?"),
        ("flannel", f"'flannel' is not a type of a Windows plugin; write one of {TYPES}"),
        ("", f"'' is not a type of a Windows plugin; write one of {TYPES}"),
        (7, f"7 is not a type of a Windows plugin; write one of {TYPES}"),
    ],
)
def test_type_that_no_plugin_takes_is_refused(kind, sentence):
    assert found({**SMALL, "type": kind}) == [f"error: type: {sentence}"]


def test_missing_keys_are_named():
    assert found({}) == [f"error: type: is missing; write one of {TYPES}"]
    assert found({"type": "nat"}) == [
        "error: cniVersion: is missing; write '0.2.0', '0.3.0', '0.4.0' or '1.0.0'",
        'error: name: is missing; write something like "azure-cni"',
    ]
    assert found({"type": "win-overlay"}) == ['error: name: is missing; write something like "azure-cni"']


def test_configuration_of_a_misspelt_type_is_checked_as_the_type_that_was_meant():
    assert found({**SMALL, "optionalFlag": {}, "Type": "sdbridge", "dns": 1}) == [
        f"warning: optionalFlag: {UNKNOWN}did you mean 'optionalFlags'?",
        "error: Type: 'sdbridge' is not a type of a Windows plugin; did you mean 'sdnbridge'?",
        "error: dns: 1 is not an object; write an object",
    ]


@pytest.mark.parametrize("document", [None, [], "x", 1, True], ids=str)
def test_what_is_no_object_is_refused(document):
    (finding,) = check_configuration(document)
    assert finding.severity == "error"
    assert str(finding).endswith(" is not a network configuration; write an object")


# Warned about.


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ({"ipams": {}}, [f"ipams: {UNKNOWN}did you mean 'ipam'?"]),
        ({"policies": []}, ["policies: the plugin ignores it; write the policies under 'AdditionalArgs'"]),
        ({"a\nb.c": 1}, [f"['a\\nb.c']: {UNKNOWN}remove it"]),
        ({"dns": {"nameserver": []}}, [f"dns.nameserver: {UNKNOWN}did you mean 'nameservers'?"]),
        ({"optionalFlags": {"x": True}}, [f"optionalFlags.x: {UNKNOWN}remove it"]),
        (
            {"AdditionalArgs": [{"Name": "endpointpolicy", "Value": {"Type": "L2Driver", "Settings": {}}}]},
            [
                "AdditionalArgs[0].Name: unknown kind of policy 'endpointpolicy', which the plugin ignores; "
                "did you mean 'EndpointPolicy'?"
            ],
        ),
        (
            {"AdditionalArgs": [{"Name": "x", "Value": {}}]},
            [
                "AdditionalArgs[0].Name: unknown kind of policy 'x', which the plugin ignores; "
                "known are EndpointPolicy, NetworkPolicy"
            ],
        ),
    ],
)
def test_what_has_no_effect_is_a_warning(change, warnings):
    assert found({**SMALL, "type": "sdnbridge", **change}) == [f"warning: {text}" for text in warnings]


def test_policies_of_the_other_family_or_interface_are_warned_about():
    assert found({**SMALL, "type": "win-bridge", "AdditionalArgs": [], "optionalFlags": {}}) == [
        "warning: AdditionalArgs: the plugin ignores it; write the policies under 'policies'",
        "warning: optionalFlags: the plugin ignores it; remove it",
    ]
    policy = {"name": "EndpointPolicy", "value": {"Type": "L2Driver", "Settings": {}}}
    assert found({**SMALL, "type": "win-bridge", "policies": [policy]}) == [
        "warning: policies[0].value.Settings: the plugin ignores it; write the settings beside 'Type', "
        "or set apiVersion to 2"
    ]


# Lists, and the order of findings.


def test_list_is_checked_as_the_runtime_hands_it_to_each_plugin():
    plugin = {"type": "sdnbridge", "name": "own/name", "ipam": {"subnet": "x"}}
    assert found({"plugins": [plugin, {"type": "nat", "dns": 3}], "name": "a/b", "cniVersion": "0.3.1"}) == [
        "error: plugins[0].ipam.subnet: 'x' is not an IPv4 prefix; write one like 10.0.0.0/24",
        "error: plugins[1].dns: 3 is not an object; write an object",
        "error: name: 'a/b' has '/' in it, which names of files must not have; take it out",
        "error: cniVersion: '0.3.1' is not '0.2.0', '0.3.0', '0.4.0' or '1.0.0'; did you mean '0.3.0'?",
    ]


@pytest.mark.parametrize(
    ("plugins", "sentence"),
    [
        ([], "plugins: [] is not a list of plugins; write one with at least one plugin"),
        ({"type": "nat"}, 'plugins: {"type": "nat"} is not a list of plugins; write one with at least one plugin'),
        (["nat"], "plugins[0]: 'nat' is not the configuration of a plugin; write an object"),
        ([{}], f"plugins[0].type: is missing; write one of {TYPES}"),
    ],
)
def test_list_needs_plugins(plugins, sentence):
    assert found({**SMALL, "plugins": plugins}) == [f"error: {sentence}"]


def test_everything_is_found_in_the_order_of_the_document():
    config = {"type": "nat", "x": 1, "dns": {"search": 2, "nameservers": ["a", "b"]}, "name": "", "ipam": {"subnet": 3}}
    assert [line.split(": ")[1] for line in found(config)] == [
        *("x", "dns.search", "dns.nameservers[0]", "dns.nameservers[1]", "name", "ipam.subnet", "cniVersion")
    ]


def test_finding_prints_its_place_if_it_has_one():
    assert str(Finding("error", "ipam.subnet", "is wrong")) == "ipam.subnet: is wrong"
    assert str(Finding("error", "", "is wrong")) == "is wrong"


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
