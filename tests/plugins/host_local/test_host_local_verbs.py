"""The verbs of host-local, called as a runtime calls them but in this process."""

from __future__ import annotations

import json
import os
import posix
import subprocess
from pathlib import Path
from typing import Any

import pytest
from netlab import all_versions, check_versions

from poplin.linux.kernel import Kernel
from poplin.linux.lockfile import LockFile
from poplin.plugins.host_local import access, store
from poplin.plugins.host_local.plugin import PLUGIN
from poplin.plugins.kit.skel import answer, perform
from poplin.spec.call import Call, Config, Environment
from poplin.spec.versions import FAMILIES

DUAL = {"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8:1::/64"}]]}
ROUTES = [
    {"dst": "0.0.0.0/0"},
    {"dst": "::/0"},
    {"dst": "192.168.0.0/16", "gw": "1.1.1.1"},
    {"dst": "2001:db8:2::0/64", "gw": "2001:db8:3::1"},
]
ROUTES_BACK = [*ROUTES[:3], {"dst": "2001:db8:2::/64", "gw": "2001:db8:3::1"}]


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def pointers(network: Any) -> dict[str, str]:
    return {path.name: path.read_text() for path in network.folder.glob("last_reserved_ip.*")}


# ADD and DEL.


@facts(180)
@all_versions
def test_add_gives_an_address_of_each_set_and_delete_takes_them_back(
    network: Any, tmp_path: Path, version: str
) -> None:
    resolv_conf = tmp_path / "resolv.conf"
    resolv_conf.write_text("nameserver 192.0.2.3\n")
    network.version = version
    network.ipam = {**DUAL, "routes": ROUTES, "resolvConf": str(resolv_conf)}
    v4: dict[str, Any] = {"address": "10.1.2.2/24", "gateway": "10.1.2.1"}
    v6: dict[str, Any] = {"address": "2001:db8:1::2/64", "gateway": "2001:db8:1::1"}
    dns = {"nameservers": ["192.0.2.3"]}
    want = {
        "A": {
            "cniVersion": version,
            "ip4": {"ip": v4["address"], "gateway": v4["gateway"], "routes": ROUTES_BACK[::2]},
            "ip6": {"ip": v6["address"], "gateway": v6["gateway"], "routes": ROUTES_BACK[1::2]},
            "dns": dns,
        },
        "B": {
            "cniVersion": version,
            "ips": [{"version": "4", **v4}, {"version": "6", **v6}],
            "routes": ROUTES_BACK,
            "dns": dns,
        },
        "C": {"cniVersion": version, "dns": dns, "ips": [v4, v6], "routes": ROUTES_BACK},
    }
    assert network.call("ADD") == want[FAMILIES[version]]
    assert network.leases() == {"10.1.2.2": b"dummy\r\neth0", "2001:db8:1::2": b"dummy\r\neth0"}
    assert pointers(network) == {"last_reserved_ip.0": "10.1.2.2", "last_reserved_ip.1": "2001:db8:1::2"}
    assert network.call("DEL") == {}
    assert network.leases() == {}
    assert pointers(network) == {"last_reserved_ip.0": "10.1.2.2", "last_reserved_ip.1": "2001:db8:1::2"}


@facts(181)
@all_versions
def test_attachments_of_one_container_are_independent(network: Any, version: str) -> None:
    network.version = version
    other = type(network)(network.data_dir, "other")
    other.version = version
    assert [network.add("dummy", "eth0"), network.add("dummy", "eth1")] == [["10.1.2.2/24"], ["10.1.2.3/24"]]
    assert other.add("dummy", "eth0") == ["10.1.2.2/24"]
    assert network.call("DEL", "dummy", "eth0") == {}
    assert network.leases() == {"10.1.2.3": b"dummy\r\neth1"}
    assert other.leases() == {"10.1.2.2": b"dummy\r\neth0"}
    assert network.call("DEL", "dummy", "eth1") == {}
    assert network.leases() == {}


