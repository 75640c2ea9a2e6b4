"""Calls changed in one place, and some from nothing: whatever comes, the answer is one JSON document with the right
code, nothing is created by an ADD that fails, and a DEL takes back what a successful one made.

POPLIN_FUZZ_EXAMPLES=5000 makes it a long run, different each time; the usual one is short and always the same.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from netlab import CHECKOUT, Container, Host
from storms.fuzz_calls import BIN_DIR, BOX, DATA_DIR, PREPARED, RESOLV_CONF, STATE, WITH_PREV_RESULT, Call, valid_calls
from storms.fuzz_changes import Change, Input, arbitrary, changes, encode
from storms.fuzz_judge import CODES, describe, expected_codes, names_the_place, read_error, world

from poplin.invoke.entry import PLUGINS, entry_script
from poplin.linux.kernel import Kernel
from poplin.plugins.kit.delegate import load_plugin
from poplin.plugins.kit.skel import Answer, answer
from poplin.spec.errors import CheckFailed
from poplin.spec.jsontext import dumps, loads_object
from poplin.spec.netlist import inject
from poplin.spec.versions import VERB_SINCE

EXAMPLES = int(os.environ.get("POPLIN_FUZZ_EXAMPLES", "0"))
USUAL_EXAMPLES = 600

fuzz = settings(
    max_examples=EXAMPLES or USUAL_EXAMPLES,
    derandomize=not EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
)


class Rig:
    """A host and a container to which plugins are applied inside this process."""

    def __init__(self, folder: str) -> None:
        self.kernel = Kernel()
        self.folders = (STATE, folder)

    def run(self, sent: Input) -> Answer:
        """The plugin's answer with all of its stderr, on a kernel of its own that is closed again."""
        kernel = Kernel()
        with redirect_stderr(StringIO()) as stderr:
            reply = answer(load_plugin(PLUGINS[sent.plugin]), sent.environ, lambda: sent.stdin, kernel)
        kernel.host.close()
        return Answer(reply.status, reply.output, stderr.getvalue() + reply.errors)

    def world(self) -> dict[str, list[str]]:
        return world(self.kernel, self.folders)

    def reset(self) -> None:
        """Take away every link and lease."""
        with self.kernel.open(BOX) as box:
            for namespace in (self.kernel.host, box):
                namespace.rtnl.remove_links([link for link in namespace.rtnl.list_links() if link.name != "lo"])
        shutil.rmtree(DATA_DIR, ignore_errors=True)
        for folder in self.folders[1:]:
            shutil.rmtree(folder)
            os.makedirs(f"{folder}/a/b/c")
            os.chdir(f"{folder}/a/b/c")


@pytest.fixture
def rig(laboratory: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    os.makedirs(BIN_DIR)
    for plugin in PLUGINS:  # of this interpreter, so that they are called inside this process
        Path(BIN_DIR, plugin).write_text(entry_script(plugin, sys.executable, str(CHECKOUT)))
        Path(BIN_DIR, plugin).chmod(0o755)
    Path(RESOLV_CONF).write_text("nameserver 10.1.2.1\nsearch example.org\noptions ndots:2\n")
    host, box = Host("fuzzhost", Path(BIN_DIR)), Container("fuzzbox")
    deep = tmp_path / "cwd"
    deep.mkdir()
    monkeypatch.chdir(deep)  # relative paths of odd configurations stay below here
    with host.entered():
        rig = Rig(str(deep))
        yield rig
        rig.reset()
        rig.kernel.host.close()
    box.remove()
    host.remove()
    for path in (BIN_DIR, RESOLV_CONF):
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def prepare(rig: Rig, call: Call) -> Call:
    """For CHECK, DEL and GC the container is added first; its result goes into the document."""
    if call.verb not in PREPARED:
        return call
    added = rig.run(encode(call.as_verb("ADD")))
    assert added.status == 0, added.output + describe(encode(call))
    return call.with_keys(prevResult=loads_object(added.output)) if call.verb in WITH_PREV_RESULT else call


@fuzz
@given(data=st.data())
def test_whatever_comes_the_answer_is_right_and_nothing_stays(rig: Rig, data: st.DataObject) -> None:
    rig.reset()
    call = prepare(rig, data.draw(valid_calls()))
    how = data.draw(st.sampled_from(("changed", "changed", "changed", "changed", "changed", "arbitrary", "valid")))
    change, sent = Change("none", "", (), None), encode(call)
    if how == "changed":
        change, sent = data.draw(changes(call))
    elif how == "arbitrary":
        change, sent = data.draw(arbitrary(call))
    note(f"{change} {describe(sent)}")
    event(f"{sent.plugin} {call.verb} {how}")
    judge(rig, call, change, sent, frozenset({0}) if how == "valid" else expected_codes(call, change))


def judge(rig: Rig, call: Call, change: Change, sent: Input, expected: frozenset[int] | None) -> None:
    """Run the input and hold the answer, and the world afterwards, against the rules."""
    before, descriptors = rig.world(), os.listdir("/proc/self/fd")
    reply = rig.run(sent)
    error = read_error(reply)
    code = error["code"] if error else 0
    assert code in (expected or CODES | {0}), reply.output
    assert len(os.listdir("/proc/self/fd")) == len(descriptors)
    verb = sent.environ.get("CNI_COMMAND")
    if error and change.path and code != CheckFailed.code:
        assert names_the_place(change, error), reply.output
    if verb == "ADD" and not error:
        confirm(rig, sent, reply, before)
    elif verb != "DEL" and verb != "GC":
        assert rig.world() == before


def confirm(rig: Rig, sent: Input, reply: Answer, before: dict[str, list[str]]) -> None:
    """After an ADD: CHECK agrees with its result, and DEL with the same input takes everything back."""
    result = loads_object(reply.output)
    if str(result["cniVersion"]) >= VERB_SINCE["CHECK"]:
        checked = rig.run(with_prev_result(sent.as_verb("CHECK"), result))
        assert (checked.status, checked.output) == (0, "")
    gone = rig.run(sent.as_verb("DEL"))
    assert (gone.status, gone.output) == (0, "")
    assert rig.world() == before


def with_prev_result(sent: Input, result: dict[str, object]) -> Input:
    """The input with a result in its document, as a runtime sends it to CHECK."""
    return Input(sent.plugin, sent.environ, dumps(inject(sent.stdin, {"prevResult": result})).encode())
