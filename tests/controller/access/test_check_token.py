"""Tokens that the UAA is asked about."""

from __future__ import annotations

import logging
import time

import pytest
from controller.stand_in import Answer
from controller.uaa import CLIENT

from poplin.controller.access.caller import Caller, Unauthenticated
from poplin.controller.access.claims import Claims
from poplin.controller.access.settings import UaaSettings
from poplin.controller.access.tokens import LONGEST_TOKEN, AskedTokens, TokenAuthenticator
from poplin.controller.access.uaa import Uaa, UaaError


@pytest.fixture
def client(outgoing, uaa_settings):
    return Uaa(outgoing, uaa_settings)


@pytest.fixture
def authenticator(client):
    return TokenAuthenticator(client.check_token)


def refuse(authenticator: TokenAuthenticator, authorization: str | None) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        authenticator.identify(authorization, ["a certificate does not help"])
    return str(refusal.value)


@pytest.mark.facts("cf-control-plane", 4)
@pytest.mark.parametrize("word", ["Bearer ", "bearer ", ""])
def test_the_token_is_what_follows_the_word_bearer(authenticator, uaa, word):
    uaa.add_token("a+b/c=&d e", scope=["network.write"], user_name="ada")
    caller = authenticator.identify(f"{word}a+b/c=&d e", [])
    assert caller == Caller("user-guid", "ada", frozenset({"network.write"}))
    assert uaa.calls[0].form == {"token": ["a+b/c=&d e"]}


def test_no_other_spelling_of_bearer_is_taken_off(authenticator, uaa):
    uaa.add_token("x", scope=[])
    assert refuse(authenticator, "BEARER x") == "failed to verify token with uaa"
    assert uaa.calls[0].form == {"token": ["BEARER x"]}


@pytest.mark.facts("cf-control-plane", 84)
def test_a_client_has_no_name_and_is_its_own_subject(authenticator, uaa):
    uaa.add_token("x", scope=["network.admin"], sub="some-client", client_id="some-client")
    assert authenticator.identify("bearer x", []) == Caller("some-client", "", frozenset({"network.admin"}))


@pytest.mark.facts("cf-control-plane", 1)
def test_no_header_is_told_without_a_call(authenticator, uaa):
    assert refuse(authenticator, None) == "missing authorization header"
    assert uaa.calls == []


@pytest.mark.facts("cf-control-plane", 2)
def test_a_token_that_the_uaa_refuses_is_refused(authenticator, uaa):
    assert refuse(authenticator, "bearer unknown") == "failed to verify token with uaa"
    assert uaa.paths("POST") == ["/check_token"]


@pytest.mark.facts("cf-control-plane", 3)
def test_without_a_uaa_no_token_is_believed(outgoing):
    gone = UaaSettings(url="https://127.0.0.1:1", client=CLIENT, secret="")
    assert refuse(TokenAuthenticator(Uaa(outgoing, gone).check_token), "bearer x") == "failed to verify token with uaa"


@pytest.mark.parametrize("token", ["", "x" * (LONGEST_TOKEN + 1)])
def test_what_cannot_be_a_token_is_refused_without_a_call(authenticator, uaa, token):
    assert refuse(authenticator, f"bearer {token}") == "failed to verify token with uaa"
    assert uaa.calls == []


def test_a_token_of_nobody_is_refused(authenticator, uaa):
    uaa.add_token("x", scope=["network.write"], sub="")
    assert refuse(authenticator, "bearer x") == "failed to verify token with uaa"


def test_null_for_scopes_and_name_is_none(authenticator, uaa):
    uaa.answers["/check_token"] = [Answer(200, {"sub": "s", "user_name": None, "scope": None, "exp": None})]
    assert authenticator.identify("bearer x", []) == Caller("s", "", frozenset())


def test_the_log_has_the_reason_but_not_the_token(authenticator, uaa, caplog):
    uaa.answers["/check_token"] = [Answer(400, {"error": "no such token: c0ffee-c0ffee"})]
    with caplog.at_level(logging.INFO, "poplin.controller.access"):
        refuse(authenticator, "bearer c0ffee-c0ffee")
    [record] = caplog.records
    assert "bad uaa response: 400:" in record.data["error"]
    assert "c0ffee" not in str(vars(record))


@pytest.mark.facts("cf-control-plane", 158)
def test_a_bad_status_is_told_with_the_body(client, uaa):
    uaa.answers["/check_token"] = [Answer(400, b"banana")]
    with pytest.raises(UaaError, match=r"^bad uaa response: 400: banana$"):
        client.check_token("x")


@pytest.mark.facts("cf-control-plane", 159)
def test_bad_json_is_told(client, uaa):
    uaa.answers["/check_token"] = [Answer(200, b'{"scope": 1')]
    with pytest.raises(UaaError, match=r"^unmarshal json: "):
        client.check_token("x")


def test_json_of_another_shape_is_told(client, uaa):
    uaa.answers["/check_token"] = [Answer(200, {"sub": "s", "scope": "network.admin"})]
    with pytest.raises(UaaError, match=r"^unmarshal json: .*scope"):
        client.check_token("x")


@pytest.mark.facts("cf-control-plane", 159)
def test_no_answer_is_told(client, uaa):
    def hang_up(call):
        raise ConnectionAbortedError

    uaa.before_answer = hang_up
    with pytest.raises(UaaError, match=r"^http client: "):
        client.check_token("x")


class Asked:
    """Counts the questions; the clock of all is turned by hand."""

    def __init__(self, *, exp: float | None = None) -> None:
        self.tokens: list[str] = []
        self.now = 0.0
        self.exp = exp

    def ask(self, token: str) -> Claims:
        self.tokens.append(token)
        return Claims(sub=token, exp=self.exp)

    def clock(self) -> float:
        return self.now


def remember(asked: Asked, seconds: float) -> AskedTokens:
    return AskedTokens(asked.ask, seconds=seconds, clock=asked.clock, monotonic=asked.clock)


def test_an_answer_is_kept_for_a_moment():
    asked = Asked()
    tokens = remember(asked, 10)
    assert [tokens.verify("a").sub, tokens.verify("b").sub, tokens.verify("a").sub] == ["a", "b", "a"]
    asked.now = 10
    tokens.verify("a")
    assert asked.tokens == ["a", "b", "a"]


def test_an_answer_is_never_kept_beyond_the_end_of_the_token():
    asked = Asked(exp=3)
    tokens = remember(asked, 10)
    tokens.verify("a")
    asked.now = 3
    tokens.verify("a")
    tokens.verify("a")
    assert asked.tokens == ["a", "a", "a"]


def test_an_answer_is_not_kept_where_that_is_switched_off():
    asked = Asked(exp=time.time() + 600)
    tokens = remember(asked, 0)
    tokens.verify("a")
    tokens.verify("a")
    assert asked.tokens == ["a", "a"]


def test_a_refusal_is_not_kept(client, uaa):
    tokens = AskedTokens(client.check_token, seconds=60)
    with pytest.raises(UaaError):
        tokens.verify("x")
    uaa.add_token("x", scope=[])
    assert tokens.verify("x").sub == "user-guid"


def test_the_oldest_answers_make_room(monkeypatch):
    monkeypatch.setattr("poplin.controller.access.tokens.MOST_ANSWERS", 2)
    asked = Asked()
    tokens = remember(asked, 10)
    for token in "abcba":
        tokens.verify(token)
    assert asked.tokens == ["a", "b", "c", "a"]
