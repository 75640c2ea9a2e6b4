"""flannel with our bridge and with the reference's: containers that are attached for real, and what is kept of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from firewall import elements
from flannel_lab import NETWORK, NETWORK6, PLAIN, REST, SUBNET, SUBNET6, Flannel
from netlab import PATIENCE, REFERENCE, Container, all_versions, lease_files, result_ips
from node import Node
from reference import Reference
from traffic import add_outside, call, serving


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("flannel", *rows)


@all_versions
@facts(1, 2)
def test_add_attaches_and_del_forgets_it(flannel: Flannel, container: Container, version: str) -> None:
    result = flannel.do("ADD", container, version)
    assert (result["cniVersion"], result_ips(result)) == (version, ["10.1.17.2/24"])
    assert (container.addresses("eth0"), container.json("link show dev eth0")[0]["mtu"]) == (["10.1.17.2/24"], 1472)
    assert container.pings("10.1.17.1")
    assert container.routes() == (["10.1.0.0/16 via 10.1.17.1"] if version >= "0.3.0" else [])
    assert flannel.files() == flannel.kept(container, "eth0")
    for _ in range(2):
        assert flannel.do("DEL", container, version) == {}
        assert (container.links(), flannel.files(), lease_files(flannel.leases)) == ([], [], [])


@pytest.mark.parametrize("whose", ["ours", "the reference's"])
@facts(2)
def test_the_bridge_may_be_anybodys(flannel: Flannel, container: Container, whose: str, tmp_path: Path) -> None:
    theirs = {**Reference(flannel.host, "nft", tmp_path / "tools").environ, "CNI_PATH": str(REFERENCE)}
    how: dict[str, Any] = {} if whose == "ours" else {"how": {"environ": theirs}}
    flannel.write_env(NETWORK, SUBNET, "FLANNEL_MTU=1472", "FLANNEL_IPMASQ=false")
    outside = add_outside(flannel.host)
    ipam = {"dataDir": str(flannel.leases), "routes": [{"dst": "0.0.0.0/0"}]}
    result = flannel.do("ADD", container, "1.0.0", ipam=ipam, **how)
    with serving(outside, 81):
        assert call(container, "192.0.2.2", 81) == "192.0.2.1", "masqueraded, as the daemon does not"
    told = {"prevResult": result, "ipam": ipam}
    flannel.do("CHECK", container, "1.0.0", **told, **how)
    container.sh("ip address flush dev eth0")
    assert flannel.call("CHECK", container, "1.0.0", **told, **how).status == 1
    for _ in range(2):
        flannel.do("DEL", container, "1.0.0", **told, **how)
        assert (container.links(), flannel.files(), lease_files(flannel.leases)) == ([], [], [])


@facts(5)
def test_a_network_of_ipv6(flannel: Flannel, container: Container) -> None:
    flannel.write_env(NETWORK6, SUBNET6, *REST)
    result = flannel.do("ADD", container)
    assert result_ips(result) == container.addresses("eth0") == ["fc00::2/64"]
    assert container.routes(6)[0] == "fc00::/48 via fc00::1"
    assert container.pings("fc00::1")


@facts(6)
@pytest.mark.parametrize("version", ["", "0.2.0", "0.3.1", "1.1.0"])
def test_a_network_of_both(flannel: Flannel, container: Container, version: str) -> None:
    flannel.write_env(NETWORK, SUBNET, NETWORK6, SUBNET6, *REST)
    result = flannel.do("ADD", container, version)
    assert result_ips({"cniVersion": "0.1.0", **result}) == ["10.1.17.2/24", "fc00::2/64"]
    assert container.pings("10.1.17.1")
    assert container.pings("fc00::1")
    flannel.do("DEL", container, version)
    assert lease_files(flannel.leases) == []


@facts(15)
def test_ports_are_published_by_the_plugin_after_it(flannel: Flannel, container: Container) -> None:
    container.sh("ip link set lo up")
    outside = add_outside(flannel.host)
    ports = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
    ipam = {"dataDir": str(flannel.leases), "routes": [{"dst": "0.0.0.0/0"}]}
    result = flannel.do("ADD", container, runtimeConfig=ports, ipam=ipam)
    assert flannel.told(container)["runtimeConfig"] == ports
    portmap = {"cniVersion": "1.1.0", "name": "mynet", "type": "portmap", "runtimeConfig": ports}
    flannel.host.cni("ADD", {**portmap, "prevResult": result}, container)
    with serving(container, 80):
        assert call(outside, "192.0.2.1", 8080) == "192.0.2.2"
    flannel.host.cni("DEL", {**portmap, "prevResult": result}, container)
    flannel.do("DEL", container, prevResult=result)
    assert (flannel.files(), elements(flannel.host).get("ports4", [])) == ([], [])


PLACES = """\
mkdir -p {folder}/netns
mount --rbind /run/netns {folder}/netns
mount -t tmpfs none /run
mkdir /run/netns /run/flannel
mount --rbind {folder}/netns /run/netns
cp {env} /run/flannel/subnet.env
exec {plugin}
"""


@facts(7)
def test_places_are_the_references_unless_told(flannel: Flannel, container: Container, tmp_path: Path) -> None:
    """In a mount namespace with a /run of its own."""
    shutil.rmtree("/var/lib/cni/networks", ignore_errors=True)
    folder = flannel.host.bin_dir
    script = PLACES.format(folder=tmp_path / "mounts", env=flannel.env, plugin=folder / "flannel")
    environ = {"CNI_CONTAINERID": container.id, "CNI_NETNS": container.path, "CNI_IFNAME": "eth0"}
    conf = {"cniVersion": "1.1.0", "name": "mynet", "type": "flannel"}
    for command, kept in (("ADD", flannel.kept(container, "eth0")), ("DEL", [])):
        line = ["nsenter", f"--net={flannel.host.path}", "unshare", "-m", "sh", "-ec", script]
        variables = {**environ, "CNI_COMMAND": command, "CNI_PATH": str(folder), "PATH": os.environ["PATH"]}
        done = subprocess.run(
            line, env=variables, input=json.dumps(conf), text=True, capture_output=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert sorted(os.listdir("/var/lib/cni/flannel")) == kept
    assert flannel.refuse("ADD", container, subnetFile="")[1] == "there is no /run/flannel/subnet.env"


# What fails.


@facts(17)
def test_what_the_delegate_was_told_stays_when_it_fails(flannel: Flannel, container: Container) -> None:
    code, _, _ = flannel.refuse("ADD", container, delegate={"vlan": 5000})
    assert (code, container.links(), flannel.files()) == (7, [], flannel.kept(container, "eth0"))
    assert flannel.told(container)["vlan"] == 5000
    flannel.call("DEL", container)
    flannel.do("ADD", container)
    assert container.addresses("eth0") == ["10.1.17.2/24"]


def test_an_add_that_comes_too_often_leaves_what_the_first_one_was_told(flannel: Flannel, container: Container) -> None:
    flannel.do("ADD", container)
    told = flannel.told(container)
    assert flannel.refuse("ADD", container, delegate={"mtu": 1400})[0] == 102
    assert (flannel.told(container), flannel.files()) == (told, flannel.kept(container, "eth0"))
    flannel.do("DEL", container)
    assert flannel.files() == []


def test_a_delegate_that_is_not_there_is_an_error_by_every_verb(flannel: Flannel, container: Container) -> None:
    for command in ("ADD", "STATUS"):
        assert flannel.refuse(command, container, delegate={"type": "odd"})[1] == "failed to find plugin 'odd'"
    assert flannel.files() == []
    flannel.do("DEL", container, delegate={"type": "odd"})
    flannel.do("ADD", container)
    assert flannel.refuse("GC", None, delegate={"type": "odd"})[1] == "failed to find plugin 'odd'"
    assert flannel.files() == [], "GC goes on all the same"


# And whether the delegate refuses it at DEL too.
WRONG: dict[str, tuple[dict[str, Any], bool]] = {
    "no such ipam": ({"ipam": {"type": "odd"}}, True),
    "a wrong type": ({"ipam": {"dataDir": 5}}, True),
    "a wrong number": ({"delegate": {"vlan": 5000}}, False),
    "an unknown key": ({"delegate": {"strict": True, "odd": 1}}, False),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_add_refused_is_no_obstacle_to_del(flannel: Flannel, container: Container, name: str) -> None:
    """The configuration may have been corrected by then; the delegate is told what ADD told it."""
    wrong, is_refused = WRONG[name]
    assert flannel.call("ADD", container, **wrong).status == 1
    assert flannel.files() == flannel.kept(container, "eth0")
    reply = flannel.call("DEL", container)
    assert (reply.status, reply.output, flannel.files()) == (0, "", [])
    words = f"flannel {container.id} eth0: nothing is attached, and 'bridge' would not detach it: "
    assert reply.errors.startswith(words) if is_refused else reply.errors == ""
    flannel.do("DEL", container)


def test_what_is_attached_is_not_forgotten_whatever_the_delegate_says(flannel: Flannel, container: Container) -> None:
    flannel.do("ADD", container)
    path = flannel.scratch / f"{container.id}:mynet:eth0"
    told = json.loads(path.read_text())
    path.write_text(json.dumps({**told, "type": "odd"}))
    assert flannel.refuse("DEL", container)[1] == "failed to find plugin 'odd'"
    assert flannel.files() == flannel.kept(container, "eth0")
    path.write_text(json.dumps(told))
    flannel.do("DEL", container)
    assert (container.links(), flannel.files()) == ([], [])


@pytest.mark.parametrize("folder", [5, "a\0b", "/dev/null/x"])
def test_a_place_that_add_refuses_is_no_obstacle_to_del_and_gc(
    flannel: Flannel, container: Container, folder: object
) -> None:
    assert flannel.call("ADD", container, dataDir=folder).status == 1
    flannel.do("DEL", container, dataDir=folder)
    flannel.do("GC", None, dataDir=folder)


def test_gc_passes_over_what_is_no_file(flannel: Flannel, container: Container) -> None:
    flannel.do("ADD", container)
    (flannel.scratch / "folder").mkdir()
    os.mkfifo(flannel.scratch / "pipe")
    (flannel.scratch / "loop").symlink_to("loop")
    flannel.do("GC", None)
    assert flannel.files() == ["folder", "loop", "pipe"]


@all_versions
def test_del_needs_no_subnet_no_settings_and_no_namespace(flannel: Flannel, container: Container, version: str) -> None:
    flannel.do("ADD", container, version)
    flannel.env.unlink()
    container.remove()
    wrong = {"delegate": 5, "ipam": [], "runtimeConfig": "x", "subnetFile": {}}
    for _ in range(2):
        flannel.do("DEL", container, version, **wrong, how={"environ": {"CNI_NETNS": ""}})
        assert (flannel.files(), lease_files(flannel.leases)) == ([], [])


def test_del_that_fails_can_be_repeated(flannel: Flannel, container: Container, tmp_path: Path) -> None:
    flannel.do("ADD", container)
    missing = {"how": {"environ": {"CNI_PATH": str(tmp_path)}}}
    assert flannel.refuse("DEL", container, **missing)[1] == "failed to find plugin 'bridge'"
    assert flannel.files() == flannel.kept(container, "eth0")
    flannel.do("DEL", container)
    assert (flannel.files(), container.links(), lease_files(flannel.leases)) == ([], [], [])


def test_del_tells_the_delegate_what_add_told_it(flannel: Flannel, container: Container) -> None:
    """The daemon has another subnet by now, and the network another delegate."""
    result = flannel.do("ADD", container)
    flannel.write_env(NETWORK, "FLANNEL_SUBNET=10.1.99.1/24", *REST)
    flannel.do("CHECK", container, prevResult=result, delegate={"type": "macvlan"})
    flannel.do("DEL", container, delegate={"type": "macvlan"})
    assert (container.links(), lease_files(flannel.leases)) == ([], [])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"type": "bridge"}', '{"name": "mynet", "type": "flannel"}'])
def test_what_cannot_be_read_is_told_of_and_kept(flannel: Flannel, container: Container, content: str) -> None:
    flannel.scratch.mkdir()
    (flannel.scratch / container.id).write_text(content)
    reply = flannel.call("DEL", container)
    assert (reply.status, reply.output, flannel.files()) == (0, "", [container.id])
    assert reply.errors.startswith(f"flannel {container.id} eth0: there is no way to know what to detach: ")


def test_check_without_what_was_kept_is_an_error(flannel: Flannel, container: Container) -> None:
    result = flannel.do("ADD", container)
    shutil.rmtree(flannel.scratch)
    code, msg, details = flannel.refuse("CHECK", container, prevResult=result)
    assert (code, msg) == (103, "it is not known how this container was attached")
    assert details == f"there is no {flannel.scratch}/{container.id}:mynet:eth0"


def test_check_is_of_today_s_version(flannel: Flannel, container: Container) -> None:
    """The network's file has a newer one than when the container was attached."""
    told = {"prevResult": {**flannel.do("ADD", container, "0.3.1"), "cniVersion": "1.1.0"}}
    flannel.do("CHECK", container, **told)
    flannel.do("DEL", container, **told)
    assert (container.links(), flannel.files()) == ([], [])


