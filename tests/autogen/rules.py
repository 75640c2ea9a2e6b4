"""What either profile makes of an intent, as a table: one line a rule, with the JSON it becomes.

`<Key>` stands for a value of the intent. Where that is absent, the place goes, and with it whatever is left empty by
that; but a rule goes as a whole if one of the keys in its first column is absent.
"""

from __future__ import annotations

import json
import re
from typing import Any

FRAME = """
{"cniVersion": "<Version>", "name": "<Name>", "type": "<Type>", "master": "Ethernet",
 "capabilities": {"portMappings": true, "dns": true},
 "ipam": {"environment": "azure", "subnet": "<Subnet>", "routes": [{"GW": "<Gateway>"}]},
 "dns": {"Nameservers": "<DnsServers>", "Search": ["svc.cluster.local"]},
 "optionalFlags": {"localRoutedPortMapping": true, "allowAclPortMapping": true}}
"""
NAT = '{"Exceptions": ["<Subnet>", "<ManagementIp>/32"]}'
OTHERS, ACLS = "the user's other policies", "the user's ACLs"  # places for what the user adds
RULES: dict[str, list[tuple[str, str, str]]] = {
    "1.0.0": [
        ("", "OutBoundNAT", NAT),
        (OTHERS, "", ""),
        ("", "ACL", '{"Priority": 4999, "Direction": "Out", "RemoteAddresses": "168.63.129.16/32", "Action": "Block"}'),
        (
            "",
            "ACL",
            '{"Priority": 5003, "Direction": "Out", "RemoteAddresses": "169.254.169.254/32", "Action": "Block"}',
        ),
        (ACLS, "", ""),
        ("", "ACL", '{"Priority": 5000, "LocalPorts": "1111", "Protocols": "6", "Direction": "In", "Action": "Allow"}'),
        (
            "LocalEndpoint",
            "ACL",
            '{"Action": "Allow", "Direction": "Out", "RemotePorts": "31002",'
            ' "RemoteAddresses": "<LocalEndpoint>", "Priority": 5001, "Protocols": "6"}',
        ),
        *(
            (
                "",
                "ACL",
                '{"Action": "Allow", "Direction": "Out", "RemotePorts": "53",'
                f' "RemoteAddresses": "168.63.129.16/32", "Priority": 5002, "Protocols": "{protocol}"}}',
            )
            for protocol in (6, 17)
        ),
        (
            "InfraPrefix",
            "ACL",
            '{"Priority": 6001, "Direction": "Out", "RemoteAddresses": "<InfraPrefix>", "Action": "Block"}',
        ),
        ("Subnet", "ACL", '{"Priority": 6002, "Direction": "Out", "RemoteAddresses": "<Subnet>", "Action": "Block"}'),
        ("", "ACL", '{"Priority": 6003, "Direction": "Out", "Action": "Allow"}'),
    ],
    "0.3.1": [  # in any order: the priorities decide
        ("", "OutBoundNAT", NAT),
        ("", "ACL", '{"Priority": 9001, "Direction": "Out", "RemoteAddresses": "<InfraPrefix>", "Action": "Block"}'),
        ("", "ACL", '{"Priority": 9002, "Direction": "Out", "RemoteAddresses": "<Subnet>", "Action": "Block"}'),
        ("", "ACL", '{"Priority": 9003, "Direction": "Out", "Action": "Allow"}'),
        *(
            (
                "",
                "ACL",
                '{"Action": "Allow", "Direction": "Out", "RemotePorts": "53",'
                f' "RemoteAddresses": "168.63.129.16/32", "Priority": {priority}, "Protocols": "{protocol}"}}',
            )
            for priority, protocol in ((2051, 6), (2052, 17))
        ),
        ("", "ACL", '{"Priority": 2053, "Direction": "Out", "RemoteAddresses": "168.63.129.16/32", "Action": "Block"}'),
        (
            "",
            "ACL",
            '{"Priority": 2054, "Direction": "Out", "RemoteAddresses": "169.254.169.254/32", "Action": "Block"}',
        ),
    ],
}
PROFILES = tuple(RULES)
SPELLINGS = {  # of the document; the script knows the first of each only
    "DnsServers": ("DnsServers", "DnsServer"),
    "AdditionalPolicies": ("AdditionalPolicies", "AddditionalPolicies", "Policies"),
}
USED = ("DnsServers", "Gateway", "Subnet", "LocalEndpoint", "InfraPrefix", "ManagementIp")  # the document tells of each
GONE = object()


