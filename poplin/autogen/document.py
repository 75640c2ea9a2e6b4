"""Profile 1.0.0: the tool as its specification has it, with the rules and the order of the specification's sample.

Where the specification's examples differ from its text, both work: older names of keys, one DNS server that is no
list, addresses that are absent. (CNI Configuration Autogen Tool Specification 1.0.0, sections 2 to 4 and appendix.)
"""

from __future__ import annotations

from poplin.autogen.fields import (
    read_host,
    read_infra_prefix,
    read_name,
    read_policies,
    read_servers,
    read_subnet,
    read_version,
)
from poplin.autogen.policy import Policy
from poplin.autogen.profile import Default, Key, Profile, allow, allow_all, block

METADATA = "169.254.169.254/32"  # Azure's instance metadata service
WIRE_SERVER = "168.63.129.16/32"  # Azure's platform services, DNS among them
DNS, TCP, UDP = "53", "6", "17"

KEYS = (
    Key("Name", read_name, is_required=True, is_mandatory=True),
    Key("Type", read_name, is_required=True, is_mandatory=True),
    Key("Version", read_version),
    Key("DnsServers", read_servers, is_mandatory=True, spellings=("DnsServer",), absence="dns has no Nameservers"),
    Key("Gateway", read_host, is_mandatory=True, absence="ipam has no routes"),
    Key("Subnet", read_subnet, is_mandatory=True, absence="ipam has no subnet"),
    Key("LocalEndpoint", read_host, is_mandatory=True),
    Key("InfraPrefix", read_infra_prefix, is_mandatory=True),
    Key("ManagementIp", read_host),
    Key("AdditionalPolicies", read_policies, spellings=("AddditionalPolicies", "Policies")),
)

OUTBOUND_NAT = Default("OutBoundNAT", {"Exceptions": ["{Subnet}", "{ManagementIp}/32"]})
ALLOW_IN = Default(
    "ACL", {"Priority": 5000, "LocalPorts": "1111", "Protocols": TCP, "Direction": "In", "Action": "Allow"}
)
DEFAULTS = (
    OUTBOUND_NAT,
    block(4999, WIRE_SERVER),
    block(5003, METADATA),
    ALLOW_IN,
    allow(5001, "{LocalEndpoint}", "31002", TCP),
    allow(5002, WIRE_SERVER, DNS, TCP),
    allow(5002, WIRE_SERVER, DNS, UDP),
    block(6001, "{InfraPrefix}"),
    block(6002, "{Subnet}"),
    allow_all(6003),
)

# The sample's order is not that of the priorities: NAT; users' other policies; two blocks; users' ACLs; the rest.
FIRST, USERS_OTHERS, BLOCKS, USERS_ACLS, LAST = range(5)
PLACES = {None: FIRST, 4999: BLOCKS, 5003: BLOCKS}


def place(policy: Policy) -> int:
    """Where in the sample's order a policy stands."""
    if policy.is_default:
        return PLACES.get(policy.priority, LAST)
    return USERS_ACLS if policy.is_acl else USERS_OTHERS


DOCUMENT = Profile("1.0.0", "cni.conf", KEYS, range(100, 4097), DEFAULTS, place)
