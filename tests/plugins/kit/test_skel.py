"""What surrounds the verbs of every plugin: rows 11 to 46 of the sheet, through `answer`."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest

from poplin.linux.netlink import NetlinkError
from poplin.plugins.kit.skel import Answer, Plugin, answer
from poplin.spec.errors import CNIError, InternalError, IOFailure, TryAgainLater
from poplin.spec.jsontext import dumps
from poplin.spec.result import Result
from poplin.spec.versions import KNOWN

ENVIRON = {
    "CNI_CONTAINERID": "c1",
    "CNI_NETNS": "/run/netns/there-is-none",
    "CNI_IFNAME": "eth0",
    "CNI_ARGS": "IgnoreUnknown=1;A=b",
    "CNI_PATH": "/opt/cni/bin",
}
VERBS = ("ADD", "DEL", "CHECK", "GC", "STATUS")
ODD = ("9.8.7", "10.0.0")
OWN_NAMESPACE = "/proc/self/ns/net"
CHECKOUT = Path(__file__).resolve().parents[3]


def facts(*rows: int):
    return pytest.mark.facts("cni-spec", *rows)


class Recorder:
    """A plugin that has every verb and remembers which were called, with what."""

    def __init__(self, versions=KNOWN, *, about="recorder", answers=None, raises=None, verbs=VERBS):
        self.calls = []
        self.answers = answers or {"ADD": {}}
        self.raises = raises
        self.plugin = Plugin("recorder", about, {name: self.record for name in verbs}, versions)

    def record(self, call, kernel):
        self.calls.append(call)
        if self.raises:
            raise self.raises
        return self.answers.get(call.env.command)

    @property
    def commands(self) -> list[str]:
        return [call.env.command for call in self.calls]

    def ask(self, command, config=None, *, stdin=None, without=(), **environ) -> Answer:
        """The answer to one call; `config` is of network n, `stdin` replaces it whole."""
        given = {name: text for name, text in (ENVIRON | environ).items() if name not in without}
        document = dumps({"name": "n", **(config or {})}) if stdin is None else stdin
        return answer(
            self.plugin, given | ({"CNI_COMMAND": command} if command else {}), lambda: bytes(document, "utf-8")
        )


def error(reply: Answer) -> dict[str, object]:
    """The error object of a call that failed."""
    assert (reply.status, reply.errors) == (1, "")
    return json.loads(reply.output)


def version_for(command: str) -> dict[str, object]:
    """A configuration every verb accepts."""
    return {"cniVersion": "1.1.0" if command in ("GC", "STATUS") else "1.0.0"}


# Environment.


@facts(11)
def test_the_verb_is_called_once_with_environment_and_stdin():
    recorder = Recorder(ODD)
    config = {"name": "n", "cniVersion": "9.8.7", "type": "recorder", "extra": {"big": 12345678901234567890}}
    assert recorder.ask("ADD", config).status == 0
    [call] = recorder.calls
    assert (call.env.command, call.container_id, call.netns, call.ifname, call.env.args, call.env.path) == (
        "ADD",
        *ENVIRON.values(),
    )
    assert call.config.source == config


@facts(12)
@pytest.mark.parametrize("name", ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"])
@pytest.mark.parametrize("command", ["ADD", "CHECK"])
@pytest.mark.parametrize("how", ["removed", "empty"])
def test_missing_variable_is_named(command, name, how):
    recorder = Recorder()
    environ = {"without": [name]} if how == "removed" else {name: ""}
    assert error(recorder.ask(command, version_for(command), **environ)) == {
        "code": 4,
        "msg": "required env variables are missing",
        "details": name,
    }
    assert recorder.commands == []


@facts(13)
@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL"])
def test_arguments_may_be_missing(command):
    recorder = Recorder()
    assert recorder.ask(command, version_for(command), without=["CNI_ARGS"]).status == 0
    assert recorder.commands == [command]


@facts(14)
def test_del_needs_no_namespace():
    recorder = Recorder()
    assert recorder.ask("DEL", without=["CNI_NETNS"]).status == 0
    assert [call.netns for call in recorder.calls] == [""]


@facts(14)
@pytest.mark.parametrize("name", ["CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"])
def test_del_needs_the_rest(name):
    reply = error(Recorder().ask("DEL", without=[name]))
    assert (reply["code"], reply["details"]) == (4, name)


@facts(15)
def test_all_missing_variables_are_listed_in_order():
    reply = error(Recorder().ask("ADD", without=["CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]))
    assert (reply["code"], reply["details"]) == (4, "CNI_NETNS, CNI_IFNAME, CNI_PATH")


@facts(16)
def test_gc_needs_the_path_only():
    recorder = Recorder()
    attachment = ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"]
    assert recorder.ask("GC", version_for("GC"), without=attachment).status == 0
    [call] = recorder.calls
    assert (call.container_id, call.netns, call.ifname, call.env.args) == ("", "", "", "")


@facts(17)
@pytest.mark.parametrize("command", ["GC", "STATUS"])
def test_verbs_without_attachment_need_the_path(command):
    reply = error(Recorder().ask(command, version_for(command), without=["CNI_PATH"]))
    assert (reply["code"], reply["details"]) == (4, "CNI_PATH")


@facts(18)
def test_gc_ignores_a_bad_container_id():
    recorder = Recorder()
    assert recorder.ask("GC", version_for("GC"), CNI_CONTAINERID="%%").status == 0
    assert recorder.commands == ["GC"]


@facts(25)
def test_bad_container_id_is_reported_before_what_is_missing():
    assert error(Recorder().ask("ADD", without=["CNI_NETNS", "CNI_IFNAME"], CNI_CONTAINERID="1234%%%")) == {
        "code": 4,
        "msg": "invalid characters in container id (CNI_CONTAINERID)",
        "details": "1234%%%",
    }


# VERSION and the question who it is.


def refuse_to_read() -> bytes:
    raise IOFailure("stdin was read")


@facts(19)
def test_version_reads_neither_environment_nor_stdin():
    reply = answer(Recorder().plugin, {"CNI_COMMAND": "VERSION"}, refuse_to_read)
    assert (reply.status, json.loads(reply.output)) == (0, {"cniVersion": "1.1.0", "supportedVersions": list(KNOWN)})


@facts(20)
def test_version_answers_what_was_declared_in_one_line():
    reply = Recorder(ODD).ask("VERSION")
    assert reply.output == '{"cniVersion":"1.1.0","supportedVersions":["9.8.7","10.0.0"]}\n'


@facts(21)
@pytest.mark.parametrize("command", ["NOPE", "add"])
def test_unknown_command_is_answered_with_the_text_runtimes_know(command):
    reply = error(Recorder().ask(command))
    assert (reply["code"], reply["msg"]) == (4, f"unknown CNI_COMMAND: {command}")


@facts(22)
def test_stdin_is_decoded_before_the_command_is_looked_at():
    assert error(Recorder().ask("NOPE", stdin=""))["code"] == 6


@facts(23)
@pytest.mark.parametrize("environ", [{}, {"CNI_COMMAND": ""}])
def test_without_a_command_it_says_who_it_is(environ):
    reply = answer(Recorder(ODD, about="X").plugin, environ, refuse_to_read)
    assert (reply.status, reply.output) == (0, "")
    assert reply.errors == "X\nCNI protocol versions supported: 9.8.7, 10.0.0\n"


@facts(24)
def test_without_a_command_and_nothing_to_say_the_command_is_missing():
    reply = error(answer(Recorder(about="").plugin, {}, refuse_to_read))
    assert (reply["code"], reply["details"]) == (4, "CNI_COMMAND")


# stdin.


@facts(26)
def test_stdin_that_cannot_be_read_is_an_io_failure():
    assert error(answer(Recorder().plugin, ENVIRON | {"CNI_COMMAND": "ADD"}, refuse_to_read))["code"] == 5


@facts(27)
@pytest.mark.parametrize("stdin", ["", "[]", '{"name":5}', '{"name":"a"} x', "{"])
@pytest.mark.parametrize("command", VERBS)
def test_stdin_that_does_not_decode(command, stdin):
    recorder = Recorder()
    assert error(recorder.ask(command, stdin=stdin))["code"] == 6
    assert recorder.commands == []


@facts(28)
@pytest.mark.parametrize("stdin", ["null", "{}", '{"name":""}'])
def test_stdin_without_a_name(stdin):
    assert error(Recorder().ask("ADD", stdin=stdin))["code"] == 7


@facts(29)
def test_keys_match_whatever_their_case():
    recorder = Recorder()
    assert recorder.ask("ADD", stdin='{"NAME":"a","CNIVERSION":"1.0.0"}').status == 0
    assert [(call.config.name, call.config.version) for call in recorder.calls] == [("a", "1.0.0")]


# Versions.


@facts(30)
def test_version_must_be_text():
    assert error(Recorder().ask("ADD", {"cniVersion": 1}))["code"] == 6


@facts(31)
@pytest.mark.parametrize("config", [{"cniVersion": None}, {}])
def test_no_version_is_the_oldest(config):
    recorder = Recorder(["0.1.0"])
    assert recorder.ask("ADD", config).status == 0
    assert [call.config.version for call in recorder.calls] == ["0.1.0"]


@facts(32)
def test_version_the_plugin_lacks_is_shown_beside_those_it_has():
    recorder = Recorder(["4.3.2"])
    assert error(recorder.ask("ADD")) == {
        "cniVersion": "0.1.0",
        "code": 1,
        "msg": "incompatible CNI versions",
        "details": 'config is "0.1.0", plugin supports ["4.3.2"]',
    }
    assert recorder.commands == []


REFUSED = [
    (33, "ADD", "1.1", KNOWN, 1),
    (33, "ADD", "1.2.0", KNOWN, 1),
    (33, "DEL", "1.1", KNOWN, 1),
    (34, "CHECK", "0.3.0", KNOWN, 1),
    (34, "CHECK", None, KNOWN, 1),
    (34, "CHECK", "0.5.0", KNOWN, 1),
    (35, "CHECK", "0.4.0", KNOWN[:3], 1),
    (36, "CHECK", "adsf", KNOWN, 6),
    (36, "CHECK", "0.4.0", ("0.1.0", "adsf"), 6),
    *itertools.chain.from_iterable(
        (
            (38, command, "0.3.0", KNOWN, 1),
            (38, command, "1.0.0", KNOWN, 1),
            (38, command, "1.1.0", KNOWN[:3], 1),
            (39, command, "adsf", KNOWN, 6),
            (39, command, "1.1.0", ("0.1.0", "adsf"), 6),
        )
        for command in ("GC", "STATUS")
    ),
]


@pytest.mark.parametrize(
    ("command", "version", "supported", "code"), [pytest.param(*case, marks=facts(row)) for row, *case in REFUSED]
)
def test_verb_at_a_version_that_does_not_go(command, version, supported, code):
    recorder = Recorder(supported)
    assert error(recorder.ask(command, {"cniVersion": version}))["code"] == code
    assert recorder.commands == []


@facts(37)
def test_name_is_checked_before_the_version():
    assert error(Recorder().ask("CHECK", {"name": "te%%st", "cniVersion": "0.3.0"}))["code"] == 7


# Answers.


@facts(40)
@pytest.mark.parametrize("command", VERBS)
def test_coded_error_is_printed_verbatim(command):
    config = version_for(command)
    assert error(Recorder(raises=CNIError("no", "because", 1234)).ask(command, config)) == {
        **config,
        "code": 1234,
        "msg": "no",
        "details": "because",
    }


@facts(40)
def test_coded_error_raised_because_of_another_is_printed_verbatim():
    class Busy(TryAgainLater):
        """A plugin's own."""

    def add(call, kernel):
        try:
            raise KeyError("eth0")
        except KeyError as cause:
            raise Busy("busy", code=1234) from cause

    reply = answer(Plugin("x", "", {"ADD": add}), ENVIRON | {"CNI_COMMAND": "ADD"}, lambda: b'{"name":"n"}')
    assert error(reply) == {"cniVersion": "0.1.0", "code": 1234, "msg": "busy"}


