"""The firewall of a host as nft(8) tells it: the oracle beside our own reader."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from netlab import PATIENCE, Host


def elements(host: Host, family: str = "inet") -> dict[str, list[str]]:
    """The elements of each set of the table poplin that has any, without comments: `tcp . 8080 : 10.1.2.2 . 80`."""
    ruleset = json.loads(nft(host, "-j list ruleset") or '{"nftables": []}')["nftables"]
    sets = [body for item in ruleset for kind, body in item.items() if kind in ("set", "map")]
    ours = [each for each in sets if (each["family"], each["table"]) == (family, "poplin") and "elem" in each]
    return {each["name"]: sorted(map(show, each["elem"])) for each in ours if each["name"] != "skeletons"}


def show(element: Any) -> str:
    """An element of nft's JSON as nft's text."""
    match element:
        case [key, data]:
            return f"{show(key)} : {show(data)}"
        case {"elem": {"val": value}}:
            return show(value)
        case {"concat": parts}:
            return " . ".join(map(show, parts))
        case {"prefix": {"addr": address, "len": length}}:
            return f"{address}/{length}"
    return str(element)


def nft(host: Host, command: str) -> str:
    """stdout of nft in the host's namespace; empty if it fails, as for a table that is not there."""
    line = ["nsenter", f"--net={host.path}", "nft", *command.split()]
    return subprocess.run(line, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout
