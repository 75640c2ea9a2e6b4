"""What somebody may hand to `poplin autogen`: a valid intent changed in some places, any JSON, any bytes."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from typing import Any

from autogen.intents import make_intent
from autogen.rules import PROFILES, SPELLINGS, USED, expect
from hypothesis import strategies as st
from storms.fuzz_changes import find, places
from storms.fuzz_values import JSON_TYPES, NUMBERS

INTENTS = 2000  # different valid ones to start from
TEXTS = (
    *("", " ", "\0", "a\nb", "\ud800", "\udcff\ud83d", "a/b", "a\\b", "..", "ünïcode☃", "x" * 5000, "<&'>", "\x1b[2J"),
    *(
        "192.168.0.0/24",
        "192.168.0.7/24",
        "192.168.0.7",
        "0.0.0.0/0",
        "10.0.0.1/33",
        "fd00::/64",
        "::1",
        "::ffff:1.2.3.4",
    ),
    *("10.0.0.1,10.1.0.0/16", "10.0.0.1, 10.0.0.2", ",", "80", "80-90", "90-80", "0", "65536", "6", "6,17", "tcp", "٦"),
    *(
        "Allow",
        "allow",
        "Block",
        "In",
        "Out",
        "Host",
        "ACL",
        "acl",
        "OutBoundNAT",
        "SDNRoute",
        "QOS",
        "Foo",
        "PortMapping",
    ),
    *("sdnbridge", "NAT", "win-bridge", "L2Tunnel", "1.0.0", "0.3.1", "9.9.9", "1.0", "true", "False", "-", "null"),
)
SETTINGS = (
    *("Action", "Direction", "Priority", "RemoteAddresses", "LocalPorts", "Remoteports", "Protocols", "RuleType"),
    *(
        "ipam",
        "dns",
        "policies",
        "plugins",
        "AdditionalArgs",
        "Value",
        "runtimeConfig",
        "routes",
        "subnet",
        "apiVersion",
    ),
    *("Scope", "Exceptions", "VirtualIP", "Destinations", "DestinationPrefix", "NeedEncap", "NextHop", "Nobody"),
)
KEYS = (
    *("Name", "Type", "Version", "SkipDefaultPolicies", "InfraParams", "DhcpEnabled", "DhcpCheckTimeout", "Settings"),
    *USED,
    *(name for names in SPELLINGS.values() for name in names),
    *SETTINGS,
)
PRIORITIES = (-1, 0, 99, 100, 200, 2999, 3000, 4096, 4097, 8000, 8001, 65535, 65536, True, 200.0, "200", 10**400, None)
DEEP = b'{"Name":' + b"[" * 20_000 + b"]" * 20_000 + b"}"

json_values = st.recursive(
    st.none() | st.booleans() | st.sampled_from(NUMBERS) | st.sampled_from(TEXTS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=10,
)
junk = st.one_of(
    st.sampled_from(TEXTS),
    st.sampled_from(PRIORITIES),
    st.sampled_from(NUMBERS),
    st.sampled_from(JSON_TYPES),
    json_values,
)
profiles = st.sampled_from(PROFILES)
options = st.lists(
    st.sampled_from(
        (
            ("--strict",),
            ("--list",),
            ("--crlf",),
            ("--verbose",),
            ("--explain",),
            ("--json",),
            ("--format", "powershell"),
        )
    ),
    max_size=3,
    unique=True,
).map(lambda chosen: [word for words in chosen for word in words])


@st.composite
def inputs(draw: st.DrawFn, profile: str) -> bytes:
    """The bytes of an intent, more or less."""
    kind = draw(st.sampled_from(("changed",) * 6 + ("bytes", "keys", "json", "noise")))
    if kind == "noise":
        return draw(st.binary(max_size=60))
    if kind == "json":
        return dump(draw(json_values))
    if kind == "keys":
        return dump(draw(st.dictionaries(st.sampled_from(KEYS), junk, max_size=9)))
    intent = make_intent(draw(st.integers(0, INTENTS - 1)), profile)
    if kind == "bytes":
        return draw(changed_bytes(json.dumps(intent, ensure_ascii=False).encode()))
    for _ in range(draw(st.integers(0, 3))):
        intent = draw(changed(intent))
    return dump(intent)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """The bytes of a configuration, more or less; some are lists."""
    kind = draw(st.sampled_from(("changed",) * 6 + ("bytes", "json", "noise")))
    if kind == "noise":
        return draw(st.binary(max_size=60))
    if kind == "json":
        return dump(draw(json_values))
    profile = draw(profiles)
    document = expect(make_intent(draw(st.integers(0, INTENTS - 1)), profile), profile)
    if draw(st.booleans()):
        rest = {key: value for key, value in document.items() if key not in ("cniVersion", "name")}
        document = {"cniVersion": document["cniVersion"], "name": document["name"], "plugins": [rest]}
    if kind == "bytes":
        return draw(changed_bytes(json.dumps(document, ensure_ascii=False).encode()))
    for _ in range(draw(st.integers(0, 3))):
        document = draw(changed(document))
    return dump(document)


def dump(value: object) -> bytes:
    return json.dumps(value).encode()


@st.composite
def changed(draw: st.DrawFn, intent: dict[str, Any]) -> dict[str, Any]:
    """The intent with one thing different: a value, a key, an element."""
    intent = deepcopy(intent)
    known = list(places(intent))
    if not known:
        return {draw(st.sampled_from(KEYS)): draw(junk)}
    path, old = draw(st.sampled_from(known))
    place, last = find(intent, path[:-1]), path[-1]
    how = draw(st.sampled_from(("value", "value", "value", "gone", "twice", "more")))
    if how == "gone":
        del place[last]
    elif how == "twice" and isinstance(place, dict):
        place[draw(st.sampled_from((last.lower(), last.upper(), last.swapcase())))] = old
    elif how == "twice":
        place.append(old)
    elif how == "more" and isinstance(place, dict):
        place[draw(st.sampled_from(KEYS))] = draw(junk)
    else:
        place[last] = draw(junk)
    return intent


@st.composite
def changed_bytes(draw: st.DrawFn, whole: bytes) -> bytes:
    cut = draw(st.integers(0, len(whole) - 1))
    return draw(
        st.sampled_from(
            (
                whole,
                whole[:cut],
                whole[:cut] + draw(st.binary(min_size=1, max_size=2)) + whole[cut:],
                whole[:cut] + whole[cut + 1 :],
                whole + whole,
                b"\xef\xbb\xbf" + whole,
                whole.decode().encode("utf-16"),
                whole.decode().encode("utf-16-be"),
                whole.decode().encode("cp1252", "replace"),
                whole.replace(b":", b": NaN", 1),
                whole[:-1] + b', "Number": ' + b"9" * 5000 + b"}",
                whole[:-1] + b', "AdditionalPolicies": [{"Type": "Foo", "Settings": {"a": -Infinity}}]}',
                whole[:-1] + b', "Name": "twice"}',
                DEEP,
                b"[" * 100_000,
            )
        )
    )


@st.composite
def calls(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """Arguments without the target, and stdin; `intent` is the file that has the same bytes as stdin."""
    profile = draw(profiles)
    data = draw(inputs(profile))
    more = [*draw(options), "--profile", profile]
    how = draw(st.sampled_from(("base64", "base64", "base64", "stdin", "stdin", "text")))
    if how == "base64":
        return ["--cni-args", b64encode(data).decode(), *more], b""
    if how == "text":  # not base64 at all, or only by chance
        return [f"--cni-args={draw(st.text(max_size=20))}", *more], b""
    return ["--from-json", "-", *more], data
