"""HTTPS to UAA and Cloud Controller: whom to trust, how long to wait, how much to read.

Redirects are not followed and proxies of the environment not used, so a token reaches nobody else.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from typing import TypeVar

import httpx
import msgspec
from msgspec import Struct

from poplin.controller.access.settings import OutgoingSettings

Answer = TypeVar("Answer")

MOST_BYTES = 64 << 20
MOST_TEXT = 1000  # characters of a bad answer that go into an error
# The other side may close a kept connection at the very moment of a request; all requests here can be repeated.
CLOSED_ON_US = (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError)


class OutgoingError(Exception):
    """No answer, or one that cannot be read: `http client: ...`, `read body: ...`, `unmarshal json: ...`."""


class TrustError(Exception):
    """The CA certificates that were given cannot be used."""


class Reply(Struct, frozen=True):
    """A whole answer."""

    status: int
    body: bytes

    def text(self) -> str:
        """Enough of the body for an error."""
        return self.body[: 4 * MOST_TEXT].decode(errors="replace")[:MOST_TEXT]


class Outgoing:
    """A pool of connections, for all threads."""

    def __init__(self, settings: OutgoingSettings) -> None:
        """Raises TrustError."""
        timeout = httpx.Timeout(settings.read_timeout, connect=settings.connect_timeout)
        self._client = httpx.Client(verify=make_trust(settings), timeout=timeout, trust_env=False)
        self._total_timeout = settings.total_timeout

    def get(self, url: str, params: Mapping[str, str] | None = None, *, authorization: str = "") -> Reply:
        """Whatever the status is, the answer. Raises OutgoingError."""
        headers = {"Accept": "application/json"} | ({"Authorization": authorization} if authorization else {})
        return self._exchange(self._client.build_request("GET", url, params=params, headers=headers))

    def post_form(self, url: str, form: Mapping[str, str], *, user: str, password: str) -> Reply:
        """As `get`, for a form, with basic authentication."""
        request = self._client.build_request("POST", url, data=form, headers={"Accept": "application/json"})
        return self._exchange(next(httpx.BasicAuth(user, password).sync_auth_flow(request)))

    def close(self) -> None:
        """Give up all connections."""
        self._client.close()

    def _exchange(self, request: httpx.Request) -> Reply:
        deadline = time.monotonic() + self._total_timeout
        response = self._send(request)
        try:
            return Reply(response.status_code, read_body(response, deadline, self._total_timeout))
        except httpx.HTTPError as error:
            raise OutgoingError(f"read body: {describe(error)}") from error
        finally:
            response.close()

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            try:
                return self._client.send(request, stream=True)
            except CLOSED_ON_US:
                return self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OutgoingError(f"http client: {describe(error)}") from error


def make_trust(settings: OutgoingSettings) -> ssl.SSLContext:
    """TLS 1.2 or newer, trusting the union of the CA files, or the system if all are blank (cf-control-plane §1.8).

    As for the original, an intermediate certificate in a file may be where trust ends. Raises TrustError.
    """
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.minimum_version = ssl.TLSVersion.TLSv1_2
    trust.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    if settings.skip_verification:
        trust.check_hostname = False
        trust.verify_mode = ssl.CERT_NONE
    pems = [pem for pem in settings.ca_pems if pem.strip()]
    for pem in pems:
        add_authorities(trust, pem)
    if not pems:
        trust.load_default_certs()
    return trust


def add_authorities(trust: ssl.SSLContext, pem: bytes) -> None:
    """Raises TrustError."""
    try:
        trust.load_verify_locations(cadata=pem.decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise TrustError(f"a CA file for UAA or Cloud Controller has no certificates in PEM: {error}") from error


def read_body(response: httpx.Response, deadline: float, total_timeout: float) -> bytes:
    """All of it, if it is not too long and does not come too slowly. Raises OutgoingError."""
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MOST_BYTES:
            raise OutgoingError(f"read body: more than {MOST_BYTES} bytes")
        if time.monotonic() > deadline:
            raise OutgoingError(f"read body: not complete after {total_timeout:g} s")
    return bytes(body)


def decode(body: bytes, kind: type[Answer]) -> Answer:
    """JSON as such a record. Raises OutgoingError."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise OutgoingError(f"unmarshal json: {error}") from error


def describe(error: Exception) -> str:
    """Some exceptions have no text."""
    return str(error) or type(error).__name__
