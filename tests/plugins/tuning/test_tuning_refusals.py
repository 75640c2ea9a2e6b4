"""What tuning refuses, and that nothing is different after it; what it does with what it finds in backups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE, Container, all_versions
from tuning_lab import Tuning

MAC = "c2:11:22:33:44:55"
ALL: dict[str, Any] = {"mac": MAC, "promisc": True, "mtu": 1454, "allmulti": True, "txQLen": 20000}
SWITCH = "net/ipv4/conf/eth0/log_martians"
NAMED = {"net.ipv4.conf.IFNAME.log_martians": "1"}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def untouched(tuning: Tuning) -> tuple[object, ...]:
    """What an ADD that is refused leaves as it is."""
    return tuning.state(), tuning.container.sysctl(SWITCH), tuning.files()


# Configurations.

REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "another part": ({"sysctl": {"kernel.pid_max": "99999"}}, 7, "sysctl 'kernel.pid_max' is none of the network's"),
    "nothing": ({"sysctl": {"net": "1"}}, 7, "sysctl 'net' is none of the network's"),
    "an operator's": (
        {"args": {"cni": {"sysctl": {"vm.swappiness": "1"}}}},
        7,
        "sysctl 'vm.swappiness' is none of the network's",
    ),
    "two spellings": (
        {"sysctl": {"net.ipv4.tcp_sack": "1", "net/ipv4/tcp_sack": "0"}},
        7,
        "sysctl 'net/ipv4/tcp_sack' is set twice",
    ),
    "a number": ({"sysctl": {"net.ipv4.tcp_sack": 1}}, 6, "cannot decode `sysctl`"),
    "an empty value": ({"sysctl": {"net.ipv4.tcp_sack": ""}}, 7, "invalid value of sysctl 'net.ipv4.tcp_sack'"),
    "only blanks": ({"sysctl": {"net.ipv4.tcp_sack": " \t"}}, 7, "invalid value of sysctl 'net.ipv4.tcp_sack'"),
    "two lines": ({"sysctl": {"net.ipv4.tcp_sack": "1\n2"}}, 7, "invalid value of sysctl 'net.ipv4.tcp_sack'"),
    "half a letter": ({"sysctl": {"net.ipv4.tcp_sack": "\udc80"}}, 7, "invalid value of sysctl 'net.ipv4.tcp_sack'"),
    "no letter": ({"sysctl": {"net.ipv4.tcp_s\udc80": "1"}}, 7, "sysctl 'net.ipv4.tcp_s\\udc80' is none of the"),
    "no switch": ({"sysctl": {"net.ipv4.nonsense": "1"}}, 100, "sysctl -w net/ipv4/nonsense=1: No such file"),
    "no value": ({"sysctl": {"net.ipv4.tcp_sack": "x"}}, 100, "sysctl -w net/ipv4/tcp_sack=x: Invalid argument"),
    "no MAC": ({"mac": "c2:11"}, 7, "invalid mac"),
    "a group's MAC": ({"args": {"cni": {"mac": "01:00:00:00:00:01"}}}, 7, "invalid args.cni.mac"),
    "a small MTU": ({"mtu": 60}, 7, "invalid mtu 60"),
    "a negative queue": ({"txQLen": -1}, 7, "invalid txQLen -1"),
    "an endless queue": ({"txQLen": 1 << 32}, 7, "invalid txQLen 4294967296"),
    "a text": ({"promisc": "yes"}, 6, "cannot decode `promisc`"),
    "an operator's text": ({"args": {"cni": {"allmulti": "yes"}}}, 6, "cannot decode `args.cni.allmulti`"),
    "a path": ({"dataDir": "a\0b"}, 7, "`dataDir` is not a path"),
    "a key": ({"strict": True, "mtus": 1400}, 2, "unknown key `mtus` in a strict configuration"),
}
CASES = [pytest.param(name, marks=[facts(90)] if name == "another part" else []) for name in REFUSED]


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_is_refused_and_nothing_changes(tuning: Tuning, name: str) -> None:
    fields, code, words = REFUSED[name]
    before = untouched(tuning)
    more = {key: value for key, value in ALL.items() if key not in fields}
    reply = tuning.call("ADD", **{**more, **fields, "sysctl": {**NAMED, **fields.get("sysctl", {})}})
    assert (reply.code, reply.object["msg"][: len(words)]) == (code, words), reply
    assert untouched(tuning) == before


def test_dots_lead_nowhere_else(tuning: Tuning) -> None:
    """Every one of them is a slash, and slashes in a row are one."""
    assert tuning.call("ADD", sysctl={"net/../kernel/pid_max": "1"}).object["msg"] == (
        "sysctl -w net/kernel/pid_max=1: No such file or directory"
    )
    tuning.do("ADD", sysctl={"net..ipv4.tcp_sack": "0"})
    assert tuning.container.sysctl("net/ipv4/tcp_sack") == "0"


@all_versions
@facts(88)
def test_a_switch_that_is_written_twice_is_refused(tuning: Tuning, version: str) -> None:
    text = json.dumps(tuning.conf(version, sysctl={"net.ipv4.tcp_sack": "0", "net.ipv4.tcp_x": "1"}))
    text = text.replace("net.ipv4.tcp_x", "net.ipv4.tcp_sack")
    for command in ("ADD", "CHECK") if version >= "0.4.0" else ("ADD",):
        process = tuning.host.start(command, {"type": "tuning"}, tuning.container)
        output, errors = process.communicate(text, timeout=PATIENCE)
        assert (process.returncode, json.loads(output)["msg"], errors) == (
            1,
            "sysctl 'net.ipv4.tcp_sack' is set twice",
            "",
        )
    assert (tuning.container.sysctl("net/ipv4/tcp_sack"), tuning.files()) == ("1", [])


@facts(88)
def test_an_operator_may_not_write_one_twice_either(tuning: Tuning) -> None:
    text = json.dumps(tuning.conf(args={"cni": {"sysctl": {"net.ipv4.tcp_sack": "0", "net.ipv4.tcp_x": "1"}}}))
    process = tuning.host.start("ADD", {"type": "tuning"}, tuning.container)
    output, _ = process.communicate(text.replace("tcp_x", "tcp_sack"), timeout=PATIENCE)
    assert (process.returncode, json.loads(output)["msg"]) == (1, "sysctl 'net.ipv4.tcp_sack' is set twice")
    tuning.do("ADD", sysctl={"net.ipv4.tcp_sack": "0"}, args={"cni": {"sysctl": {"net.ipv4.tcp_sack": "1"}}})


@all_versions
@facts(89)
def test_a_name_that_leads_elsewhere_is_refused(tuning: Tuning, version: str) -> None:
    for name in ("a/../../b", "eth0/x", ".."):
        reply = tuning.call("ADD", version, {"environ": {"CNI_IFNAME": name}}, sysctl=NAMED)
        assert (reply.code, reply.object["msg"]) == (4, "invalid interface name in CNI_IFNAME")


@all_versions
def test_it_comes_after_the_plugin_that_attaches(tuning: Tuning, version: str) -> None:
    for command in ("ADD", "CHECK") if version >= "0.4.0" else ("ADD",):
        reply = tuning.call(command, version, prevResult=None, **ALL)
        assert (reply.code, reply.object["msg"]) == (7, "required prevResult is missing")


def test_without_the_interface_there_is_nothing_to_tune(tuning: Tuning) -> None:
    reply = tuning.call("ADD", how={"environ": {"CNI_IFNAME": "eth1"}}, mtu=1400)
    assert (reply.code, reply.object["msg"]) == (7, "the container has no interface 'eth1'")
    assert tuning.files() == []


def test_ipv6_is_not_lost_to_a_small_mtu(tuning: Tuning) -> None:
    conf = tuning.conf()
    conf["prevResult"]["ips"].append({"address": "fd00::2/64", "interface": 1})
    reply = tuning.call("ADD", prevResult=conf["prevResult"], mtu=1279)
    assert (reply.code, reply.object["msg"]) == (7, "mtu 1279 is too small for IPv6")
    tuning.do("ADD", prevResult=conf["prevResult"], mtu=1280)


# All or nothing.


def test_what_the_kernel_refuses_is_undone(tuning: Tuning) -> None:
    """A veth has no MTU of 65536 and more; the MAC, which comes first, has been set by then."""
    tuning.container.sh("ip link add dev eth1 type veth peer name far1")
    tuning.container.sh("ip link set dev eth0 down")
    tuning.container.sh("ip link delete dev eth0")
    tuning.container.sh("ip link add link eth1 name eth0 type macvlan")
    before = untouched(tuning)
    fields = {**ALL, "mtu": 9000, "sysctl": NAMED}
    reply = tuning.call("ADD", **fields)
    assert (reply.code, "mtu 9000" in reply.object["msg"]) == (100, True), reply
    assert untouched(tuning) == before


def test_an_add_that_fails_leaves_what_one_before_it_did(tuning: Tuning) -> None:
    tuning.do("ADD", mtu=1400, sysctl=NAMED)
    before, backup = untouched(tuning), tuning.path.read_bytes()
    assert tuning.call("ADD", **ALL, sysctl={"net.ipv4.nonsense": "1"}).code == 100
    assert (untouched(tuning), tuning.path.read_bytes()) == (before, backup)
    tuning.do("DEL")
    assert (tuning.state()["mtu"], tuning.container.sysctl(SWITCH), tuning.files()) == (1500, "0", [])


def test_add_again_changes_to_the_new_settings_and_remembers_the_first_values(tuning: Tuning) -> None:
    before = untouched(tuning)
    tuning.do("ADD", mtu=1400, sysctl=NAMED)
    tuning.do("ADD", mtu=1300, txQLen=7, sysctl={**NAMED, "net.ipv4.tcp_sack": "0"})
    tuning.do("ADD", mtu=1300, txQLen=7, sysctl={"net.ipv4.conf.eth0.log_martians": "0"})
    assert (tuning.state()["mtu"], tuning.container.sysctl(SWITCH)) == (1300, "0")
    assert (tuning.backup()["mtu"], tuning.backup()["txQLen"]) == (1500, 1000)
    assert tuning.backup()["poplin"]["sysctl"] == {SWITCH: "0", "net/ipv4/tcp_sack": "1"}
    tuning.do("DEL")
    assert (untouched(tuning), tuning.container.sysctl("net/ipv4/tcp_sack")) == (before, "1")


# DEL.


@pytest.mark.parametrize("netns", ["kept", "gone", "empty", "another's"])
def test_del_never_leaves_a_backup_of_what_is_gone(tuning: Tuning, netns: str) -> None:
    tuning.do("ADD", **ALL, sysctl=NAMED)
    how: dict[str, Any] = {}
    if netns == "another's":
        how = {"environ": {"CNI_NETNS": tuning.add_container().path}}
    elif netns != "kept":
        tuning.container.remove()
        how = {"environ": {"CNI_NETNS": ""}} if netns == "empty" else {}
    conf = {key: value for key, value in tuning.conf().items() if key != "prevResult"}
    for _ in range(2):
        assert tuning.host.cni("DEL", conf, tuning.container, **how) == {}
        assert tuning.files() == []


def test_del_leaves_another_container_alone_that_has_the_path_by_now(tuning: Tuning) -> None:
    tuning.do("ADD", mtu=1400, sysctl=NAMED)
    other = tuning.add_container()
    other.sh("ip link set dev eth0 mtu 1300")
    other.set_sysctl(SWITCH, "1")
    tuning.do("DEL", how={"environ": {"CNI_NETNS": other.path}})
    assert (tuning.state(other)["mtu"], other.sysctl(SWITCH), tuning.files()) == (1300, "1", [])


def test_del_of_an_interface_that_is_gone(tuning: Tuning) -> None:
    tuning.do("ADD", mtu=1400, sysctl={**NAMED, "net.ipv4.tcp_sack": "0"})
    tuning.container.sh("ip link delete dev eth0")
    tuning.do("DEL")
    assert (tuning.container.sysctl("net/ipv4/tcp_sack"), tuning.files()) == ("1", [])


def test_add_in_another_namespace_remembers_what_is_there(tuning: Tuning) -> None:
    """A container that was started again, and whose DEL nobody has called."""
    tuning.do("ADD", **ALL)
    tuning.container.remove()
    again = tuning.add_container()
    again.sh("ip link set dev eth0 mtu 1300")
    how = {"environ": {"CNI_CONTAINERID": tuning.container.id, "CNI_NETNS": again.path}}
    tuning.do("ADD", how=how, mtu=1200)
    assert tuning.backup()["mtu"] == 1300
    assert "mac" not in tuning.backup()


def test_del_puts_back_what_it_can_and_keeps_the_backup_for_the_rest(tuning: Tuning) -> None:
    tuning.do("ADD", **ALL, sysctl=NAMED)
    backup = tuning.backup()
    tuning.path.write_text(json.dumps({**backup, "mtu": 100000}))
    reply = tuning.call("DEL")
    assert (reply.status, reply.output) == (0, "")
    assert reply.errors.startswith(f"tuning {tuning.container.id} eth0: not everything is as it was before: ")
    assert "mtu 100000" in reply.errors
    assert (tuning.state(), tuning.container.sysctl(SWITCH)) == (
        {"mac": tuning.mac, "promisc": 0, "mtu": 1454, "allmulti": False, "txQLen": 1000},
        "0",
    )
    assert tuning.files() == [tuning.path.name]
    tuning.path.write_text(json.dumps(backup))
    tuning.do("DEL")
    assert (tuning.state()["mtu"], tuning.files()) == (1500, [])


def path_of(path: str, value: object = "x") -> str:
    """A backup of a switch of this name."""
    return json.dumps({"mtu": 1300, "poplin": {"sysctl": {path: value}}})


@pytest.mark.parametrize(
    "content",
    [
        *("", "{", "[]", '{"mac": "nonsense"}', '{"mtu": "x"}', '{"poplin": 1}', '{"poplin": {"sysctl": []}}'),
        *('{"mtu": -1}', '{"mtu": 99999999999}', '{"txQLen": -5}', '{"txQLen": 4294967296}', '{"mtu": 1e3}'),
        *(path_of("net/ipv4/tcp_sack", value) for value in ("\ud800", "é", "\0", 1, None)),
        *(
            path_of(path)
            for path in ("net", "net/", "/net/x", "", "net//x", "kernel/x", "net/./x", "net/\0", "net/\ud800")
        ),
    ],
)
def test_a_backup_that_is_none_puts_nothing_back(tuning: Tuning, content: str) -> None:
    tuning.do("ADD", **ALL)
    tuning.path.write_text(content)
    tuning.do("DEL")
    assert (tuning.state(), tuning.files()) == ({**ALL, "promisc": 1}, [])


@pytest.mark.parametrize("way", ["../../{}", "net/../../../{}", "net/ipv4/../../../../{}", "/{}", "net/..//../../{}"])
def test_a_backup_leads_nowhere_but_to_the_networks_switches(tuning: Tuning, tmp_path: Path, way: str) -> None:
    """The folder may be one that others can write to, and DEL is root's."""
    other = tmp_path / "other"
    other.write_text("mine")
    tuning.do("ADD", mtu=1400)
    backup = tuning.backup()
    backup["poplin"]["sysctl"] = {way.format(str(other)[1:]): "evil"}
    for command, fields in (("ADD", {"mtu": 1300}), ("ADD", {"sysctl": {"net.ipv4.nonsense": "1"}}), ("DEL", {})):
        tuning.path.write_text(json.dumps(backup))
        tuning.call(command, **fields)
        assert other.read_text() == "mine"
    assert tuning.files() == []


