"""What is found in single policies, as intents and configurations have them."""

from __future__ import annotations

import pytest

from poplin.autogen.checking import check_policy

PLACE = "AdditionalPolicies[1]"
ACL = {"Action": "Allow", "Direction": "Out", "Priority": 3000}
UNKNOWN = "the plugin does not know it and ignores it; "
PASSED_ON = "which the plugin hands to Windows as it is"
KNOWN_TYPES = (
    "ACL, OutBoundNAT, SDNRoute, PortMapping, QOS, L2Driver, L4Proxy, L4WFPPROXY, PortName, EncapOverhead, Iov, "
    "ProviderAddress, InterfaceConstraint, TierAcl"
)


def found(policy):
    return [f"{finding.severity}: {finding}" for finding in check_policy(policy, PLACE)]


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("ACL", {"Action": "Allow", "Direction": "Out"}),
        ("acl", {"action": "Pass", "DIRECTION": "In", "priority": 1}),
        ("ACL", {**ACL, "Priority": 65535, "RuleType": "Switch", "Protocols": "6,17,256"}),
        ("ACL", {**ACL, "LocalAddresses": "10.0.0.1,fd00::/64", "RemoteAddresses": "10.0.0.0/8"}),
        ("ACL", {**ACL, "Localports": "80,8000-8100", "Remoteports": "53"}),
        ("OutBoundNAT", {"Exceptions": []}),
        ("outboundnat", {"Exceptions": ["10.0.0.1"], "Destinations": ["10.0.0.0/8"], "VirtualIP": "10.0.0.2"}),
        ("OutBoundNAT", {"Exceptions": ["10.0.0.1"], "Flags": 2, "MaxPortPoolUsage": 100}),
        ("SDNRoute", {"DestinationPrefix": "::/0", "NeedEncap": False, "NextHop": "fe80::1"}),
        ("PortMapping", {"Protocol": 6, "InternalPort": 80, "ExternalPort": 8080, "VIP": "10.0.0.1", "Flags": 1}),
        ("QOS", {"MaximumOutgoingBandwidthInBytes": 1 << 40}),
        ("PortName", {"Name": "web"}),
        ("EncapOverhead", {"Overhead": 50}),
        ("ProviderAddress", {"ProviderAddress": "10.0.0.4"}),
        ("L4Proxy", {"whatever": [1, None]}),
    ],
)
def test_policy_is_accepted(kind, settings):
    assert found({"Type": kind, "Settings": settings}) == []


def acl(**settings):
    return {"Type": "ACL", "Settings": {**ACL, **settings}}


LIKE_SETTINGS = 'write something like {"Action": "Allow", "Direction": "Out", "Priority": 3000}'
LIKE_POLICY = LIKE_SETTINGS.replace("{", '{"Type": "ACL", "Settings": {') + "}"
LIKE_PREFIX = 'write something like "10.0.0.0/8"'
LIKE_PREFIXES = 'write something like ["10.0.0.0/8"]'
ACTIONS = "'Allow', 'Block' or 'Pass'"
TWICE = "are the same name to the plugin; write it once"

# Policies of any type.
REFUSED = [
    (3, f": 3 is not an object; {LIKE_POLICY}"),
    ({"Settings": {}}, '.Type: is missing; write something like "ACL"'),
    ({"Type": "", "Settings": {}}, ".Type: '' is empty; write something like \"ACL\""),
    ({"Type": None, "Settings": {}}, '.Type: is null; write something like "ACL"'),
    ({"Type": "QOS"}, f".Settings: is missing; {LIKE_SETTINGS}"),
    ({"Type": "QOS", "Settings": []}, f".Settings: [] is not an object; {LIKE_SETTINGS}"),
    ({"Type": "Iov", "Settings": {"x": 1, "X": 1}}, f".Settings.X: 'x' and 'X' {TWICE}"),
    ({"Type": "ACL", "Settings": {"Direction": "In"}}, f".Settings.Action: is missing; write {ACTIONS}"),
    ({"Type": "ACL", "Settings": {"Action": "Pass"}}, ".Settings.Direction: is missing; write 'In' or 'Out'"),
]


@pytest.mark.parametrize(("policy", "sentence"), REFUSED)
def test_policy_is_refused(policy, sentence):
    assert found(policy) == [f"error: {PLACE}{sentence}"]


ACLS_REFUSED = [
    ({"Action": "allow"}, f"Action: 'allow' is not {ACTIONS}; did you mean 'Allow'?"),
    ({"Action": "Deny"}, f"Action: 'Deny' is not {ACTIONS}; write one of them"),
    ({"Action": True}, f"Action: true is not a string; write {ACTIONS}"),
    ({"Direction": "Both"}, "Direction: 'Both' is not 'In' or 'Out'; write one of them"),
    ({"RuleType": "host"}, "RuleType: 'host' is not 'Host' or 'Switch'; did you mean 'Host'?"),
    ({"Priority": "200"}, "Priority: '200' is not an integer; write 200"),
    ({"Priority": "first"}, "Priority: 'first' is not an integer; write something like 3000"),
    ({"Priority": True}, "Priority: true is not an integer; write something like 3000"),
    ({"Priority": 200.0}, "Priority: 200.0 is not an integer; write something like 3000"),
    ({"Priority": None}, "Priority: is null; write something like 3000"),
    ({"Priority": 0}, "Priority: 0 is out of range; write an integer from 1 to 65535"),
    ({"Priority": 65536}, "Priority: 65536 is out of range; write an integer from 1 to 65535"),
    ({"Protocols": 6}, 'Protocols: 6 is not a string; write "6"'),
    ({"Protocols": 600}, 'Protocols: 600 is not a string; write something like "6,17"'),
    ({"Protocols": "tcp"}, "Protocols: 'tcp' is not a protocol number; write 6"),
    ({"Remoteports": 8080}, 'Remoteports: 8080 is not a string; write "8080"'),
    ({"LocalPorts": ["80"]}, 'LocalPorts: ["80"] is not a string; write something like "80,8000-8100"'),
    (
        {"RemoteAddresses": "10.0.0.1/8"},
        "RemoteAddresses: '10.0.0.1/8' is not the start of its prefix; write 10.0.0.0/8",
    ),
    ({"action": "Pass"}, f"action: 'Action' and 'action' {TWICE}"),
]


