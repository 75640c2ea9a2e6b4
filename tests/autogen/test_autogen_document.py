"""Profile 1.0.0: the document's examples as printed, its sample output, and what it says about each key."""

from __future__ import annotations

import json
from typing import Any

import pytest
from autogen.documents import problems_of, settings_of, summary
from autogen.examples import ADDITIONAL, BASIC, CNI_ARGS, SAMPLE_TEXT, acl, full_intent, policy, sample_intent
from autogen.replies import warnings_of
from autogen.rules import expect, in_order

from poplin.autogen import generate, read_base64, read_json, render

SAMPLE = json.loads(SAMPLE_TEXT)
OPEN = {"Subnet": "192.168.0.0/24", "Gateway": "192.168.0.2", "InfraPrefix": "172.16.0.0/24"}


# The examples.


def test_the_sample_output_comes_out_value_for_value_and_in_its_order() -> None:
    made = generate(sample_intent())
    assert in_order(made.document) == in_order(SAMPLE)
    assert made.warnings == ()


def test_the_sample_output_comes_out_as_printed() -> None:
    assert render(generate(sample_intent()).document, "powershell") == SAMPLE_TEXT.encode()


def test_json_is_the_same_document_with_four_spaces_and_one_space_after_the_colon() -> None:
    assert render(generate(sample_intent()).document) == (json.dumps(SAMPLE, indent=4) + "\n").encode()


def test_the_misspelt_type_of_the_example_is_passed_through_with_a_warning() -> None:
    made = generate({**sample_intent(), "Type": "sdbridge"})
    assert in_order(made.document) == in_order({**SAMPLE, "type": "sdbridge"})
    (warning,) = made.warnings
    assert "'sdbridge'" in warning
    assert "did you mean 'sdnbridge'?" in warning


def test_the_basic_example_works_as_printed() -> None:
    made = generate(read_json(BASIC))
    assert in_order(made.document) == in_order(expect(json.loads(BASIC), "1.0.0"))
    assert made.document["cniVersion"] == "0.2.0"
    assert made.document["dns"] == {"Nameservers": ["8.8.8.8"], "Search": ["svc.cluster.local"]}
    assert settings_of(made.document, "OutBoundNAT") == [{"Exceptions": ["192.168.0.0/24"]}]
    priorities = [None, 4999, 5003, 5000, 5002, 5002, 6001, 6002, 6003]
    assert [priority for _, priority in summary(made.document)] == priorities
    assert [key for key in ("LocalEndpoint", "ManagementIp") if any(key in text for text in made.warnings)] == [
        "LocalEndpoint",
        "ManagementIp",
    ]
    assert len(made.warnings) == 2


def test_the_example_with_policies_works_as_printed() -> None:
    made = generate(read_json(ADDITIONAL))
    assert in_order(made.document) == in_order(expect(json.loads(ADDITIONAL), "1.0.0"))
    assert [priority for _, priority in summary(made.document)] == [
        *(None, None, 4999, 5003, 2001, 2000, 5000, 5002, 5002, 6001, 6002, 6003)
    ]


@pytest.mark.facts("autogen", 32)
def test_the_base64_example_decodes_and_its_older_names_are_understood() -> None:
    """Decoded by hand; `DnsServer` and `Policies` are what the document calls DnsServers and AdditionalPolicies."""
    intent = read_base64(CNI_ARGS)
    assert in_order(intent) == in_order(
        {
            "Name": "azure-cni",
            "Type": "L2Bridge",
            "Subnet": "192.168.0.0/24",
            "LocalEndpoint": "192.168.0.1",
            "InfraPrefix": "172.16.0.0/24",
            "Gateway": "192.168.0.2",
            "DnsServer": "8.8.8.8",
            "Policies": [
                policy(
                    "ACL",
                    RemoteAddresses="192.168.0.122",
                    Remoteports="8080",
                    Action="Block",
                    Protocols="6",
                    Direction="Out",
                    Priority=200,
                ),
                policy("ACL", Action="Allow", Direction="Out", Priority=2000),
                policy("SDNRoute", DestinationPrefix="10.0.0.0/8", NeedEncap=True),
            ],
        }
    )
    made = generate(intent)
    assert in_order(made.document) == in_order(expect(intent, "1.0.0"))
    assert summary(made.document) == [
        ("OutBoundNAT", None),
        ("SDNRoute", None),
        *(("ACL", each) for each in (4999, 5003, 200, 2000, 5000, 5001, 5002, 5002, 6001, 6002, 6003)),
    ]
    (warning,) = made.warnings
    assert "ManagementIp" in warning


