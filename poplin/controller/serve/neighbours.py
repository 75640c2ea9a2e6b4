"""Whether those whom the policy server needs answer: database, UAA, Cloud Controller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from poplin.controller.access.capi import Capi
from poplin.controller.access.outgoing import Outgoing
from poplin.controller.access.uaa import Uaa
from poplin.controller.serve.access import make_outgoing, make_uaa, read_secret
from poplin.controller.serve.database import FILE, open_for
from poplin.controller.serve.settings import Settings

NOBODY = "00000000-0000-0000-0000-000000000000"  # an app that no Cloud Controller has


def find_silent(settings: Settings, state: Path) -> Iterator[str]:
    """A line for each that does not answer as it must, or not us."""
    yield from ask("database", lambda: check_database(settings, state))
    if not settings.uaa:
        return
    try:
        outgoing = Outgoing(make_outgoing(settings))
    except Exception as error:
        yield f"uaa: {error}"
        return
    try:
        uaa = Uaa(outgoing, make_uaa(settings.uaa, read_secret(settings.uaa)))
        failures = list(ask("uaa", uaa.token))
        yield from failures
        if settings.cc and not failures:
            capi = Capi(outgoing, settings.cc.url, uaa)
            yield from ask("cc", lambda: capi.spaces_of_apps([NOBODY]))
    finally:
        outgoing.close()


def ask(name: str, question: Callable[[], object]) -> Iterator[str]:
    """What went wrong, if something did."""
    try:
        question()
    except Exception as error:
        yield f"{name}: {error}"


def check_database(settings: Settings, state: Path) -> None:
    """Raises StoreError. A database of our own that is not made yet is none that could be silent."""
    if not settings.database.url and not (state / FILE).exists():
        return
    store = open_for(settings, state, lambda operation, seconds, ok: None)
    try:
        store.check()
    finally:
        store.close()
