"""A UAA, a Cloud Controller, and what talks to them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme
from controller.capi import Capi
from controller.uaa import CLIENT, SECRET, Uaa

from poplin.controller.access.outgoing import Outgoing
from poplin.controller.access.settings import OutgoingSettings, UaaSettings


class Clock:
    """One that tests turn, in seconds."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def uaa(authority: trustme.CA) -> Iterator[Uaa]:
    with Uaa(authority) as service:
        yield service


@pytest.fixture
def cloud(authority: trustme.CA, uaa: Uaa) -> Iterator[Capi]:
    with Capi(authority, uaa) as service:
        yield service


@pytest.fixture
def outgoing_settings(authority: trustme.CA) -> OutgoingSettings:
    """Trusts the authority, and waits long enough for a busy machine."""
    pems = (authority.cert_pem.bytes(),)
    return OutgoingSettings(ca_pems=pems, connect_timeout=60, read_timeout=60, total_timeout=600)


@pytest.fixture
def outgoing(outgoing_settings: OutgoingSettings) -> Iterator[Outgoing]:
    calls = Outgoing(outgoing_settings)
    try:
        yield calls
    finally:
        calls.close()


@pytest.fixture
def uaa_settings(uaa: Uaa) -> UaaSettings:
    return UaaSettings(url=uaa.url, client=CLIENT, secret=SECRET)