def test_status_asks_the_delegate_and_for_a_place_to_write(flannel: Flannel) -> None:
    flannel.do("STATUS", None)
    assert flannel.refuse("STATUS", None, ipam={"dataDir": "/dev/null/x"})[0] == 50
    code, msg, details = flannel.refuse("STATUS", None, dataDir="/dev/null/x")
    assert (code, msg, details) == (
        50,
        "flannel cannot keep what it tells the delegate",
        "/dev/null is not a folder",
    )


def test_reload_restores_what_the_delegate_keeps_in_the_firewall(node: Node, tmp_path: Path) -> None:
    lines = (NETWORK, SUBNET, "FLANNEL_MTU=1472", "FLANNEL_IPMASQ=false", "")
    (tmp_path / "subnet.env").write_text("\n".join(lines))
    places = {"subnetFile": f"{tmp_path}/subnet.env", "dataDir": f"{tmp_path}/flannel"}
    for name, plugin in (("one", {}), ("two", {"delegate": {"type": "macvlan", "master": "up0"}})):
        ipam = {"dataDir": f"{tmp_path}/{name}"}
        network = {
            "cniVersion": "1.1.0",
            "name": name,
            "plugins": [{"type": "flannel", "ipam": ipam, **places, **plugin}],
        }
        (node.config_dir / f"{name}.conflist").write_text(json.dumps(network))
    node.host.sh("ip link add up0 type veth peer name up1")
    containers = [node.host.add_container() for _ in range(3)]
    for name, container in zip(("one", "one", "two"), containers, strict=True):
        assert node.run("add", name, container.path)[0] == 0
    (tmp_path / "subnet.env").unlink()
    before = elements(node.host)
    assert before["masq4"] == ["10.1.17.2", "10.1.17.3"]
    node.host.sh("nft flush ruleset")
    assert node.run("reload") == (0, "restored 3 attachments\n", "")
    assert elements(node.host) == before


