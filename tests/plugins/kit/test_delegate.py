"""Delegation: what the other plugin sees, and that our own answers the same inside this process as outside."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles import Double, MakeDouble
from netlab import INTERPRETER, Host

from poplin.invoke import entry
from poplin.invoke.entry import find_own_module
from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.wire.bridge import add_bridge
from poplin.plugins.bridge.plugin import PLUGIN
from poplin.plugins.kit import delegate as kit
from poplin.plugins.kit import ipam
from poplin.plugins.kit.delegate import delegate, delegate_add
from poplin.plugins.kit.skel import answer
from poplin.spec.address import parse_prefix
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import CNIError, InvalidConfig, InvalidEnvironment, UnexplainedFailure
from poplin.spec.result import IPConfig, Result

VERBS = ("ADD", "DEL", "CHECK", "STATUS", "GC")


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("cni-spec", *rows)


# Another plugin.


def make_call(path: str | None, command: str = "NOPE", **fields: object) -> Call:
    """A call as the delegating plugin has it."""
    environ = {"CNI_COMMAND": command, "CNI_CONTAINERID": "c1", "CNI_IFNAME": "eth0", "CNI_NETNS": "/run/netns/gone"}
    environ |= {"CNI_ARGS": "A=b", "OTHER": "kept"} | ({"CNI_PATH": path} if path is not None else {})
    return Call(Environment(environ), Config({"cniVersion": "1.1.0", "name": "n", "type": "mine", **fields}))


@pytest.fixture
def other(double: MakeDouble) -> Double:
    """A plugin of somebody else's."""
    made = double("other")
    made.tell(ADD={"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.3/24"}]})
    return made


@facts(125)
@pytest.mark.parametrize("verb", VERBS)
def test_delegate_sees_its_verb_and_our_own_stays(other: Double, verb: str) -> None:
    call = make_call(str(other.path.parent), custom=[1])
    before = dict(call.env.everything)
    if verb == "ADD":
        result = delegate_add(call, FakeKernel(), "other")
        assert [str(item.address) for item in result.ips] == ["10.1.2.3/24"]
    else:
        delegate(call, FakeKernel(), verb, "other")
    (seen,) = other.calls
    assert {**before, "CNI_COMMAND": verb}.items() <= seen["environ"].items()
    assert json.loads(seen["stdin"]) == {"cniVersion": "1.1.0", "name": "n", "type": "mine", "custom": [1]}
    assert (call.env.command, dict(call.env.everything)) == ("NOPE", before)
    assert os.environ.get("CNI_COMMAND") is None


def test_who_stands_in_for_programs_is_asked_instead(other: Double) -> None:
    kernel, asked = FakeKernel(), []

    def stand_in(*question: object) -> Result:
        asked.append(question)
        return Result(ips=[IPConfig(parse_prefix("10.1.2.9/24"))])

    kernel.stand_in = stand_in
    call = make_call(str(other.path.parent))
    assert [str(item.address) for item in delegate_add(call, kernel, "other").ips] == ["10.1.2.9/24"]
    delegate(call, kernel, "DEL", "other")
    assert (asked, other.calls) == ([(call, "ADD", "other"), (call, "DEL", "other")], [])


@facts(126)
@pytest.mark.parametrize("verb", VERBS)
def test_delegate_that_is_not_there_is_an_error(tmp_path: Path, verb: str) -> None:
    for path, kind in ((str(tmp_path), InvalidConfig), ("", InvalidEnvironment), (None, InvalidEnvironment)):
        with pytest.raises(kind) as caught:
            delegate(make_call(path), FakeKernel(), verb, "other")
        assert "'other'" in caught.value.msg


def test_first_folder_that_has_the_delegate_is_the_one(other: Double, tmp_path: Path) -> None:
    delegate(make_call(f"{tmp_path}::{tmp_path}/gone:{other.path.parent}:/usr/lib/cni"), FakeKernel(), "DEL", "other")
    assert other.commands == ["DEL"]


@pytest.mark.parametrize("verb", VERBS)
def test_error_of_the_delegate_is_passed_on_as_it_is(other: Double, verb: str) -> None:
    other.tell(**{name: {"code": 123, "msg": "no", "details": "because"} for name in VERBS}, status=1)
    with pytest.raises(CNIError) as caught:
        delegate(make_call(str(other.path.parent)), FakeKernel(), verb, "other")
    assert (caught.value.code, caught.value.msg, caught.value.details) == (123, "no", "because")