@pytest.mark.facts("autogen", 32)
def test_the_sample_invocation_writes_its_file(autogen: Any) -> None:
    done = autogen("-CniArgs", CNI_ARGS)
    assert (done.status, done.output) == (0, "")
    with open("cni.conf", "rb") as file:
        assert in_order(json.load(file)) == in_order(expect(read_base64(CNI_ARGS), "1.0.0"))


# Keys.


@pytest.mark.facts("autogen", 23)
def test_one_dns_server_may_be_a_string() -> None:
    assert generate(full_intent(DnsServers="8.8.8.8")).document["dns"]["Nameservers"] == ["8.8.8.8"]


@pytest.mark.facts("autogen", 24)
def test_several_dns_servers_keep_their_order() -> None:
    servers = ["8.8.8.8", "1.1.1.1", "2001:db8::53"]
    assert generate(full_intent(DnsServers=servers)).document["dns"]["Nameservers"] == servers


@pytest.mark.parametrize("key", ["AdditionalPolicies", "AddditionalPolicies", "Policies", "additionalpolicies"])
@pytest.mark.parametrize("as_list", [True, False])
def test_three_spellings_of_the_policies_and_one_may_stand_alone(key: str, as_list: bool) -> None:
    added = acl("10.9.0.0/16", "Allow", 300)
    made = generate(full_intent(**{key: [added] if as_list else added}))
    assert made.warnings == ()
    assert [priority for _, priority in summary(made.document)][:4] == [None, 4999, 5003, 300]


@pytest.mark.parametrize("key", ["DnsServer", "dnsserver", "DNSSERVERS"])
def test_spellings_of_the_dns_servers(key: str) -> None:
    made = generate(full_intent(DnsServers=None, **{key: "8.8.4.4"}))
    assert made.document["dns"]["Nameservers"] == ["8.8.4.4"]
    assert made.warnings == ()


@pytest.mark.parametrize("change", [str.lower, str.upper, str.swapcase])
def test_keys_may_be_in_any_case(change: Any) -> None:
    intent = {change(key): value for key, value in sample_intent().items()}
    assert in_order(generate(intent).document) == in_order(SAMPLE)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Name", "name"),
        ("Subnet", "SUBNET"),
        ("DnsServers", "DnsServer"),
        ("AdditionalPolicies", "Policies"),
        ("AdditionalPolicies", "AddditionalPolicies"),
    ],
)
def test_two_spellings_of_one_key_are_refused(one: str, other: str) -> None:
    intent = full_intent(AdditionalPolicies=[], DnsServers="8.8.8.8")
    (problem,) = problems_of({**intent, other: intent[one]})
    assert f"{one!r}" in problem or one in problem.split()
    assert other in problem


def test_unknown_keys_warn_with_the_nearest() -> None:
    made = generate(full_intent(Gatway="192.168.0.9", Colour="red"))
    assert in_order(made.document) == in_order(expect(full_intent(), "1.0.0"))
    near, far = made.warnings
    assert "Gatway" in near
    assert "Gateway" in near.replace("Gatway", "")
    assert "Colour" in far


def test_the_scripts_own_keys_are_unknown_to_the_document() -> None:
    made = generate(full_intent(SkipDefaultPolicies="true"))
    (warning,) = made.warnings
    assert "SkipDefaultPolicies" in warning
    assert len(made.policies) == len(generate(full_intent()).policies)


