"""What `--json` prints against what `--help` says of it: the shapes in the docstrings are read, key by key."""

from __future__ import annotations

import importlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import poplin.runtime as cni
from poplin.cli.verbs import VERBS
from poplin.runtime.published import SeenPort
from poplin.runtime.survey import SeenLink, Survey

NETNS = "/run/netns/none"
RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.0.2/16"}]}
OPEN = ("result",)  # what has a shape of its own, of the specification
TOKEN = re.compile(r'"[^"]*"\??|[{}\[\]:,]|[^\s{}\[\]:,"]+')


class Shapes:
    """The shapes in a text, in their order: each begins with {"version"."""

    def __init__(self, text: str) -> None:
        self._tokens = TOKEN.findall(text.partition('{"version"')[1] + text.partition('{"version"')[2])

    def read(self) -> Any:
        """Objects as dicts by key, which has a `?` if it may be absent; lists as lists of one; all else as None."""
        token = self._tokens.pop(0)
        found: Any = None
        if token == "{":
            found = {}
            while self._tokens[0] != "}":
                key = self._tokens.pop(0)
                found[key.replace('"', "")] = self.read_value() if self._tokens[0] == ":" else None
                if self._tokens[0] == ",":
                    self._tokens.pop(0)
            self._tokens.pop(0)
        elif token == "[":
            found = [self.read()]
            assert self._tokens.pop(0) == "]"
        while self._tokens and self._tokens[0] not in set("{}[],:"):  # ` or null`
            self._tokens.pop(0)
        return found

    def read_value(self) -> Any:
        """What stands behind a colon."""
        self._tokens.pop(0)
        return self.read()


def list_shapes(verb: str) -> list[Any]:
    """Those of a verb's docstring."""
    text = importlib.import_module(f"poplin.cli.{VERBS[verb].module}").__doc__ or ""
    starts = [match.start() for match in re.finditer(r'\{"version"', text)]
    return [Shapes(text[start:]).read() for start in starts]


def differ(shape: Any, value: Any, where: str = "") -> list[str]:
    """The places where a value is not as the shape says."""
    if isinstance(shape, dict) and isinstance(value, dict):
        needed = {key for key in shape if not key.endswith("?")}
        known = {key.removesuffix("?"): inner for key, inner in shape.items()}
        wrong = [f"{where}.{key}" for key in (needed - set(value)) | (set(value) - set(known))]
        return wrong + [
            each
            for key in value
            if key in known and key not in OPEN
            for each in differ(known[key], value[key], f"{where}.{key}")
        ]
    if isinstance(shape, list) and isinstance(value, list):
        return [each for item in value for each in differ(shape[0], item, f"{where}[]")]
    return (
        []
        if value is None or isinstance(shape, type(value)) or (shape is None and not isinstance(value, dict))
        else [where]
    )


def test_shapes_are_read_and_differences_found() -> None:
    shape = Shapes('prints {"version": 1, "ok", "of": [{"a": "x" or "y", "b"?}], "c": {"d"} or null}; more').read()
    assert shape == {"version": None, "ok": None, "of": [{"a": None, "b?": None}], "c": {"d": None}}
    assert differ(shape, {"version": 1, "ok": True, "of": [{"a": "x"}], "c": None}) == []
    assert differ(shape, {"version": 1, "of": [{"a": "x", "z": 1}], "c": {"d": 1}}) == [".ok", ".of[].z"]
    assert differ(shape, {"version": 1, "ok": True, "of": {}, "c": []}) == [".of", ".c"]


def test_attaching_and_detaching(poplin: Any, config_dir: Path, double: Any) -> None:
    for name in ("one", "two"):
        double(name).tell(ADD=RESULT)
        text = json.dumps({"name": name, "cniVersion": "1.1.0", "plugins": [{"type": name}]})
        (config_dir / f"{name}.conflist").write_text(text)
    several, plan = list_shapes("add")
    [removal] = list_shapes("del")
    [checked] = list_shapes("check")
    assert differ(plan, poplin("add", "one", "two", NETNS, "--dry-run", "--json").object) == []
    attached = poplin("add", "one", "two", NETNS).object
    assert differ(several, attached) == []
    assert [each["result"] for each in attached["attachments"]] == [RESULT, RESULT]
    assert differ(checked, poplin("check", "one", "two", NETNS, "--json").object) == []
    assert differ(removal, poplin("del", "one", "two", NETNS, "--dry-run", "--json").object) == []


def test_check_that_finds_something(poplin: Any, configure: Any, double: Any) -> None:
    double("noop").fail(103, "address is missing", "CHECK")
    configure("noop")
    done = poplin("check", "mynet", NETNS, "--json")
    assert differ(list_shapes("check")[0], done.object) == []
    assert done.object["attachments"][0]["error"]["code"] == 103


@pytest.mark.parametrize("arguments", [["--dry-run"], []])
@pytest.mark.parametrize("fails", [False, True])
def test_collecting_garbage(poplin: Any, configure: Any, double: Any, fails: bool, arguments: list[str]) -> None:
    plugin = double("noop")
    configure("noop")
    poplin("add", "mynet", NETNS)
    if fails:
        plugin.fail(142, "banana")
    done = poplin("gc", "mynet", "--json", *arguments)
    assert differ(list_shapes("gc")[0], done.object) == []
    [network] = done.object["networks"]
    assert (bool(network["errors"]), bool(network["steps"])) == (fails and not arguments, bool(arguments))


def test_what_is_connected(poplin: Any, configure: Any, double: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    double("noop")
    configure("noop")
    item = cni.SeenAttachment("mynet", cni.Attachment("c1", NETNS), drift=["something"])
    item.interfaces.append(cni.SeenInterface("eth0", True))
    item.addresses.append(cni.SeenAddress("10.1.0.2/16", False))
    item.ports += [SeenPort("", 80, "tcp", 80), replace(SeenPort("", 81, "tcp", 80), is_present=True)]
    monkeypatch.setattr(cni, "survey", lambda cache: Survey([item], [SeenLink("veth1", "mynet/c2/eth0")]))
    attachments, networks = list_shapes("list")
    assert differ(attachments, poplin("list", "--json").object) == []
    assert differ(networks, poplin("list", "--json", "--networks").object) == []


def test_what_ails_the_host(poplin: Any, config_dir: Path) -> None:
    (config_dir / "bad.conflist").write_text('{"plugins": []}')
    done = poplin("doctor", "--json", "--only", "configuration", "--only", "clock")
    assert differ(list_shapes("doctor")[0], done.object) == []
    assert done.object["findings"]


def test_what_is_wrong_with_files(poplin: Any, config_dir: Path) -> None:
    (config_dir / "bad.conflist").write_text('{"plugins": []}')
    done = poplin("validate", "--json", str(config_dir), "/nowhere")
    assert differ(list_shapes("validate")[0], done.object) == []
    assert done.object["findings"]
    assert done.object["errors"]
