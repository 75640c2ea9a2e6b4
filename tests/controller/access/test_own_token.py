"""The token that we get for ourselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from poplin.controller.access.uaa import EARLY, Uaa, UaaError


@pytest.fixture
def client(outgoing, uaa_settings, clock):
    return Uaa(outgoing, uaa_settings, clock)


def test_the_token_is_kept_until_shortly_before_its_end(client, uaa, clock):
    assert client.token() == "client-token-1"
    clock.now = uaa.expires_in - EARLY - 1
    assert client.token() == "client-token-1"
    clock.now = uaa.expires_in - EARLY
    assert client.token() == "client-token-2"


def test_a_token_of_unknown_length_is_used_once(client, uaa):
    uaa.expires_in = 0
    assert [client.token(), client.token()] == ["client-token-1", "client-token-2"]


def test_many_at_once_get_one_token(client, uaa):
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: client.token(), range(40))) == {"client-token-1"}
    assert uaa.paths("POST") == ["/oauth/token"]


def test_a_refused_token_is_dropped_but_not_the_one_after_it(client):
    first = client.token()
    client.drop_token(first)
    second = client.token()
    client.drop_token(first)
    assert (second, client.token()) == ("client-token-2", "client-token-2")


def test_wrong_credentials_are_told(outgoing, uaa_settings):
    with pytest.raises(UaaError, match=r"^bad uaa response: 401: .*Bad credentials"):
        Uaa(outgoing, msgspec.structs.replace(uaa_settings, secret="wrong")).token()