@facts(40)
def test_any_other_error_is_an_internal_one_with_its_text():
    reply = Recorder(raises=ValueError("potato")).ask("ADD")
    sent = json.loads(reply.output)
    assert (reply.status, sent["code"], sent["msg"], sent["cniVersion"]) == (1, 999, "potato", "0.1.0")
    assert sent["details"] == "this ValueError is a defect of the plugin recorder; stderr has the details"
    assert reply.errors.startswith("Traceback (most recent call last):\n")


def test_a_defect_in_a_plugin_of_ours_is_told_as_one_of_poplin():
    recorder = Recorder(raises=ValueError("potato"))
    recorder.plugin.type = "bridge"
    sent = json.loads(recorder.ask("ADD").output)
    assert sent["details"] == "this ValueError is a defect of Poplin; stderr has the details"


@pytest.mark.parametrize(("returned", "kind"), [(None, "NoneType"), (5, "int"), (Result(), "Result")])
def test_an_add_without_a_result_fails(returned, kind):
    reply = Recorder(answers={"ADD": returned}).ask("ADD")
    assert (reply.status, json.loads(reply.output)) == (
        1,
        {
            "cniVersion": "0.1.0",
            "code": 999,
            "msg": f"ADD of recorder returned {kind}",
            "details": "return what `call.reply(result)` makes",
        },
    )


