"""Many values in one condition, whatever the database and whatever the values."""

from __future__ import annotations

import pytest

from poplin.controller.store.membership import is_storable


@pytest.mark.parametrize("text", ["", "app-a", "é", "\U0001f600", "'; --", "a\nb"])
def test_text_is_storable(text: str) -> None:
    assert is_storable(text)


@pytest.mark.parametrize("text", ["\0", "a\0b", "\ud800", "a\udfff"])
def test_what_some_database_could_not_hold_is_not(text: str) -> None:
    assert not is_storable(text)