def expect(intent: dict[str, Any], profile: str) -> dict[str, Any]:
    """The configuration, in order."""
    values = read_keys(intent)
    document: dict[str, Any] = fill(json.loads(FRAME), values)
    policies = arrange_as_documented(values) if profile == "1.0.0" else arrange_as_scripted(values)
    if policies:
        document["AdditionalArgs"] = [{"Name": "EndpointPolicy", "Value": policy} for policy in policies]
    return document


def read_keys(intent: dict[str, Any]) -> dict[str, Any]:
    """The values under the first spelling of each key."""
    names = {other.lower(): key for key, others in SPELLINGS.items() for other in others}
    values = {names.get(key.lower(), key.lower()): value for key, value in intent.items()}
    canonical = ("Name", "Type", "Version", "SkipDefaultPolicies", *USED)
    values = {**values, **{key: values[key.lower()] for key in canonical if key.lower() in values}}
    values.setdefault("Version", "0.2.0")
    for key in ("DnsServers", "AdditionalPolicies"):
        if key in values and not isinstance(values[key], list):
            values[key] = [values[key]]
    return values


def arrange_as_documented(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The policies in the order of the document's sample output."""
    users = values.get("AdditionalPolicies", [])
    added = {
        OTHERS: [policy for policy in users if not is_acl(policy)],
        ACLS: [policy for policy in users if is_acl(policy)],
    }
    policies: list[dict[str, Any]] = []
    for row in RULES["1.0.0"]:
        policies += added[row[0]] if row[0] in added else make_default(row, values)
    return policies


def arrange_as_scripted(values: dict[str, Any]) -> list[dict[str, Any]]:
    """The policies sorted by priority; those without one come first, the defaults before the user's."""
    rows = [] if "SkipDefaultPolicies" in values else RULES["0.3.1"]
    policies = [policy for row in rows for policy in make_default(row, values)]
    policies += values.get("AdditionalPolicies", [])
    return [without_minus_one(policy) for policy in sorted(policies, key=lambda policy: priority_of(policy, -1))]


def make_default(row: tuple[str, str, str], values: dict[str, Any]) -> list[dict[str, Any]]:
    """The policy of a row, or none."""
    needs, kind, template = row
    settings = fill(json.loads(template), values)
    return [] if settings is GONE or (needs and needs not in values) else [{"Type": kind, "Settings": settings}]


def fill(template: Any, values: dict[str, Any]) -> Any:
    """The template with the values in it; GONE if nothing of it is left."""
    if isinstance(template, dict):
        filled = {key: fill(value, values) for key, value in template.items()}
        return {key: value for key, value in filled.items() if value is not GONE} or GONE
    if isinstance(template, list):
        return [item for value in template if (item := fill(value, values)) is not GONE] or GONE
    place = re.search("<([A-Za-z]+)>", template) if isinstance(template, str) else None
    if not place:
        return template
    if place[1] not in values:
        return GONE
    value = values[place[1]]
    return value if place[0] == template else template.replace(place[0], value)


def is_acl(policy: dict[str, Any]) -> bool:
    return bool(policy["Type"].lower() == "acl")


def priority_of(policy: dict[str, Any], otherwise: int) -> int:
    """The priority under any spelling of its name."""
    return next((value for key, value in policy["Settings"].items() if key.lower() == "priority"), otherwise)


def without_minus_one(policy: dict[str, Any]) -> dict[str, Any]:
    """The script takes -1 for no priority, and does not emit it."""
    if priority_of(policy, 0) != -1:
        return policy
    return {**policy, "Settings": {k: v for k, v in policy["Settings"].items() if k.lower() != "priority"}}


def in_order(value: Any) -> Any:
    """The value so that two are equal only if their keys stand in the same order at every level."""
    if isinstance(value, dict):
        return [("key", key, in_order(item)) for key, item in value.items()]
    if isinstance(value, list):
        return [in_order(item) for item in value]
    return (type(value), value)
