"""Tokens that are verified by the issuer's keys, and the many that are not to be believed."""

from __future__ import annotations

import base64
import json
import time

import jwt
import pytest
from controller.uaa import ISSUER, ec_key, public_jwk, rsa_key
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from poplin.controller.access.caller import Caller, Unauthenticated
from poplin.controller.access.claims import BadToken
from poplin.controller.access.signatures import LEEWAY, KeyRing, SignedTokens, read_keys
from poplin.controller.access.tokens import LONGEST_TOKEN, TokenAuthenticator, choose
from poplin.controller.access.uaa import Uaa, UaaError


@pytest.fixture
def client(outgoing, uaa_settings):
    return Uaa(outgoing, uaa_settings)


@pytest.fixture
def signed(client):
    return SignedTokens(KeyRing(client.token_keys), issuer=ISSUER)


def pack(part: object) -> str:
    """One part of a token, unpadded base64url."""
    content = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def public_pem(name: str) -> bytes:
    key = rsa_key(name).public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def test_a_token_of_the_issuer_is_believed(signed, uaa):
    authorization = f"bearer {uaa.sign(scope=['network.admin', 'openid'])}"
    caller = TokenAuthenticator(signed.verify).identify(authorization, [])
    assert caller == Caller("user-guid", "ada", frozenset({"network.admin", "openid"}))


def test_the_keys_are_fetched_once_and_nothing_else_is_asked(signed, uaa):
    for _ in range(3):
        signed.verify(uaa.sign())
    assert [(call.method, call.path) for call in uaa.calls] == [("GET", "/token_keys")]


def test_clocks_may_differ_a_little(signed, uaa):
    assert signed.verify(uaa.sign(exp=int(time.time() - LEEWAY / 2))).sub == "user-guid"


def test_a_token_signed_with_an_elliptic_curve_is_believed(uaa):
    jwk = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(ec_key("a").public_key())) | {"kid": "curve"}
    token = uaa.sign(key=ec_key("a"), algorithm="ES256", headers={"kid": "curve"})
    assert SignedTokens(KeyRing(lambda: [jwk]), issuer=ISSUER).verify(token).sub == "user-guid"


BAD_CLAIMS = {
    "expired": {"exp": 1_000_000_000},
    "without an end": {"exp": None},
    "end in words": {"exp": "tomorrow"},
    "not yet": {"nbf": 99_999_999_999},
    "from the future": {"iat": 99_999_999_999},
    "wrong issuer": {"iss": "https://uaa.example.com/oauth/token"},
    "issuer with something behind": {"iss": ISSUER + "/"},
    "several issuers": {"iss": [ISSUER]},
    "without an issuer": {"iss": None},
    "without a subject": {"sub": None},
    "a refresh token": {"jti": "a1b2-r"},
    "an identity token without scopes": {"scope": None},
    "scopes as a text": {"scope": "network.admin"},
    "scopes that are no texts": {"scope": [["network.admin"]]},
}


@pytest.mark.parametrize("claims", BAD_CLAIMS.values(), ids=BAD_CLAIMS)
def test_a_token_with_bad_claims_is_refused(signed, uaa, claims):
    token = uaa.sign(**claims)
    with pytest.raises(BadToken):
        signed.verify(token)


def unsigned(uaa) -> str:
    return uaa.sign().rpartition(".")[0] + "."


def with_algorithm_none(uaa, spelling: str = "none") -> str:
    payload = uaa.sign().split(".")[1]
    return f"{pack({'alg': spelling, 'kid': uaa.key})}.{payload}."


def with_public_key_as_secret(uaa) -> str:
    """Signed by HMAC with what everybody can read; made by hand, as libraries refuse to make it."""
    jwt_hmac = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    head = f"{pack({'alg': 'HS256', 'kid': uaa.key})}.{uaa.sign().split('.')[1]}"
    return f"{head}.{pack(jwt_hmac.sign(head.encode(), public_pem(uaa.key)))}"


