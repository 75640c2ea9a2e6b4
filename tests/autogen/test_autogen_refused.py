"""What each Windows plugin refuses."""

from __future__ import annotations

import pytest
from autogen.configurations import ACL, FULL, MICROSOFT, SMALL, SMALL_WIN, TYPES, UNKNOWN, WIN, endpoint, found

from poplin.autogen.checking import check_configuration

# Each row changes an accepted configuration in one place.
MICROSOFT_REFUSES = [
    ({"cniVersion": "0.3.1"}, "cniVersion: '0.3.1' is not '0.2.0', '0.3.0', '0.4.0' or '1.0.0'; did you mean '0.3.0'?"),
    ({"cniVersion": 1}, "cniVersion: 1 is not a string; write '0.2.0', '0.3.0', '0.4.0' or '1.0.0'"),
    ({"name": "a/b"}, "name: 'a/b' is not a network name: a letter or digit, then letters, digits, `_`, `.` and `-`"),
    ({"name": None}, 'name: is missing; write something like "azure-cni"'),
    ({"name": ""}, 'name: is missing; write something like "azure-cni"'),
    ({"name": 5}, 'name: 5 is not a string; write "5"'),
    ({"cniVersion": ""}, "cniVersion: is missing; write '0.2.0', '0.3.0', '0.4.0' or '1.0.0'"),
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
        {"additionalRoutes": [{"dst": "10.0.0.0"}]},
        "additionalRoutes[0].dst: '10.0.0.0' is not a prefix; write one like 10.0.0.0/24 or fd00::/64",
    ),
    ({"additionalRoutes": [{"dst": ""}]}, "additionalRoutes[0].dst: '' is empty; write something like \"0.0.0.0/0\""),
    ({"additionalRoutes": [{"dst": None}]}, 'additionalRoutes[0].dst: is null; write something like "0.0.0.0/0"'),
    (
        {"AdditionalArgs": [endpoint(Type="OutBoundNAT", Settings={"Exceptions": ["10.0.0.1/8"]})]},
        "AdditionalArgs[0].Value.Settings.Exceptions[0]: '10.0.0.1/8' is not the start of its prefix; write 10.0.0.0/8",
    ),
    (
        {"AdditionalArgs": [endpoint(Type="ACL", Settings={**ACL, "LocalAddresses": "10.0.0.1/8"})]},
        "AdditionalArgs[0].Value.Settings.LocalAddresses: '10.0.0.1/8' is not the start of its prefix; "
        "write 10.0.0.0/8",
    ),
    (
        {"AdditionalArgs": [endpoint(Type="ACL", Settings=ACL), {"Name": "EndpointPolicy"}]},
        'AdditionalArgs[1].Value: is missing; write something like {"Type": "ACL", "Settings": {"Action": "Allow", '
        '"Direction": "Out", "Priority": 3000}}',
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
    ({"name": ".."}, "name: '..' is not a network name: a letter or digit, then letters, digits, `_`, `.` and `-`"),
    ({"ApiVersion": "2"}, "ApiVersion: '2' is not an integer; write 2"),
    ({"apiVersion": 1.0}, "apiVersion: 1.0 is not an integer; write something like 2"),
    ({"loopbackDSR": "no"}, "loopbackDSR: 'no' is not true or false; write true or false"),
    (
        {"ipam": "host-local"},
        'ipam: \'host-local\' is not an object; write something like {"type": "host-local", "subnet": "10.244.1.0/24"}',
    ),
    ({"ipam": {"type": 5}}, 'ipam.type: 5 is not a string; write "5"'),
    ({"dns": {"search": ["a", 1]}}, 'dns.search[1]: 1 is not a string; write "1"'),
    (
        {"policies": [{"name": "EndpointPolicy", "value": {"Type": "OutBoundNAT", "ExceptionList": "10.0.0.0/8"}}]},
        "policies[0].value.ExceptionList: '10.0.0.0/8' is not a list; write [\"10.0.0.0/8\"]",
    ),
    (
        {"policies": [{"name": "EndpointPolicy", "value": {"Type": "ROUTE", "DestinationPrefix": "11.0.0.0"}}]},
        "policies[0].value.DestinationPrefix: '11.0.0.0' is not a prefix; write one like 10.0.0.0/24 or fd00::/64",
    ),
    (
        {"policies": [{"name": "EndpointPolicy", "value": {"Type": "PA", "PA": "host"}}]},
        "policies[0].value.PA: 'host' is not an IP address; write one like 10.0.0.1 or fd00::1",
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
        {"policies": [{"name": "ENDPOINTPOLICY"}]},
        'policies[0].value: is missing; write something like {"Type": "OutBoundNAT", "ExceptionList": ["10.0.0.0/8"]}',
    ),
]


