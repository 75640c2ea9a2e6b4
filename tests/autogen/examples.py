"""The document's own examples as printed, in `seed/`, and the inputs of the script's test cases."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

SEED = Path(__file__).with_name("seed")
BASIC = (SEED / "basic.json").read_bytes()
ADDITIONAL = (SEED / "additional.json").read_bytes()
CNI_ARGS = (SEED / "cni-args.base64").read_text().strip()
SAMPLE_TEXT = (SEED / "sample-output.json").read_text()  # without its first line, which -Verbose prints
SAMPLE_ADDRESSES = {"LocalEndpoint": "192.168.0.1", "ManagementIp": "10.0.0.5"}  # in no example, yet in the output

Intent = dict[str, Any]


def sample_intent() -> Intent:
    """What the sample output is made of: its addresses added and the misspelt type corrected."""
    return {**json.loads(ADDITIONAL), "Type": "sdnbridge", **SAMPLE_ADDRESSES}


def full_intent(**keys: Any) -> Intent:
    """An intent with every address, valid under both profiles; keys that are None are taken out."""
    intent = {
        "Name": "azure-cni",
        "Type": "sdnbridge",
        "Subnet": "192.168.0.0/24",
        "Gateway": "192.168.0.2",
        "InfraPrefix": "10.0.0.0/24",
        "ManagementIp": "10.0.0.10",
        "LocalEndpoint": "192.168.0.1",
        "DnsServers": ["168.63.129.16"],
    }
    return {key: value for key, value in {**intent, **keys}.items() if value is not None}


def script_intent(**keys: Any) -> Intent:
    """What the published test cases of the script start from; keys that are None are taken out."""
    return full_intent(**{"LocalEndpoint": None, **keys})


def policy(kind: str, **settings: Any) -> dict[str, Any]:
    """One policy of an intent."""
    return {"Type": kind, "Settings": settings}


def acl(addresses: str, action: str, priority: int) -> dict[str, Any]:
    """An outgoing rule with its keys in the order of the published test cases."""
    return policy("ACL", RemoteAddresses=addresses, Action=action, Direction="Out", Priority=priority)


def encode(intent: object) -> str:
    """As `-CniArgs` takes it."""
    return b64encode(json.dumps(intent).encode()).decode()
