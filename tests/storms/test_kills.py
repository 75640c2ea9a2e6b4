"""ADD, DEL and GC killed at every system call that changes something, one by one; then DEL, then GC: nothing stays.

An unharmed run under strace tells which calls those are. Then strace delivers SIGKILL when the plugin enters the first
of them, in the next round the second, and so on. Between two changes a kill leaves what one before the second leaves,
so these are all there are. Each ADD finds a host without our rules, so that loading them is cut short as well. The code
is what `poplin install` writes, so that the interpreter's own work does not drown the plugin's.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from card import RECORDS, Card, records
from dnsname_lab import runs
from firewall import elements, nft
from netlab import PATIENCE, Container, Host
from portmap_lab import port

from poplin.cli.main import main as poplin

# The calls that change something, and what strace's line then says: a netlink message that only asks wants no
# acknowledgement, a transaction of nftables has one for all of it.
CHANGES = {
    "sendto": re.compile("NLM_F_ACK|BATCH_BEGIN"),
    "openat": re.compile("O_CREAT"),
    **dict.fromkeys(("sendmsg", "write", "mkdir", "rename", "unlink", "utimensat", "ftruncate"), re.compile("")),
}
POLLED = "sendto"  # ADD waits for the link: how often it asks, and so the number of a later call, differs
KILLED = -9
FORWARDING = ("net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding")

RANGES = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8::/64"}]]
ADDRESSES = [{"address": "10.1.2.2/24", "gateway": "10.1.2.1"}, {"address": "2001:db8::2/64"}]
PORTS = [port(8080, 80), port(5353, 53, "udp"), port(8081, 81, host_ip="192.0.2.1")]
PUBLISH = {"type": "portmap", "runtimeConfig": {"portMappings": PORTS}}
SELECT = {"conditionsV4": ["ip", "saddr", "192.0.2.0/24"], "masqAll": True}
RESULT = {
    "cniVersion": "1.1.0",
    "interfaces": [{"name": "eth0", "sandbox": "/run/netns/c"}],
    "ips": [{"address": "10.1.2.2/24", "interface": 0}, {"address": "2001:db8::2/64", "interface": 0}],
    "dns": {},
}
RATES = {"ingressRate": 8_000_000, "ingressBurst": 800_000, "egressRate": 8_000_000, "egressBurst": 800_000}
SHAPE = {"type": "bandwidth", **RATES}
TUNE = {"type": "tuning", "mtu": 1400, "promisc": True, "sysctl": {"net.ipv4.conf.IFNAME.arp_notify": "1"}}
SUBNET = "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.2.1/24\nFLANNEL_MTU=1400\nFLANNEL_IPMASQ=false\n"
OWN_FILES = ("flannel", "tuning")  # those that keep files of their own
BRIDGE = {"type": "bridge", "bridge": "br0", "isGateway": True}
NAME = {"type": "dnsname", "domainName": "dns.podman", "runtimeConfig": {"aliases": {"mynet": ["web"]}}}

# What is called in order for an attachment; the last one is killed.
CHAINS: dict[str, list[dict[str, Any]]] = {
    "bridge": [{**BRIDGE, "ipMasq": True, "macspoofchk": True, "ipam": {"type": "host-local"}}],
    "ptp": [{"type": "ptp", "ipMasq": True, "ipam": {"type": "host-local"}}],
    "bridge+static": [{**BRIDGE, "ipMasq": True, "ipam": {"type": "static", "addresses": ADDRESSES}}],
    "bridge+portmap": [{**BRIDGE, "ipMasq": True, "ipam": {"type": "host-local"}}, PUBLISH],
    "portmap": [{**PUBLISH, "prevResult": RESULT}],
    "portmap with conditions": [{**PUBLISH, **SELECT, "prevResult": RESULT}],
    "host-device": [{"type": "host-device", "device": "ens1", "ipam": {"type": "host-local", "ranges": RANGES[:1]}}],
    "host-device without addresses": [{"type": "host-device", "device": "ens1"}],
    "macvlan": [{"type": "macvlan", "master": "up0", "ipam": {"type": "host-local", "ranges": RANGES[:1]}}],
    "tap": [{"type": "tap", "owner": 0, "ipam": {"type": "host-local"}}],
    "bridge+bandwidth": [{**BRIDGE, "ipam": {"type": "static", "addresses": ADDRESSES}}, SHAPE],
    "bridge+firewall": [
        {**BRIDGE, "ipam": {"type": "static", "addresses": ADDRESSES}},
        {"type": "firewall", "backend": "nftables", "ingressPolicy": "isolated"},
    ],
    "bridge+sbr": [{**BRIDGE, "ipam": {"type": "static", "addresses": ADDRESSES}}, {"type": "sbr"}],
    "bridge+tuning": [{**BRIDGE, "ipam": {"type": "static", "addresses": ADDRESSES}}, TUNE],
    "bridge+dnsname": [{**BRIDGE, "ipam": {"type": "static", "addresses": ADDRESSES}}, NAME],
    "flannel": [{"type": "flannel", "delegate": {"bridge": "br0"}}],
    "loopback": [{"type": "loopback"}],
    "host-local": [{"type": "host-local", "ipam": {"type": "host-local"}}],
    "static": [{"type": "static", "ipam": {"type": "static", "addresses": ADDRESSES}}],
}
VERBS = ("ADD", "DEL", "GC")
OF_NETWORKS = ("keep", "hairpin", "guarded", "selves", "strangers")  # what sets are called that GC empties
# The other verbs of these change nothing, not even stdout; and GC of macvlan and tap knows of no container, only of
# leases, as that of sbr knows of nothing.
CHANGING = {**dict.fromkeys(("loopback", "macvlan", "tap", "bridge+sbr"), ("ADD", "DEL")), "static": ("ADD",)}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the plugins, as `poplin install` writes them."""
    folder = tmp_path_factory.mktemp("installed")
    assert poplin(["install", "--bin-dir", str(folder / "bin"), "--lib-dir", str(folder / "lib")]) == 0
    return folder / "bin"


