"""What every answer must be, whatever was asked, and which codes are right for a change."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from storms.fuzz_calls import ADDRESS_PLUGINS, BOX, Call
from storms.fuzz_changes import Change, Input
from storms.fuzz_values import BAD_IDS, BAD_IFNAMES, IPAM, NETNS, OWN_NETNS, READ_ON_ADD

from poplin.linux.kernel import Kernel
from poplin.plugins.kit.skel import Answer

CODES = {1, 2, 3, 4, 5, 6, 7, 8, 11, 50, 51, 100, 101, 102, 103}
OBJECT_ADDRESS = re.compile(r"<[^>]* at 0x")
ATTACHING = ("ADD", "CHECK", "DEL")
KEPT = re.compile(r"lock|seal|last_reserved_ip\.\d+|resolv\.conf")


def read_error(answer: Answer) -> dict[str, Any] | None:
    """The error object, None of a call that succeeded; both of the form every answer must have."""
    assert "Traceback" not in answer.errors and "undo" not in answer.errors, answer.errors
    document = json.loads(answer.output) if answer.output else None
    if answer.status == 0:
        assert document is None or (isinstance(document, dict) and "code" not in document), answer.output
        return None
    assert answer.status == 1
    assert isinstance(document, dict)
    assert set(document) <= {"cniVersion", "code", "msg", "details"}
    assert type(document["code"]) is int and document["code"] in CODES, answer.output
    assert isinstance(document["msg"], str) and document["msg"], answer.output
    assert document.get("details") != "", answer.output
    assert not OBJECT_ADDRESS.search(text_of(document)), answer.output
    return document


def text_of(error: dict[str, Any]) -> str:
    """All that the error says."""
    return f"{error['msg']} {error.get('details', '')}"


# The world around the plugin.


def world(kernel: Kernel, folders: tuple[str, ...]) -> dict[str, list[str]]:
    """Links but bridges, addresses in the container, files but the lock, the seal and the round-robin pointers."""
    with kernel.open(BOX) as box:
        return {
            "host": sorted(link.name for link in kernel.host.rtnl.list_links() if link.kind != "bridge"),
            "box": sorted(link.name for link in box.rtnl.list_links()),
            "addresses": sorted(f"{item.index} {item.prefix}" for item in box.rtnl.list_addresses() if item.is_global),
            "files": sorted(files_in(folders)),
        }


def files_in(folders: tuple[str, ...]) -> list[str]:
    return [
        f"{path}/{name}"
        for folder in folders
        for path, _, names in os.walk(folder)
        for name in names
        if not KEPT.fullmatch(name)
    ]


# What must come of a change. None: anything that is well formed.

SUCCESS: frozenset[int] = frozenset({0})
IN_STRICT_OBJECTS = {"", "ipam", "ipam.ranges", "ipam.routes", "ipam.addresses", "ipam.dns", "dns"}


def expected_codes(call: Call, change: Change) -> frozenset[int] | None:
    """The codes one of which the answer must have, 0 for success; None if that cannot be told."""
    if change.kind.startswith("environment"):
        return expected_of_environment(call, change)
    if call.verb == "VERSION":
        return SUCCESS
    if change.kind in ("truncated", "extended", "not UTF-8", "UTF-16", "deep", "constant"):
        return frozenset({6})
    if change.kind in ("doubled", "spaces"):
        return SUCCESS
    place = ".".join(part for part in change.path if isinstance(part, str))
    if change.kind == "unknown":
        return expected_of_unknown(call, place)
    if change.kind == "type" and call.verb == "ADD" and place in READ_ON_ADD[call.plugin] | ipam_keys(call):
        return frozenset({6})
    if change.key == "name" and change.path == ("name",) and change.kind in ("null", "removed"):
        return frozenset({7})
    if change.path == ("cniVersion",) and change.kind == "text" and change.value in ("1.2.0", "9.9.9", "1.0", "true"):
        return frozenset({1, 6})
    return None


def ipam_keys(call: Call) -> set[str]:
    return IPAM if "ipam" in call.document and call.plugin != "loopback" else set()


def expected_of_unknown(call: Call, place: str) -> frozenset[int] | None:
    """Unknown keys do no harm, unless the configuration is strict and the object is one of ours."""
    if call.document.get("strict") is not True:
        return SUCCESS
    if call.plugin in ADDRESS_PLUGINS and not place:
        return SUCCESS  # the top is for whoever delegates
    if call.verb == "ADD" and place in (IN_STRICT_OBJECTS if call.plugin != "loopback" else {""}):
        return frozenset({2})
    return None


def expected_of_environment(call: Call, change: Change) -> frozenset[int] | None:
    name, value = change.key, change.value
    if name == "CNI_COMMAND":
        return frozenset({4}) if value else SUCCESS  # without a command a plugin says what it is
    if name == "CNI_PATH":
        return None if value or call.verb == "VERSION" else frozenset({4})
    if call.verb not in ATTACHING:
        return SUCCESS
    if name == "CNI_NETNS":
        return expected_of_namespace(call, value)
    if name == "CNI_ARGS":
        return None
    bad = {"CNI_CONTAINERID": {"", None, *BAD_IDS}, "CNI_IFNAME": {"", None, *BAD_IFNAMES}}[name]
    return frozenset({4}) if value in bad else None


def expected_of_namespace(call: Call, value: object) -> frozenset[int] | None:
    if not value:
        return SUCCESS if call.verb == "DEL" else frozenset({4})
    if value in OWN_NETNS:
        return None if call.verb == "CHECK" else frozenset({8})
    if value in NETNS.values() and call.verb == "ADD" and call.plugin not in ADDRESS_PLUGINS:
        return frozenset({8})
    return None


# How errors speak of some keys.
SPOKEN = {
    "cniVersion": ("version",),
    "type": ("plugin", "no valid ip"),
    "ipam": ("no valid ip", "gave no address"),
    "addresses": ("no valid ip", "gave no address", "address"),
    **dict.fromkeys(("ranges", "subnet", "rangeStart", "rangeEnd", "gateway"), ("range set",)),
}


def names_the_place(change: Change, error: dict[str, Any]) -> bool:
    """Whether the error tells where to look: the key, its parent, or the value that is there."""
    said = text_of(error).lower()
    value = change.value if isinstance(change.value, str) else json.dumps(change.value)
    shown = {value.lower(), repr(change.value).lower().strip("'"), json.dumps(change.value).lower().strip('"')}
    words = (change.key.lower(), *SPOKEN.get(change.key, ()))
    return any(word in said for word in words) or any(form[:60] in said for form in shown if form)


def describe(sent: Input) -> str:
    """The input, for a failing test's message."""
    return f"{sent.plugin} {sent.environ} {sent.stdin[:2000]!r}"
