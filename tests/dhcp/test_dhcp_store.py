"""Leases on disk, and how attachments introduce themselves."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest
from calls import make_call

from poplin.dhcp.client import Identity
from poplin.dhcp.interface import Interface
from poplin.dhcp.keeper import identify
from poplin.dhcp.lease import Lease
from poplin.dhcp.record import Key, Record
from poplin.dhcp.store import Store, choose_folder
from poplin.linux.lockfile import LockTimeout
from poplin.linux.wire.link import Link
from poplin.plugins.dhcp.settings import Settings
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.result import DNS, Route

MAC = bytes.fromhex("020000000001")
LEASE = Lease(
    address=parse_prefix("192.168.1.5/24"),
    server=parse_ip("192.168.1.1"),
    xid=7,
    acquired=1.5,
    renewal=2.5,
    rebinding=3.5,
    expiry=inf,
    gateway=parse_ip("192.168.1.1"),
    routes=(Route(parse_prefix("0.0.0.0/0"), parse_ip("192.168.1.1")), Route(parse_prefix("10.0.0.0/8"), scope=253)),
    dns=DNS(["192.168.1.1"], "example"),
)
RECORD = Record(
    Key("c1", "mynet", "eth0"),
    Interface("/run/netns/c1", 4, 4026532000, 77, 3),
    Identity(MAC, b"\0c1/mynet/eth0", (3, 1), {12: b"web", 60: b"\xff"}, True),
    77,
    LEASE,
)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty one."""
    (tmp_path / "dhcp").mkdir()
    return Store(str(tmp_path / "dhcp"))


@pytest.mark.parametrize("record", [RECORD, replace(RECORD, lease=None)])
def test_what_is_written_is_read(store: Store, record: Record):
    store.save(record)
    assert list(store.load()) == [record]


def test_each_attachment_has_one_file(store: Store):
    other = replace(RECORD, key=Key("c2", "mynet", "eth0"))
    store.save(RECORD)
    store.save(replace(RECORD, lease=None))
    store.save(other)
    assert sorted(each.key for each in store.load()) == [RECORD.key, other.key]
    store.remove(other.key)
    store.remove(other.key)
    assert [each.key for each in store.load()] == [RECORD.key]


@pytest.mark.parametrize(
    "content", ["", "[]", "null", "{}", '{"boot": "THIS"}', '{"boot": "THIS", "key": {}}', '{"boot": "THIS", "key": 1}']
)
def test_what_is_no_record_is_dropped_and_its_file_goes(store: Store, content: str):
    store.save(RECORD)
    [file] = Path(store.folder).glob("*.json")
    boot = json.loads(file.read_text())["boot"]
    file.write_text(content.replace("THIS", boot))
    assert list(store.load()) == []
    assert not file.exists()


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("key", "ifname", []),
        ("key", "more", "x"),
        ("interface", "path", None),
        ("interface", "index", "3"),
        ("interface", "inode", 1.5),
        ("identity", "mac", "zz"),
        ("identity", "requested", [999]),
        ("identity", "provided", {"x": "00"}),
        ("lease", "address", "192.168.1.5"),
        ("lease", "expiry", "soon"),
        ("lease", "routes", [{}]),
    ],
)
def test_a_record_with_a_damaged_value_is_dropped(store: Store, part: str, key: str, value: object):
    store.save(RECORD)
    [file] = Path(store.folder).glob("*.json")
    whole = json.loads(file.read_text())
    file.write_text(json.dumps({**whole, part: {**whole[part], key: value}}))
    assert list(store.load()) == []
    assert not file.exists()


def test_what_a_kill_has_left_half_written_goes_and_other_files_stay(store: Store):
    (Path(store.folder) / "x.json.0123456789ab.tmp").write_text("{")
    (Path(store.folder) / "notes").write_text("mine")
    assert list(store.load()) == []
    assert [each.name for each in Path(store.folder).iterdir()] == ["notes"]


def test_two_daemons_cannot_have_the_same_leases(tmp_path: Path):
    folder = str(tmp_path / "cni" / "dhcp")
    with Store(folder).lock(), pytest.raises(LockTimeout), Store(folder).lock():
        pass


@pytest.mark.parametrize(
    ("path", "folder"),
    [
        ("/run/cni/dhcp.sock", "/run/cni/dhcp"),
        ("/run/cni/dhcp", "/run/cni/dhcp.leases"),
        ("/tmp/a.b/socket", "/tmp/a.b/socket.leases"),
    ],
)
def test_leases_are_beside_the_socket(path: str, folder: str):
    assert choose_folder(path) == folder


def make_link(kind: str) -> Link:
    """An interface of this kind."""
    link = Link(3, "eth0")
    link.kind, link.mac = kind, "02:00:00:00:00:01"
    return link


@pytest.mark.parametrize(("kind", "broadcast"), [("macvlan", False), ("ipvlan", True)])
def test_who_shares_a_mac_has_servers_answer_to_everybody(kind: str, broadcast: bool):
    settings = Settings(make_call({"ipam": {"type": "dhcp"}}))
    identity = identify(RECORD.key, settings, make_link(kind))
    assert identity == Identity(MAC, b"\0c1/mynet/eth0", (3, 1), {}, broadcast)


def test_the_name_for_servers_is_cut_where_their_option_ends():
    key = Key("c" * 200, "n" * 200, "eth0")
    settings = Settings(make_call({"ipam": {"type": "dhcp"}}))
    assert identify(key, settings, make_link("veth")).client_id == b"\0" + b"c" * 200 + b"/" + b"n" * 53


@pytest.mark.parametrize("wrong", ["mode", "owner", "link"])
def test_leases_are_kept_in_no_folder_that_others_may_write(tmp_path: Path, wrong: str):
    folder = tmp_path / "dhcp"
    folder.mkdir()
    if wrong == "mode":
        folder.chmod(0o777)
    elif wrong == "owner":
        os.chown(folder, 65534, 65534)
    else:
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PermissionError, match="another user's, or others may write it"):
        Store(str(folder)).lock()