@pytest.mark.parametrize("plugin", WIN)
@pytest.mark.parametrize(("change", "sentence"), WIN_REFUSES)
def test_plugin_of_the_cni_project_refuses(plugin, change, sentence):
    assert found({**SMALL_WIN, "type": plugin, **change}) == [f"error: {sentence}"]


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
    assert found({**SMALL_WIN, "type": plugin, **change}) == [f"error: {sentence}"]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("L2Tunnel", "'L2Tunnel' is not 'sdnbridge' or 'L2Bridge'; write one of them"),
        ("l2bridge", "'l2bridge' is not 'sdnbridge' or 'L2Bridge'; did you mean 'L2Bridge'?"),
        ("Nat", "'Nat' is not 'nat' or 'NAT'; did you mean 'nat'?"),
        ("overlay", "'overlay' is not 'sdnoverlay' or 'Overlay'; did you mean 'Overlay'?"),
        ("WIN-BRIDGE", "'WIN-BRIDGE' is not 'win-bridge'; did you mean 'win-bridge'?"),
        ("sdbridge", "'sdbridge' is not a type of a Windows plugin; did you mean 'sdnbridge'?"),
        ("win-l2bridge", "'win-l2bridge' is not a type of a Windows plugin; did you mean 'win-bridge'?"),
        ("", f"'' is not a type of a Windows plugin; write one of {TYPES}"),
        (7, f"7 is not a type of a Windows plugin; write one of {TYPES}"),
    ],
)
def test_type_that_no_plugin_takes_is_refused(kind, sentence):
    assert found({**SMALL_WIN, "type": kind}) == [f"error: type: {sentence}"]


def test_missing_keys_are_named():
    assert found({}) == [f"error: type: is missing; write one of {TYPES}"]
    assert found({"type": "nat"}) == [
        "error: cniVersion: is missing; write '0.2.0', '0.3.0', '0.4.0' or '1.0.0'",
        'error: name: is missing; write something like "azure-cni"',
    ]
    assert found({"type": "win-bridge"}) == ['error: name: is missing; write something like "azure-cni"']
    assert found({"type": None}) == [f"error: type: is missing; write one of {TYPES}"]


IPAM_TYPE_MISSING = 'error: ipam.type: is missing; write something like "host-local"'


@pytest.mark.parametrize("change", [{}, {"apiVersion": 1}, {"apiVersion": None}])
def test_win_overlay_asks_an_ipam_plugin_whatever_happens(change):
    config = {**SMALL, "type": "win-overlay", **change}
    (missing,) = found(config)
    assert missing.startswith("error: ipam: is missing; write something like ")
    assert found({**config, "ipam": None}) == [missing]
    assert found({**config, "ipam": {"subnet": "10.0.0.0/24"}}) == [IPAM_TYPE_MISSING]
    assert found({**config, "IPAM": {"Type": ""}}) == [IPAM_TYPE_MISSING.replace("ipam.type", "IPAM.Type")]


@pytest.mark.parametrize(
    "config",
    [
        {"type": "win-overlay", "apiVersion": 2},
        {"type": "win-bridge", "apiVersion": 1},
        {"type": "win-bridge", "apiVersion": 2},
        {"type": "sdnoverlay"},
    ],
)
def test_the_others_leave_the_address_to_windows(config):
    assert found({**SMALL, **config}) == []
    assert found({**SMALL, **config, "ipam": {"type": ""}}) == []


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
