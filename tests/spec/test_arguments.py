"""CNI_ARGS."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.spec.arguments import parse_arguments, split_arguments
from poplin.spec.errors import CNIError, InvalidEnvironment


def row(number: int, *values: object):
    return pytest.param(*values, marks=pytest.mark.facts("cni-spec", number))


@pytest.mark.parametrize(
    ("text", "known", "values"),
    [
        row(105, "", ["IP"], {}),
        row(105, "IP=10.0.0.1", ["IP"], {"IP": "10.0.0.1"}),
        row(106, "IgnoreUnknown=True;Unk=nown", [], {}),
        row(106, "Unk=nown;IgnoreUnknown=1", [], {}),
        row(109, "IP=", ["IP"], {"IP": ""}),
        row(109, "IP=1;IP=2", ["IP"], {"IP": "2"}),
        (
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;IP=10.0.0.1",
            ["IP", "MAC"],
            {"IP": "10.0.0.1"},
        ),
        ("IgnoreUnknown=FALSE;IP=1", ["IP"], {"IP": "1"}),
    ],
)
def test_known_keys_are_read(text, known, values):
    assert parse_arguments(text, known) == values


@pytest.mark.parametrize(
    "text",
    [
        row(105, "Unk=nown"),
        *(row(107, text) for text in ("IgnoreUnknown=0, Unk=nown", "IgnoreUnknown=yes", "IP=1;", ";", "IP", "IP=a=b")),
        row(108, "ip=1"),
        row(108, " IP=1"),
        "IgnoreUnknown=0;Unk=nown",
        "IgnoreUnknown=;IP=1",
    ],
)
def test_anything_else_is_an_environment_error(text):
    with pytest.raises(InvalidEnvironment) as caught:
        parse_arguments(text, ["IP"])
    assert caught.value.code == 4


@pytest.mark.facts("cni-spec", 108)
def test_unknown_keys_are_named_with_the_way_out():
    with pytest.raises(InvalidEnvironment) as caught:
        parse_arguments("ip=1; IP=1", ["IP"])
    assert str(caught.value) == "unknown keys in CNI_ARGS;  IP, ip; send IgnoreUnknown=1 to have them ignored"


def test_pairs_keep_their_order_and_repeats():
    assert split_arguments("B=1;A=2;B=3") == [("B", "1"), ("A", "2"), ("B", "3")]


@given(st.text(alphabet="IP=;gnoreUkw10 "))
def test_reading_arguments_fails_in_one_way_only(text):
    try:
        assert set(parse_arguments(text, ["IP"])) <= {"IP"}
    except CNIError as error:
        assert error.code == 4


@given(
    st.dictionaries(
        st.text(alphabet="abcXYZ", min_size=1), st.text(alphabet=st.characters(exclude_characters=";=")), min_size=1
    )
)
def test_what_is_joined_splits_again(pairs):
    assert dict(split_arguments(";".join(f"{key}={value}" for key, value in pairs.items()))) == pairs
