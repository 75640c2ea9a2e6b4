"""tuning on a real interface: what each verb sets, compares and puts back."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from netlab import all_versions, check_versions
from tuning_lab import ALLOWLIST, Tuning

from poplin.spec.versions import FAMILIES

MAC = "c2:11:22:33:44:55"
ALL = {"mac": MAC, "promisc": True, "mtu": 1454, "allmulti": True, "txQLen": 20000}
TUNED = {**ALL, "promisc": 1}
SWITCH = "net/ipv4/conf/eth0/log_martians"
NAMED = {"net.ipv4.conf.IFNAME.log_martians": "1"}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def with_interfaces(version: str) -> bool:
    """Whether a result of this version tells of interfaces."""
    return FAMILIES[version] != "A"


# One attribute, wherever it is said.

ONE = {
    "promisc": ({"promisc": True}, {"promisc": 1}),
    "mtu": ({"mtu": 1454}, {"mtu": 1454}),
    "txQLen": ({"txQLen": 20000}, {"txQLen": 20000}),
    "no queue": ({"txQLen": 0}, {"txQLen": 0}),
    "allmulti": ({"allmulti": True}, {"allmulti": True}),
    "mac": ({"mac": MAC}, {"mac": MAC}),
}
ROWS = {"promisc": (76, 77), "mtu": (78,), "txQLen": (79,), "allmulti": (85,), "mac": (80, 81)}


@all_versions
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[facts(*ROWS[name])] if name in ROWS else []) for name in ONE]
)
def test_an_attribute_is_set_checked_and_put_back(tuning: Tuning, version: str, name: str) -> None:
    wanted, tuned = ONE[name]
    before = tuning.state()
    for fields in (wanted, {"args": {"cni": wanted}}):
        conf = tuning.conf(version, **fields)
        result = tuning.do("ADD", version, **fields)
        assert tuning.state() == before | tuned
        told = {**conf["prevResult"]}
        if with_interfaces(version):
            more = {key: value for key, value in wanted.items() if key == "mac" or (key, version) == ("mtu", "1.1.0")}
            told["interfaces"] = [told["interfaces"][0], told["interfaces"][1] | more]
        assert result == told
        if version >= "0.4.0":
            tuning.do("CHECK", version, **fields, prevResult=result)
        for _ in range(2):
            tuning.do("DEL", version, **fields)
            assert (tuning.state(), tuning.files()) == (before, [])


@all_versions
@pytest.mark.parametrize(
    ("fields", "arguments"),
    [
        pytest.param({}, f"IgnoreUnknown=true;MAC={MAC}", marks=facts(82)),
        pytest.param({"RuntimeConfig": {"mac": MAC}}, "", marks=facts(83)),
        ({"Mac": MAC.upper()}, ""),
    ],
    ids=["CNI_ARGS", "RuntimeConfig", "in capitals"],
)
def test_a_mac_may_come_from_elsewhere(tuning: Tuning, version: str, fields: dict[str, Any], arguments: str) -> None:
    how = {"environ": {"CNI_ARGS": arguments}}
    result = tuning.do("ADD", version, how, **fields)
    assert tuning.state()["mac"] == MAC
    if with_interfaces(version):
        assert [each["mac"] for each in result["interfaces"]] == ["02:00:00:00:00:99", MAC]
    if version >= "0.4.0":
        tuning.do("CHECK", version, how, **fields, prevResult=result)
    tuning.do("DEL", version, how, **fields)
    assert tuning.state()["mac"] == tuning.mac


def test_who_says_it_last_counts(tuning: Tuning) -> None:
    macs = [f"02:00:00:00:00:0{number}" for number in range(1, 5)]
    said: dict[str, Any] = {}
    arguments = ""
    for step, mac in enumerate(macs):
        if step == 0:
            said["mac"] = mac
        elif step == 1:
            arguments = f"MAC={mac}"
        else:
            said |= {"runtimeConfig": {"mac": mac}} if step == 2 else {"args": {"cni": {"mac": mac}}}
        tuning.do("ADD", how={"environ": {"CNI_ARGS": arguments}}, **said)
        assert tuning.state()["mac"] == mac
    tuning.do("DEL")
    assert tuning.state()["mac"] == tuning.mac, "the first ADD's backup stands"


@all_versions
@facts(84)
def test_all_attributes_at_once(tuning: Tuning, version: str) -> None:
    before = tuning.state()
    tuning.do("ADD", version, **ALL)
    assert (tuning.state(), tuning.files()) == (TUNED, [f"{tuning.container.id}_eth0.json"])
    assert oct(tuning.folder.stat().st_mode)[-3:] + oct(tuning.path.stat().st_mode)[-3:] == "700600"
    assert {key: tuning.backup()[key] for key in ALL} == {**before, "promisc": False}
    assert tuning.path.read_text().splitlines()[1] == f' "mac": "{tuning.mac}",', "as the reference writes it"
    tuning.do("DEL", version, **ALL)
    assert (tuning.state(), tuning.files()) == (before, [])


def test_what_operators_say_counts_before_the_network(tuning: Tuning) -> None:
    operators = {"mtu": 1300, "allmulti": False, "txQLen": 5, "promisc": False, "mac": "02:00:00:00:00:01"}
    tuning.container.sh("ip link set dev eth0 allmulticast on")
    tuning.do("ADD", **ALL, args={"cni": operators})
    assert tuning.state() == {**operators, "promisc": 0}
    tuning.do("CHECK", **ALL, args={"cni": operators})


def test_promiscuity_is_only_ever_switched_on(tuning: Tuning) -> None:
    tuning.container.sh("ip link set dev eth0 promisc on")
    tuning.do("ADD", promisc=False)
    assert (tuning.state()["promisc"], tuning.files()) == (1, [])
    for fields in ({}, {"promisc": False}, {"promisc": True}):
        tuning.do("CHECK", **fields)
    tuning.do("DEL", promisc=False)
    assert tuning.state()["promisc"] == 1


# Switches.


@all_versions
def test_switches_are_set_checked_and_put_back(tuning: Tuning, version: str) -> None:
    fields = {"sysctl": {**NAMED, "net.ipv4.ip_local_port_range": "2048 65000", "net/ipv4/tcp_sack": "0"}}
    before = tuning.state()
    conf = tuning.conf(version, **fields)
    assert tuning.do("ADD", version, **fields) == conf["prevResult"]
    values = [tuning.container.sysctl(key) for key in (SWITCH, "net/ipv4/ip_local_port_range", "net/ipv4/tcp_sack")]
    assert values == ["1", "2048\t65000", "0"]
    assert tuning.host.sysctl("net/ipv4/tcp_sack") == "1", "the host's own are others"
    if version >= "0.4.0":
        tuning.do("CHECK", version, **fields)
    for _ in range(2):
        tuning.do("DEL", version, **fields)
        values = [tuning.container.sysctl(key) for key in (SWITCH, "net/ipv4/ip_local_port_range")]
        assert (values, tuning.state(), tuning.files()) == (["0", "32768\t60999"], before, [])


def test_switches_of_operators_are_put_over_the_networks(tuning: Tuning) -> None:
    """One by one, and also where the network has none, which crashes the reference."""
    other = "net.ipv4.conf.eth0.arp_filter"
    tuning.do("ADD", sysctl=NAMED, args={"cni": {"sysctl": {other: "1", "net.ipv4.conf.eth0.log_martians": "0"}}})
    assert [tuning.container.sysctl(f"net/ipv4/conf/eth0/{key}") for key in ("log_martians", "arp_filter")] == [
        "0",
        "1",
    ]
    tuning.do("DEL")
    tuning.do("ADD", args={"cni": {"sysctl": NAMED}})
    assert [tuning.container.sysctl(f"net/ipv4/conf/eth0/{key}") for key in ("log_martians", "arp_filter")] == [
        "1",
        "0",
    ]


def test_an_interface_with_dots_is_reached_by_the_word_for_it(tuning: Tuning) -> None:
    tuning.container.sh("ip link set dev eth0 down")
    tuning.container.sh("ip link set dev eth0 name eth0.5")
    environ = {"CNI_IFNAME": "eth0.5"}
    tuning.do("ADD", how={"environ": environ}, sysctl=NAMED)
    assert tuning.container.sysctl("net/ipv4/conf/eth0.5/log_martians") == "1"
    tuning.do("CHECK", how={"environ": environ}, sysctl=NAMED)
    tuning.do("DEL", how={"environ": environ}, sysctl=NAMED)
    assert tuning.container.sysctl("net/ipv4/conf/eth0.5/log_martians") == "0"


def test_a_switch_that_can_only_be_written_is_no_state(tuning: Tuning) -> None:
    fields = {"sysctl": {"net.ipv4.route.flush": "1"}}
    tuning.do("ADD", **fields)
    tuning.do("CHECK", **fields)
    assert tuning.backup()["poplin"]["sysctl"] == {}
    tuning.do("DEL", **fields)
    assert tuning.files() == []


def test_only_what_is_asked_for_is_written_down(tuning: Tuning) -> None:
    assert tuning.do("ADD") == tuning.conf()["prevResult"]
    assert tuning.files() == []
    tuning.do("ADD", mtu=1400)
    assert tuning.backup().keys() == {"mtu", "poplin"}


@pytest.mark.parametrize(
    ("line", "rows"), [pytest.param("", 0, id="empty"), pytest.param("^net\\.core\\.\n\nipv6\n", 86, id="others")]
)
@facts(86)
def test_what_the_allowlist_does_not_have_is_refused(tuning: Tuning, allowlist: Any, line: str, rows: int) -> None:
    allowlist(line)
    reply = tuning.call("ADD", sysctl=NAMED, **ALL)
    assert (reply.code, reply.object["msg"]) == (
        7,
        "sysctl 'net.ipv4.conf.IFNAME.log_martians' is not allowed on this host",
    )
    assert (tuning.container.sysctl(SWITCH), tuning.state()["mac"], tuning.files()) == ("0", tuning.mac, [])
    assert tuning.call("STATUS", sysctl=NAMED).code == 7
    tuning.do("DEL", sysctl=NAMED, **ALL)
    tuning.do("ADD", **ALL)


@facts(87)
def test_what_the_allowlist_has_anywhere_is_set(tuning: Tuning, allowlist: Any) -> None:
    allowlist("  ^nothing$ \n\n\\.conf\\.IFNAME\\.log_[a-z]+$\n")
    tuning.do("ADD", sysctl=NAMED)
    assert tuning.container.sysctl(SWITCH) == "1"
    assert tuning.call("ADD", args={"cni": {"sysctl": {"net.ipv4.tcp_sack": "0"}}}).code == 7
    tuning.do("DEL", sysctl=NAMED)


GO = {
    "[[:alnum:]_]+": ("log_martians", "log.martians"),
    "[^[:alpha:]_]": ("7", "x"),
    "[]x[:digit:]-]": ("7", "_"),
    "[[x]": ("x", "y"),
    r"\[?x\z": ("x", "xy"),
    r"[[:punct:]][[:word:]][[^]": ("-x^", "xxx"),
    "(?i)[[:upper:]]X": ("ax", "7x"),
}


@pytest.mark.parametrize("expression", GO)
def test_the_allowlist_is_in_go_s_language(expression: str) -> None:
    from poplin.plugins.tuning.allowlist import Allowlist
    from poplin.spec.errors import InvalidConfig

    flag = "(?i)" if expression.startswith("(?i)") else ""
    allowed = Allowlist([f"{flag}^{expression.removeprefix(flag)}$"])
    fits, fails = GO[expression]
    allowed.check([fits])
    with pytest.raises(InvalidConfig, match="is not allowed on this host"):
        allowed.check([fits, fails])


@pytest.mark.parametrize(
    "expression",
    ["(", "[[:^alpha:]]", "[[:letter:]]", r"\pL", r"\Qnet\E", "a(?i)b", "[a&&b]", "x" * 9 + "{9" * 9 + "**"],
)
def test_what_python_cannot_say_of_go_s_language_is_refused(tuning: Tuning, allowlist: Any, expression: str) -> None:
    allowlist(f"net\n{expression}\n")
    reply = tuning.call("ADD", sysctl=NAMED)
    assert (reply.code, reply.errors) == (7, "")
    assert reply.object["msg"] == f"line 2 of {ALLOWLIST} is no regular expression"


def test_an_allowlist_that_leads_nowhere_allows_nothing(tuning: Tuning, allowlist: Any) -> None:
    ALLOWLIST.symlink_to("/nowhere")
    for command in ("ADD", "STATUS"):
        reply = tuning.call(command, sysctl=NAMED)
        assert (reply.code, reply.object["msg"]) == (7, f"cannot read {ALLOWLIST}")
    ALLOWLIST.unlink()
    ALLOWLIST.mkdir()
    reply = tuning.call("ADD", sysctl=NAMED)
    assert (reply.code, reply.object["msg"]) == (5, f"tuning: {ALLOWLIST}: Is a directory")
    ALLOWLIST.rmdir()
    allowlist("")


def test_an_allowlist_that_is_none_refuses_everything(tuning: Tuning, allowlist: Any) -> None:
    allowlist("net\n(\n")
    reply = tuning.call("ADD", sysctl=NAMED)
    assert (reply.code, reply.object["msg"]) == (7, f"line 2 of {ALLOWLIST} is no regular expression")


@pytest.fixture
def allowlist() -> Any:
    """Writes the host's."""
    ALLOWLIST.parent.mkdir(parents=True, exist_ok=True)
    yield ALLOWLIST.write_text
    ALLOWLIST.unlink()
    ALLOWLIST.parent.rmdir()


