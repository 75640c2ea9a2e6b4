"""Previews of several at once, of garbage, of VLANs, of flows and of namespaces that are gone."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest
from preview_lab import Rehearsed, container, known_result, lines, network
from traffic import add_outside, call, serving

from poplin.preview.plan import preview_attach_all, preview_detach_all, preview_gc
from poplin.preview.step import Step
from poplin.runtime import Attachment, Result

ONCE = ("/results", "/poplin.lock")  # what the first one makes for all
NAMES = {"portMappings": [{"hostPort": 53, "containerPort": 5353, "protocol": "udp"}]}


def leases(host: Rehearsed, subnet: str = "10.1.2.0/24") -> dict[str, Any]:
    """An `ipam` section."""
    return {"type": "host-local", "dataDir": str(host.leases), "subnet": subnet}


def bridge(host: Rehearsed, **fields: Any) -> dict[str, Any]:
    """A bridge plugin."""
    return {"type": "bridge", "bridge": "br0", "isGateway": True, "ipMasq": True, "ipam": leases(host), **fields}


def test_one_attachment_knows_of_those_before_it(rehearsed: Rehearsed) -> None:
    wanted = network(bridge(rehearsed))
    pairs = [(wanted, container(ifname=name)) for name in ("eth0", "eth1")]
    with rehearsed.untouched(), rehearsed.host.entered():
        first, second = preview_attach_all(rehearsed.runtime, pairs)
    assert [known_result(each)["ips"][0]["address"] for each in (first, second)] == ["10.1.2.2/24", "10.1.2.3/24"]
    assert [line for line in lines(second) if "type bridge" in line or "nat.nft" in line] == []
    told = lines(first) + lines(second)
    assert [len([line for line in told if line.endswith(end)]) for end in ONCE] == [1, 1]
    for each in (first, second):
        rehearsed.replay(each.steps)
    with rehearsed.untouched(), rehearsed.host.entered():
        last, before = preview_detach_all(rehearsed.runtime, pairs)
    assert [lines(each)[-1][-4:] for each in (last, before)] == ["eth1", "eth0"]
    for each in (last, before):
        rehearsed.replay(each.steps)
    assert (rehearsed.host.links(), rehearsed.blue.links()) == (["br0"], [])


def test_del_where_the_namespace_is_gone(rehearsed: Rehearsed) -> None:
    wanted = network({"type": "loopback"}, bridge(rehearsed))
    rehearsed.do("ADD", wanted, container())
    link = next(name for name in rehearsed.host.links() if name.startswith("veth"))
    rehearsed.blue.remove()
    rehearsed.host.wait_until_gone(link)
    with rehearsed.untouched():
        preview = rehearsed.preview("DEL", wanted, container())
    assert lines(preview) == [
        "nft 'delete element inet poplin masq4 { 10.1.2.2 }'",
        f"remove {rehearsed.leases}/mynet/10.1.2.2",
        f"remove {rehearsed.results}/mynet-blue-eth0",
    ]


def test_garbage(rehearsed: Rehearsed) -> None:
    wanted = network(bridge(rehearsed), {"type": "portmap", "capabilities": {"portMappings": True}})
    red = rehearsed.add_container("red")
    for name, path in (("blue", rehearsed.blue.path), ("red", red.path)):
        ports = {"portMappings": [{"hostPort": 8000 + len(name), "containerPort": 80, "protocol": "tcp"}]}
        rehearsed.do("ADD", wanted, Attachment(name, path, capability_args=ports))
    (rehearsed.results / "mynet-red-eth0").unlink()  # nobody knows of it, but its plugins
    with rehearsed.untouched(), rehearsed.host.entered():
        preview = preview_gc(rehearsed.runtime, wanted, {("blue", "eth0")})
        assert preview_gc(rehearsed.runtime, wanted, {("blue", "eth0"), ("red", "eth0")}).steps == ()
    rehearsed.replay(preview.steps)
    assert [line.split()[0] for line in lines(preview)] == ["ip", "nft", "remove", "nft", "nft"]
    assert [path.name for path in rehearsed.leases.glob("mynet/10.*")] == ["10.1.2.2"]
    assert len(rehearsed.host.links()) == 2, "the bridge and blue's"
    with rehearsed.host.entered():
        nobody = preview_gc(rehearsed.runtime, wanted, set())
    rehearsed.replay(nobody.steps)
    assert (rehearsed.host.links(), list(rehearsed.results.glob("mynet*"))) == (["br0"], [])


def test_of_a_network_without_gc_nothing_is_garbage(rehearsed: Rehearsed) -> None:
    wanted = network(bridge(rehearsed))
    rehearsed.do("ADD", wanted, container())
    wanted.disable_gc = True
    with rehearsed.host.entered():
        assert preview_gc(rehearsed.runtime, wanted, set()).steps == ()


def test_flows_that_would_be_forgotten(rehearsed: Rehearsed) -> None:
    outside, red = add_outside(rehearsed.host), rehearsed.add_container("red")
    wanted = network(bridge(rehearsed), {"type": "portmap", "capabilities": {"portMappings": True}})
    rehearsed.do("ADD", wanted, Attachment("red", red.path))  # where nothing is translated nobody remembers flows
    with serving(rehearsed.host, 53, "udp", "192.0.2.1"):
        assert call(outside, "192.0.2.1", 53, "udp", source=4444)
    with rehearsed.untouched():
        preview = rehearsed.preview("ADD", wanted, container(capability_args=NAMES))
    flow = "-s 192.0.2.2 -d 192.0.2.1 --orig-port-src 4444 --orig-port-dst 53"
    assert [line for line in lines(preview) if line.startswith("conntrack")] == [f"conntrack -D -f ipv4 -p udp {flow}"]


def test_vlans_on_a_bridge_that_is_only_imagined(rehearsed: Rehearsed) -> None:
    wanted = network(bridge(rehearsed, vlan=100, vlanTrunk=[{"minID": 200, "maxID": 210}], ipMasq=False))
    with rehearsed.untouched():
        preview = rehearsed.preview("ADD", wanted, container())
    port = next(line.split()[3] for line in lines(preview) if " peer name eth0 " in line)
    far = next(line.split()[3] for line in lines(preview) if " peer name br0.100" in line)
    assert [line for line in lines(preview) if line.startswith("bridge") or "vlan_filtering" in line][1:] == [
        f"bridge vlan del dev {port} vid 1",
        f"bridge vlan add dev {port} vid 100 pvid untagged",
        f"bridge vlan add dev {port} vid 200-210",
        f"bridge vlan del dev {far} vid 1",
        f"bridge vlan add dev {far} vid 100 pvid untagged",
    ]
    assert f"ip link add {far} mtu 1500 type veth peer name br0.100 mtu 1500" in lines(preview)
    assert [each["name"] for each in known_result(preview)["interfaces"]] == ["br0", port, "eth0", "br0.100"]


def test_nobody_waits(rehearsed: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"slept for {seconds} s"))
    preview = rehearsed.preview("ADD", network(bridge(rehearsed, enabledad=True)), container())
    assert known_result(preview)["ips"][0]["address"] == "10.1.2.2/24"


def test_a_mac_that_a_line_needs_is_explained(rehearsed: Rehearsed) -> None:
    preview = rehearsed.preview("ADD", network(bridge(rehearsed, macspoofchk=True)), container())
    [comment] = [step for step in preview.steps if step.is_comment]
    mac = comment.line.split()[1]
    assert comment == Step("bridge", f"# {mac} stands for the address that eth0 gets at random")
    assert [mac in step.line for step in preview.steps].count(True) == 2
    assert isinstance(preview.result, Result)
    assert [interface.mac for interface in preview.result.interfaces] == ["", "", ""]


def test_leases_of_an_earlier_boot_are_removed(rehearsed: Rehearsed) -> None:
    folder = rehearsed.leases / "mynet"
    folder.mkdir(parents=True)
    for ip in ("10.1.2.2", "10.1.2.3"):
        (folder / ip).write_text("old\r\neth0")
    os.utime(folder / "10.1.2.2", (1, 1))
    with rehearsed.untouched():
        preview = rehearsed.preview("ADD", network(bridge(rehearsed, ipMasq=False)), container())
    files = {line.rpartition("/")[2] for line in lines(preview, "host-local") if line.startswith("write ")}
    assert files == {"10.1.2.2", "last_reserved_ip.0", "lock"}
    assert known_result(preview)["ips"][0]["address"] == "10.1.2.2/24"


def test_names_are_written_and_served_by_nobody(rehearsed: Rehearsed) -> None:
    rehearsed.runtime.environ["XDG_RUNTIME_DIR"] = str(rehearsed.folder / "run")
    place = f"{rehearsed.folder}/run/containers/cni/dnsname/mynet"
    wanted = network(
        bridge(rehearsed), {"type": "dnsname", "domainName": "dns.podman", "capabilities": {"aliases": True}}
    )
    told = container(
        args=(("IgnoreUnknown", "1"), ("K8S_POD_NAME", "web")), capability_args={"aliases": {"mynet": ["www"]}}
    )
    with rehearsed.untouched():
        preview = rehearsed.preview("ADD", wanted, told)
    steps = {step.line: step.content for step in preview.steps if step.plugin == "dnsname"}
    started = f"/usr/sbin/dnsmasq --user=root --group= --conf-file={place}/dnsmasq.conf"
    names = ("lock", "addnhosts", "dnsmasq.conf")
    assert list(steps) == [f"mkdir -p {place}", *(f"write {place}/{name}" for name in names), started]
    assert steps[f"write {place}/addnhosts"] == b"10.1.2.2\tweb\twww\t#mynet/blue/eth0\n"
    assert known_result(preview)["dns"] == {"nameservers": ["10.1.2.1"], "search": ["dns.podman"]}
    rehearsed.do("ADD", wanted, told)
    number = Path(f"{place}/pidfile").read_text().strip()
    with rehearsed.untouched():
        preview = rehearsed.preview("DEL", wanted, told)
    kept = ("addnhosts", "dnsmasq.conf", "pidfile", "lock")
    assert [step.line for step in preview.steps if step.plugin == "dnsname"] == [
        *(f"kill {number}", *(f"remove {place}/{name}" for name in kept), f"rmdir {place}")
    ]
    rehearsed.do("DEL", wanted, told)
    assert not Path(place).exists()