class Chain:
    """The plugins of one network, and an attachment to it."""

    def __init__(self, confs: list[dict[str, Any]], host: Host, container: Container, folder: Path, leases: Path):
        head = {"cniVersion": "1.1.0", "name": "mynet"}
        self.confs = [{**head, **conf} for conf in confs]
        for conf in self.confs:
            if conf.get("ipam", {}).get("type") == "host-local":
                conf["ipam"] = {"ranges": RANGES, "dataDir": str(leases), **conf["ipam"]}
            if conf["type"] in OWN_FILES:
                conf["dataDir"] = str(leases / conf["type"])
            if conf["type"] == "flannel":
                conf["subnetFile"] = str(leases.with_name("subnet.env"))
                leases.with_name("subnet.env").write_text(SUBNET)
                conf["ipam"] = {"dataDir": str(leases)}
        self.host = host
        self.container = container
        self.folder = folder
        self.leases = leases
        self.card = Card(host) if any(conf["type"] == "host-device" for conf in confs) else None
        self.uplink = ["up0", "up1"] if any("master" in conf for conf in confs) else []
        if self.uplink:
            host.sh("ip link add up0 type veth peer name up1")
        self.result: dict[str, Any] = {}  # of the last ADD
        self.environ = {"XDG_RUNTIME_DIR": str(leases)}  # where dnsname keeps its files

    def begin(self) -> None:
        """As on a host where nothing has ever been attached."""
        nft(self.host, "flush ruleset")
        if self.host.has_link("br0"):
            self.host.sh("ip link delete br0")
        for switch in FORWARDING:
            self.host.set_sysctl(switch, "0")
        for folder in (self.leases, RECORDS):
            shutil.rmtree(folder, ignore_errors=True)

    def add(self, confs: list[dict[str, Any]]) -> None:
        """ADD of these, each told what the one before has made."""
        self.result = {}
        for conf in confs:
            how = {"bin_dir": self.folder, "environ": self.environ}
            self.result = self.host.cni("ADD", tell(conf, self.result), self.container, **how)

    def delete(self, result: dict[str, Any]) -> None:
        """DEL of all, the last first."""
        for conf in reversed(self.confs):
            untold = {key: value for key, value in conf.items() if key != "prevResult"}
            how = {"bin_dir": self.folder, "environ": self.environ}
            reply = self.host.call("DEL", tell(untold, result), self.container, **how)
            assert (reply.status, reply.output, reply.errors) == (0, "", "")

    def collect(self) -> None:
        """GC of all."""
        for conf in self.confs:
            reply = self.host.call("GC", conf, bin_dir=self.folder, environ=self.environ)
            assert (reply.status, reply.output, reply.errors) == (0, "", "")

    def trace(self, command: str, *options: str, result: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        """The last plugin under strace, told this result."""
        conf = tell(self.confs[-1], result)
        environ = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": self.container.id,
            "CNI_NETNS": self.container.path,
            "CNI_IFNAME": "eth0",
            "CNI_PATH": str(self.folder),
            **self.environ,
        }
        # it would follow a server that is started, for ever
        follow = () if conf["type"] == "dnsname" else ("-f",)
        strace = ["strace", *follow, "-qq", *options, str(self.folder / conf["type"])]
        line = ["nsenter", f"--net={self.host.path}", *strace]
        return subprocess.run(
            line, env=environ, input=json.dumps(conf), text=True, capture_output=True, timeout=PATIENCE, check=False
        )

    def is_killed(self, command: str, call: str, number: int, *, result: dict[str, Any]) -> bool:
        """Have the last plugin killed at a call; False if it does not get there and succeeds."""
        inject = f"--inject={call}:signal=KILL:when={number}"
        done = self.trace(command, "-o", "/dev/null", f"--trace={call}", inject, result=result)
        assert done.returncode in (0, KILLED), done.stdout
        return done.returncode == KILLED

    def left(self) -> list[str]:
        """What there is of the attachment: links, elements, leases, files that are not the network's own; and whether
        the host's device is not as it was."""
        inside = [
            link["ifname"]
            for link in self.container.json("link show")
            if link["ifname"] != "lo" or "UP" in link["flags"]
        ]
        outside = [name for name in self.host.links() if name not in ("br0", *self.uplink)]
        if self.card:
            outside = [] if self.card.is_as_before else [f"{outside} is not as before"]
        inside += [rule["src"] for rule in self.container.json("rule show") if rule["src"] != "all"]
        return inside + outside + self.elements(OF_NETWORKS) + self.files()

    def elements(self, kept: tuple[str, ...] = ()) -> list[str]:
        """Those of our tables, apart from sets that are called so."""
        found = {**elements(self.host, "inet"), **elements(self.host, "bridge")}
        return [f"{name} {each}" for name in found if not name.startswith(kept) for each in found[name]]

    def files(self) -> list[str]:
        """Leases and what else is in their folder, without what a network has as such."""
        network = {"lock", "seal", "last_reserved_ip.0", "last_reserved_ip.1"}
        leases = [str(file) for file in self.leases.rglob("*") if file.is_file() and file.name not in network]
        return leases + records() + servers(self.leases)