# CHECK.


@check_versions
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("ip link set dev eth0 address 02:00:00:00:00:07", "mac of interface 'eth0' is not what was asked for"),
        ("ip link set dev eth0 promisc off", "promisc of interface 'eth0' is not what was asked for"),
        ("ip link set dev eth0 mtu 1453", "mtu of interface 'eth0' is not what was asked for"),
        ("ip link set dev eth0 allmulticast off", "allmulti of interface 'eth0' is not what was asked for"),
        ("ip link set dev eth0 txqueuelen 3", "txQLen of interface 'eth0' is not what was asked for"),
        ("ip link delete dev eth0", f"sysctl {SWITCH} is gone"),
        (f"sysctl -w {SWITCH}=0", f"sysctl {SWITCH} is not what was asked for"),
    ],
)
def test_check_names_what_is_different(tuning: Tuning, version: str, damage: str, words: str) -> None:
    result = tuning.do("ADD", version, **ALL, sysctl=NAMED)
    tuning.do("CHECK", version, **ALL, sysctl=NAMED, prevResult=result)
    tuning.container.sh(damage)
    reply = tuning.call("CHECK", version, **ALL, sysctl=NAMED, prevResult=result)
    assert (reply.code, reply.object["msg"]) == (103, words)


@pytest.mark.parametrize(
    ("key", "value", "set_to"),
    [
        *[("net.core.somaxconn", value, number) for value, number in {"0x10": "16", "010": "8", " 7 ": "7"}.items()],
        ("net.ipv4.conf.eth0.tag", "-0X1f", "-31"),
        ("net.ipv4.tcp_rmem", "4095", "4095\t131072\t6291456"),
        ("net.ipv4.tcp_rmem", "0x1000 9000", "4096\t9000\t6291456"),
        ("net.ipv4.ping_group_range", "0 00", "0\t0"),
    ],
)
def test_check_reads_numbers_as_the_kernel_does(tuning: Tuning, key: str, value: str, set_to: str) -> None:
    path = key.replace(".", "/")
    if path == "net/ipv4/tcp_rmem":
        tuning.container.sh("sysctl -qw 'net.ipv4.tcp_rmem=4096 131072 6291456'")
    tuning.do("ADD", sysctl={key: value})
    assert tuning.container.sysctl(path) == set_to
    tuning.do("CHECK", sysctl={key: value})
    for other in ("3", f"{value} x", "08", "0x", "--1", "x"):
        reply = tuning.call("CHECK", sysctl={key: other})
        assert (reply.code, reply.object["msg"]) == (103, f"sysctl {path} is not what was asked for")