@pytest.mark.parametrize(
    ("key", "lost", "ipam", "nameservers"),
    [
        ("Gateway", [], {"environment": "azure", "subnet": "192.168.0.0/24"}, True),
        ("Subnet", [6002], {"environment": "azure", "routes": [{"GW": "192.168.0.2"}]}, True),
        ("DnsServers", [], None, False),
        ("LocalEndpoint", [5001], None, True),
        ("InfraPrefix", [6001], None, True),
        ("ManagementIp", [], None, True),
    ],
)
def test_what_needs_an_absent_key_is_left_out_with_a_warning_that_names_it(
    key: str, lost: list[int], ipam: dict[str, Any] | None, nameservers: bool
) -> None:
    intent = full_intent(**{key: None})
    made = generate(intent)
    assert in_order(made.document) == in_order(expect(intent, "1.0.0"))
    (warning,) = made.warnings
    assert key in warning
    everything = [4999, 5003, 5000, 5001, 5002, 5002, 6001, 6002, 6003]
    assert [p for _, p in summary(made.document) if p] == [each for each in everything if each not in lost]
    whole = {"environment": "azure", "subnet": "192.168.0.0/24", "routes": [{"GW": "192.168.0.2"}]}
    assert made.document["ipam"] == (ipam or whole)
    assert ("Nameservers" in made.document["dns"]) is nameservers
    assert made.document["dns"]["Search"] == ["svc.cluster.local"]
    exceptions = {"Subnet": "192.168.0.0/24", "ManagementIp": "10.0.0.10/32"}
    assert settings_of(made.document, "OutBoundNAT") == [
        {"Exceptions": [value for name, value in exceptions.items() if name != key]}
    ]


def test_without_any_address_what_is_constant_remains() -> None:
    made = generate({"Name": "n", "Type": "nat"})
    assert [each for _, each in summary(made.document)] == [4999, 5003, 5000, 5002, 5002, 6003]
    assert made.document["ipam"] == {"environment": "azure"}
    assert made.document["dns"] == {"Search": ["svc.cluster.local"]}
    for key in ("DnsServers", "Gateway", "Subnet", "LocalEndpoint", "InfraPrefix", "ManagementIp"):
        assert any(key in warning for warning in made.warnings), key


@pytest.mark.facts("autogen", 25)
@pytest.mark.parametrize(("version", "expected"), [(None, "0.2.0"), ("0.3.0", "0.3.0"), ("1.0.0", "1.0.0")])
def test_version_is_the_cni_version(version: str | None, expected: str) -> None:
    assert generate(full_intent(Version=version)).document["cniVersion"] == expected


def test_a_version_that_cni_does_not_know_warns() -> None:
    made = generate(full_intent(Version="0.9.7"))
    assert made.document["cniVersion"] == "0.9.7"
    assert any("'0.9.7'" in warning for warning in made.warnings)


@pytest.mark.parametrize(("version", "said"), [("0.4.0", 0), ("1.0.0", 1), ("1.1.0", 1)])
def test_single_configurations_of_version_1_warn_that_they_were_removed(generate: Any, version: str, said: int) -> None:
    single = warnings_of(generate(full_intent(Version=version)))
    assert len([line for line in single if "removed" in line and "--list" in line]) == said
    listed = warnings_of(generate(full_intent(Version=version), "--list"))
    assert [line for line in listed if "removed" in line] == []


def test_a_gateway_outside_the_subnet_warns() -> None:
    made = generate(full_intent(Gateway="192.168.9.1"))
    (warning,) = made.warnings
    assert "Gateway" in warning
    assert "192.168.9.1" in warning
    assert made.document["ipam"]["routes"] == [{"GW": "192.168.9.1"}]


@pytest.mark.parametrize("known", ["sdnbridge", "nat", "sdnoverlay", "L2Bridge", "NAT", "Overlay"])
def test_known_types_pass_without_a_word(known: str) -> None:
    made = generate(full_intent(Type=known))
    assert made.document["type"] == known
    assert made.warnings == ()


def test_the_documents_l2tunnel_passes_though_the_plugins_of_today_refuse_it() -> None:
    made = generate(full_intent(Type="L2Tunnel"))
    assert made.document["type"] == "L2Tunnel"
    (warning,) = made.warnings
    assert "'L2Tunnel'" in warning


NO_IPAM_TYPE = 'plugin win-overlay: ipam.type: is missing; write something like "host-local"'