@pytest.mark.parametrize(("settings", "sentence"), ACLS_REFUSED)
def test_acl_is_refused(settings, sentence):
    assert found({"Type": "ACL", "Settings": {**ACL, **settings}}) == [f"error: {PLACE}.Settings.{sentence}"]


# Null and the empty string are values here, though the plugins take them for nothing.
OTHERS_REFUSED = [
    ("OutBoundNAT", {"Exceptions": None}, f"Exceptions: is null; {LIKE_PREFIXES}"),
    (
        "OutBoundNAT",
        {"Exceptions": [""]},
        "Exceptions[0]: '' is not an address or a prefix; write one like 10.0.0.1 or 10.0.0.0/24",
    ),
    ("OutBoundNAT", {"Destinations": ["10.0.0.0/8"]}, f"Exceptions: is missing; {LIKE_PREFIXES}"),
    (
        "SDNRoute",
        {"DestinationPrefix": "", "NeedEncap": True},
        "DestinationPrefix: '' is not a prefix; write one like 10.0.0.0/24 or fd00::/64",
    ),
    ("OutBoundNAT", {}, f"Exceptions: is missing; {LIKE_PREFIXES}"),
    ("OutBoundNAT", {"Exceptions": "10.0.0.0/8"}, "Exceptions: '10.0.0.0/8' is not a list; write [\"10.0.0.0/8\"]"),
    ("OutBoundNAT", {"Exceptions": "all"}, f"Exceptions: 'all' is not a list; {LIKE_PREFIXES}"),
    ("OutBoundNAT", {"Exceptions": [3]}, f"Exceptions[0]: 3 is not a string; {LIKE_PREFIX}"),
    ("SDNRoute", {"NeedEncap": True}, f"DestinationPrefix: is missing; {LIKE_PREFIX}"),
    ("SDNRoute", {"DestinationPrefix": "::/0"}, "NeedEncap: is missing; write something like true"),
    (
        "SDNRoute",
        {"DestinationPrefix": "::/0", "NeedEncap": "False"},
        "NeedEncap: 'False' is not true or false; write false",
    ),
    ("PortMapping", {"InternalPort": 65536}, "InternalPort: 65536 is out of range; write an integer from 0 to 65535"),
    (
        "QOS",
        {"MaximumOutgoingBandwidthInBytes": "1"},
        "MaximumOutgoingBandwidthInBytes: '1' is not an integer; write 1",
    ),
    ("PortName", {"Name": 1}, 'Name: 1 is not a string; write "1"'),
    ("EncapOverhead", {"Overhead": -1}, "Overhead: -1 is out of range; write an integer from 0 to 65535"),
    (
        "ProviderAddress",
        {"ProviderAddress": "10.0.0"},
        "ProviderAddress: '10.0.0' is not an IP address; write one like 10.0.0.1 or fd00::1",
    ),
]


@pytest.mark.parametrize(("kind", "settings", "sentence"), OTHERS_REFUSED)
def test_policy_of_another_type_is_refused(kind, settings, sentence):
    assert found({"Type": kind, "Settings": settings}) == [f"error: {PLACE}.Settings.{sentence}"]


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("Foo", f"known are {KNOWN_TYPES}"),
        ("ALC", "did you mean 'ACL'?"),
        ("sdn-route", "did you mean 'SDNRoute'?"),
    ],
)
def test_policy_of_an_unknown_type_is_warned_about_and_its_settings_are_left_alone(kind, hint):
    expected = f"warning: {PLACE}.Type: unknown policy type '{kind}', {PASSED_ON}; {hint}"
    assert found({"Type": kind, "Settings": {"Priority": "x"}}) == [expected]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"Remoteprots": "80"}, f"Remoteprots: {UNKNOWN}did you mean 'RemotePorts'?"),
        ({"Comment": "why"}, f"Comment: {UNKNOWN}remove it"),
        ({"Scope": "x"}, "Scope: the plugin ignores it; remove it"),
    ],
)
def test_setting_without_effect_is_warned_about(settings, sentence):
    assert found({"Type": "ACL", "Settings": {**ACL, **settings}}) == [f"warning: {PLACE}.Settings.{sentence}"]


@pytest.mark.parametrize("kind", ["Foo", "ACL"])
def test_finding_says_whether_the_type_is_unknown(kind):
    policy = {"Type": kind, "Settings": {**ACL, "Comment": "why"}}
    flags = [finding.is_unknown_policy for finding in check_policy(policy, PLACE)]
    assert flags == [kind == "Foo"]


def test_key_beside_type_and_settings_is_warned_about():
    assert found({"Type": "ACL", "Settings": ACL, "Value": {}}) == [f"warning: {PLACE}.Value: {UNKNOWN}remove it"]


def test_everything_in_a_policy_is_found_in_its_order():
    policy = {"Settings": {"Scope": "x", "Priority": 0, "action": "x", "Direction": 1}, "Type": "acl"}
    assert [finding.where for finding in check_policy(policy, "p")] == [
        *("p.Settings.Scope", "p.Settings.Priority", "p.Settings.action", "p.Settings.Direction")
    ]
    assert [finding.where for finding in check_policy({}, "p")] == ["p.Type", "p.Settings"]
