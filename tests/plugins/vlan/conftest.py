"""What tests of vlan share."""

from __future__ import annotations

import pytest
from upper_lab import ground, side

__all__ = ["ground", "side"]


@pytest.fixture
def plugin() -> str:
    """The plugin of the ground."""
    return "vlan"
