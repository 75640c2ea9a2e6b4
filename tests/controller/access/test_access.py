"""Access put together from settings, as the server does it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pytest
from controller.uaa import ISSUER

from poplin.controller.access.assemble import with_certificates, with_uaa
from poplin.controller.access.caller import WRITE, Unauthenticated
from poplin.controller.access.outgoing import TrustError
from poplin.controller.access.settings import CloudSettings, OutgoingSettings
from poplin.policy.model import Policy, Tag, TaggedPolicy

POLICY = Policy("own", "gone", "tcp", 8080, 8080)


class OnePolicy:
    """A store that remembers what was deleted."""

    def __init__(self) -> None:
        self.deleted: list[Policy] = []

    def list_policies(self) -> list[TaggedPolicy]:
        return [TaggedPolicy(POLICY, "0001", "0002")]

    def list_tags(self) -> list[Tag]:
        return []

    def delete_policies(self, policies: Sequence[Policy]) -> None:
        self.deleted.extend(policies)


@pytest.mark.parametrize("verify", ["keys", "check_token"])
def test_a_user_is_known_by_uaa_and_cloud_controller(uaa, cloud, uaa_settings, outgoing_settings, verify):
    token = uaa.sign(sub="ada-guid")
    uaa.add_token(token, sub="ada-guid", scope=[WRITE], user_name="ada")
    cloud.add_app("own", "space", "ada-guid")
    store = OnePolicy()
    settings = msgspec.structs.replace(uaa_settings, verify=verify, issuer=ISSUER)
    access = with_uaa(settings, CloudSettings(url=cloud.url), outgoing_settings, store)
    try:
        caller = access.authenticator.identify(f"bearer {token}", [])
        assert (caller.subject, caller.name, caller.scopes) == ("ada-guid", "ada", {WRITE})
        assert access.guard.may_change(caller, [Policy("own", "own", "udp", 53, 53)])
        assert not access.guard.may_change(caller, [POLICY])
        assert access.cleaner.clean() == store.deleted == [POLICY]
    finally:
        access.outgoing.close()
    asked = "/check_token" if verify == "check_token" else "/token_keys"
    assert [call.path for call in uaa.calls] == [asked, "/oauth/token"]


def test_without_a_cloud_controller_nobody_develops_and_nothing_is_stale(uaa, uaa_settings, outgoing_settings):
    uaa.add_token("x", scope=[WRITE])
    store = OnePolicy()
    access = with_uaa(uaa_settings, None, outgoing_settings, store)
    try:
        caller = access.authenticator.identify("bearer x", [])
        assert not access.guard.may_change(caller, [POLICY])
        assert access.guard.visible(caller, store.list_policies()) == []
        assert access.cleaner.clean() == store.deleted == []
    finally:
        access.outgoing.close()


def test_opaque_tokens_are_asked_about_only_where_that_is_configured(uaa, uaa_settings, outgoing_settings):
    uaa.add_token("opaque", scope=[WRITE])
    keys = msgspec.structs.replace(uaa_settings, verify="keys", issuer=ISSUER)
    for settings in (keys, msgspec.structs.replace(keys, opaque=True)):
        access = with_uaa(settings, None, outgoing_settings, OnePolicy())
        try:
            if settings.opaque:
                assert access.authenticator.identify("bearer opaque", []).scopes == {WRITE}
                continue
            with pytest.raises(Unauthenticated):
                access.authenticator.identify("bearer opaque", [])
            assert uaa.calls == []
        finally:
            access.outgoing.close()


def test_certificates_alone_are_never_open():
    access = with_certificates({"writer": frozenset({WRITE})})
    with pytest.raises(Unauthenticated):
        access.authenticator.identify("bearer x", [])
    caller = access.authenticator.identify(None, ["writer"])
    assert not access.guard.may_change(caller, [POLICY])
    assert (access.cleaner.clean(), access.outgoing) == ([], None)


def test_nobody_is_called_before_somebody_asks(uaa, cloud, uaa_settings, outgoing_settings):
    access = with_uaa(uaa_settings, CloudSettings(url=cloud.url), outgoing_settings, OnePolicy())
    assert access.outgoing is not None
    access.outgoing.close()
    assert (uaa.calls, cloud.calls) == ([], [])


def test_a_bad_authority_is_told_at_once(uaa_settings):
    with pytest.raises(TrustError):
        with_uaa(uaa_settings, None, OutgoingSettings(ca_pems=(b"banana",)), OnePolicy())
