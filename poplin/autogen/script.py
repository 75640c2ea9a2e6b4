"""Profile 0.3.1: the tool as the last published script behaved, which had left the specification behind.

Other priorities, sorted; ManagementIp is required and LocalEndpoint no longer used; two keys more. What the script did
by mistake, such as comparing numbers as text, is not done again.
"""

from __future__ import annotations

from dataclasses import replace

from poplin.autogen.document import DNS, METADATA, OUTBOUND_NAT, TCP, UDP, WIRE_SERVER
from poplin.autogen.document import KEYS as KEYS_OF_DOCUMENT
from poplin.autogen.fields import read_infra_params, read_skip
from poplin.autogen.policy import Policy
from poplin.autogen.profile import Key, Profile, allow, allow_all, block

REQUIRED = {"Name", "Type", "Subnet", "Gateway", "ManagementIp", "InfraPrefix", "DnsServers"}
KEYS = (
    *(replace(key, is_required=key.name in REQUIRED, is_mandatory=False, spellings=()) for key in KEYS_OF_DOCUMENT),
    Key("SkipDefaultPolicies", read_skip),
    Key("InfraParams", read_infra_params),
)

DEFAULTS = (
    OUTBOUND_NAT,
    block(9001, "{InfraPrefix}"),
    block(9002, "{Subnet}"),
    allow_all(9003),
    allow(2051, WIRE_SERVER, DNS, TCP),
    allow(2052, WIRE_SERVER, DNS, UDP),
    block(2053, WIRE_SERVER),
    block(2054, METADATA),
)

NO_PRIORITY = -1


def place(policy: Policy) -> int:
    """By priority; what has none comes first."""
    return NO_PRIORITY if policy.priority is None else policy.priority


SCRIPT = Profile("0.3.1", "cniConf", KEYS, range(3000, 8001), DEFAULTS, place, NO_PRIORITY)
