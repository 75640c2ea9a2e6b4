"""Whatever a configuration or a policy has in it, findings are short single lines."""

from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from poplin.autogen.checking import PLUGINS, check_configuration, check_policy

KEYS = (
    *("cniVersion", "name", "type", "capabilities", "ipam", "dns", "optionalFlags", "runtimeConfig"),
    *("AdditionalArgs", "additionalRoutes", "policies", "apiVersion", "plugins", "subnet", "routes", "Name", "Value"),
    *("Type", "Settings", "Action", "Priority", "RemotePorts", "nameservers", "x", "İ", "a\n\ud800"),
    *("delegate", "cniVersions", "disableCheck", "dst", "gw", "policies"),
)
POLICY_TYPES = ("ACL", "outboundnat", "SDNRoute", "QOS", "Foo")

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=6), inner, max_size=3)),
    max_leaves=8,
)
documents = st.recursive(
    json_values,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)),
    max_leaves=12,
)


def assert_single_lines(findings):
    for finding in findings:
        assert finding.severity in ("error", "warning")
        assert str(finding).isprintable()


@given(
    st.dictionaries(st.sampled_from(KEYS), documents, max_size=6),
    st.sampled_from([*PLUGINS, "NAT", "sdnbridgee", "flannel"]),
)
def test_findings_in_any_configuration_are_single_lines(document, kind):
    assert_single_lines(check_configuration({**document, "type": kind}))
    assert_single_lines(check_configuration({"plugins": [{**document, "type": kind}], **document}))
    assert_single_lines(check_configuration({"type": "flannel", "delegate": {**document, "type": kind}}))


@given(documents, st.sampled_from(POLICY_TYPES))
def test_findings_in_any_policy_are_single_lines(settings, kind):
    assert_single_lines(check_policy({"Type": kind, "Settings": settings}, "p"))
    assert_single_lines(check_policy(settings, "p"))


def test_configuration_that_is_too_deep_has_one_finding():
    deep = json.loads("[" * 400 + "]" * 400)
    assert [str(finding) for finding in check_configuration({"type": "nat", "x": deep})] == [
        "the JSON has too many levels of nesting: 40 are the most"
    ]


def test_deep_and_long_values_are_reported_in_short():
    deep = json.loads("[" * 400 + "]" * 400)
    settings = {"Priority": deep, "Action": "x" * 9999, "Protocols": 10**5000, "Direction": "Out", "y" * 999: 1}
    texts = [str(finding) for finding in check_policy({"Type": "ACL", "Settings": settings}, "p")]
    assert len(texts) == 4
    assert max(map(len, texts)) < 250


def test_jsonschema_is_loaded_only_when_something_is_checked():
    program = (
        "import sys, poplin.autogen.checking as checking; before = 'jsonschema' in sys.modules; "
        "checking.check_configuration({'type': 'nat'}); print(before, 'jsonschema' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True, timeout=60) == "False True\n"