# Several attachments.


def test_two_interfaces_of_a_container_do_not_collide(flannel: Flannel, container: Container) -> None:
    second = {"how": {"environ": {"CNI_IFNAME": "eth1"}}}
    flannel.do("ADD", container)
    flannel.do("ADD", container, **second, delegate={"mtu": 1300})
    assert flannel.files() == flannel.kept(container, "eth0", "eth1")
    assert flannel.told(container)["mtu"] == 1472
    for _ in range(2):
        flannel.do("DEL", container, **second)
        assert (container.links(), flannel.files()) == (["eth0"], flannel.kept(container, "eth0"))
    assert container.pings("10.1.17.1")
    flannel.do("DEL", container)
    assert (container.links(), flannel.files(), lease_files(flannel.leases)) == ([], [], [])


def test_the_first_interface_goes_first(flannel: Flannel, container: Container) -> None:
    second = {"how": {"environ": {"CNI_IFNAME": "eth1"}}}
    flannel.do("ADD", container)
    flannel.do("ADD", container, **second)
    for _ in range(2):
        flannel.do("DEL", container)
        assert (container.links(), flannel.files()) == (["eth1"], flannel.kept(container, "eth1")[1:])
    flannel.do("ADD", container)
    assert flannel.files() == flannel.kept(container, "eth0", "eth1")
    for how in (second, {}):
        flannel.do("DEL", container, **how)
    assert (container.links(), flannel.files()) == ([], [])


