"""Values that make no sense: each is refused in one line that names its place, and nothing is written."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from autogen.examples import full_intent, policy

PROFILES = ("1.0.0", "0.3.1")
NO_TEXT = (None, True, 5, 1.5, {}, {"x": "y"})
NO_ADDRESS = (
    *NO_TEXT,
    *("", " ", "192.168.0", "192.168.0.300", "192.168.00.2", "192.168.0.2/24", "192.168.0.2/32", " 192.168.0.2"),
    *("192.168.0.2 ", "192.168.0.2\n", "192.168.0.2\0", "0x7f.0.0.1", "3232235522", "gateway", "fe80::1", "::"),
    *("::ffff:192.168.0.2", "192.168.0.2,192.168.0.3", "١٩٢.168.0.2", ["192.168.0.2"]),
)
NO_PREFIX = (
    *NO_TEXT,
    *("", "/", "192.168.0.0", "192.168.0.1/24", "192.168.0.0/33", "192.168.0.0/-1", "192.168.0.0/024", "192.168.0.0/"),
    *("192.168.0.0/24 ", "192.168.0.0/255.255.255.0", "192.168.0/24", "192.168.0.0/24/24", "192.168.0.0/٢٤"),
    *("/24", "subnet", ["192.168.0.0/24"]),
)
BAD: dict[str, tuple[object, ...]] = {
    "Name": (
        *NO_TEXT,
        "",
        "a/b",
        "a\\b",
        "..",
        ".",
        "a\nb",
        "a\0b",
        "a\tb",
        "a\x7fb",
        "a:b",
        "a<b",
        "a>b",
        "a|b",
        "a?b",
        "a*b",
        'a"b',
        ["a"],
    ),
    "Type": (*NO_TEXT, "", ["sdnbridge"]),
    "Version": (
        *NO_TEXT,
        "",
        "1",
        "1.0",
        "1.0.0.0",
        "v1.0.0",
        "1.0.x",
        "1..0",
        " 0.3.0",
        "0.3.0\n",
        "0,3,0",
        ["0.3.0"],
    ),
    "DnsServers": (
        *NO_TEXT,
        *("", "8.8.8", "8.8.8.8/32", "dns.example", "8.8.8.8,1.1.1.1", "8.8.8.8 ", "fe80::1%eth0", "2001:db8::g"),
        *([""], ["8.8.8.8", "x"], [8], [None], [["8.8.8.8"]], ["8.8.8.8", None]),
    ),
    "Gateway": NO_ADDRESS,
    "ManagementIp": (*NO_ADDRESS, "10.0.0.10/32"),
    "Subnet": (*NO_PREFIX, "fd00::/64", "::ffff:192.168.0.0/120"),
    "InfraPrefix": (*NO_PREFIX, "fd00::1/64", "fd00::/129"),
    "AdditionalPolicies": (None, True, 5, "ACL", [None], ["ACL"], [[]], [5], [{}]),
}
POLICIES: tuple[object, ...] = (
    {"Type": "ACL"},
    {"Settings": {}},
    {"Type": "", "Settings": {}},
    {"Type": None, "Settings": {}},
    {"Type": 5, "Settings": {}},
    {"Type": ["ACL"], "Settings": {}},
    {"Type": "SDNRoute", "Settings": None},
    {"Type": "SDNRoute", "Settings": []},
    {"Type": "SDNRoute", "Settings": "x"},
    {"Type": "SDNRoute", "Value": {"DestinationPrefix": "10.0.0.0/8", "NeedEncap": True}},
    {"Type": "Foo", "Settings": None},
)
LIST_OF_ADDRESSES = (
    *(None, True, 5, ["10.0.0.1"], {}, "", ",", "10.0.0", "10.0.0.1,", ",10.0.0.1", "10.0.0.1, 10.0.0.2"),
    *("10.0.0.1/8", "10.0.0.1;10.0.0.2", "10.0.0.1-10.0.0.9", "10.0.0.0/33", "any", "*"),
)
LIST_OF_PORTS = (
    *(None, True, 80, ["80"], {}, "", "0", "65536", "-1", "80-", "-80", "80-79", "0-80", "1-65536", "80-90-100"),
    *("http", "80, 81", "80,", "80;81", " 80", "8e1", "+80", "٨٠", "any"),
)
SETTINGS: dict[str, dict[str, tuple[object, ...]]] = {
    "ACL": {
        "Action": (None, True, 1, "", "allow", "Alow", "ALLOW", "Deny", "Allow ", ["Allow"], {}),
        "Direction": (None, False, 1, "", "out", "Both", "Outbound", ["In"], {}),
        "RuleType": (None, 1, "", "host", "Endpoint", ["Host"]),
        "Priority": (None, True, False, "3100", 3100.5, 3100.0, [3100], {}, 0, -1, 65536, 10**30),
        "RemoteAddresses": LIST_OF_ADDRESSES,
        "LocalAddresses": LIST_OF_ADDRESSES,
        "RemotePorts": LIST_OF_PORTS,
        "LocalPorts": LIST_OF_PORTS,
        "Protocols": (None, 6, ["6"], "", "tcp", "257", "-1", "6, 17", "6,", "6-17", "any", "+6", " 6"),
    },
    "OutBoundNAT": {
        "Exceptions": (None, True, "10.0.0.0/8", 5, {}, ["x"], [5], [None], [""], ["10.0.0.1/8"], ["10.0.0.0/8", "y"]),
        "VirtualIP": (5, ["10.0.0.1"]),
        "Destinations": (5, "10.0.0.0/8"),
    },
    "SDNRoute": {
        "DestinationPrefix": (None, 5, "", "10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", ["10.0.0.0/8"]),
        "NeedEncap": (None, 0, 1, "true", "", []),
        "NextHop": (5, True, ["10.0.0.1"]),
    },
}
GOOD = {
    "ACL": {"Action": "Allow", "Direction": "Out", "Priority": 3100},
    "OutBoundNAT": {"Exceptions": ["10.0.0.0/8"]},
    "SDNRoute": {"DestinationPrefix": "10.0.0.0/8", "NeedEncap": True},
}
REQUIRED = [(kind, name) for kind, settings in GOOD.items() for name in settings]

each_profile = pytest.mark.parametrize("profile", PROFILES)


def name_of(value: object) -> str:
    return json.dumps(value)[:40]


@each_profile
@pytest.mark.parametrize(
    ("key", "value"),
    [pytest.param(key, value, id=f"{key} {name_of(value)}") for key, values in BAD.items() for value in values],
)
def test_value_of_a_key(refuse: Any, profile: str, key: str, value: object) -> None:
    intent = full_intent()
    intent[key] = value
    line = refuse(intent, "--profile", profile)
    assert line.startswith(key)
    assert_plain(line, value)


@pytest.mark.parametrize("value", NO_ADDRESS, ids=name_of)
def test_value_of_the_local_endpoint(refuse: Any, value: object) -> None:
    line = refuse({**full_intent(), "LocalEndpoint": value})
    assert line.startswith("LocalEndpoint")
    assert_plain(line, value)


@each_profile
@pytest.mark.parametrize("entry", POLICIES, ids=name_of)
def test_shape_of_a_policy(refuse: Any, profile: str, entry: object) -> None:
    good = policy("SDNRoute", **GOOD["SDNRoute"])
    line = refuse(full_intent(AdditionalPolicies=[good, entry]), "--profile", profile)
    assert line.startswith("AdditionalPolicies[1]")


@each_profile
@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        pytest.param(kind, name, value, id=f"{kind} {name} {name_of(value)}")
        for kind, names in SETTINGS.items()
        for name, values in names.items()
        for value in values
    ],
)
def test_value_of_a_setting(refuse: Any, profile: str, kind: str, name: str, value: object) -> None:
    bad = policy(kind, **{**GOOD[kind], name: value})
    line = refuse(full_intent(AdditionalPolicies=[bad]), "--profile", profile)
    assert line.startswith(f"AdditionalPolicies[0].Settings.{name}")
    assert_plain(line, value)


@each_profile
@pytest.mark.parametrize(("kind", "name"), REQUIRED)
def test_setting_that_is_missing(refuse: Any, profile: str, kind: str, name: str) -> None:
    bad = policy(kind, **{key: value for key, value in GOOD[kind].items() if key != name})
    line = refuse(full_intent(AdditionalPolicies=[bad]), "--profile", profile)
    assert line.startswith("AdditionalPolicies[0]")
    assert name in line


@each_profile
@pytest.mark.parametrize(("kind", "name"), REQUIRED)
def test_setting_in_another_case_counts(generate: Any, profile: str, kind: str, name: str) -> None:
    settings = {key.lower() if key == name else key: value for key, value in GOOD[kind].items()}
    done = generate(full_intent(AdditionalPolicies=[policy(kind, **settings)]), "--profile", profile)
    assert name.lower() in done.output


@each_profile
@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("ACL", {"RemotePorts": "80", "Remoteports": "80"}),
        ("ACL", {"priority": 3100}),
        ("SDNRoute", {"needEncap": True}),
        ("OutBoundNAT", {"EXCEPTIONS": ["10.0.0.0/8"]}),
    ],
)
def test_setting_in_two_spellings(refuse: Any, profile: str, kind: str, more: dict[str, Any]) -> None:
    line = refuse(full_intent(AdditionalPolicies=[policy(kind, **GOOD[kind], **more)]), "--profile", profile)
    assert line.startswith("AdditionalPolicies[0].Settings")
    assert list(more)[-1] in line


@each_profile
@pytest.mark.parametrize(
    ("one", "other"), [("Name", "name"), ("Subnet", "SUBNET"), ("AdditionalPolicies", "additionalPolicies")]
)
def test_key_in_two_spellings(refuse: Any, profile: str, one: str, other: str) -> None:
    intent = full_intent(AdditionalPolicies=[])
    line = refuse({**intent, other: intent[one]}, "--profile", profile)
    assert one in line
    assert other in line


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"{}{}",
        b"[]",
        b"null",
        b"5",
        b'"Name"',
        b"{'Name': 'x'}",
        b'{"Name": "x",}',
        b'{"Name": NaN}',
        json.dumps(full_intent()).encode()[:-1] + b', "Name": "again"}',
        b'{"Name": Infinity}',
        b'{"Name": "\xff"}',
        b'{"Name": "a\nb"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"Name": ' + b"9" * 5000 + b"}",
        b"\x00",
    ],
    ids=lambda data: repr(data[:20]),
)
@each_profile
def test_whole_intent(refuse: Any, profile: str, data: bytes) -> None:
    line = refuse(data, "--profile", profile)
    assert re.search(r"is not (JSON|UTF-8|a JSON object)|is given twice|levels of nesting|UTF-16|UTF-32", line)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 5000])
def test_number_that_no_json_has(refuse: Any, number: str) -> None:
    """Settings are copied as they are, so these would be written into a file that nothing can read."""
    text = json.dumps(full_intent(AdditionalPolicies=[policy("Foo", Number="@")])).replace('"@"', number)
    assert re.search(r"the text is not JSON: (-?\w+ is not JSON|.* too large|.*4300 digits)", refuse(text.encode()))


@pytest.mark.parametrize(
    ("text", "nearest"),
    [("Alow", "Allow"), ("allow", "Allow"), ("BLOCK", "Block"), ("pas", "Pass")],
)
def test_word_that_is_nearly_right_is_told(refuse: Any, text: str, nearest: str) -> None:
    bad = policy("ACL", **{**GOOD["ACL"], "Action": text})
    assert f"did you mean {nearest!r}?" in refuse(full_intent(AdditionalPolicies=[bad]))


def test_protocol_by_name_is_told_its_number(refuse: Any) -> None:
    for name, number in (("tcp", "6"), ("udp", "17")):
        bad = policy("ACL", **{**GOOD["ACL"], "Protocols": name})
        assert number in refuse(full_intent(AdditionalPolicies=[bad])).partition(name)[2]


def test_host_bits_are_told_the_network(refuse: Any) -> None:
    assert "192.168.0.0/24" in refuse(full_intent(Subnet="192.168.0.77/24"))
    assert "172.16.0.0/20" in refuse(full_intent(InfraPrefix="172.16.5.0/20"))


def assert_plain(line: str, value: object) -> None:
    """The value is told as Python writes it, cut where it is long; no control character gets through."""
    assert line.isprintable()
    if isinstance(value, str):
        assert repr(value)[:40] in line or (value == "" and "empty" in line)