def test_a_folder_is_no_switch(tuning: Tuning) -> None:
    reply = tuning.call("CHECK", sysctl={"net.ipv4": "1"})
    assert (reply.code, reply.object["msg"], reply.object["details"]) == (
        103,
        "cannot read sysctl net/ipv4",
        "Is a directory",
    )


def test_check_says_what_is_there_instead(tuning: Tuning) -> None:
    tuning.do("ADD", allmulti=True)
    tuning.container.sh("ip link set dev eth0 allmulticast off")
    assert tuning.call("CHECK", allmulti=True).object["details"] == "false instead of true"
    tuning.container.sh("ip link delete dev eth0")
    reply = tuning.call("CHECK", allmulti=True)
    assert (reply.code, reply.object["msg"]) == (103, "interface 'eth0' is gone from the container")


# STATUS and GC.


def test_status_sees_where_backups_cannot_be_kept(tuning: Tuning) -> None:
    tuning.do("STATUS", **ALL)
    reply = tuning.call("STATUS", dataDir="/dev/null/tuning")
    assert (reply.code, reply.object["msg"]) == (50, "tuning cannot keep backups")
    assert reply.object["details"] == "/dev/null is not a folder"
    assert not tuning.folder.exists()


def test_gc_forgets_what_is_of_this_network_and_not_valid(tuning: Tuning) -> None:
    live, other = tuning.container, tuning.add_container()
    tuning.do("ADD", **ALL)
    tuning.host.cni("ADD", tuning.conf(mtu=1400, name="other"), other)
    gone = tuning.container = tuning.add_container()
    tuning.do("ADD", mtu=1400, sysctl=NAMED)
    theirs = tuning.folder / "theirs_eth0.json"
    theirs.write_text('{"mtu": 1500}')
    (tuning.folder / "notes").write_text("mine")
    assert len(tuning.files()) == 5
    gone.remove()
    valid = [{"containerID": live.id, "ifname": "eth0"}]
    tuning.do("GC", **{"cni.dev/valid-attachments": valid})
    left = [f"{live.id}_eth0.json", f"{other.id}_eth0.json", "notes", "theirs_eth0.json"]
    assert tuning.files() == sorted(left)
    tuning.do("GC", **{"cni.dev/valid-attachments": []})
    left.remove(f"{live.id}_eth0.json")
    assert tuning.files() == sorted(left)


