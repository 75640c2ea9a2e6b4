"""A call told to a shell: what its variables have, whatever the configuration has, and how refusals end it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from netlab import INTERPRETER, Reply

CHECKOUT = Path(__file__).resolve().parents[3]
SCRIPT = """\
set -eu
call=$({interpreter} -IS -c 'import sys; sys.path.insert(0, "{checkout}")
from poplin.kit import print_for_shell
print_for_shell("sample", "sample: a test", {keys})')
eval "$call"
{body}
"""
ATTACHMENT = {"CNI_CONTAINERID": "c1", "CNI_NETNS": "/nowhere", "CNI_IFNAME": "eth0", "CNI_PATH": "/bin"}
CONF = {"cniVersion": "1.1.0", "name": "mynet", "type": "sample"}
NASTY = 'it\'s "quoted" $(touch /nowhere) `x` \\ \n\t;'
PREVIOUS = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.3/24"}, {"address": "fd00::3/64"}]}


def call(command: str, conf: Any, *keys: str, body: str = ":", shell: str = "sh") -> Reply:
    """What a plugin of these keys and this body answers."""
    text = SCRIPT.format(
        interpreter=INTERPRETER, checkout=CHECKOUT, keys=", ".join(f'"{key}"' for key in keys), body=body
    )
    stdin = conf if isinstance(conf, str) else json.dumps(conf)
    environ = {**ATTACHMENT, "CNI_COMMAND": command, "PATH": "/usr/bin:/bin"}
    done = subprocess.run([shell, "-c", text], input=stdin, env=environ, capture_output=True, text=True, timeout=60)
    return Reply(done.returncode, done.stdout, done.stderr)


def printed(name: str) -> str:
    """The body that prints a variable."""
    return f'printf %s "${name}"'


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("word", NASTY, NASTY),
        ("word", None, ""),
        ("on:flag", True, "true"),
        ("on:flag", False, ""),
        ("size:number", 0, "0"),
        ("size:number", None, ""),
        ("to:prefix", "10.0.0.1/8", "10.0.0.1/8"),
        ("at:ip", "fd00:0::1", "fd00::1"),
        ("all:json", {"a": [1, "b'c"]}, '{"a":[1,"b\'c"]}'),
    ],
)
def test_a_key_is_told_as_it_is(key: str, value: Any, told: str) -> None:
    name = key.partition(":")[0]
    reply = call("STATUS", {**CONF, name: value}, key, body=printed(f"conf_{name}"))
    assert (reply.status, reply.output, reply.errors) == (0, told, "")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        *[("command", "ADD"), ("key", "mynet/c1/eth0"), ("network", "mynet"), ("version", "1.1.0")],
        ("addresses", "10.1.2.3/24 fd00::3/64"),
    ],
)
def test_the_call_is_told(name: str, told: str) -> None:
    reply = call("ADD", {**CONF, "prevResult": PREVIOUS}, body=printed(name))
    assert (reply.status, reply.output) == (0, told)


def test_prev_result_can_be_the_answer() -> None:
    assert call("ADD", {**CONF, "prevResult": PREVIOUS}, body=printed("prev_result")).object == PREVIOUS


def test_gc_is_told_what_is_valid() -> None:
    valid = [{"containerID": "b", "ifname": "eth1"}, {"containerID": "a", "ifname": "eth0"}]
    reply = call("GC", {**CONF, "cni.dev/valid-attachments": valid}, body=printed("valid"))
    assert reply.output == "a eth0\nb eth1"


@pytest.mark.parametrize(
    ("conf", "code"),
    [("", 6), ("{", 6), ({**CONF, "name": "a b"}, 7), ({**CONF, "size": "x"}, 6), ({**CONF, "cniVersion": "9.0.0"}, 1)],
)
def test_what_is_wrong_is_answered_before_the_plugin_does_anything(conf: Any, code: int) -> None:
    reply = call("ADD", conf, "size:number", body="echo it went on")
    assert (reply.code, reply.errors) == (code, "")


def test_a_strict_configuration_with_more_keys_is_refused() -> None:
    assert call("ADD", {**CONF, "strict": True, "size": 1, "other": 2}, "size:number").code == 2


def test_del_goes_on_whatever_the_configuration_says() -> None:
    reply = call("DEL", {**CONF, "size": "x", "prevResult": 5}, "size:number", body=printed("conf_size"))
    assert (reply.status, reply.output) == (0, "")


@pytest.mark.parametrize("key", ["my-key", "my.key", "my key"])
def test_a_key_that_no_variable_can_be_called_is_told_with_underscores(key: str) -> None:
    for conf, told in (({**CONF, key: "v"}, "v"), (CONF, "")):
        reply = call("STATUS", conf, f"{key}:text", body=printed("conf_my_key"))
        assert (reply.status, reply.output, reply.errors) == (0, told, "")


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("body", ['echo "$conf_wrod"', "false", "no-such-program", "exit 3"])
def test_a_plugin_that_fails_without_saying_why_is_answered_for(shell: str, body: str) -> None:
    for command in ("ADD", "DEL"):
        assert call(command, CONF, "word", body=body, shell=shell).object == {
            "cniVersion": "1.1.0",
            "code": 999,
            "msg": "sample failed and did not say why",
            "details": "this is a defect of it; stderr may tell more",
        }


def test_version_is_answered() -> None:
    assert call("VERSION", "", body="echo it went on").object["cniVersion"] == "1.1.0"


def test_refuse_writes_an_error_object_of_any_text() -> None:
    body = 'conf_word=${conf_word}; refuse 107 "$conf_word" \'and "more"\'; echo it went on'
    reply = call("ADD", {**CONF, "word": NASTY}, "word", body=body)
    assert reply.status == 1
    assert reply.object == {
        "cniVersion": "1.1.0",
        "code": 107,
        "msg": NASTY.replace("\n", "").replace("\t", ""),
        "details": 'and "more"',
    }
