"""Whatever is in a file, it has findings in single lines, and none of them is a traceback."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from poplin.schema.registry import load_schemas
from poplin.validation.check import check_file
from poplin.validation.installed import Installed

NOWHERE = Installed(("/nonexistent",), may_ask=False)
GOOD = json.dumps(load_schemas()["portmap.json"]["examples"][0], indent=1).encode()
KEYS = ("cniVersion", "cniVersions", "name", "plugins", "type", "ipam", "ranges", "subnet", "capabilities", "args", "x")
TYPES = ("bridge", "ptp", "portmap", "loopback", "host-local", "static", "nat", "foreign", "")
NAMES = ("x.conflist", "x.conf", "x.json", "-", "x")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(TYPES),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=15,
)


def assert_findings(data: bytes, name: str) -> None:
    for finding in check_file(data, name, NOWHERE):
        assert finding.severity in ("error", "warning")
        assert finding.text
        assert "\n" not in str(finding)
        assert 1 <= finding.line <= data.count(b"\n") + 1
        assert finding.column >= 1


@given(st.binary(max_size=40), st.sampled_from(NAMES))
def test_bytes(data, name):
    assert_findings(data, name)


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3), st.integers(0, 5), st.sampled_from(NAMES))
@settings(max_examples=300)
def test_a_good_file_with_some_bytes_changed(at, put, removed, name):
    assert_findings(GOOD[:at] + put + GOOD[at + removed :], name)


@given(values, st.sampled_from(NAMES))
@settings(max_examples=300)
def test_any_json(value, name):
    assert_findings(json.dumps(value).encode(), name)


@given(st.dictionaries(st.sampled_from(KEYS), values), st.sampled_from(TYPES), st.sampled_from(NAMES))
@settings(max_examples=300)
def test_any_configuration(value, kind, name):
    config = {"type": kind, **value} if name != "x.conflist" else {"name": "x", "plugins": [{"type": kind, **value}]}
    assert_findings(json.dumps(config).encode(), name)


def test_deep_and_large_values():
    deep = "[" * 900 + "]" * 900
    objects = '{"a":' * 900 + "1" + "}" * 900
    for text in (deep, objects):
        for key in ("ipam", "x", "type", "plugins", "capabilities", "args", "runtimeConfig"):
            assert_findings(f'{{"name": "x", "cniVersion": "1.0.0", "type": "bridge", "{key}": {text}}}'.encode(), "-")
            assert_findings(f'{{"name": "x", "plugins": [{{"type": "bridge", "{key}": {text}}}]}}'.encode(), "-")
