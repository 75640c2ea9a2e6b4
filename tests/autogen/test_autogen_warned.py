"""What a Windows plugin ignores, takes for something else, or takes for nothing: no errors."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from autogen.configurations import ACL, FULL, MICROSOFT, SMALL, SMALL_WIN, UNKNOWN, WIN, endpoint, found

from poplin.autogen.checking import check_configuration
from poplin.schema.finding import Finding


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
            {"AdditionalArgs": [{"Name": "endpointPolicy", "Value": {"Type": "ACL", "Settings": {"Priority": "x"}}}]},
            [
                "AdditionalArgs[0].Name: unknown kind of policy 'endpointPolicy', which the plugin ignores; "
                "did you mean 'EndpointPolicy'?"
            ],
        ),
        (
            {"AdditionalArgs": [{"Value": 3}, {"Name": None}, {"Name": "EndpointPolicyy", "Value": [None]}]},
            [
                'AdditionalArgs[0].Name: is missing; write something like "EndpointPolicy"',
                'AdditionalArgs[1].Name: is missing; write something like "EndpointPolicy"',
                "AdditionalArgs[2].Name: unknown kind of policy 'EndpointPolicyy', which the plugin ignores; "
                "did you mean 'EndpointPolicy'?",
            ],
        ),
        (
            {"AdditionalArgs": [{"Name": "{}"}]},
            [
                "AdditionalArgs[0].Name: unknown kind of policy '{}', which the plugin ignores; "
                "known are EndpointPolicy, NetworkPolicy"
            ],
        ),
        (
            {"AdditionalArgs": [endpoint(Type="ACL", Settings={"Direction": ""})]},
            [
                "AdditionalArgs[0].Value.Settings.Direction: is missing; write 'In' or 'Out'",
                "AdditionalArgs[0].Value.Settings.Action: is missing; write 'Allow', 'Block' or 'Pass'",
            ],
        ),
        (
            {"AdditionalArgs": [endpoint(Type="SDNRoute", Settings={})]},
            ['AdditionalArgs[0].Value.Settings.DestinationPrefix: is missing; write something like "10.0.0.0/8"'],
        ),
        (
            {"ipam": {"subnet": "192.168.1.7/24"}},
            ["ipam.subnet: '192.168.1.7/24' is not the start of its prefix; write 192.168.1.0/24"],
        ),
        (
            {"ipam": {"routes": [{"dst": "10::6/64"}]}, "additionalRoutes": [{"Dst": "10.0.0.1/8"}]},
            [
                "ipam.routes[0].dst: '10::6/64' is not the start of its prefix; write 10::/64",
                "additionalRoutes[0].Dst: '10.0.0.1/8' is not the start of its prefix; write 10.0.0.0/8",
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


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        ({"apiVersion": 3}, "apiVersion: unknown interface of Windows 3, which the plugin takes for 1; known are 1, 2"),
        ({"apiVersion": 0}, "apiVersion: unknown interface of Windows 0, which the plugin takes for 1; known are 1, 2"),
        ({"policies": [{"value": 3}]}, 'policies[0].name: is missing; write something like "EndpointPolicy"'),
        (
            {"policies": [{"name": "NetworkPolicy", "value": {"Type": 3}}]},
            "policies[0].name: unknown kind of policy 'NetworkPolicy', which the plugin ignores; "
            "known are EndpointPolicy",
        ),
        (
            {"policies": [{"name": "EndpointPolicy", "value": {"Type": "ROUTE", "NeedEncap": True}}]},
            'policies[0].value.DestinationPrefix: is missing; write something like "10.0.0.0/8"',
        ),
    ],
)
@pytest.mark.parametrize("plugin", WIN)
def test_what_a_plugin_of_the_cni_project_takes_otherwise_is_a_warning(plugin, change, warning):
    assert found({**SMALL_WIN, "type": plugin, **change}) == [f"warning: {warning}"]


# Null, and the empty string, as the plugins read them.


@pytest.mark.parametrize("plugin", MICROSOFT)
def test_null_is_as_good_as_nothing(plugin):
    settings = {**ACL, "RuleType": None, "LocalPorts": None, "Protocols": None}
    nothing = {key: None for key in FULL if key not in SMALL and key != "cni.dev/attachments"}
    assert found({**SMALL, "type": plugin, **nothing, "policies": None}) == []
    assert found({**SMALL, "type": plugin, "ipam": {"subnet": None, "routes": [{"gw": None}]}}) == []
    assert found({**SMALL, "type": plugin, "dns": None, "DNS": {"search": None}, "capabilities": {"dns": None}}) == []
    assert found({**SMALL, "type": plugin, "AdditionalArgs": [endpoint(Type="acl", Settings=settings)]}) == []


def test_empty_string_is_as_good_as_nothing_where_a_string_may_be_left_out():
    ipam = {"type": "", "subnet": "", "ipAddress": "", "routes": [{"gw": ""}]}
    settings = {**ACL, "RuleType": "", "RemoteAddresses": "", "RemotePorts": "", "Protocols": ""}
    arguments = [endpoint(Type="ACL", Settings=settings), endpoint(Type="OutBoundNAT", Settings={"VirtualIP": ""})]
    assert found({**SMALL, "type": "nat", "ipam": ipam, "AdditionalArgs": arguments}) == []
    own = {
        "cniVersion": "",
        "ipMasqNetwork": "",
        "policies": [{"name": "EndpointPolicy", "value": {"Type": "PA", "PA": ""}}],
    }
    assert found({**SMALL_WIN, "type": "win-bridge", **own}) == []
    assert found({**SMALL_WIN, "type": "win-overlay", "ipMasq": "", "endpointMacPrefix": ""}) == [
        "error: ipMasq: '' is not true or false; write true or false"
    ]


# What Python programs hand over.


class Keys(Mapping):
    """A mapping that is no dict."""

    def __init__(self, items):
        self.items_ = items

    def __getitem__(self, key):
        return self.items_[key]

    def __iter__(self):
        return iter(self.items_)

    def __len__(self):
        return len(self.items_)


def test_tuples_and_mappings_are_lists_and_objects():
    config = Keys({**SMALL, "type": "nat", "dns": Keys({"nameservers": ("8.8.8.8", "x")})})
    expected = "dns.nameservers[1]: 'x' is not an IP address; write one like 10.0.0.1 or fd00::1"
    assert found(config) == [f"error: {expected}"]
    assert found({"name": "net", "cniVersion": "0.2.0", "plugins": (config,)}) == [f"error: plugins[0].{expected}"]


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({**SMALL, "type": "nat", 5: 6}, "the key 5 is not a string"),
        ({**SMALL, "type": "nat", "x": float("nan")}, "the number NaN is too large"),
        ({**SMALL, "type": "nat", "x": [{1, 2}]}, "<set> has no form in JSON"),
    ],
)
def test_what_is_no_json_is_refused(document, text):
    assert check_configuration(document) == [Finding("error", "", text)]
