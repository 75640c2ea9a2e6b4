"""Profile 0.3.1: what the last published script does, by the rows of the sheet."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from autogen.documents import summary
from autogen.examples import CNI_ARGS, acl, encode, policy, script_intent
from autogen.powershell import layout
from autogen.replies import the_one_line, warnings_of
from autogen.rules import expect, in_order

from poplin.autogen import check

SCRIPT = ("--profile", "0.3.1")
TWO = [acl("192.168.0.0/24", "Allow", 3004), acl("10.0.0.0/24", "Allow", 3005)]
FOUR = [
    acl("192.168.0.0/24", "Allow", 6009),
    acl("10.0.0.0/24", "Allow", 3005),
    acl("11.0.0.0/24", "Block", 5002),
    acl("12.0.0.0/24", "Block", 3002),
]
FULL = script_intent(AdditionalPolicies=TWO)

facts = pytest.mark.facts


def read(reply: Any) -> dict[str, Any]:
    """The generated document."""
    document = json.loads(reply.output)
    assert isinstance(document, dict)
    return document


def acls(*priorities: int) -> list[tuple[str, int]]:
    return [("ACL", priority) for priority in priorities]


# The published cases, byte for byte.


@pytest.mark.parametrize(
    ("intent", "order", "size"),
    [
        pytest.param(
            FULL,
            [("OutBoundNAT", None), *acls(2051, 2052, 2053, 2054, 3004, 3005, 9001, 9002, 9003)],
            8560,
            marks=facts("autogen", 2),
        ),
        pytest.param({**FULL, "SkipDefaultPolicies": "true"}, acls(3004, 3005), 2474, marks=facts("autogen", 3)),
        pytest.param(script_intent(SkipDefaultPolicies="true"), None, 969, marks=facts("autogen", 4)),
        pytest.param(
            script_intent(AdditionalPolicies=FOUR),
            [("OutBoundNAT", None), *acls(2051, 2052, 2053, 2054, 3002, 3005, 5002, 6009, 9001, 9002, 9003)],
            10012,
            marks=facts("autogen", 6),
        ),
    ],
    ids=["tc2", "tc3a", "tc3b", "tc5"],
)
def test_published_case_comes_out_byte_for_byte(
    generate: Any, intent: dict[str, Any], order: list[Any] | None, size: int
) -> None:
    text = generate(intent, *SCRIPT, "--format", "powershell").output
    assert text == layout(expect(intent, "0.3.1")) + "\n"
    assert len(text) == size
    document = json.loads(text)
    if order is None:
        assert list(document) == [
            *("cniVersion", "name", "type", "master", "capabilities", "ipam", "dns", "optionalFlags")
        ]
    else:
        assert summary(document) == order


# Refusals.


@facts("autogen", 1)
def test_without_a_management_address_it_is_refused(refuse: Any) -> None:
    assert "ManagementIp" in refuse(script_intent(ManagementIp=None, AdditionalPolicies=TWO), *SCRIPT)


@facts("autogen", 5)
def test_without_an_intent_it_is_a_mistake_of_usage(autogen: Any) -> None:
    done = autogen(*SCRIPT)
    assert (done.status, done.output) == (2, "")
    assert "--cni-args" in done.errors
    assert os.listdir() == []


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(key, marks=facts("autogen", row))
        for row, key in enumerate(
            ["Name", "Type", "Subnet", "Gateway", "InfraPrefix", "DnsServers", "ManagementIp"], start=7
        )
    ],
)
def test_each_required_key_is_named_when_it_is_missing(refuse: Any, key: str) -> None:
    line = refuse({name: value for name, value in FULL.items() if name != key}, *SCRIPT)
    assert key in line
    assert not [
        other for other in ("Subnet", "Gateway", "InfraPrefix", "ManagementIp") if other in line and other != key
    ]


def test_all_that_is_missing_is_named_at_once(refuse: Any) -> None:
    line = refuse({"Version": "0.2.0"}, *SCRIPT)
    for key in ("Name", "Type", "Subnet", "Gateway", "InfraPrefix", "DnsServers", "ManagementIp"):
        assert key in line


@pytest.mark.parametrize(
    "priority", [pytest.param(2999, marks=facts("autogen", 14)), pytest.param(8001, marks=facts("autogen", 15))]
)
def test_priorities_outside_the_band_are_refused_with_the_real_bounds(refuse: Any, priority: int) -> None:
    line = refuse(script_intent(AdditionalPolicies=[TWO[0], acl("10.0.0.0/24", "Allow", priority)]), *SCRIPT)
    assert line.startswith("AdditionalPolicies[1].Settings.Priority")
    assert str(priority) in line
    assert "3000" in line
    assert "8000" in line
    assert "4096" not in line


@facts("autogen", 28)
def test_an_acl_without_a_priority_is_refused(refuse: Any) -> None:
    line = refuse(script_intent(AdditionalPolicies=[policy("ACL", Action="Allow", Direction="Out")]), *SCRIPT)
    assert "AdditionalPolicies[0]" in line
    assert "Priority" in line


@pytest.mark.parametrize(
    "infra",
    [
        pytest.param({"DhcpEnabled": True, "DhcpCheckTimeout": 5}, marks=facts("autogen", 17)),
        pytest.param({"DhcpEnabled": True, "DhcpCheckTimeout": 800}, marks=facts("autogen", 18)),
        pytest.param({"DhcpEnabled": True, "DhcpCheckTimeout": 65}, marks=facts("autogen", 19)),
        pytest.param({"DhcpCheckTimeout": 90}, marks=facts("autogen", 21)),
        {"DhcpEnabled": False, "DhcpCheckTimeout": 90},
        {"DhcpEnabled": "false", "DhcpCheckTimeout": 90},
        {"DhcpEnabled": True, "DhcpCheckTimeout": 59},
        {"DhcpEnabled": True, "DhcpCheckTimeout": 610},
        {"DhcpEnabled": True, "DhcpCheckTimeout": True},
        {"DhcpEnabled": True, "DhcpCheckTimeout": None},
        {"DhcpEnabled": "yes"},
        {"DhcpEnabled": 1},
        {"DhcpEnabled": None},
        "DhcpEnabled",
        [],
        None,
    ],
    ids=json.dumps,
)
def test_infra_params_that_make_no_sense_are_refused(refuse: Any, infra: object) -> None:
    assert "InfraParams" in refuse({**FULL, "InfraParams": infra}, *SCRIPT)


# What is accepted.


@pytest.mark.parametrize(
    "infra",
    [
        pytest.param({"DhcpEnabled": True}, marks=facts("autogen", 20)),
        pytest.param({"DhcpEnabled": True, "DhcpCheckTimeout": 60}, marks=facts("autogen", 22)),
        pytest.param({"DhcpEnabled": True, "DhcpCheckTimeout": 600}, marks=facts("autogen", 22)),
        {"DhcpEnabled": "true", "DhcpCheckTimeout": 90},
        {"dhcpenabled": True, "DHCPCHECKTIMEOUT": 90},
        {"DhcpEnabled": False},
        {"DhcpEnabled": "false"},
    ],
    ids=json.dumps,
)
def test_infra_params_are_checked_and_never_emitted(generate: Any, infra: object) -> None:
    done = generate({**FULL, "InfraParams": infra}, *SCRIPT)
    assert done.output == generate(FULL, *SCRIPT).output
    assert done.errors == ""


@facts("autogen", 16)
@pytest.mark.parametrize("priority", [3000, 8000])
def test_the_ends_of_the_band_are_inside(generate: Any, priority: int) -> None:
    document = read(generate(script_intent(AdditionalPolicies=[acl("10.9.0.0/16", "Allow", priority)]), *SCRIPT))
    assert summary(document)[5] == ("ACL", priority)


@facts("autogen", 23)
def test_one_dns_server_may_be_a_string(generate: Any) -> None:
    document = read(generate(script_intent(DnsServers="8.8.8.8"), *SCRIPT))
    assert document["dns"] == {"Nameservers": ["8.8.8.8"], "Search": ["svc.cluster.local"]}


@facts("autogen", 24)
def test_two_dns_servers_keep_their_order(generate: Any) -> None:
    document = read(generate(script_intent(DnsServers=["8.8.8.8", "1.1.1.1"]), *SCRIPT))
    assert document["dns"]["Nameservers"] == ["8.8.8.8", "1.1.1.1"]


@facts("autogen", 25)
@pytest.mark.parametrize(("version", "expected"), [(None, "0.2.0"), ("0.3.0", "0.3.0")])
def test_version_is_the_cni_version_and_has_a_default(generate: Any, version: str | None, expected: str) -> None:
    assert read(generate(script_intent(Version=version), *SCRIPT))["cniVersion"] == expected


@facts("autogen", 26)
def test_a_route_without_priority_comes_after_the_default_nat(generate: Any) -> None:
    route = policy("SDNRoute", DestinationPrefix="10.0.0.0/8", NeedEncap=True)
    document = read(generate(script_intent(AdditionalPolicies=[*TWO, route]), *SCRIPT))
    assert in_order(document["AdditionalArgs"][1]["Value"]) == in_order(route)
    assert [kind for kind, _ in summary(document)[:3]] == ["OutBoundNAT", "SDNRoute", "ACL"]


@facts("autogen", 27)
def test_a_users_nat_stands_beside_the_default_one(generate: Any) -> None:
    added = policy("OutBoundNAT", Exceptions=["10.9.0.0/16", "10.8.0.1"])
    document = read(generate(script_intent(AdditionalPolicies=[added]), *SCRIPT))
    nats = [each["Value"]["Settings"] for each in document["AdditionalArgs"] if each["Value"]["Type"] == "OutBoundNAT"]
    assert nats == [{"Exceptions": ["192.168.0.0/24", "10.0.0.10/32"]}, {"Exceptions": ["10.9.0.0/16", "10.8.0.1"]}]


@facts("autogen", 29)
def test_acl_in_lower_case_is_one_and_its_text_is_kept(generate: Any, refuse: Any) -> None:
    added = {**acl("10.9.0.0/16", "Allow", 3100), "Type": "acl"}
    document = read(generate(script_intent(AdditionalPolicies=[added]), *SCRIPT))
    assert in_order(document["AdditionalArgs"][5]["Value"]) == in_order(added)
    added["Settings"]["Priority"] = 2999
    assert "Priority" in refuse(script_intent(AdditionalPolicies=[added]), *SCRIPT)


@facts("autogen", 30)
@pytest.mark.parametrize("value", [False, "false"])
def test_skip_default_policies_skips_whatever_its_value_and_says_so(generate: Any, value: object) -> None:
    done = generate({**FULL, "SkipDefaultPolicies": value}, *SCRIPT)
    assert summary(read(done)) == acls(3004, 3005)
    (warning,) = warnings_of(done)
    assert "SkipDefaultPolicies" in warning


@pytest.mark.parametrize("value", [True, "true"])
def test_skip_default_policies_that_is_true_needs_no_word(generate: Any, value: object) -> None:
    done = generate({**FULL, "SkipDefaultPolicies": value}, *SCRIPT)
    assert summary(read(done)) == acls(3004, 3005)
    assert done.errors == ""


@facts("autogen", 31)
def test_settings_are_copied_with_casing_and_order(generate: Any) -> None:
    added = policy("ACL", Remoteports="8080", Priority=3100, Direction="In", Action="Pass")
    document = read(generate(script_intent(AdditionalPolicies=[added]), *SCRIPT))
    assert in_order(document["AdditionalArgs"][5]["Value"]) == in_order(added)


def test_minus_one_is_no_priority_and_is_not_emitted(generate: Any) -> None:
    users = [
        policy("SDNRoute", DestinationPrefix="10.0.0.0/8", Priority=-1, NeedEncap=True),
        policy("SDNRoute", DestinationPrefix="11.0.0.0/8", NeedEncap=True),
    ]
    document = read(generate(script_intent(AdditionalPolicies=users), *SCRIPT))
    assert [in_order(each["Value"]["Settings"]) for each in document["AdditionalArgs"][1:3]] == [
        in_order({"DestinationPrefix": "10.0.0.0/8", "NeedEncap": True}),
        in_order({"DestinationPrefix": "11.0.0.0/8", "NeedEncap": True}),
    ]


def test_other_policies_are_sorted_by_the_priority_they_carry(generate: Any) -> None:
    route = policy("SDNRoute", DestinationPrefix="10.0.0.0/8", NeedEncap=True, Priority=9002)
    users = [route, acl("10.9.0.0/16", "Allow", 3100), acl("10.8.0.0/16", "Block", 3100)]
    document = read(generate(script_intent(AdditionalPolicies=users[1:]), *SCRIPT))
    assert [each["Value"]["Settings"]["RemoteAddresses"] for each in document["AdditionalArgs"][5:7]] == [
        "10.9.0.0/16",
        "10.8.0.0/16",
    ]
    route["Settings"]["Priority"] = 2500
    assert summary(read(generate(script_intent(AdditionalPolicies=users), *SCRIPT)))[5:7] == [
        ("SDNRoute", 2500),
        ("ACL", 3100),
    ]


def test_keys_may_be_in_any_case(generate: Any) -> None:
    assert (
        generate({key.upper(): value for key, value in FULL.items()}, *SCRIPT).output == generate(FULL, *SCRIPT).output
    )


@pytest.mark.parametrize(("name", "older"), [("DnsServers", "DnsServer"), ("AdditionalPolicies", "Policies")])
def test_older_names_of_keys_are_not_the_scripts(autogen: Any, name: str, older: str) -> None:
    done = autogen("--cni-args", encode({**FULL, older: FULL[name]}), *SCRIPT, "--cni-conf-path", "out")
    assert done.status == 0
    (warning,) = warnings_of(done)
    assert older in warning
    assert json.loads(Path("out").read_text()) == expect(FULL, "0.3.1")


def test_the_local_endpoint_is_not_used_and_that_is_said(generate: Any) -> None:
    done = generate({**FULL, "LocalEndpoint": "192.168.0.1"}, *SCRIPT)
    (warning,) = warnings_of(done)
    assert "LocalEndpoint" in warning
    assert "not used" in warning
    assert done.output == generate(FULL, *SCRIPT).output


# The sample of the document, encodings and files.


@facts("autogen", 32)
def test_the_documents_base64_is_refused_for_the_keys_it_names_otherwise(autogen: Any) -> None:
    line = the_one_line(autogen("-CniArgs", CNI_ARGS, *SCRIPT))
    assert "DnsServers" in line
    assert "ManagementIp" in line
    assert os.listdir() == []


@facts("autogen", 36)
def test_what_was_there_before_stays_when_the_intent_is_invalid(autogen: Any) -> None:
    Path("out").write_bytes(b"old\r\n")
    before = os.stat("out")
    the_one_line(autogen("--cni-args", encode({**FULL, "Gateway": "x"}), "--cni-conf-path", "out", *SCRIPT))
    assert Path("out").read_bytes() == b"old\r\n"
    assert (os.stat("out").st_ino, os.stat("out").st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert os.listdir() == ["out"]


@facts("autogen", 37)
def test_the_default_file_is_cniconf_in_the_current_folder(autogen: Any) -> None:
    done = autogen("--cni-args", encode(FULL), *SCRIPT)
    assert (done.status, done.output, done.errors) == (0, "", "")
    assert os.listdir() == ["cniConf"]
    assert json.loads(Path("cniConf").read_text()) == expect(FULL, "0.3.1")


@facts("autogen", 38)
def test_the_plugin_accepts_the_result(generate: Any) -> None:
    users = [*TWO, policy("SDNRoute", DestinationPrefix="10.0.0.0/8", NeedEncap=True)]
    document = read(generate(script_intent(AdditionalPolicies=users), *SCRIPT))
    assert document["type"] == "sdnbridge"
    assert [str(finding) for finding in check(document) if finding.severity == "error"] == []
    priorities = [priority for _, priority in summary(document) if priority is not None]
    assert all(type(each) is int and 0 < each < 1 << 16 for each in priorities)
    document["AdditionalArgs"][2]["Value"]["Settings"]["Priority"] = 1 << 16
    (error,) = [finding for finding in check(document) if finding.severity == "error"]
    assert error.where.endswith("Settings.Priority")


@facts("autogen", 39)
@pytest.mark.parametrize("options", [(), ("--format", "powershell"), ("--list", "--crlf")])
def test_the_same_input_gives_the_same_bytes(generate: Any, options: tuple[str, ...]) -> None:
    assert generate(FULL, *SCRIPT, *options).output == generate(FULL, *SCRIPT, *options).output


@facts("autogen", 40)
@pytest.mark.parametrize("profile", ["1.0.0", "0.3.1"])
@pytest.mark.parametrize("name", ["a/b", "a\\b", "/", "..", "."])
def test_a_name_with_a_path_separator_is_refused(refuse: Any, profile: str, name: str) -> None:
    line = refuse({**FULL, "Name": name}, "--profile", profile)
    assert line.startswith("Name")
    assert repr(name) in line
