"""The network policy commands of the cf command line, as far as a policy server sees them (cf-control-plane §7).

What they ask the Cloud Controller, the GUIDs of apps by name, is left out: apps are named by their GUIDs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from controller.faults.fleet import Visitor

BASE = "/networking/v1/external"  # what the Cloud Controller's root links to as `network_policy_v1`
HEADERS = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "cf/9.0.0 (go1.22; linux)"}
BATCH = 200  # GUIDs in one query
EXPECTED = {400, 401, 403, 406, 409}  # statuses whose `error` is shown


class Failed(Exception):
    """The command failed with this text."""


class CommandLine:
    """A user who has logged in and targets a space."""

    def __init__(self, visitor: Visitor, token: str) -> None:
        self.visitor = visitor
        self.headers = {**HEADERS, "Authorization": f"bearer {token}"}

    def add_network_policy(self, source: str, destination: str, protocol: str = "tcp", ports: str = "8080") -> None:
        """`cf add-network-policy SRC DST --protocol P --port N[-M]`. Raises Failed."""
        self.call("POST", "/policies", {"policies": [make_policy(source, destination, protocol, ports)]})

    def remove_network_policy(self, source: str, destination: str, protocol: str, ports: str) -> str:
        """What it prints. Raises Failed."""
        wanted = make_policy(source, destination, protocol, ports)
        if wanted not in self.call("GET", f"/policies?id={source}")["policies"]:
            return "Policy does not exist.\nOK"
        self.call("POST", "/policies/delete", {"policies": [wanted]})
        return "OK"

    def network_policies(self, apps: Sequence[str]) -> list[tuple[str, str, str, str]]:
        """Source, destination, protocol and ports of the policies whose source is one of the space's apps. Raises
        Failed."""
        rows = []
        for batch in (apps[start : start + BATCH] for start in range(0, len(apps), BATCH)):
            listed = self.call("GET", f"/policies?id={','.join(batch)}")["policies"]
            rows += [make_row(each) for each in listed if each["source"]["id"] in batch]
        return rows

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of the answer. Raises Failed."""
        answer = self.visitor.ask(method, BASE + path, json=body, headers=self.headers)
        if answer.status_code in EXPECTED:
            raise Failed(answer.json()["error"])
        assert answer.status_code == 200, answer.text
        return answer.json()


def make_policy(source: str, destination: str, protocol: str, ports: str) -> dict[str, Any]:
    """`N` or `N-M`, as the API has it."""
    first, _, last = ports.partition("-")
    assert re.fullmatch(r"\d+(-\d+)?", ports)
    open_ports = {"start": int(first), "end": int(last or first)}
    return {"source": {"id": source}, "destination": {"id": destination, "protocol": protocol, "ports": open_ports}}


def make_row(policy: dict[str, Any]) -> tuple[str, str, str, str]:
    """A line of `cf network-policies`."""
    destination = policy["destination"]
    start, end = destination["ports"]["start"], destination["ports"]["end"]
    ports = f"{start}" if start == end else f"{start}-{end}"
    return policy["source"]["id"], destination["id"], destination["protocol"], ports