def test_gc_passes_over_what_is_no_file(tuning: Tuning) -> None:
    tuning.do("ADD", mtu=1400)
    (tuning.folder / "folder").mkdir()
    os.mkfifo(tuning.folder / "pipe")
    (tuning.folder / "loop").symlink_to("loop")
    (tuning.folder / "bytes").write_bytes(b"\xff{")
    tuning.do("GC", **{"cni.dev/valid-attachments": []})
    assert tuning.files() == ["bytes", "folder", "loop", "pipe"]


def test_the_folder_of_backups_is_the_references_unless_told() -> None:
    from poplin.plugins.tuning.backups import find_folder
    from poplin.spec.call import Call, Config, Environment

    call = Call(Environment({"CNI_COMMAND": "GC", "CNI_PATH": "/p"}), Config({"name": "mynet"}))
    assert (find_folder(call), os.path.basename(find_folder(call))) == ("/run/cni/tuning", "tuning")


def test_a_long_container_id_has_a_file_too(tuning: Tuning) -> None:
    how = {"environ": {"CNI_CONTAINERID": "c" * 300}}
    tuning.do("ADD", how=how, mtu=1400)
    assert json.loads((tuning.folder / tuning.files()[0]).read_text())["mtu"] == 1500
    tuning.do("DEL", how=how)
    assert (tuning.files(), tuning.state()["mtu"]) == ([], 1500)