@pytest.mark.parametrize(
    ("other", "ours", "warnings"), [("win-bridge", "sdnbridge", ()), ("win-overlay", "sdnoverlay", (NO_IPAM_TYPE,))]
)
def test_the_other_family_of_plugins_passes_with_a_warning_that_it_reads_no_policies(
    other: str, ours: str, warnings: tuple[str, ...]
) -> None:
    made = generate(full_intent(Type=other))
    assert in_order(made.document) == in_order(expect(full_intent(Type=other), "1.0.0"))
    assert made.warnings == (
        *warnings,
        f"Type: {other} ignores optionalFlags and AdditionalArgs, so all policies; {ours} reads them",
    )


def test_an_infra_prefix_may_be_ipv6() -> None:
    made = generate(full_intent(InfraPrefix="fd00:12::/48"))
    assert [each["RemoteAddresses"] for each in settings_of(made.document, "ACL") if each["Priority"] == 6001] == [
        "fd00:12::/48"
    ]


# Strictly.


@pytest.mark.parametrize(
    "key", ["Name", "Type", "DnsServers", "Gateway", "Subnet", "LocalEndpoint", "InfraPrefix", "ManagementIp"]
)
def test_strict_wants_every_key_the_document_marks_mandatory(key: str) -> None:
    if key == "ManagementIp":  # the document does not know it
        assert generate(full_intent(ManagementIp=None), strict=True).document["name"] == "azure-cni"
        return
    (problem,) = problems_of(full_intent(**{key: None}), strict=True)
    assert key in problem


@pytest.mark.parametrize("key", ["Name", "Type"])
def test_name_and_type_are_always_mandatory(key: str) -> None:
    (problem,) = problems_of(full_intent(**{key: None}))
    assert key in problem


def test_strict_does_not_mind_an_unknown_plugin_type() -> None:
    made = generate(full_intent(Type="sdbridge"), strict=True)
    assert any("did you mean 'sdnbridge'?" in warning for warning in made.warnings)


@pytest.mark.facts("autogen", 33)
def test_the_basic_example_is_refused_strictly_for_what_it_lacks(refuse: Any) -> None:
    """The document's profile misses LocalEndpoint, which the document marks mandatory; the script's ManagementIp."""
    assert "LocalEndpoint" in refuse(BASIC, "--strict")
    assert "ManagementIp" in refuse(BASIC, "--profile", "0.3.1")


# The result.


def test_a_list_has_version_and_name_and_the_rest_is_its_only_plugin() -> None:
    made, listed = (generate(full_intent(Version="1.0.0"), as_list=wanted) for wanted in (False, True))
    rest = {key: value for key, value in made.document.items() if key not in ("cniVersion", "name")}
    expected = {"cniVersion": "1.0.0", "name": "azure-cni", "plugins": [rest]}
    assert in_order(listed.document) == in_order(expected)


def test_policies_tell_where_they_come_from() -> None:
    route, rule = policy("SDNRoute", DestinationPrefix="10.0.0.0/8", NeedEncap=True), acl("10.9.0.0/16", "Allow", 300)
    made = generate(full_intent(Policies=[rule, route]))
    assert [(each.type, each.origin, each.is_default) for each in made.policies][1:5] == [
        ("SDNRoute", "Policies[1]", False),
        ("ACL", "default 4999", True),
        ("ACL", "default 5003", True),
        ("ACL", "Policies[0]", False),
    ]
    assert made.policies[0].is_default
    assert [each.settings for each in made.policies] == [
        each["Value"]["Settings"] for each in made.document["AdditionalArgs"]
    ]


def test_generating_does_not_change_the_intent() -> None:
    intent = sample_intent()
    text = json.dumps(intent)
    made = generate(intent)
    made.document["AdditionalArgs"][1]["Value"]["Settings"]["NeedEncap"] = "changed"
    assert json.dumps(intent) == text


@pytest.mark.facts("autogen", 39)
@pytest.mark.parametrize("profile", ["1.0.0", "0.3.1"])
def test_the_same_input_gives_the_same_bytes(profile: str) -> None:
    one, two = (render(generate(full_intent(), profile).document) for _ in range(2))
    assert one == two
