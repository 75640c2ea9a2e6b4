"""`--explain` and `--json`: what the command tells of each policy, for people and for programs."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from autogen.documents import contents
from autogen.examples import SAMPLE_TEXT, encode, full_intent, policy, sample_intent, script_intent
from autogen.replies import warnings_of
from autogen.rules import expect

FULL = encode(full_intent())
PARTIAL = encode({"Name": "n", "Type": "nat"})  # valid, with warnings


def explained(autogen: Any, *arguments: object) -> Any:
    done = autogen(*arguments, "--explain", "--json")
    assert done.status == 0
    return json.loads(done.output)


def test_explain_prints_instead_of_writing_and_with_a_path_does_both(autogen: Any) -> None:
    alone = autogen("--cni-args", FULL, "--explain")
    assert (alone.status, alone.errors) == (0, "")
    assert os.listdir() == []
    both = autogen("--cni-args", FULL, "--explain", "--cni-conf-path", "out")
    assert both.output.startswith(alone.output.rstrip("\n"))
    assert contents("out") == expect(full_intent(), "1.0.0")


def test_explain_has_a_line_for_each_policy_in_the_order_they_act(autogen: Any) -> None:
    text = autogen("--cni-args", encode(sample_intent()), "--explain").output
    words = ["OutBoundNAT", "SDNRoute", "2000", "2001", "4999", "5000", "5001", "5002", "5003", "6001", "6002", "6003"]
    places = [text.index(word) for word in words]
    assert places == sorted(places)
    for word in ("AdditionalPolicies[0]", "AdditionalPolicies[1]", "AdditionalPolicies[2]", "default"):
        assert word in text


def test_explain_as_json(autogen: Any) -> None:
    told = explained(autogen, "--cni-args", encode(sample_intent()))
    assert sorted(told) == ["path", "policies", "version", "warnings"]
    assert (told["version"], told["warnings"], told["path"]) == (1, [], None)
    entries = told["policies"]
    assert [list(each) for each in entries] == [
        ["order", "priority", "type", "settings", "from", "keys", "notes"] for _ in range(13)
    ]
    assert [each["order"] for each in entries] == list(range(1, 14))
    assert [each["priority"] for each in entries] == [
        *(None, None, 2000, 2001, 4999, 5000, 5001, 5002, 5002, 5003, 6001, 6002, 6003)
    ]
    assert [each["from"] for each in entries][1:6] == [
        *("AdditionalPolicies[2]", "AdditionalPolicies[1]", "AdditionalPolicies[0]", "default 4999", "default 5000")
    ]
    assert {each["from"]: each["keys"] for each in entries if each["keys"]} == {
        "default OutBoundNAT": ["Subnet", "ManagementIp"],
        "default 5001": ["LocalEndpoint"],
        "default 6001": ["InfraPrefix"],
        "default 6002": ["Subnet"],
    }
    emitted = [each["Value"] for each in json.loads(SAMPLE_TEXT)["AdditionalArgs"]]
    for each in entries:
        assert {"Type": each["type"], "Settings": each["settings"]} in emitted
    assert [each["settings"]["Protocols"] for each in entries if each["priority"] == 5002] == ["6", "17"]


def test_explain_says_that_the_wire_server_block_precedes_its_dns_allows(autogen: Any) -> None:
    """4999 blocks all that 5002 allows; no other of the document's rules lies wholly behind another."""
    told = explained(autogen, "--cni-args", FULL)
    shadowed = [each["priority"] for each in told["policies"] if any("4999" in note for note in each["notes"])]
    assert [each for each in shadowed if each != 4999] == [5002, 5002]
    text = autogen("--cni-args", FULL, "--explain").output
    assert text.count("4999") > 1


def test_explain_finds_no_such_thing_in_the_scripts_rules(autogen: Any) -> None:
    """Its DNS allows have 2051 and 2052, before the block at 2053."""
    told = explained(autogen, "--cni-args", encode(script_intent()), "--profile", "0.3.1")
    notes = {each["priority"]: each["notes"] for each in told["policies"]}
    assert list(notes) == [None, 2051, 2052, 2053, 2054, 9001, 9002, 9003]
    assert notes[2051] == notes[2052] == []


def test_explain_tells_of_a_users_rule_that_hides_everything_behind_it(autogen: Any) -> None:
    intent = full_intent(AdditionalPolicies=[policy("ACL", Action="Allow", Direction="Out", Priority=2000)])
    told = explained(autogen, "--cni-args", encode(intent))
    hidden = [each["priority"] for each in told["policies"] if any("2000" in note for note in each["notes"])]
    assert [each for each in hidden if each != 2000] == [4999, 5001, 5002, 5002, 5003, 6001, 6002, 6003]


def test_explain_repeats_the_warnings(autogen: Any) -> None:
    done = autogen("--cni-args", PARTIAL, "--explain", "--json")
    assert json.loads(done.output)["warnings"] == warnings_of(autogen("--cni-args", PARTIAL))


# For programs.


def test_json_tells_of_what_was_written(autogen: Any) -> None:
    done = autogen("--cni-args", PARTIAL, "--json", "--cni-conf-path", "out")
    told = json.loads(done.output)
    assert sorted(told) == ["path", "policies", "version", "warnings"]
    assert (done.status, told["version"], told["path"]) == (0, 1, "out")
    assert told["warnings"] == warnings_of(done)
    assert [each["priority"] for each in told["policies"]] == [4999, 5000, 5002, 5002, 5003, 6003]
    assert os.listdir() == ["out"]


@pytest.mark.parametrize("options", [("--json",), ("--json", "--explain")])
def test_json_tells_what_is_wrong(autogen: Any, options: tuple[str, ...]) -> None:
    done = autogen("--cni-args", encode(full_intent(Gateway="x", Subnet="y")), *options)
    told = json.loads(done.output)
    assert sorted(told) == ["problems", "version"]
    assert (done.status, told["version"]) == (1, 1)
    assert [problem.partition(":")[0] for problem in told["problems"]] == ["Gateway", "Subnet"]
    assert len(done.errors.splitlines()) == 1
    assert os.listdir() == []