def with_other_payload(uaa) -> str:
    head, _, signature = uaa.sign().split(".")
    return f"{head}.{uaa.sign(scope=['network.admin']).split('.')[1]}.{signature}"


def with_key_in_the_token(uaa) -> str:
    mine = public_jwk("attacker")
    headers = {"jwk": mine, "jku": f"{uaa.url}/other_keys", "x5u": f"{uaa.url}/other_keys", "x5c": ["AAAA"]}
    return uaa.sign(key=rsa_key("attacker"), headers=headers)


FORGED = {
    "no signature": unsigned,
    "no signature, no dot": lambda uaa: unsigned(uaa)[:-1],
    "alg none": with_algorithm_none,
    "alg None": lambda uaa: with_algorithm_none(uaa, "None"),
    "alg nOnE": lambda uaa: with_algorithm_none(uaa, "nOnE"),
    "no alg": lambda uaa: f"{pack({'kid': uaa.key})}.{uaa.sign().split('.')[1]}.AAAA",
    "public key as a shared secret": with_public_key_as_secret,
    "shared secret": lambda uaa: uaa.sign(key="s" * 64, algorithm="HS256"),
    "another algorithm than the key's": lambda uaa: uaa.sign(algorithm="RS512"),
    "another family": lambda uaa: uaa.sign(key=ec_key("a"), algorithm="ES256"),
    "PSS": lambda uaa: uaa.sign(algorithm="PS256"),
    "another key under the same name": lambda uaa: uaa.sign(key=rsa_key("attacker")),
    "key in the token": with_key_in_the_token,
    "another token's payload": with_other_payload,
    "signature cut off": lambda uaa: uaa.sign()[:-20],
    "extension that must be understood": lambda uaa: uaa.sign(headers={"crit": ["exp"]}),
    "detached payload": lambda uaa: uaa.sign(headers={"b64": False}),
}


@pytest.mark.parametrize("forge", FORGED.values(), ids=FORGED)
def test_a_forged_token_is_refused(signed, uaa, forge):
    token = forge(uaa)
    with pytest.raises(BadToken):
        signed.verify(token)
    assert set(uaa.paths()) <= {"/token_keys"}


NAMES = ["", "../../../../dev/null", "' OR 1=1 --", "key-1\0", "KEY-1", "key-1 ", "x" * 5000, "https://example.org/key"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_a_key_leads_only_to_the_issuers_keys(signed, uaa, name):
    token = uaa.sign(headers={"kid": name})
    with pytest.raises(BadToken, match="the issuer has no key"):
        signed.verify(token)


@pytest.mark.parametrize("name", [None, 1, ["key-1"], {"key-1": 1}])
def test_a_name_of_a_key_that_is_no_text_is_refused(signed, uaa, name):
    token = f"{pack({'alg': 'RS256', 'kid': name})}.{uaa.sign().split('.')[1]}.AAAA"
    with pytest.raises(BadToken):
        signed.verify(token)


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "a.b.c", "e30.e30.e30", "null", "\ud800.a.b", "é.é.é", pack(b"[" * 6000) + ".e30.AAAA"],
    ids=ascii,
)
def test_what_is_no_token_is_refused(signed, uaa, token):
    with pytest.raises(BadToken):
        signed.verify(token)
    assert uaa.calls == []


def test_a_huge_token_is_not_even_looked_at(signed, uaa):
    token = uaa.sign(more="x" * LONGEST_TOKEN)
    with pytest.raises(Unauthenticated, match=r"^failed to verify token with uaa$"):
        TokenAuthenticator(signed.verify).identify(f"bearer {token}", [])
    assert uaa.calls == []