@pytest.mark.parametrize(
    ("verbs", "complaint"),
    [
        (["DEL", "CHECK"], "plugin recorder has no ADD; it can be without any other verb"),
        (["ADD", "ADDD"], "plugin recorder has an unknown verb 'ADDD'; there are ADD, CHECK, DEL, GC, STATUS"),
        (["ADD", "VERSION"], "plugin recorder has an unknown verb 'VERSION'; there are ADD, CHECK, DEL, GC, STATUS"),
    ],
)
def test_a_plugin_that_would_silently_do_nothing_cannot_be_made(verbs, complaint):
    with pytest.raises(InternalError) as caught:
        Recorder(verbs=verbs)
    assert str(caught.value) == complaint


def test_refusal_of_the_kernel_keeps_its_words():
    failure = NetlinkError(1, "add link vethc1")
    assert error(Recorder(raises=failure).ask("ADD")) == {"cniVersion": "0.1.0", "code": 100, "msg": str(failure)}


def test_other_failure_of_the_system_is_an_io_failure():
    failure = FileNotFoundError(2, "No such file or directory", "/x")
    assert error(Recorder(raises=failure).ask("ADD", {"type": "recorder"})) == {
        "cniVersion": "0.1.0",
        "code": 5,
        "msg": "recorder: /x: No such file or directory",
    }


