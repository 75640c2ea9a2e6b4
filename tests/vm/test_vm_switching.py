"""A node changes from the reference's ipvlan and vlan to ours and back, with containers running."""

from __future__ import annotations

import pytest
from upper_lab import Ground, ground
from upper_switching import both_ways, is_taken_over, list_outcomes

__all__ = ["ground"]

both_plugins = pytest.mark.parametrize("plugin", ["ipvlan", "vlan"])


@pytest.fixture
def side() -> str:
    """Debian's release does not know `linkInContainer`."""
    return "host"


@both_plugins
@both_ways
def test_what_one_attached_the_other_checks_and_takes_off(ground: Ground, theirs_first: bool) -> None:
    assert is_taken_over(ground, theirs_first, mtu=1400)


@both_plugins
def test_both_answer_the_same(ground: Ground) -> None:
    theirs, ours = list_outcomes(ground)
    assert theirs == ours