def servers(folder: Path) -> list[str]:
    """The name servers whose files are, or were, below a folder."""
    start = f"--conf-file={folder}/".encode()
    return [str(each) for each in Path("/proc").glob("[0-9]*") if runs(each, start)]


def tell(conf: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """The configuration with prevResult, if there is any."""
    return {**conf, "prevResult": result} if result else conf


@pytest.fixture
def chain(request: pytest.FixtureRequest, host: Host, container: Container, installed: Path, leases: Path) -> Chain:
    return Chain(CHAINS[request.param], host, container, installed, leases)


def list_moments(log: Path) -> list[tuple[str, int]]:
    """The calls that change something: each with its number among those of its kind."""
    counts = dict.fromkeys(CHANGES, 0)
    moments = []
    for line in log.read_text().splitlines():
        call = line.partition("(")[0].rpartition(" ")[2]
        if call in counts:
            counts[call] += 1
            if CHANGES[call].search(line):
                moments.append((call, counts[call]))
    return moments


def case(name: str, command: str, *, told: bool) -> Any:
    """`told`: whether the killed DEL, or the one after the killed ADD, knows a result."""
    return pytest.param(name, command, told, id=f"{name}-{command}-{'told' if told else 'untold'}")


CASES = [
    case(name, command, told=told)
    for name in CHAINS
    for command in CHANGING.get(name, VERBS)
    for told in ((False, True) if command != "GC" else (True,))
]


@pytest.mark.parametrize(("chain", "command", "told"), CASES, indirect=["chain"])
def test_a_kill_anywhere_leaves_nothing_after_del_and_gc(
    chain: Chain, command: str, told: bool, tmp_path: Path
) -> None:
    before = chain.confs[:-1] if command == "ADD" else chain.confs
    chain.begin()
    chain.add(before)
    known = chain.result if told or command == "ADD" else {}
    unharmed = chain.trace(command, "-o", str(tmp_path / "log"), f"--trace={','.join(CHANGES)}", result=known)
    assert unharmed.returncode == 0
    result = json.loads(unharmed.stdout) if command == "ADD" else chain.result
    moments, missed = list_moments(tmp_path / "log"), []
    for call, number in moments:
        chain.delete({})
        chain.begin()
        chain.add(before)
        if not chain.is_killed(command, call, number, result=known):
            missed.append(call)
        if command != "GC":
            chain.delete(result if told else {})
            assert chain.left() == [], (call, number)
        chain.collect()
        assert chain.left() + chain.elements() == [], (call, number)
    assert moments
    assert set(missed) <= {POLLED}


def test_what_is_left_would_be_noticed(host: Host, container: Container, installed: Path, leases: Path) -> None:
    for name in ("bridge+portmap", "loopback"):
        chain = Chain(CHAINS[name], host, container, installed, leases)
        chain.add(chain.confs)
    left = chain.left()
    assert left[:2] == ["lo", "eth0"]
    assert left[2].startswith("veth")
    assert {"masq4 10.1.2.2", "masq6 2001:db8::2"} < set(left)
    assert {"ports4 tcp . 8080 : 10.1.2.2 . 80", "ports6 udp . 5353 : 2001:db8::2 . 53"} < set(left)
    assert {str(leases / "mynet" / "10.1.2.2"), str(leases / "mynet" / "2001:db8::2")} < set(left)


def test_a_kill_does_not_keep_the_next_add_from_working(
    host: Host, container: Container, installed: Path, leases: Path
) -> None:
    chain = Chain(CHAINS["bridge"], host, container, installed, leases)
    assert chain.is_killed("ADD", "sendto", 12, result={})
    chain.delete({})
    chain.add(chain.confs)
    assert container.pings("10.1.2.1")