@facts(41)
@pytest.mark.parametrize("command", VERBS)
def test_verb_the_plugin_does_not_have_succeeds_silently(command):
    reply = Recorder(verbs=()).ask(command, version_for(command))
    assert (reply.status, reply.output, reply.errors) == (0, "", "")


@facts(42)
def test_error_is_one_json_object_with_details_only_where_there_are_some():
    reply = Recorder(raises=CNIError("no", code=7)).ask("ADD")
    assert reply.output == '{\n    "cniVersion": "0.1.0",\n    "code": 7,\n    "msg": "no"\n}'


def test_result_is_indented_and_without_a_newline_at_the_end():
    reply = Recorder(answers={"ADD": {"cniVersion": "1.0.0"}}).ask("ADD")
    assert (reply.status, reply.output) == (0, '{\n    "cniVersion": "1.0.0"\n}')


def test_error_before_the_version_is_known_has_none():
    assert "cniVersion" not in error(Recorder().ask("ADD", stdin="{"))


# The namespace.


@facts(43)
@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_own_namespace_is_refused_before_any_work(command):
    recorder = Recorder()
    reply = error(recorder.ask(command, CNI_NETNS=OWN_NAMESPACE))
    assert (reply["code"], reply["details"]) == (8, OWN_NAMESPACE)
    assert recorder.commands == []