@facts(182)
@all_versions
def test_a_repeated_add_is_refused_and_disturbs_nothing(network: Any, version: str) -> None:
    network.version = version
    network.ipam = DUAL
    before = network.add("dummy")
    reply = network.call("ADD", "dummy")
    assert (reply["code"], reply["msg"]) == (102, "10.1.2.2 is already allocated to container dummy, interface eth0")
    assert len(before) == 2
    assert sorted(network.leases()) == ["10.1.2.2", "2001:db8:1::2"]
    assert network.add("dummy1") == ["10.1.2.3/24", "2001:db8:1::3/64"]


@facts(183)
@all_versions
def test_a_lease_with_the_container_only_counts_and_is_deleted(network: Any, version: str) -> None:
    network.version = version
    network.write_lease("10.1.2.2", "dummy", ifname="")
    assert network.call("ADD")["code"] == 102
    assert network.call("DEL") == {}
    assert network.leases() == {}


@facts(184)
@all_versions
def test_delete_of_what_is_not_there_succeeds_and_makes_nothing(network: Any, version: str) -> None:
    network.version = version
    assert network.call("DEL") == {}
    assert not network.data_dir.exists()
    network.add("other")
    assert [network.call("DEL", "dummy"), network.call("DEL", "other", "eth1")] == [{}, {}]
    assert list(network.leases()) == ["10.1.2.2"]
    assert [network.call("DEL", "other"), network.call("DEL", "other")] == [{}, {}]
    assert network.leases() == {}


@facts(185)
@all_versions
def test_white_space_around_the_container_id_does_not_matter(network: Any, version: str) -> None:
    network.version = version
    for verb, left in (("ADD", {"10.1.2.2": b"dummy\r\neth0"}), ("DEL", {})):
        call = Call(Environment(network.environ(verb, "dummy", "eth0")), Config(network.conf()))
        call.env.container_id = " dummy\n "
        perform(PLUGIN, call, Kernel())
        assert network.leases() == left


@facts(186)
@all_versions
def test_the_first_add_says_nothing_but_its_result(network: Any, version: str) -> None:
    network.version = version
    environ = network.environ("ADD", "dummy", "eth0")
    reply = answer(PLUGIN, environ, lambda: json.dumps(network.conf()).encode())
    assert reply.output.startswith(f'{{\n    "cniVersion": "{version}",')
    assert "last" not in reply.output
    assert (reply.status, reply.errors) == (0, "")


@facts(187)
@all_versions
def test_requested_addresses_are_given(network: Any, version: str) -> None:
    network.version = version
    assert network.add("one", cni_args="IP=10.1.2.88") == ["10.1.2.88/24"]
    network.ipam = DUAL
    network.extra = {"args": {"cni": {"ips": ["10.1.2.77", "2001:db8:1::999"]}}}
    assert network.add("two") == ["10.1.2.77/24", "2001:db8:1::999/64"]
    network.ipam = {"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "10.1.3.0/24"}]]}
    network.extra = {"runtimeConfig": {"ips": ["10.1.3.99/24", "10.1.2.66"]}}
    if FAMILIES[version] == "A":
        assert network.call("ADD", "three")["code"] == 7
    else:
        assert network.add("three") == ["10.1.2.66/24", "10.1.3.99/24"]


@facts(188)
@all_versions
def test_a_request_too_many_fails_and_nothing_stays(network: Any, version: str) -> None:
    network.version = version
    network.ipam = {"ranges": [[{"subnet": "10.1.2.0/24"}, {"subnet": "10.1.3.0/24"}]]}
    network.extra = {"args": {"cni": {"ips": ["10.1.2.77", "10.1.3.77"]}}}
    reply = network.call("ADD")
    assert (reply["code"], reply["msg"]) == (101, "cannot allocate all requested addresses, left are 10.1.3.77")
    assert network.leases() == {}


@pytest.mark.parametrize(
    ("ipam", "code"),
    [
        pytest.param({"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.9", "rangeEnd": "10.1.2.8"}, 7, marks=facts(193)),
        pytest.param({"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.255"}, 7, marks=facts(193)),
        ({}, 7),
        ({"subnet": "10.1.2.0"}, 6),
        ({"subnet": ["10.1.2.0/24"]}, 6),
        ({"subnet": "10.1.2.0/24", "resolvConf": "/nowhere/resolv.conf"}, 5),
    ],
)
def test_a_wrong_configuration_has_its_code_and_makes_nothing(network: Any, ipam: dict[str, Any], code: int) -> None:
    network.ipam = ipam
    assert network.call("ADD")["code"] == code
    assert network.call("DEL").get("code", 5) == code
    assert not network.data_dir.exists()


@facts(190)
def test_the_gateway_cannot_be_requested(network: Any) -> None:
    reply = network.call("ADD", cni_args="IP=10.1.2.1")
    assert (reply["code"], reply["msg"]) == (101, "requested address 10.1.2.1 is the gateway")
    assert network.leases() == {}


def test_a_failure_in_a_later_set_gives_the_earlier_ones_back(network: Any) -> None:
    network.ipam = {"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00::/64"}], [{"subnet": "10.9.0.0/30"}]]}
    assert network.add("one") == ["10.1.2.2/24", "fd00::2/64", "10.9.0.2/30"]
    reply = network.call("ADD", "two")
    assert reply["code"] == 101
    assert reply["msg"] == "no IP addresses available in range set 2: 10.9.0.1-10.9.0.2"
    assert set(network.leases().values()) == {b"one\r\neth0"}
    network.call("DEL", "one")
    assert network.add("two") == ["10.1.2.4/24", "fd00::4/64", "10.9.0.2/30"]


