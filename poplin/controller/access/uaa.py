"""The UAA: who a token belongs to, our own token, and the keys that tokens are signed with."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from poplin.controller.access.claims import Claims
from poplin.controller.access.outgoing import Answer, Outgoing, OutgoingError, Reply, decode
from poplin.controller.access.settings import UaaSettings

EARLY = 30.0  # seconds before its end our own token is renewed, so that it does not end on the way


class UaaError(Exception):
    """No usable answer from the UAA."""


class Grant(Struct, frozen=True):
    """A new token of our own; `expires_in` in seconds."""

    access_token: str
    expires_in: float = 0


class KeySet(Struct, frozen=True):
    """Public keys as JWKs (RFC 7517)."""

    keys: list[dict[str, Any]]


class Uaa:
    """Calls to one UAA (cf-control-plane §1.4). For all threads."""

    def __init__(
        self, outgoing: Outgoing, settings: UaaSettings, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._outgoing = outgoing
        self._settings = settings
        self._url = settings.url.rstrip("/")
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._token = ""
        self._token_ends = 0.0

    def check_token(self, token: str) -> Claims:
        """What the UAA says about a token. Raises UaaError, whose text does not have the token."""
        try:
            return self._post("/check_token", {"token": token}, Claims)
        except UaaError as error:
            raise UaaError(str(error).replace(token, "[the token]")) from None

    def token(self) -> str:
        """Our own, which is kept until shortly before its end. Raises UaaError."""
        with self._lock:
            if self._monotonic() >= self._token_ends:
                form = {"client_id": self._settings.client, "grant_type": "client_credentials"}
                grant = self._post("/oauth/token", form, Grant)
                self._token, self._token_ends = grant.access_token, self._monotonic() + grant.expires_in - EARLY
            return self._token

    def drop_token(self, token: str) -> None:
        """Somebody refused this one: the next is a new one, unless there is a new one already."""
        with self._lock:
            if token == self._token:
                self._token_ends = 0.0

    def token_keys(self) -> list[dict[str, Any]]:
        """The keys that tokens may be signed with at present. Raises UaaError."""
        try:
            return read(self._outgoing.get(f"{self._url}/token_keys"), KeySet).keys
        except OutgoingError as error:
            raise UaaError(str(error)) from error

    def _post(self, path: str, form: dict[str, str], kind: type[Answer]) -> Answer:
        user, password = self._settings.client, self._settings.secret
        try:
            return read(self._outgoing.post_form(self._url + path, form, user=user, password=password), kind)
        except OutgoingError as error:
            raise UaaError(str(error)) from error


def read(reply: Reply, kind: type[Answer]) -> Answer:
    """The record in a good answer. Raises UaaError, OutgoingError."""
    if reply.status != 200:
        raise UaaError(f"bad uaa response: {reply.status}: {reply.text()}")
    return decode(reply.body, kind)
