"""Container ids, network names, interface names and plugin types."""

from __future__ import annotations

import pytest

from poplin.spec.errors import InvalidConfig, InvalidEnvironment, UnknownContainer
from poplin.spec.names import (
    SPACE,
    check_container_id,
    check_interface_name,
    check_network_name,
    check_new_interface_name,
    check_plugin_type,
    is_identifier,
    is_link_name,
)


@pytest.mark.facts("cni-spec", 1)
@pytest.mark.parametrize("text", ["a51debf7e1eb", "a", "A_b.c-d", "9", "x" * 5000])
def test_container_id_of_letters_digits_and_marks_is_accepted(text):
    assert check_container_id(text) is None


@pytest.mark.facts("cni-spec", 1)
def test_empty_container_id_is_an_unknown_container():
    with pytest.raises(UnknownContainer) as caught:
        check_container_id("")
    assert (caught.value.code, caught.value.msg) == (3, "missing container id")


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text, marks=pytest.mark.facts("cni-spec", 2)) for text in ("1234%%%", "some-%%container-id")),
        *(
            pytest.param(text, marks=pytest.mark.facts("cni-spec", 3))
            for text in ("_abc", ".a", "-a", "é", "a b", "a/b", "abc\n")
        ),
        "a\0",
        "a\N{ARABIC-INDIC DIGIT FIVE}",
    ],
)
def test_container_id_with_other_characters_is_refused_and_shown(text):
    with pytest.raises(InvalidEnvironment) as caught:
        check_container_id(text)
    assert (caught.value.code, caught.value.details) == (4, text)


@pytest.mark.facts("cni-spec", 4)
def test_network_name_is_accepted():
    assert check_network_name("eth0") is None


@pytest.mark.facts("cni-spec", 4)
def test_empty_network_name_is_refused():
    with pytest.raises(InvalidConfig) as caught:
        check_network_name("")
    assert caught.value.code == 7


@pytest.mark.facts("cni-spec", 5)
@pytest.mark.parametrize("text", ["te%%st", "a\n", "../x"])
def test_network_name_with_other_characters_is_refused_and_shown(text):
    with pytest.raises(InvalidConfig) as caught:
        check_network_name(text)
    assert (caught.value.code, caught.value.details) == (7, text)


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text, marks=pytest.mark.facts("cni-spec", 6)) for text in ("eth0", "123456789012345", "a%b*")),
        pytest.param("é" * 7, marks=pytest.mark.facts("cni-spec", 8)),
        "\x1c",  # white space to Python, not to Unicode
        "...",
    ],
)
def test_interface_name_the_kernel_takes_is_accepted(text):
    assert check_interface_name(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *(pytest.param(text, marks=pytest.mark.facts("cni-spec", 7)) for text in ("", "1234567890123456")),
        pytest.param("é" * 8, marks=pytest.mark.facts("cni-spec", 8)),
        *(pytest.param(text, marks=pytest.mark.facts("cni-spec", 9)) for text in (".", "..")),
        *(
            pytest.param(text, marks=pytest.mark.facts("cni-spec", 10))
            for text in ("test/test", "test:test", "test test", "a\tb", "a\u00a0b", "a\u2003b")
        ),
        "a\0b",
        "a\udcff",  # a byte of the environment that is not UTF-8: no JSON could name this interface
    ],
)
def test_interface_name_the_kernel_refuses_is_refused(text):
    with pytest.raises(InvalidEnvironment) as caught:
        check_interface_name(text)
    assert (caught.value.code, caught.value.msg) == (4, "invalid interface name in CNI_IFNAME")
    assert caught.value.details.startswith(repr(text))


def test_interface_name_in_a_configuration_names_its_key():
    with pytest.raises(InvalidConfig) as caught:
        check_interface_name("a/b", "`bridge`", InvalidConfig)
    assert caught.value.msg == "invalid interface name in `bridge`"


@pytest.mark.parametrize("text", ["eth%d", "%", "a%b*"])
def test_a_new_interface_cannot_have_a_pattern_for_a_name(text):
    with pytest.raises(InvalidEnvironment) as caught:
        check_new_interface_name(text)
    assert caught.value.details == f"{text!r}: the kernel makes no link with `%` in its name"


def test_white_space_is_the_set_of_unicode():
    """Python's isspace knows four more: the separators U+001C to U+001F."""
    assert {char for char in map(chr, range(0x110000)) if char.isspace()} - SPACE == set("\x1c\x1d\x1e\x1f")
    assert {char for char in SPACE if not char.isspace()} == set()


def test_plugin_type_is_a_file_name():
    assert check_plugin_type("host-local") is None
    for text in ("", "a/b", "..", ".", "a\0"):
        with pytest.raises(InvalidConfig):
            check_plugin_type(text)


def test_predicates_answer_without_raising():
    assert [is_identifier(""), is_identifier("a"), is_link_name(""), is_link_name("a")] == [False, True, False, True]
