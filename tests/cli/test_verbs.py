"""add, check, del, status and gc: what they print and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}
NETNS = "/run/netns/blue"
CONTAINER_ID = "cnitool-df26705e2e4ffd095eb1"


def records(tmp_path: Path) -> list[str]:
    """The files of the cache."""
    return sorted(path.name for path in (tmp_path / "cni" / "results").iterdir())


# add and del.


def test_add_prints_the_result_and_del_forgets_it(poplin: Any, configure: Any, double: Any, tmp_path: Path) -> None:
    noop = double("noop")
    noop.tell(ADD=RESULT)
    configure("noop")
    done = poplin("add", "mynet", NETNS)
    assert (done.status, done.output) == (0, json.dumps(RESULT, indent=4) + "\n")
    assert records(tmp_path) == [f"mynet-{CONTAINER_ID}-eth0"]
    done = poplin("del", "mynet", NETNS)
    assert (done.status, done.output, done.errors) == (0, "", "")
    assert records(tmp_path) == []
    assert noop.calls[0]["environ"]["CNI_NETNS"] == NETNS


def test_a_failed_add_is_taken_back_and_prints_the_error_object(poplin: Any, configure: Any, double: Any) -> None:
    one, two = double("one"), double("two")
    two.fail(42, "banana", "ADD")
    configure("one", "two")
    done = poplin("add", "mynet", NETNS)
    assert done.status == 1
    assert done.object == {"cniVersion": "1.1.0", "code": 42, "msg": "banana"}
    assert done.errors == "poplin add: ADD of plugin two, network mynet: banana (code 42)\n"
    assert (one.commands, two.commands) == (["ADD", "DEL"], ["ADD", "DEL"])


def test_a_failure_to_take_back_is_told_beside_the_first_error(poplin: Any, configure: Any, double: Any) -> None:
    double("noop").fail(42, "banana", "ADD", "DEL")
    configure("noop")
    done = poplin("add", "mynet", NETNS)
    assert done.object["msg"] == "banana"
    assert done.errors.splitlines() == [
        "poplin add: while taking it back: DEL of plugin noop, network mynet: banana (code 42)",
        "poplin add: ADD of plugin noop, network mynet: banana (code 42)",
    ]


def test_what_is_attached_already_is_refused_and_stays(
    poplin: Any, configure: Any, double: Any, tmp_path: Path
) -> None:
    noop = double("noop")
    configure("noop")
    poplin("add", "mynet", NETNS)
    done = poplin("add", "mynet", NETNS)
    assert (done.status, done.object["code"]) == (1, 102)
    assert done.object["msg"] == f"{CONTAINER_ID} is already attached to network 'mynet' as eth0"
    assert noop.commands == ["ADD"]
    assert records(tmp_path) == [f"mynet-{CONTAINER_ID}-eth0"]


def test_a_record_nobody_can_read_does_not_keep_a_container_from_being_attached(
    poplin: Any, configure: Any, double: Any, tmp_path: Path
) -> None:
    double("noop")
    configure("noop")
    poplin("add", "mynet", NETNS)
    (tmp_path / "cni" / "results" / f"mynet-{CONTAINER_ID}-eth0").write_text("garbage")
    assert poplin("add", "mynet", NETNS).status == 0


@pytest.mark.parametrize("verb", ["add", "check", "del", "status", "gc"])
def test_a_network_that_is_not_there_has_a_status_of_its_own(poplin: Any, configure: Any, verb: str) -> None:
    arguments = [verb, "other"] if verb == "gc" else [verb, "other", NETNS]
    assert poplin(*arguments).status == 3  # no configurations at all
    configure("noop")
    done = poplin(*arguments)
    assert done.status == 3
    assert done.errors.startswith(f"poplin {verb}: no network 'other' in ")


def test_arguments_come_from_options_and_the_environment(
    poplin: Any, configure: Any, double: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    noop = double("noop")
    configure(version="1.1.0", plugins=[{"type": "noop", "capabilities": {"mac": True}}])
    monkeypatch.setenv("CNI_ARGS", "IgnoreUnknown=1;A=B")
    monkeypatch.setenv("CAP_ARGS", '{"mac": "02:00:00:00:00:01"}')
    monkeypatch.chdir(tmp_path)
    poplin("add", "mynet", "ns/../blue", "--container-id", "c7", "-i", "net1")
    environ = noop.calls[0]["environ"]
    assert (environ["CNI_CONTAINERID"], environ["CNI_IFNAME"]) == ("c7", "net1")
    assert environ["CNI_NETNS"] == f"{tmp_path}/blue"
    assert environ["CNI_ARGS"] == "IgnoreUnknown=1;A=B"
    assert noop.configs[0]["runtimeConfig"] == {"mac": "02:00:00:00:00:01"}


def test_a_plugin_that_hangs_is_given_up(poplin: Any, configure: Any, plugin_dir: Path) -> None:
    (plugin_dir / "sleep").write_text("#!/bin/sh\nsleep 60\n")
    (plugin_dir / "sleep").chmod(0o755)
    configure("sleep")
    done = poplin("add", "mynet", NETNS, "--timeout", "0.2")
    assert done.status == 1
    assert "did not finish within 0.2 s" in done.object["msg"]


# check.


def test_check_tells_drift_from_what_could_not_be_checked(poplin: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    configure("noop")
    assert poplin("check", "mynet", NETNS).status == 0
    noop.fail(103, "address is missing")
    done = poplin("check", "mynet", NETNS)
    assert (done.status, done.output) == (4, "")
    assert done.errors == "poplin check: CHECK of plugin noop, network mynet: address is missing (code 103)\n"
    noop.fail(999, "no idea")
    assert poplin("check", "mynet", NETNS).status == 1
    configure("noop", version="0.3.1")
    assert poplin("check", "mynet", NETNS).status == 1


def test_check_speaks_json(poplin: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    configure("noop")
    attachment = {"network": "mynet", "containerID": CONTAINER_ID, "ifname": "eth0", "ok": True, "error": None}
    done = poplin("check", "mynet", NETNS, "--json")
    assert (done.status, done.object) == (0, {"version": 1, "ok": True, "attachments": [attachment]})
    noop.fail(103, "address is missing")
    done = poplin("check", "mynet", NETNS, "--json")
    attachment |= {"ok": False, "error": {"code": 103, "msg": "address is missing"}}
    assert (done.status, done.object) == (4, {"version": 1, "ok": False, "attachments": [attachment]})


def test_what_could_not_even_be_asked_is_json_too(poplin: Any, configure: Any) -> None:
    configure("noop")
    done = poplin("check", "other", NETNS, "--json")
    assert done.status == 3
    (error,) = done.object["errors"]
    assert (error["code"], error["msg"].split(" in ")[0]) == (7, "no network 'other'")


def test_a_difference_is_one_only_where_it_was_asked_for(poplin: Any, configure: Any, double: Any) -> None:
    """103 is a number that other plugins may use for something else."""
    double("noop").fail(103, "banana", "ADD")
    configure("noop")
    assert poplin("add", "mynet", NETNS).status == 1


# status.


def test_status_says_whether_add_would_succeed(poplin: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    configure("noop")
    assert poplin("status", "mynet").output == "mynet: ready\n"
    assert poplin("status", "mynet", "--json").object == {
        "version": 1,
        "network": "mynet",
        "ready": True,
        "asked": True,
    }
    noop.fail(50, "no address left")
    done = poplin("status", "mynet", NETNS)
    assert (done.status, done.output) == (1, "")
    assert done.errors == "poplin status: STATUS of plugin noop, network mynet: no address left (code 50)\n"
    done = poplin("status", "mynet", "--json")
    assert done.object["error"] == {"code": 50, "msg": "no address left"}
    assert done.object["ready"] is False


def test_status_of_a_version_without_it_asks_whether_the_plugins_are_there(
    poplin: Any, configure: Any, double: Any
) -> None:
    configure("noop", version="1.0.0")
    done = poplin("status", "mynet")
    assert (done.status, done.output) == (1, "")
    assert "network 'mynet' cannot run here" in done.errors and "noop" in done.errors
    done = poplin("status", "mynet", "--json")
    assert (done.object["ready"], done.object["asked"]) == (False, False)
    noop = double("noop")
    done = poplin("status", "mynet")
    assert (done.status, done.output) == (
        0,
        "mynet: ready; its version 1.0.0 has no STATUS, but its plugins are there and speak it\n",
    )
    assert poplin("status", "mynet", "--json").object["asked"] is False
    assert set(noop.commands) <= {"VERSION"}


# gc.


def test_gc_removes_what_has_no_namespace_any_more(poplin: Any, configure: Any, double: Any, tmp_path: Path) -> None:
    noop = double("noop")
    configure("noop")
    poplin("add", "mynet", "/nowhere/blue", "--container-id", "c1")
    line = "c1 eth0 (/nowhere/blue)\n"
    assert poplin("gc", "mynet", "--dry-run").output.startswith(f"mynet: would remove {line}")
    assert noop.commands == ["ADD"]
    assert poplin("gc", "mynet").output == f"mynet: removed {line}"
    assert noop.commands == ["ADD", "DEL", "GC"]
    assert poplin("gc", "mynet").output == "mynet: nothing to remove\n"
    assert records(tmp_path) == []


def test_gc_keeps_what_has_no_namespace_on_record_unless_everything_must_go(
    poplin: Any, configure: Any, double: Any, tmp_path: Path
) -> None:
    """libcni before 1.2 records none, and no plugin needs to tell of it."""
    double("noop")
    configure("noop")
    poplin("add", "mynet", "/nowhere/blue", "--container-id", "c1")
    (name,) = records(tmp_path)
    record = tmp_path / "cni" / "results" / name
    content = {key: value for key, value in json.loads(record.read_text()).items() if key != "netns"}
    record.write_text(json.dumps(content))
    assert poplin("gc", "mynet").output == "mynet: nothing to remove\n"
    assert records(tmp_path) == [name]
    assert poplin("gc", "mynet", "--all").output == "mynet: removed c1 eth0 (no namespace recorded)\n"
    assert records(tmp_path) == []


def test_gc_speaks_json(poplin: Any, configure: Any, double: Any) -> None:
    double("noop")
    configure("noop")
    poplin("add", "mynet", "/nowhere/blue", "--container-id", "c1")
    removed = [{"containerID": "c1", "ifname": "eth0", "netns": "/nowhere/blue"}]
    network = {"network": "mynet", "disabled": False, "removed": removed, "steps": [], "errors": []}
    foreseen = poplin("gc", "mynet", "--dry-run", "--json").object
    steps = foreseen["networks"][0].pop("steps")
    assert foreseen["networks"][0] == {key: network[key] for key in network if key != "steps"}
    assert [step["plugin"] for step in steps] == ["noop", "poplin", "noop"]
    assert poplin("gc", "mynet", "--json").object == {
        "version": 1,
        "dryRun": False,
        "networks": [network],
        "unread": [],
    }


def test_gc_takes_a_path_that_leads_to_our_own_namespace_for_gone(poplin: Any, configure: Any, double: Any) -> None:
    """As /proc/PID/ns/net does when the container has ended and the number was given to a process of the host."""
    double("noop")
    configure("noop")
    poplin("add", "mynet", "/proc/self/ns/net", "--container-id", "c1")
    assert poplin("gc", "mynet").output == "mynet: removed c1 eth0 (/proc/self/ns/net)\n"


def test_gc_of_a_network_that_disables_it_removes_nothing(poplin: Any, configure: Any, double: Any) -> None:
    noop = double("noop")
    configure("noop", disableGC=True)
    poplin("add", "mynet", "/nowhere/blue")
    assert poplin("gc", "mynet", "--all").output == "mynet: disableGC is set, nothing is removed\n"
    assert noop.commands == ["ADD"]


def test_gc_tells_every_error(poplin: Any, configure: Any, double: Any) -> None:
    double("one").fail(42, "banana", "GC")
    double("two").fail(43, "cherry", "GC")
    configure("one", "two")
    done = poplin("gc", "mynet")
    assert done.status == 1
    assert done.errors.splitlines() == [
        "poplin gc: GC of plugin one, network mynet: banana (code 42)",
        "poplin gc: GC of plugin two, network mynet: cherry (code 43)",
    ]
