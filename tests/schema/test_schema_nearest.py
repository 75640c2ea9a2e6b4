"""Which word somebody probably meant."""

from __future__ import annotations

import pytest

from poplin.schema.nearest import find_nearest

WORDS = ("sdnbridge", "nat", "sdnoverlay", "L2Bridge", "NAT", "RemotePorts")


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("sdbridge", "sdnbridge"),
        ("SDNBRIDGE", "sdnbridge"),
        ("l2brigde", "L2Bridge"),
        ("Remote-Ports", "RemotePorts"),
        ("Nat", "nat"),  # of two that are the same the first
        ("flannel", None),
        ("", None),
        ("sdnbridge" * 20, None),
    ],
)
def test_nearest_word_is_found_in_any_case_if_there_is_one(text, nearest):
    assert find_nearest(text, WORDS) == nearest


def test_nothing_is_near_where_there_is_nothing():
    assert find_nearest("nat", ()) is None
