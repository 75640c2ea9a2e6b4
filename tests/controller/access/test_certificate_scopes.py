"""Without a UAA, names of certificates stand for scopes."""

from __future__ import annotations

import pytest

from poplin.controller.access.caller import ADMIN, WRITE, Caller, Unauthenticated
from poplin.controller.access.certificates import CertificateAuthenticator

AUTHENTICATOR = CertificateAuthenticator(
    {
        "operator": frozenset({ADMIN}),
        "agent.example.org": frozenset({WRITE}),
        "spiffe://example.org/agent": frozenset({"other"}),
    }
)


def test_a_listed_name_has_its_scopes():
    assert AUTHENTICATOR.identify(None, ["operator"]) == Caller("operator", "operator", frozenset({ADMIN}))


def test_several_listed_names_have_the_scopes_of_all():
    caller = AUTHENTICATOR.identify(None, ["unlisted", "agent.example.org", "spiffe://example.org/agent"])
    assert caller == Caller("agent.example.org", "agent.example.org", frozenset({WRITE, "other"}))


@pytest.mark.parametrize("authorization", [None, "Bearer operator", "bearer x"])
def test_no_certificate_is_nobody_whatever_the_header_says(authorization):
    with pytest.raises(Unauthenticated, match=r"^missing client certificate$"):
        AUTHENTICATOR.identify(authorization, [])


@pytest.mark.parametrize(
    "name", ["", "Operator", "operator ", "x.agent.example.org", "agent.example.org.", "*", "oper"]
)
def test_a_name_that_is_not_quite_listed_is_nobody(name):
    with pytest.raises(Unauthenticated, match="no scopes are configured for a client certificate named"):
        AUTHENTICATOR.identify(None, [name])


def test_without_any_listed_name_nobody_comes_in():
    with pytest.raises(Unauthenticated):
        CertificateAuthenticator({}).identify(None, ["operator"])