def test_delegate_that_may_not_be_executed_is_an_error(other: Double) -> None:
    other.path.chmod(0o644)
    with pytest.raises(UnexplainedFailure, match=r"cannot execute plugin .*/other; Permission denied"):
        delegate(make_call(str(other.path.parent)), FakeKernel(), "DEL", "other")


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0", "0.3.1", "0.4.0", "1.0.0"])
def test_result_of_an_older_version_comes_in_the_newest_shape(other: Double, version: str) -> None:
    old = {"cniVersion": version, "ips": [{"version": "4", "address": "10.1.2.3/24"}]}
    if version < "0.3.0":
        old = {"cniVersion": version, "ip4": {"ip": "10.1.2.3/24"}}
    other.tell(ADD=old)
    call = make_call(str(other.path.parent), cniVersion=version)
    assert [item.address for item in delegate_add(call, FakeKernel(), "other").ips] == [parse_prefix("10.1.2.3/24")]


# Address management.


def test_network_without_ipam_asks_nobody() -> None:
    call = make_call("/nowhere")
    for act in (ipam.delete, ipam.check, ipam.status, ipam.collect_garbage):
        act(call, FakeKernel())


def test_ipam_plugin_that_gives_no_address_is_told_to_release(other: Double) -> None:
    other.tell(ADD={"cniVersion": "1.1.0"})
    with pytest.raises(InvalidConfig, match="the ipam plugin 'other' gave no address"):
        ipam.add(make_call(str(other.path.parent), ipam={"type": "other"}), FakeKernel())
    assert other.commands == ["ADD", "DEL"]


# Our own plugin, inside this process and outside.


