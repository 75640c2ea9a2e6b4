"""Valid intents from a number: other addresses, subnets and policies, keys in other spellings, addresses left out."""

from __future__ import annotations

import ipaddress
from random import Random
from typing import Any

from autogen.examples import Intent
from autogen.rules import SPELLINGS

TYPES = ("sdnbridge", "nat", "sdnoverlay", "L2Bridge", "L2Tunnel", "NAT", "Overlay", "win-bridge", "win-overlay")
NAMES = ("azure-cni", "net", "Net_1.x", "a b", "ünïcode☃", "x" * 200, "it's a & b", "%COMSPEC%", "$(x)")
VERSIONS = ("0.2.0", "0.3.0", "0.4.0", "1.0.0")
BANDS = {"1.0.0": (100, 4096), "0.3.1": (3000, 8000)}
OTHER_ROLLS = ("as is", "as is", "as is", "lower", "upper", "swapcase")


def make_intent(seed: int, profile: str) -> Intent:
    """The intent of this number, always the same."""
    random = Random(f"{profile} {seed}")
    subnet = network(random)
    intent: Intent = {
        "Name": random.choice(NAMES),
        "Type": random.choice(TYPES),
        "Subnet": subnet,
        "Gateway": address_in(random, subnet) if random.random() < 0.9 else address(random),
        "InfraPrefix": network(random) if profile == "0.3.1" or random.random() < 0.9 else "fd00:12:34::/48",
        "ManagementIp": address(random),
        "DnsServers": random.choice([address(random), [address(random)], [address(random), "2001:db8::53"]]),
    }
    if profile == "1.0.0" or random.random() < 0.2:
        intent["LocalEndpoint"] = address_in(random, subnet)
    if random.random() < 0.5:
        intent["Version"] = random.choice(VERSIONS)
    if random.random() < 0.85:
        intent["AdditionalPolicies"] = policies(random, profile)
    if profile == "0.3.1":
        add_what_the_script_knows(random, intent)
    else:
        leave_out(random, intent)
        if len(intent.get("AdditionalPolicies", [])) == 1 and random.random() < 0.5:
            intent["AdditionalPolicies"] = intent["AdditionalPolicies"][0]
    items = [(spell(random, key, profile), value) for key, value in intent.items()]
    random.shuffle(items)
    return dict(items)


def add_what_the_script_knows(random: Random, intent: Intent) -> None:
    if random.random() < 0.2:
        intent["SkipDefaultPolicies"] = random.choice([True, "true", False, "no", 1])
    if random.random() < 0.2:
        timeout = {"DhcpCheckTimeout": random.randrange(60, 601, 10)} if random.random() < 0.5 else {}
        intent["InfraParams"] = {"DhcpEnabled": random.choice([True, "true"]), **timeout}


def leave_out(random: Random, intent: Intent) -> None:
    """The document marks keys mandatory that its own examples lack, so each may be absent."""
    if random.random() < 0.5:
        for key in ("DnsServers", "Gateway", "Subnet", "LocalEndpoint", "InfraPrefix", "ManagementIp"):
            if random.random() < 0.35:
                del intent[key]


def spell(random: Random, key: str, profile: str) -> str:
    """The key in one of the ways it may be written."""
    name = random.choice(SPELLINGS[key]) if key in SPELLINGS and profile == "1.0.0" else key
    roll = random.choice(OTHER_ROLLS)
    return name if roll == "as is" else str(getattr(name, roll)())


def address(random: Random) -> str:
    return str(ipaddress.IPv4Address(random.randrange(1 << 24, 224 << 24)))


def network(random: Random) -> str:
    length = random.randint(8, 30)
    return str(ipaddress.IPv4Network(f"{address(random)}/{length}", strict=False))


def address_in(random: Random, subnet: str) -> str:
    inside = ipaddress.IPv4Network(subnet)
    return str(inside[random.randrange(1, inside.num_addresses - 1)])


def addresses(random: Random) -> str:
    """As ACLs have them: addresses and prefixes with commas between."""
    return ",".join(random.choice((address, network))(random) for _ in range(random.choice((1, 1, 2, 3))))


def ports(random: Random) -> str:
    first = random.randint(1, 65000)
    return ",".join(random.choice(("80", "1", "65535", f"{first}-{first + random.randint(0, 535)}")) for _ in range(2))


# Policies.


def policies(random: Random, profile: str) -> list[dict[str, Any]]:
    """Up to six; no two that can carry a priority share it, because nothing says which of those comes first."""
    free = random.sample(range(BANDS[profile][0], BANDS[profile][1] + 1), 8)
    return [random.choice(MAKERS)(random, free) for _ in range(random.choice((0, 1, 1, 2, 3, 4, 6)))]


def acl(random: Random, free: list[int]) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "Action": random.choice(("Allow", "Block", "Pass")),
        "Direction": random.choice(("In", "Out")),
        "Priority": free.pop(),
    }
    optional = {
        "RemoteAddresses": addresses(random),
        "LocalAddresses": addresses(random),
        "RemotePorts": ports(random),
        random.choice(("LocalPorts", "Localports")): ports(random),
        "Protocols": random.choice(("6", "17", "6,17", "1", "58", "2", "256", "0")),
        "RuleType": random.choice(("Host", "Switch")),
        "Scope": "Local",
    }
    settings |= {key: value for key, value in optional.items() if random.random() < 0.3}
    return {"Type": random.choice(("ACL", "ACL", "ACL", "acl", "Acl")), "Settings": shuffle(random, settings)}


def nat(random: Random, _: list[int]) -> dict[str, Any]:
    exceptions = [random.choice((address, network))(random) for _ in range(random.randint(1, 3))]
    more = {"VirtualIP": address(random)} if random.random() < 0.3 else {}
    return {"Type": "OutBoundNAT", "Settings": {"Exceptions": exceptions, **more}}


def route(random: Random, free: list[int]) -> dict[str, Any]:
    settings = {"DestinationPrefix": network(random), "NeedEncap": random.random() < 0.5}
    if random.random() < 0.3:
        settings["NextHop"] = address(random)
    if random.random() < 0.3:
        settings["Priority"] = free.pop()
    return {"Type": "SDNRoute", "Settings": shuffle(random, settings)}


def another(random: Random, _: list[int]) -> dict[str, Any]:
    """Of a type the plugins pass on, or of one nobody knows."""
    kind, settings = random.choice(
        (
            ("PortMapping", {"Protocol": 6, "InternalPort": 80, "ExternalPort": 8080}),
            ("QOS", {"MaximumOutgoingBandwidthInBytes": 1_000_000}),
            ("L4WFPPROXY", {"OutboundProxyPort": "15001", "FilterTuple": {"Protocols": "6"}}),
            ("PortName", {"Name": "web"}),
            ("EncapOverhead", {"Overhead": 50}),
            ("ProviderAddress", {"ProviderAddress": address(random)}),
            ("TierAcl", {"Name": "t", "Direction": "Out", "Order": 1, "TierAclRules": []}),
            ("Foo", {"Anything": [1, 2.5, None, {"nested": ["ä", "<&'>"]}]}),
        )
    )
    return {"Type": kind, "Settings": settings}


MAKERS = (acl, acl, acl, nat, route, another)


def shuffle(random: Random, settings: dict[str, Any]) -> dict[str, Any]:
    return dict(random.sample(list(settings.items()), len(settings)))
