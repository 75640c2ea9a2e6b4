"""Error objects, out and in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.spec.errors import CNIError, InvalidConfig, KernelRefused, error_from_object


@pytest.mark.facts("cni-spec", 66)
def test_text_is_the_message_or_message_and_details():
    assert str(CNIError("no such thing")) == "no such thing"
    assert str(CNIError("no such thing", "eth7")) == "no such thing; eth7"


@pytest.mark.facts("cni-spec", 42)
def test_object_has_details_only_if_there_are_any():
    assert InvalidConfig("bad name", "x y").as_object() == {"code": 7, "msg": "bad name", "details": "x y"}
    assert KernelRefused("no").as_object() == {"code": 100, "msg": "no"}


def test_object_starts_with_the_configs_version_where_it_is_known():
    error = InvalidConfig("bad")
    error.version = "1.0.0"
    assert list(error.as_object().items()) == [("cniVersion", "1.0.0"), ("code", 7), ("msg", "bad")]
    assert "cniVersion" not in InvalidConfig("bad").as_object()


@given(st.integers(0, 2**32), st.text(), st.text())
def test_errors_of_other_plugins_pass_verbatim(code, msg, details):
    sent = {"code": code, "msg": msg} | ({"details": details} if details else {})
    assert error_from_object(sent).as_object() == sent


@pytest.mark.parametrize("reply", [{}, {"code": "5", "msg": 5, "details": []}, {"code": True, "msg": None}])
def test_missing_and_mistyped_members_are_zero_and_empty(reply):
    error = error_from_object(reply)
    assert (error.code, error.msg, error.details) == (0, "", "")
