"""A host with a flannel network, without flannel's daemon: what it says is a file. Here is also the reference's plugin,
as its fact sheet has it, for lack of a package of it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, Reply

NETWORK, SUBNET = "FLANNEL_NETWORK=10.1.0.0/16", "FLANNEL_SUBNET=10.1.17.1/24"
NETWORK6, SUBNET6 = "FLANNEL_IPV6_NETWORK=fc00::/48", "FLANNEL_IPV6_SUBNET=fc00::1/64"
REST = ("FLANNEL_MTU=1472", "FLANNEL_IPMASQ=true")
PLAIN = (NETWORK, SUBNET, *REST)

# What it does with IPv4; one file for the container, removed whatever the delegate's DEL says.
REFERENCE = f"""#!{sys.executable} -I
import json, os, subprocess, sys

def run(inner):
    for folder in os.environ["CNI_PATH"].split(":"):
        path = os.path.join(folder, inner["type"])
        if os.path.isfile(path):
            return subprocess.run([path], input=json.dumps(inner), text=True, stdout=subprocess.PIPE)

conf = json.load(sys.stdin)
folder = conf.get("dataDir", "/var/lib/cni/flannel")
path = os.path.join(folder, os.environ["CNI_CONTAINERID"])
if os.environ["CNI_COMMAND"] == "ADD":
    env = dict(line.rstrip("\\n").split("=") for line in open(conf["subnetFile"]))
    inner = dict(conf.get("delegate", {{}}), name=conf["name"], cniVersion=conf["cniVersion"])
    inner.setdefault("type", "bridge")
    inner.setdefault("mtu", int(env["FLANNEL_MTU"]))
    inner.setdefault("ipMasq", env["FLANNEL_IPMASQ"] != "true")
    inner.setdefault("isGateway", True)
    inner["ipam"] = {{
        "type": "host-local",
        **conf.get("ipam", {{}}),
        "ranges": [[{{"subnet": env["FLANNEL_SUBNET"].replace(".1/", ".0/")}}]],
        "routes": [{{"dst": env["FLANNEL_NETWORK"]}}],
    }}
    os.makedirs(folder, 0o700, exist_ok=True)
    with open(path, "w") as file:
        json.dump(inner, file)
    done = run(inner)
    sys.stdout.write(done.stdout)
    sys.exit(done.returncode)
if os.environ["CNI_COMMAND"] == "DEL" and os.path.exists(path):
    inner = json.load(open(path))
    os.unlink(path)
    done = run(inner)
    sys.stdout.write(done.stdout)
    sys.exit(done.returncode)
"""


class Flannel:
    """The host, what the daemon has written, where attachments are kept, and leases."""

    def __init__(self, host: Host, folder: Path, leases: Path) -> None:
        self.host = host
        self.env = folder / "subnet.env"
        self.scratch = folder / "flannel"
        self.leases = leases
        self.theirs = folder / "theirs"
        self.write_env(*PLAIN)

    def write_env(self, *lines: str) -> None:
        """What the daemon says."""
        self.env.write_text("".join(f"{line}\n" for line in lines))

    def conf(self, version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
        """The network; an empty version is none."""
        places = {"subnetFile": str(self.env), "dataDir": str(self.scratch), "ipam": {"dataDir": str(self.leases)}}
        head = {"cniVersion": version} if version else {}
        return {**head, "name": "mynet", "type": "flannel", **places, **fields}

    def call(self, command: str, container: Container | None, version: str = "1.1.0", **fields: Any) -> Reply:
        """One verb; `how` is for the host."""
        how = fields.pop("how", {})
        return self.host.call(command, self.conf(version, **fields), container, **how)

    def do(self, command: str, container: Container | None, version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
        """One verb that must succeed and say nothing on stderr; its result."""
        reply = self.call(command, container, version, **fields)
        assert (reply.status, reply.errors) == (0, ""), reply
        return reply.object if reply.output else {}

    def refuse(self, command: str, container: Container | None, **fields: Any) -> tuple[int, str, str]:
        """Code, message and details of one that must fail."""
        error = self.call(command, container, **fields).object
        return error["code"], error["msg"], error.get("details", "")

    def told(self, container: Container) -> Any:
        """What the delegate was told, from the reference's file."""
        return json.loads((self.scratch / container.id).read_text())

    def files(self) -> list[str]:
        """The names of what is kept."""
        return sorted(os.listdir(self.scratch)) if self.scratch.is_dir() else []

    def kept(self, container: Container, *ifnames: str, network: str = "mynet") -> list[str]:
        """The names of the files of a container with these interfaces, the first one shared with the reference."""
        return sorted([container.id, *(f"{container.id}:{network}:{ifname}" for ifname in ifnames)])

    def reference(self) -> dict[str, Any]:
        """How to call the reference's plugin."""
        self.theirs.mkdir(exist_ok=True)
        (self.theirs / "flannel").write_text(REFERENCE)
        (self.theirs / "flannel").chmod(0o755)
        return {"bin_dir": self.theirs}


@pytest.fixture
def flannel(host: Host, tmp_path: Path, leases: Path) -> Flannel:
    """The network, without containers yet."""
    return Flannel(host, tmp_path, leases)