def test_a_strict_configuration_refuses_unknown_keys(network: Any) -> None:
    network.ipam["rangeStrat"] = "10.1.2.9"
    assert network.add("one") == ["10.1.2.2/24"]
    reply = network.call("ADD", "two", strict=True)
    assert (reply["code"], reply["msg"]) == (2, "unknown key `ipam.rangeStrat` in a strict configuration")


def test_a_busy_lock_is_error_11_with_its_holder(network: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    network.add("one")
    monkeypatch.setattr(access, "LOCK_SECONDS", 0.05)
    with LockFile(f"{network.folder}/lock", 0.1):
        replies = [network.call(verb) for verb in ("ADD", "DEL", "CHECK", "GC", "STATUS")]
    assert [reply["code"] for reply in replies] == [11] * 5
    assert all(f"is held by process {os.getpid()} (" in reply["details"] for reply in replies)
    assert store.LOCK_SECONDS == 30


def test_what_the_system_refuses_is_an_io_failure(network: Any) -> None:
    network.data_dir.write_text("in the way")
    reply = network.call("ADD")
    assert (reply["code"], reply["msg"]) == (5, f"host-local: {network.folder}: Not a directory")
    network.name = "n" * 300
    assert network.call("DEL") == {}


# CHECK.


@check_versions
def test_check_succeeds_while_the_leases_are_there(network: Any, version: str) -> None:
    network.version = version
    network.ipam = DUAL
    assert network.call("CHECK")["code"] == 103
    assert not network.data_dir.exists()
    result = network.call("ADD")
    assert network.call("CHECK") == {}
    assert network.call("CHECK", prevResult=result) == {}
    reply = network.call("CHECK", "dummy", "eth1")
    assert (reply["code"], reply["msg"]) == (103, "no address is allocated to container dummy, interface eth1")
    (network.folder / "2001:db8:1::2").unlink()
    assert network.call("CHECK") == {}
    reply = network.call("CHECK", prevResult=result)
    assert reply["code"] == 103
    assert reply["msg"] == "2001:db8:1::2 of prevResult is not allocated to container dummy, interface eth0"
    network.call("DEL")
    assert network.call("CHECK")["code"] == 103


def test_check_accepts_old_leases_and_addresses_of_others_in_prev_result(network: Any) -> None:
    network.write_lease("10.1.2.2", "dummy", ifname="")
    ips = [{"address": "10.1.2.2/24"}, {"address": "172.16.0.1/24"}]
    assert network.call("CHECK", prevResult={"cniVersion": "1.1.0", "ips": ips}) == {}


def test_check_reads_the_lease_itself(network: Any) -> None:
    network.add("dummy")
    (network.folder / "10.1.2.2").write_bytes(b"thief\r\neth0")  # in place: the folder does not show it
    assert network.call("CHECK")["code"] == 103


# GC.


@facts(194)
def test_garbage_is_what_no_valid_attachment_has(network: Any) -> None:
    network.ipam = DUAL
    for cid, ifname in (("live", "eth0"), ("live", "eth1"), ("dead", "eth0")):
        network.add(cid, ifname)
    network.write_lease("10.1.2.50", "live", ifname="")
    network.write_lease("10.1.2.51", "dead", ifname="")
    other = type(network)(network.data_dir, "other")
    other.add("dead")
    valid = [{"containerID": "live", "ifname": "eth0"}, {"containerID": "gone", "ifname": "eth0"}]
    assert network.call("GC", **{"cni.dev/valid-attachments": valid}) == {}
    assert network.leases() == {
        "10.1.2.2": b"live\r\neth0",
        "2001:db8:1::2": b"live\r\neth0",
        "10.1.2.50": b"live",
    }
    assert list(other.leases()) == ["10.1.2.2"]
    assert network.call("GC") == {}
    assert network.leases() == {}


def test_garbage_collection_needs_no_ranges_and_no_folder(network: Any) -> None:
    assert network.call("GC") == {}
    assert not network.data_dir.exists()
    network.add("dead")
    network.ipam = {}
    assert network.call("GC") == {}
    assert network.leases() == {}


def test_garbage_collection_opens_no_lease(network: Any, opened: list[str]) -> None:
    network.add("live")
    network.add("dead")
    opened.clear()
    assert network.call("GC", **{"cni.dev/valid-attachments": [{"containerID": "live", "ifname": "eth0"}]}) == {}
    assert [path for path in opened if path.startswith(f"{network.folder}/")] == [f"{network.folder}/lock"]
    assert list(network.leases()) == ["10.1.2.2"]


def test_garbage_that_cannot_be_removed_is_reported_after_the_rest(
    network: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for cid in ("one", "two", "three"):
        network.add(cid)
    real = os.unlink

    def fail(path: str) -> None:
        if path.endswith("/10.1.2.3"):
            raise PermissionError(1, "Operation not permitted", path)
        real(path)

    with monkeypatch.context() as patch:
        patch.setattr(posix, "unlink", fail)
        reply = network.call("GC")
    assert reply["code"] == 5
    assert reply["details"] == f"{network.folder}/10.1.2.3: Operation not permitted"
    assert list(network.leases()) == ["10.1.2.3"]
    assert network.call("GC") == {}
    assert network.leases() == {}


# STATUS.


def test_status_is_ready_while_every_set_has_an_address(network: Any) -> None:
    network.ipam = {"ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "10.9.0.0/29"}]]}
    assert network.call("STATUS") == {}
    assert not network.data_dir.exists()
    for number in range(5):
        assert network.call("STATUS") == {}
        network.add(f"c{number}")
    reply = network.call("STATUS")
    assert reply["code"] == 50
    assert reply["msg"] == "no IP addresses available in range set 1: 10.9.0.1-10.9.0.6"
    network.call("DEL", "c3")
    assert network.call("STATUS") == {}


def test_status_does_not_count_leases_that_add_would_free(network: Any) -> None:
    network.ipam = {"subnet": "10.9.0.0/30"}
    os.utime(network.write_lease("10.9.0.2", "old"), (1, 1))
    assert network.call("STATUS") == {}


def test_status_without_ranges_leaves_them_to_the_runtime(network: Any) -> None:
    network.ipam = {}
    assert network.call("STATUS") == {}


def test_status_tells_why_leases_cannot_be_kept(laboratory: None, network: Any, tmp_path: Path) -> None:
    network.data_dir.write_text("in the way")
    reply = network.call("STATUS")
    assert (reply["code"], reply["details"]) == (50, f"{network.data_dir} is not a folder")
    mount = tmp_path / "readonly"
    mount.mkdir()
    network.data_dir = mount / "below"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "none", str(mount)], check=True, timeout=120)
    try:
        reply = network.call("STATUS")
    finally:
        subprocess.run(["umount", str(mount)], check=True, timeout=120)
    assert (reply["code"], reply["details"]) == (50, f"{mount} cannot be written")


def test_status_tells_of_an_index_that_cannot_be_written(network: Any) -> None:
    network.add("one")
    (network.index / "seal").unlink()
    for path in network.index.iterdir():
        path.unlink()
    network.index.rmdir()
    network.index.write_text("in the way")
    reply = network.call("STATUS")
    assert (reply["code"], reply["msg"]) == (50, "host-local cannot keep leases")