@facts(44)
@pytest.mark.parametrize("override", ["1", "true", "TRUE"])
@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_own_namespace_can_be_asked_for(command, override):
    recorder = Recorder()
    assert recorder.ask(command, CNI_NETNS=OWN_NAMESPACE, CNI_NETNS_OVERRIDE=override).status == 0
    assert recorder.commands == [command]


@facts(44)
@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_other_words_ask_for_nothing(command):
    reply = error(Recorder().ask(command, CNI_NETNS=OWN_NAMESPACE, CNI_NETNS_OVERRIDE="yes"))
    assert reply["code"] == 8


@facts(45)
def test_check_does_not_look_at_the_namespace():
    recorder = Recorder()
    assert recorder.ask("CHECK", {"cniVersion": "1.0.0"}, CNI_NETNS=OWN_NAMESPACE).status == 0
    assert recorder.commands == ["CHECK"]


@facts(46)
@pytest.mark.parametrize(
    ("command", "path"),
    [("ADD", "/run/netns/there-is-none"), ("DEL", "/run/netns/there-is-none"), ("DEL", ""), ("DEL", "/etc/passwd")],
)
def test_path_that_is_no_namespace_is_left_to_the_plugin(command, path):
    recorder = Recorder()
    assert recorder.ask(command, CNI_NETNS=path).status == 0
    assert [call.netns for call in recorder.calls] == [path]


# The process.

SCRIPT = f"""
import sys; sys.path.append({str(CHECKOUT)!r})
from poplin.plugins.kit.skel import Plugin, main
main(Plugin("x", "about x", {{"ADD": lambda call, kernel: {{"cniVersion": call.config.version}}}}))
"""


def run(command: str, **streams: object) -> subprocess.CompletedProcess[str]:
    environ = ENVIRON | ({"CNI_COMMAND": command} if command else {})
    return subprocess.run(
        [sys.executable, "-ISc", SCRIPT], env=environ, text=True, stderr=subprocess.PIPE, timeout=120, **streams
    )


def test_process_reads_stdin_and_prints_the_answer():
    stdin = dumps({"name": "n", "cniVersion": "1.0.0", "padding": "x" * 200_000})
    done = run("ADD", input=stdin, stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout, done.stderr) == (0, '{\n    "cniVersion": "1.0.0"\n}', "")


def test_process_says_who_it_is_on_stderr():
    done = run("", input="", stdout=subprocess.PIPE)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.startswith("about x\n")


@facts(26)
def test_process_reports_a_stdin_it_cannot_read():
    with open("/dev/null", "w") as write_only:
        done = run("ADD", stdin=write_only, stdout=subprocess.PIPE)
    assert (done.returncode, json.loads(done.stdout)) == (
        1,
        {"code": 5, "msg": "error reading from stdin", "details": "Bad file descriptor"},
    )


@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_process_answers_although_stderr_takes_nothing(where: str):
    script = SCRIPT.replace("lambda call, kernel: ", "lambda call, kernel: note(call, 'heard') or ")
    script = script.replace("Plugin, main", "Plugin, main, note")
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -ISc "$1" {where}', sys.executable, script],
        env=ENVIRON | {"CNI_COMMAND": "ADD"},
        input='{"name":"n"}',
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout) == (0, '{\n    "cniVersion": "0.1.0"\n}')


def test_process_without_stdout_fails_and_says_nothing():
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -ISc "$1" >&-', sys.executable, SCRIPT],
        env=ENVIRON | {"CNI_COMMAND": "ADD"},
        input='{"name":"n"}',
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (1, "")


def test_process_fails_if_nobody_takes_its_answer():
    with open("/dev/full", "w") as full:
        assert run("ADD", input='{"name":"n"}', stdout=full).returncode == 1
