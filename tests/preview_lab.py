"""A host that can be made again just as it was: to see a preview, do what it says by hand, and do the verb itself."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from firewall import nft
from netlab import PATIENCE, Container, Host

from poplin.preview.plan import Preview, preview_attach_all, preview_detach_all
from poplin.preview.step import Step
from poplin.runtime import Attachment, Cache, NetworkList, Runtime, attach, detach, parse
from poplin.spec.result import Result, format_result

RANDOM = ("ifindex", "link_index", "link_netnsid", "address", "broadcast", "txqlen", "valid_life_time")
PASSING = ("preferred_life_time", "tentative", "nhid", "pref", "metric", "mtu_expires")
ON_RECORD = ("ifname", "link", "mtu", "master", "flags", "ifalias")
CARRIER = ("NO-CARRIER", "LOWER_UP", "M-DOWN", "linkdown")  # follow a change with some delay
COUNTED = re.compile(r" direct_packets_stat \d+")  # whoever sends something by himself
NOBODYS = re.compile(r" noqueue | noop ")  # of a link that is up, and of one that will be in a moment
SWITCHES = "/proc/sys/net/{ipv4/conf,ipv6/conf}/*/*"

Prepare = Callable[["Rehearsed"], object]


class Rehearsed:
    """A host with one container, `blue`, and what the runtime needs; `again` begins anew with the same names."""

    def __init__(self, bin_dir: Path, folder: Path) -> None:
        self.bin_dir = bin_dir
        self.folder = folder
        self.leases = folder / "networks"
        self.results = folder / "cni" / "results"
        self.runtime = Runtime(
            (str(bin_dir),), Cache(str(folder / "cni")), {"PATH": os.environ["PATH"]}, timeout=PATIENCE
        )
        self.host = Host("prehost", bin_dir)
        self.blue = self.add_container("blue")
        folder.mkdir()

    def add_container(self, name: str) -> Container:
        """A container of this name."""
        self.host.containers.append(Container(name))
        return self.host.containers[-1]

    def again(self) -> None:
        """Nothing of what was done is left."""
        self.remove()
        self.__init__(self.bin_dir, self.folder)  # type: ignore[misc]

    def remove(self) -> None:
        """Away with everything."""
        self.host.remove()
        shutil.rmtree(self.folder)

    # Verbs, on the host.

    def preview(self, verb: str, network: NetworkList, attachment: Attachment) -> Preview:
        """What ADD or DEL would do."""
        with self.host.entered():
            foresee = preview_attach_all if verb == "ADD" else preview_detach_all
            return foresee(self.runtime, [(network, attachment)])[0]

    @contextmanager
    def untouched(self) -> Iterator[None]:
        """Nothing that a verb could change is another one afterwards."""
        before = self.everything()
        yield
        for now, then in zip(self.everything(), before, strict=True):
            assert now == then, (now, then)

    def do(self, verb: str, network: NetworkList, attachment: Attachment) -> dict[str, Any]:
        """The verb; its result without MACs."""
        with self.host.entered():
            if verb == "ADD":
                return without_macs(attach(self.runtime, network, attachment))
            detach(self.runtime, network, attachment)
        return {}

    def replay(self, steps: tuple[Step, ...]) -> None:
        """Do by hand what a preview says."""
        for step in steps:
            kind, _, path = step.line.partition(" ")
            if kind == "write":
                Path(path).write_bytes(step.content)
            elif kind == "remove":
                Path(path).unlink()
            elif not step.is_comment:
                self.sh(step.line)

    def sh(self, line: str) -> str:
        """A line typed on the host."""
        command = ["nsenter", f"--net={self.host.path}", "sh", "-ec", line]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, f"{line}: {done.stderr}"
        return done.stdout

    # What there is.

    def everything(self) -> tuple[object, ...]:
        """All that a verb could change, times and neighbours included."""
        files = {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in sorted(self.folder.rglob("*"))}
        known = [line for each in self.places() for line in each.sh("ip neighbour").splitlines()]
        asked = [line for line in known if not line.startswith("fe80:")]  # those the kernel asks for by itself
        return self.state(), files, asked, nft(self.host, "list ruleset"), sorted(os.listdir("/run/netns"))

    def state(self) -> set[str]:
        """What is the same whoever did it: without numbers, MACs and times."""
        files = [path for folder in (self.leases, self.results) for path in folder.rglob("*") if path.is_file()]
        told = {f"{path}: {read_lease(path)}" for path in files if "/.poplin/" not in str(path)}
        for each in self.places():
            wait_for_detection(each)
            told |= {f"{each.id} {line}" for line in kernel_state(each)}
        return told | set(firewall_state(self.host))

    def places(self) -> list[Container]:
        """The namespaces that are there."""
        return [each for each in (self.host, *self.host.containers) if os.path.exists(each.path)]


def read_lease(path: Path) -> bytes:
    """What a lease says; a result on record has MACs."""
    return b"" if path.parent.name == "results" else path.read_bytes()


def without_macs(result: object) -> dict[str, Any]:
    """A result as an object, without what is random in it."""
    told: dict[str, Any] = format_result(result)  # type: ignore[arg-type]
    for interface in told.get("interfaces", []):
        interface.pop("mac", None)
    return told


# The kernel.


def kernel_state(place: Container) -> Iterator[str]:
    """Links, addresses, routes and switches of a namespace."""
    for link in place.json("-d address"):
        told = {key: clean(value) for key, value in link.items() if key in ON_RECORD}
        yield f"link {told} {link.get('linkinfo', {}).get('info_kind')} {port_switches(link)}"
        yield from (f"address {clean(each)}" for each in link["addr_info"] if each["scope"] != "link")
    routes = [each for family in (4, 6) for each in place.json(f"-{family} route show table all")]
    yield from (f"route {clean(each)}" for each in routes if is_of_somebody(each))
    yield from switches(place)
    yield from traffic_control(place)


def wait_for_detection(place: Container) -> None:
    """Until no address is on probation: only then is it one of the namespace's own."""
    deadline = time.monotonic() + PATIENCE
    while place.sh("ip -6 -o address show tentative"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def port_switches(link: Mapping[str, Any]) -> tuple[object, ...]:
    """Those of a bridge's port that we set."""
    data = link.get("linkinfo", {}).get("info_slave_data", {})
    return data.get("hairpin"), data.get("isolated")


def clean(value: Any) -> Any:
    """Without what is never the same twice."""
    if isinstance(value, dict):
        return {key: clean(each) for key, each in value.items() if key not in (*RANDOM, *PASSING)}
    return [each for each in value if each not in CARRIER] if isinstance(value, list) else value


def is_of_somebody(route: Mapping[str, Any]) -> bool:
    """Not link-local, not multicast: those come with a link, some time after it."""
    return not str(route["dst"]).startswith(("fe80:", "ff00:"))


def traffic_control(place: Container) -> Iterator[str]:
    """Queues, classes and filters, without what counts."""
    for name in place.links():
        link = shlex.quote(name)
        told = [place.sh(f"tc {what} dev {link}") for what in ("qdisc show", "class show", "filter show")]
        told.append(place.sh(f"tc filter show dev {link} ingress"))
        lines = [
            line.strip() for text in told for line in COUNTED.sub("", text).splitlines() if not NOBODYS.search(line)
        ]
        yield from (f"traffic {link} {line}" for line in lines if not line.startswith("index "))


def switches(place: Container) -> list[str]:
    """Those of every link, with their values; of a link that is gone they may be there a moment longer."""
    there = {"all", "default", "lo", *place.links()}
    lines = place.sh(f"bash -c 'grep -sH . {SWITCHES} || true'").splitlines()
    return [line for line in lines if line.split("/")[6] in there]


def firewall_state(host: Host) -> list[str]:
    """Our tables as nft tells them, the elements of each set sorted."""
    items = []
    for family in ("inet", "bridge"):
        for item in json.loads(nft(host, f"-j list table {family} poplin") or '{"nftables": []}')["nftables"]:
            for body in item.values():
                body.pop("handle", None)
                with suppress(KeyError):
                    body["elem"] = sorted(map(json.dumps, body["elem"]))
            items.append(json.dumps(item, sort_keys=True))
    return items + foreign_state(host)


def foreign_state(host: Host) -> list[str]:
    """The filter tables of iptables, of either kind where there are any."""
    lines = [nft(host, f"list table {family} filter") for family in ("ip", "ip6")]
    for tool, names in (("iptables", "ip_tables_names"), ("ip6tables", "ip6_tables_names")):
        if "filter" in host.sh(f"sh -c 'cat /proc/net/{names} || true'"):
            lines += host.sh(f"{tool}-legacy-save -t filter").splitlines()
    rules = "\n".join(lines).splitlines()
    return [re.sub(r"packets \d+ bytes \d+|\[\d+:\d+\]", "", each) for each in rules if not each.startswith("#")]


# What is attached.


def network(*plugins: dict[str, Any], name: str = "mynet", version: str = "1.1.0") -> NetworkList:
    """A network of these plugins."""
    return parse(json.dumps({"cniVersion": version, "name": name, "plugins": plugins}))


def container(name: str = "blue", path: str = "", **how: Any) -> Attachment:
    """An attachment of it."""
    return Attachment(name, path or f"/run/netns/{name}", **how)


def lines(preview: Preview, plugin: str = "") -> list[str]:
    """The lines of a preview, or those of one plugin."""
    return [step.line for step in preview.steps if plugin in ("", step.plugin)]


def known_result(preview: Preview) -> dict[str, Any]:
    """The result that a preview shows, without MACs."""
    assert isinstance(preview.result, Result)
    return without_macs(preview.result)


@pytest.fixture
def rehearsed(laboratory: None, bin_dir: Path, tmp_path: Path) -> Any:
    """The host."""
    made = Rehearsed(bin_dir, tmp_path / "state")
    yield made
    made.remove()