def test_two_networks_of_a_container_do_not_collide(flannel: Flannel, container: Container) -> None:
    other = {"name": "other", "how": {"environ": {"CNI_IFNAME": "eth1"}}, "delegate": {"bridge": "br1", "ipMasq": True}}
    flannel.do("ADD", container)
    flannel.write_env("FLANNEL_NETWORK=10.2.0.0/16", "FLANNEL_SUBNET=10.2.1.1/24", *REST)
    flannel.do("ADD", container, **other)
    assert container.addresses("eth1") == ["10.2.1.2/24"]
    flannel.do("DEL", container, name="third")
    flannel.do("DEL", container, **other)
    assert (container.links(), flannel.files()) == (["eth0"], flannel.kept(container, "eth0"))
    flannel.do("DEL", container)
    assert (container.links(), flannel.files()) == ([], [])


def test_gc_forgets_what_is_of_this_network_and_not_valid(flannel: Flannel) -> None:
    live, gone, half, other, theirs = (flannel.host.add_container() for _ in range(5))
    for each in (live, gone, half):
        flannel.do("ADD", each)
    flannel.do("ADD", half, how={"environ": {"CNI_IFNAME": "eth1"}})
    flannel.do("ADD", other, name="other", delegate={"bridge": "cni0"})
    left = flannel.kept(live, "eth0") + flannel.kept(other, "eth0", network="other")
    for name, content in {theirs.id: '{"name": "mynet"}', "x": '{"name": "his"}', "y": "{"}.items():
        (flannel.scratch / name).write_text(content)
    (flannel.scratch / f"{gone.id}:mynet:eth0.new").write_text('{"name": "mynet", "type":')
    (flannel.scratch / f"{half.id}:mynet:eth0.new").write_text('{"name": "mynet"}')
    flannel.env.unlink()
    valid = [{"containerID": live.id, "ifname": "eth0"}, {"containerID": half.id, "ifname": "eth1"}]
    flannel.do("GC", None, **{"cni.dev/valid-attachments": valid})
    begun = f"{gone.id}:mynet:eth0.new"
    assert flannel.files() == sorted([*left, f"{half.id}:mynet:eth1", "x", "y"])
    assert len(lease_files(flannel.leases)) == 2, "and the delegate has collected too"
    assert begun not in flannel.files()