class Side:
    """A host and two containers in memory, and one of two ways to host-local: both start from nothing."""

    def __init__(self, bin_dir: Path, folder: Path, started: list[str]) -> None:
        self.bin_dir = bin_dir
        self.data_dir = folder
        self.started = started
        self.kernel = FakeKernel(["/run/netns/c1", "/run/netns/c2"])
        self.kernel.host.rtnl.apply(add_bridge("br0", bytes(6)))  # or each would have a random address

    def ask(self, verb: str, conf: dict[str, Any], container: str = "c1") -> tuple[int, dict[str, Any], str]:
        """Status, document and stderr of bridge's answer."""
        environ = {
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": container,
            "CNI_IFNAME": "eth0",
            "CNI_NETNS": f"/run/netns/{container}",
            "CNI_PATH": str(self.bin_dir),
        }
        reply = answer(PLUGIN, environ, lambda: json.dumps(conf).encode(), self.kernel)
        return reply.status, json.loads(reply.output or "{}"), reply.errors

    def leases(self) -> dict[str, bytes]:
        """Every lease of the network."""
        folder = self.data_dir / "mynet"
        names = os.listdir(folder) if folder.is_dir() else []
        return {name: (folder / name).read_bytes() for name in names if name != "lock"}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verbs of delegates that were run as processes."""
    commands: list[str] = []
    real = kit._execute

    def spy(call: Call, command: str, path: str, environ: dict[str, str]) -> Any:
        commands.append(command)
        return real(call, command, path, environ)

    monkeypatch.setattr(kit, "_execute", spy)
    return commands


@pytest.fixture
def sides(bin_dir: Path, tmp_path: Path, started: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Side]]:
    """The shortcut, then a child process: its executable has one more line of comment, so it is not ours any more."""
    # the executables of the laboratory name another interpreter than the one the tests run in
    monkeypatch.setattr(entry.sys, "executable", INTERPRETER)
    outside = tmp_path / "bin"
    shutil.copytree(bin_dir, outside)
    spoil(outside / "host-local")
    assert find_own_module(str(bin_dir / "host-local")) == "poplin.plugins.host_local.plugin"
    assert find_own_module(str(outside / "host-local")) is None
    # one data folder for both, one after the other, because texts name it
    yield [Side(folder, tmp_path / "networks", started) for folder in (bin_dir, outside)]


def spoil(executable: Path) -> None:
    """Make it one that works, and is not quite ours."""
    executable.write_bytes(executable.read_bytes() + b"# not quite ours\n")


def network(data_dir: Path, subnet: str = "10.1.2.0/24", version: str = "1.1.0", **more: object) -> dict[str, Any]:
    addresses = {"type": "host-local", "dataDir": str(data_dir), "subnet": subnet, **more}
    return {"cniVersion": version, "name": "mynet", "type": "bridge", "bridge": "br0", "ipam": addresses}


Steps = Callable[[Side], list[object]]


def whole_life(side: Side, version: str = "1.1.0") -> list[object]:
    """ADD, the verbs that ask, DEL twice."""
    conf = network(side.data_dir, version=version, routes=[{"dst": "10.5.0.0/16"}, {"dst": "0.0.0.0/0"}])
    added = side.ask("ADD", conf)
    told: list[object] = [added, side.leases()]
    prev = {**conf, "prevResult": added[1]}
    told += [side.ask(verb, prev) for verb in ("CHECK", "STATUS")]
    told += [side.ask("GC", {**conf, "cni.dev/valid-attachments": [{"containerID": "c1", "ifname": "eth0"}]})]
    return [*told, side.leases(), side.ask("DEL", prev), side.ask("DEL", prev), side.leases()]


def garbage(side: Side) -> list[object]:
    """Two attachments, one of them not listed any more."""
    conf = network(side.data_dir)
    told: list[object] = [side.ask("ADD", conf, name) for name in ("c1", "c2")]
    told.append(side.ask("GC", {**conf, "cni.dev/valid-attachments": [{"containerID": "c2", "ifname": "eth0"}]}))
    return [*told, sorted(side.leases())]


def exhausted(side: Side) -> list[object]:
    """A pool of one address."""
    conf = network(side.data_dir, "10.1.2.0/30")
    told: list[object] = [side.ask("ADD", conf), side.ask("STATUS", conf), side.ask("ADD", conf, "c2")]
    return [*told, side.leases(), side.ask("DEL", conf, "c2")]


def not_held(side: Side) -> list[object]:
    """CHECK of addresses that nobody holds."""
    conf = network(side.data_dir)
    prev = {**conf, "prevResult": side.ask("ADD", conf)[1]}
    shutil.rmtree(side.data_dir)
    return [side.ask("CHECK", prev)]


def bad_subnet(side: Side) -> list[object]:
    """A configuration host-local refuses, by every verb that reads it."""
    return [side.ask(verb, network(side.data_dir, "10.1.2.0/33")) for verb in ("ADD", "DEL", "STATUS", "GC")]


def wrong_type(side: Side) -> list[object]:
    """A configuration that does not decode."""
    return [side.ask(verb, network(side.data_dir, ranges="none")) for verb in ("ADD", "DEL", "STATUS", "GC")]


def no_folder(side: Side) -> list[object]:
    """A data folder that cannot be made."""
    return [side.ask(verb, network(Path("/dev/null/networks"))) for verb in ("ADD", "STATUS", "GC")]


def old(version: str) -> Steps:
    """The whole life at an older version; verbs it does not know are refused."""
    return lambda side: whole_life(side, version)


CODES = {
    "whole life": (whole_life, {0}),
    "whole life at 0.2.0": (old("0.2.0"), {0, 1}),
    "whole life at 0.4.0": (old("0.4.0"), {0, 1}),
    "garbage": (garbage, {0}),
    "exhausted": (exhausted, {0, 50, 101}),
    "not held": (not_held, {103}),
    "bad subnet": (bad_subnet, {6, 7, 50}),
    "wrong type": (wrong_type, {6, 50}),
    "no folder": (no_folder, {0, 5, 50}),
}


@pytest.mark.parametrize("name", CODES)
def test_our_own_plugin_answers_the_same_inside_and_outside(sides: list[Side], started: list[str], name: str) -> None:
    steps, codes = CODES[name]
    inside, outside = sides
    mine = steps(inside)
    assert started == []
    shutil.rmtree(inside.data_dir, ignore_errors=True)
    theirs = steps(outside)
    assert started != []
    assert mine == theirs
    assert inside.kernel.log == outside.kernel.log
    replies = [each for each in mine if isinstance(each, tuple)]
    assert {document.get("code", 0) for _, document, _ in replies} <= codes
    assert {errors for *_, errors in replies} == {""}


@facts(125)
def test_every_verb_is_delegated_both_ways(sides: list[Side], started: list[str]) -> None:
    whole_life(sides[1])
    assert started == ["ADD", "CHECK", "STATUS", "GC", "DEL", "DEL"]


def test_child_process_and_shortcut_agree_on_a_real_host(
    host: Host, bin_dir: Path, tmp_path: Path, leases: Path
) -> None:
    """The same through the executables, as a runtime calls them."""
    changed = tmp_path / "bin"
    shutil.copytree(bin_dir, changed)
    spoil(changed / "host-local")
    replies = []
    for folder in (bin_dir, changed):
        conf = network(leases, "10.1.2.0/30")
        first, second = host.add_container(), host.add_container()
        added = host.cni("ADD", conf, first, bin_dir=folder)
        refused = host.call("ADD", conf, second, bin_dir=folder)
        host.cni("DEL", conf, first, bin_dir=folder)
        shutil.rmtree(leases)
        replies.append((added["ips"], refused.object, refused.errors, second.links()))
    assert replies[0] == replies[1]
    assert replies[0][1]["code"] == 101
