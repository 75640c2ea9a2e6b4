"""Scopes that are enough, and the words for those that are not."""

from __future__ import annotations

import pytest

from poplin.controller.access.caller import ADMIN, WRITE, Caller, Forbidden, require_scopes


def caller(*scopes: str) -> Caller:
    return Caller("user-guid", "ada", frozenset(scopes))


@pytest.mark.parametrize("scopes", [(ADMIN,), (WRITE,), (WRITE, "openid")])
def test_one_of_the_allowed_scopes_is_enough(scopes):
    require_scopes(caller(*scopes), (ADMIN, WRITE))


@pytest.mark.facts("cf-control-plane", 5, 6, 8)
@pytest.mark.parametrize(
    ("scopes", "allowed", "text"),
    [
        (("wrong.scope",), (ADMIN, WRITE), "[wrong.scope] do not include allowed scopes [network.admin network.write]"),
        ((), (ADMIN, WRITE), "[] do not include allowed scopes [network.admin network.write]"),
        ((WRITE,), (ADMIN,), "[network.write] do not include allowed scopes [network.admin]"),
        (("b", "a"), (ADMIN,), "[a b] do not include allowed scopes [network.admin]"),
    ],
)
def test_other_scopes_are_refused_and_named(scopes, allowed, text):
    with pytest.raises(Forbidden) as refusal:
        require_scopes(caller(*scopes), allowed)
    assert str(refusal.value) == f"provided scopes {text}"


def test_a_scope_is_not_enough_for_its_beginning():
    with pytest.raises(Forbidden):
        require_scopes(caller("network.administrator", "network", "network.admin "), (ADMIN,))