def test_ids_of_any_length_have_files(flannel: Flannel, container: Container) -> None:
    how = {"environ": {"CNI_CONTAINERID": "c" * 300}}
    flannel.do("ADD", container, how=how, name="n" * 200)
    assert [len(name) for name in flannel.files()] == [250, 128 + 1 + 96 + len(":eth0")]
    flannel.do("DEL", container, how=how, name="n" * 200)
    assert (flannel.files(), container.links()) == ([], [])


# The reference's plugin.


@pytest.mark.parametrize("is_told", [True, False], ids=["prevResult", "no prevResult"])
def test_what_the_reference_attached_we_check_and_detach(flannel: Flannel, container: Container, is_told: bool) -> None:
    theirs = flannel.reference()
    result = flannel.do("ADD", container, "1.0.0", how=theirs)
    assert flannel.files() == [container.id]
    flannel.do("CHECK", container, "1.0.0", prevResult=result)
    told = {"prevResult": result} if is_told else {}
    for _ in range(2):
        flannel.do("DEL", container, "1.0.0", **told)
        assert (container.links(), flannel.files(), lease_files(flannel.leases)) == ([], [], [])


def test_what_we_attached_the_reference_detaches(flannel: Flannel, container: Container) -> None:
    flannel.do("ADD", container, "1.0.0")
    flannel.do("DEL", container, "1.0.0", how=flannel.reference())
    assert (container.links(), lease_files(flannel.leases)) == ([], [])
    assert flannel.files() == [f"{container.id}:mynet:eth0"]
    flannel.do("GC", None, **{"cni.dev/valid-attachments": []})
    assert flannel.files() == []


def test_add_again_after_the_reference_detached_is_one_attachment(flannel: Flannel, container: Container) -> None:
    flannel.do("ADD", container, "1.0.0")
    flannel.do("DEL", container, "1.0.0", how=flannel.reference())
    flannel.do("ADD", container, "1.0.0")
    assert flannel.files() == flannel.kept(container, "eth0")
    flannel.do("DEL", container, "1.0.0")
    assert (container.links(), flannel.files()) == ([], [])


def test_an_add_too_many_leaves_what_the_reference_has_attached(flannel: Flannel, container: Container) -> None:
    flannel.do("ADD", container, "1.0.0", how=flannel.reference())
    told = flannel.told(container)
    assert flannel.call("ADD", container, "1.0.0", delegate={"mtu": 1400}).code == 102
    assert (flannel.told(container), flannel.files()) == (told, [container.id])
    flannel.do("DEL", container, "1.0.0")
    assert (container.links(), flannel.files()) == ([], [])


def test_a_file_of_the_reference_about_another_network_is_not_ours(flannel: Flannel, container: Container) -> None:
    flannel.do("ADD", container, "1.0.0", how=flannel.reference())
    flannel.do("DEL", container, "1.0.0", name="other")
    assert (container.links(), flannel.files()) == (["eth0"], [container.id])
    flannel.write_env(*PLAIN)