def test_a_switch_that_was_empty_is_empty_again(tuning: Tuning) -> None:
    key = "net/ipv4/ip_local_reserved_ports"
    tuning.do("ADD", sysctl={key: "8080"})
    assert tuning.container.sysctl(key) == "8080"
    tuning.do("DEL")
    assert (tuning.container.sysctl(key), tuning.files()) == ("", [])


@pytest.mark.parametrize("folder", [5, "a\0b", "/dev/null/x"])
def test_a_place_that_add_refuses_is_no_obstacle_to_del_and_gc(tuning: Tuning, folder: object) -> None:
    before = untouched(tuning)
    assert tuning.call("ADD", dataDir=folder, **ALL).status == 1
    for command in ("DEL", "GC"):
        tuning.do(command, dataDir=folder, **ALL)
    assert untouched(tuning) == before


# Several at once.


def test_adds_of_one_attachment_at_once_keep_the_first_values(tuning: Tuning) -> None:
    before = untouched(tuning)
    conf = tuning.conf(mtu=1400, txQLen=7, sysctl=NAMED)
    for _ in range(3):
        begun = [tuning.host.start("ADD", conf, tuning.container) for _ in range(5)]
        for process in begun:
            process.stdin.write(json.dumps(conf))
        replies = [process.communicate(timeout=PATIENCE) for process in begun]
        assert [(process.returncode, errors) for process, (_, errors) in zip(begun, replies, strict=True)] == [
            (0, "")
        ] * 5
        assert (tuning.backup()["mtu"], tuning.backup()["poplin"]["sysctl"]) == (1500, {SWITCH: "0"})
        tuning.do("DEL")
        assert untouched(tuning) == before