def test_the_audience_counts_where_one_is_configured(client, uaa):
    strict = SignedTokens(KeyRing(client.token_keys), issuer=ISSUER, audience="network")
    assert strict.verify(uaa.sign(aud=["openid", "network"])).sub == "user-guid"
    for audience in (["openid"], "networks", None):
        with pytest.raises(BadToken, match=r"(?i)aud"):
            strict.verify(uaa.sign(aud=audience))


@pytest.fixture
def ring(client, clock):
    return KeyRing(client.token_keys, longest=600, pause=10, monotonic=clock)


def test_a_new_key_is_fetched_when_a_token_names_it(ring, uaa, clock):
    ring.get("key-1")
    uaa.published.append("key-2")
    clock.now = 10
    assert ring.get("key-2").key_id is None
    assert uaa.paths() == ["/token_keys", "/token_keys"]


def test_unknown_names_do_not_make_a_storm_of_questions(ring, uaa, clock):
    for name in ("key-1", "a", "b", "c"):
        if name == "key-1":
            ring.get(name)
            continue
        with pytest.raises(BadToken):
            ring.get(name)
    assert uaa.paths() == ["/token_keys"]


def test_a_withdrawn_key_is_forgotten_in_time(ring, uaa, clock):
    ring.get("key-1")
    uaa.published = ["key-2"]
    clock.now = 600
    with pytest.raises(BadToken):
        ring.get("key-1")


def test_old_keys_are_not_used_while_the_uaa_does_not_answer(ring, uaa, clock):
    ring.get("key-1")
    clock.now = 600
    uaa.answers["/token_keys"] = [uaa.answer(uaa.calls[0])._replace(status=503)]
    with pytest.raises(UaaError, match="bad uaa response: 503"):
        ring.get("key-1")
    with pytest.raises(BadToken):
        ring.get("key-1")
    clock.now = 610
    assert ring.get("key-1").algorithm_name == "RS256"


def test_a_uaa_that_hangs_holds_up_one_token_and_not_the_next(clock):
    def hang():
        clock.now += 30
        raise UaaError("http client: timed out")

    ring = KeyRing(hang, pause=10, monotonic=clock)
    with pytest.raises(UaaError):
        ring.get("key-1")
    with pytest.raises(BadToken):
        ring.get("key-1")
    assert clock.now == 30


def test_only_public_keys_for_signatures_are_taken():
    good = public_jwk("key-1")
    short = {"kty": "RSA", "alg": "RS256", "n": "AQAB"}
    useless = [
        {"kid": "secret", "kty": "oct", "k": "c2VjcmV0", "alg": "HS256"},
        {"kid": "secret without an algorithm", "kty": "oct", "k": "c2VjcmV0"},
        {"kid": "uaa's word for a secret", "kty": "MAC", "value": "secret", "alg": "HS256"},
        good | {"kid": "rsa as a secret", "alg": "HS256"},
        good | {"kid": "for encryption", "use": "enc"},
        {key: value for key, value in good.items() if key != "kid"},
        short | {"kid": "half a key"},
        good | {"kid": ["a", "list"]},
    ]
    assert read_keys([*useless, good]).keys() == {"key-1"}


def test_a_key_that_is_too_short_proves_nothing(uaa):
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key())) | {"kid": "weak"}
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = uaa.sign(key=weak, headers={"kid": "weak"})
    with pytest.raises(BadToken, match="InvalidKeyError"):
        SignedTokens(KeyRing(lambda: [jwk]), issuer=ISSUER).verify(token)


def test_opaque_tokens_are_asked_about_but_signed_ones_never(client, signed, uaa):
    verify = choose(signed.verify, client.check_token)
    forged = uaa.sign(key=rsa_key("attacker"))
    uaa.add_token("opaque", scope=[])
    uaa.add_token(forged, scope=["network.admin"])
    assert verify("opaque").sub == "user-guid"
    with pytest.raises(BadToken):
        verify(forged)
    assert [call.form["token"] for call in uaa.calls if call.path == "/check_token"] == [["opaque"]]
