"""Versions: reading, comparing, choosing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.spec.errors import CNIError, DecodingFailure, IncompatibleVersion
from poplin.spec.versions import (
    FAMILIES,
    KNOWN,
    VERB_SINCE,
    check_supported,
    is_at_least,
    parse_version,
    select_version,
    starting_from,
)


@pytest.mark.parametrize(
    ("text", "triple"),
    [
        pytest.param("1.2.3", (1, 2, 3), marks=pytest.mark.facts("cni-spec", 67)),
        pytest.param("", (0, 1, 0), marks=pytest.mark.facts("cni-spec", 67)),
        pytest.param("1", (1, 0, 0), marks=pytest.mark.facts("cni-spec", 67)),
        pytest.param("0.-42.0", (0, -42, 0), marks=pytest.mark.facts("cni-spec", 69)),
        ("1.0", (1, 0, 0)),
        ("+1.1.0", (1, 1, 0)),
        ("01.1.0", (1, 1, 0)),
    ],
)
def test_version_reads_as_three_integers(text, triple):
    assert parse_version(text) == triple


@pytest.mark.parametrize(
    "text",
    [
        *(
            pytest.param(text, marks=pytest.mark.facts("cni-spec", 68))
            for text in ("asdf", "asdf.", ".asdf", "0.", "..", "1.2.3.4", "1.1.0-rc1", "v1", " 1")
        ),
        "1_0",
        "\N{ARABIC-INDIC DIGIT ONE}",
        "--1",
        "+",
        pytest.param("9" * 5000, id="5000 digits"),
    ],
)
def test_what_is_no_version_is_refused(text):
    with pytest.raises(DecodingFailure) as caught:
        parse_version(text)
    assert caught.value.code == 6


@given(st.text(alphabet="0123456789.+-v _a"))
def test_reading_a_version_fails_in_one_way_only(text):
    try:
        assert len(parse_version(text)) == 3
    except CNIError as error:
        assert error.code == 6


@pytest.mark.facts("cni-spec", 70)
@pytest.mark.parametrize(
    ("newer", "older"), [("1.2.34", "1.2.14"), ("2.5.4", "2.4.4"), ("1.2.3", "0.2.3"), ("0.4.0", "0.3.1")]
)
def test_comparison_is_numeric(newer, older):
    assert is_at_least(newer, older)
    assert not is_at_least(older, newer)
    assert is_at_least(newer, newer)


@pytest.mark.facts("cni-spec", 70)
@pytest.mark.parametrize("other", ["1.1.1", "1.1.0"])
def test_nothing_is_newer_than_itself_or_its_successor(other):
    assert not parse_version("1.1.0") > parse_version(other)


@pytest.mark.facts("cni-spec", 71)
def test_versions_starting_from_one():
    assert starting_from("0.3.1") == ["0.3.1", "0.4.0", "1.0.0", "1.1.0"]


@pytest.mark.facts("cni-spec", 72)
def test_incompatible_versions_are_shown_from_both_sides():
    with pytest.raises(IncompatibleVersion) as caught:
        check_supported("0.1.0", ["1.2.3", "4.3.2"])
    assert (caught.value.code, caught.value.msg) == (1, "incompatible CNI versions")
    assert caught.value.details == 'config is "0.1.0", plugin supports ["1.2.3" "4.3.2"]'


def test_support_is_by_exact_text():
    assert check_supported("1.0.0", KNOWN) is None
    with pytest.raises(IncompatibleVersion):
        check_supported("1.0", KNOWN)


@pytest.mark.parametrize(
    ("version", "offered", "selected"),
    [
        ("", ["1.1.0", "0.4.0", "1.0.0"], "1.1.0"),
        ("", ["99.0.0", "1.1.0", "0.4.0"], "1.1.0"),
        ("1.0.0", ["0.1.0", "0.4.0"], "1.0.0"),
        ("1.2.3", ["1.0.0"], "1.0.0"),
        ("1.2.3", ["2.0.0"], "1.2.3"),
        ("", [], ""),
    ],
)
def test_newest_version_offered_that_we_know_of_is_selected(version, offered, selected):
    assert select_version(version, offered) == selected


def test_every_known_version_has_a_family_and_every_verb_a_first_version():
    assert tuple(FAMILIES) == KNOWN == tuple(sorted(KNOWN, key=parse_version))
    assert set(VERB_SINCE.values()) <= set(KNOWN)