@pytest.mark.parametrize("is_first", [True, False])
def test_two_attachments_whose_files_would_have_one_name(tuning: Tuning, is_first: bool) -> None:
    short, long = tuning.container, Container(f"{tuning.container.id}_b")
    tuning.host.containers.append(long)
    for container, name in ((short, "b_eth0"), (long, "eth0")):
        container.sh(f"ip link add {name} type veth peer name other")
    one: Any = ("b_eth0", {"environ": {"CNI_IFNAME": "b_eth0"}}, short)
    other: Any = ("eth0", {}, long)
    order = (one, other) if is_first else (other, one)

    def call(command: str, of: Any, **fields: Any) -> None:
        tuning.container = of[2]
        tuning.do(command, how=of[1], **fields)

    def find_mtu(of: Any) -> int:
        return int(of[2].json(f"link show dev {of[0]}")[0]["mtu"])

    for mtu in (1400, 1300):
        for each in order:
            call("ADD", each, mtu=mtu)
    names = [f"{short.id}_b_eth0.json", f"{order[1][2].id}:{order[1][0]}.json"]
    assert tuning.files() == sorted(names)
    call("DEL", order[0])
    assert (find_mtu(order[0]), find_mtu(order[1]), tuning.files()) == (1500, 1300, names[1:])
    call("ADD", order[0], mtu=1400)
    call("ADD", order[1], mtu=1200)
    valid = [{"containerID": order[0][2].id, "ifname": order[0][0]}]
    tuning.do("GC", **{"cni.dev/valid-attachments": valid})
    assert tuning.files() == names[:1]
    call("DEL", order[0])
    assert (find_mtu(order[0]), tuning.files()) == (1500, [])


def test_what_a_call_that_was_killed_has_begun_goes_with_the_backup(tuning: Tuning) -> None:
    tuning.do("ADD", mtu=1400)
    beside = tuning.path.with_name(f"{tuning.path.name}.new")
    beside.write_text("{")
    tuning.do("ADD", mtu=1300)
    assert tuning.files() == [tuning.path.name]
    beside.write_text("{")
    tuning.do("DEL")
    assert (tuning.files(), tuning.state()["mtu"]) == ([], 1500)


def test_del_of_what_is_wrong_otherwise(tuning: Tuning) -> None:
    tuning.do("ADD", mtu=1400)
    tuning.do("DEL", mtu="x", mac="y", sysctl=7, args=[], prevResult={"ips": 1}, how={"environ": {"CNI_ARGS": "z"}})
    assert (tuning.state()["mtu"], tuning.files()) == (1500, [])
