"""All that attachments of containers can leave on a host, as one record that tests compare."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Collection
from dataclasses import dataclass, fields
from pathlib import Path

from firewall import elements, nft
from netlab import PATIENCE, Host
from reference import KINDS, TOOLS

LEASES = Path("/var/lib/cni/networks")
RECORDS = Path("/var/lib/cni/results")
NAMESPACES = Path("/run/netns")
KEPT = (Path("/run/cni"), Path("/run/containers/cni"), Path("/run/poplin"), Path("/var/lib/poplin"))  # by plugins
INDEX = ".poplin/"  # beside the leases, our own
OF_NETWORKS = ("last_reserved_ip.", "lock", "seal")


@dataclass(frozen=True)
class State:
    """Everything that could be left."""

    links: list[str]
    queues: list[str]  # disciplines of the links, and what redirects their traffic
    leases: list[str]
    index: list[str]  # of leases, our own
    elements: dict[str, list[str]]
    objects: list[str]  # of nft, each as its JSON
    rules: list[str]  # of iptables, that CNI's plugins made
    records: list[str]
    files: list[str]
    mounts: list[str]
    sockets: list[str]  # that servers listen on


def differences(one: State, other: State, but: Collection[str] = ()) -> dict[str, object]:
    """What differs, by field, `but` apart."""
    names = [field.name for field in fields(State) if field.name not in but]
    pairs = ((name, getattr(one, name), getattr(other, name)) for name in names)
    return {name: (first, second) for name, first, second in pairs if first != second}


def read_state(host: Host) -> State:
    """The state of this host, and of the folders of this process."""
    return State(
        links=host.links(),
        queues=host.sh("tc qdisc show").splitlines(),
        leases=[name for name in list_files(LEASES) if not name.startswith(INDEX)],
        index=[name for name in list_files(LEASES) if name.startswith(INDEX)],
        elements=elements(host),
        objects=list_objects(host),
        rules=list_rules(host),
        records=list_files(RECORDS),
        files=[f"{folder}/{name}" for folder in KEPT for name in list_files(folder)],
        sockets=sorted(line.split()[4] for line in host.sh("ss -Hlntu").splitlines()),
        mounts=sorted(set(os.listdir(NAMESPACES)) - {host.id, *(each.id for each in host.containers)}),
    )


def list_files(folder: Path) -> list[str]:
    """The paths of all files below a folder, which may be missing, but those a network has without containers, too."""
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(OF_NETWORKS)]
    return sorted(str(path.relative_to(folder)) for path in files)


def list_objects(host: Host) -> list[str]:
    """Tables, chains, sets and rules of every owner without the numbers the kernel gives them, and as the same text
    whoever lists them: elements come in any order."""
    listed = json.loads(nft(host, "-s -j list ruleset") or '{"nftables": []}')["nftables"]
    bodies = [(kind, body) for item in listed for kind, body in item.items() if kind != "metainfo"]
    return sorted(f"{kind} {show_object(body)}" for kind, body in bodies)


def show_object(body: dict[str, object]) -> str:
    """One object as text."""
    plain = {key: value for key, value in body.items() if key != "handle"}
    if isinstance(plain.get("elem"), list):
        plain["elem"] = sorted(map(json.dumps, plain["elem"]))  # type: ignore[call-overload]
    return json.dumps(plain, sort_keys=True)


def list_rules(host: Host) -> list[str]:
    """The chains and rules of both kinds of iptables that have CNI in their names or comments, without counters."""
    saved = [save(host, f"{tool}-{kind}-save") for tool in TOOLS for kind in KINDS]
    return sorted(line.partition(" [")[0] for line in "\n".join(saved).splitlines() if "CNI" in line)


def save(host: Host, tool: str) -> str:
    """What a tool of iptables has in all its tables; it warns of tables that are not its own."""
    command = ["nsenter", f"--net={host.path}", tool]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True).stdout
