"""What no single key shows to be wrong: keys that need each other, and files that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Iterator

from poplin.controller.serve.settings import Listener, Settings
from poplin.controller.serve.tls import Clients, Files, TlsError, make_context
from poplin.controller.store import StoreError
from poplin.controller.store.engine import parse_url

MOST_PORT = 65535


def find_mistakes(settings: Settings) -> list[str]:
    """Lines for people: which key, what is wrong, what to do."""
    found = [*check_listeners(settings), *check_external(settings), *check_internal(settings), *check_ports(settings)]
    return [*found, *check_database(settings), *check_uaa(settings)]


def check_listeners(settings: Settings) -> Iterator[str]:
    """Without one of the two there is nothing to do."""
    if settings.controller.external.listen == "" == settings.controller.internal.listen:
        yield "controller: both external.listen and internal.listen are switched off; leave one of them on"


def check_external(settings: Settings) -> Iterator[str]:
    """It must be possible to tell who calls."""
    listener, where = settings.controller.external, "controller.external"
    if listener.listen == "":
        return
    if not listener.tls and not settings.uaa:
        yield f"{where}.tls: without TLS nobody can show a certificate; add [uaa], or leave it on"
    if listener.tls and listener.certificate and not settings.uaa:
        if not listener.client_ca:
            yield f"{where}.client_ca: it is missing; without [uaa] clients show certificates of this CA"
        if not settings.controller.certificates:
            yield "controller.certificates: without [uaa] it says which names have which scopes, and it is empty"
    if listener.tls:
        yield from check_files(listener, where, Clients.NOTHING if settings.uaa else Clients.MAY_SHOW)


def check_internal(settings: Settings) -> Iterator[str]:
    """Agents always show certificates."""
    listener, where = settings.controller.internal, "controller.internal"
    if listener.listen == "":
        return
    if not listener.tls:
        yield f"{where}.tls: it cannot be switched off: whoever shows a certificate may read everything here"
    if listener.certificate and not listener.client_ca:
        yield f"{where}.client_ca: it is missing; agents show certificates of this CA"
    yield from check_files(listener, where, Clients.MUST_SHOW)


def check_files(listener: Listener, where: str, clients: Clients) -> Iterator[str]:
    """Certificate and key together, and both of use."""
    if bool(listener.certificate) != bool(listener.key):
        missing = "key" if listener.certificate else "certificate"
        yield f"{where}.{missing}: it is missing; certificate and key go together"
    elif listener.certificate:
        try:
            shown = clients if listener.client_ca else Clients.NOTHING
            make_context(Files(listener.certificate, listener.key, listener.client_ca), shown)
        except TlsError as error:
            yield f"{where}: {error}"


def check_ports(settings: Settings) -> Iterator[str]:
    """A port has 16 bits."""
    controller = settings.controller
    addresses = {
        "external.listen": controller.external.listen,
        "internal.listen": controller.internal.listen,
        "health_listen": controller.health_listen,
        "debug_listen": controller.debug_listen,
    }
    for name, address in addresses.items():
        if address and int(address.rpartition(":")[2]) > MOST_PORT:
            yield f"controller.{name}: {address!r} has a port above {MOST_PORT}"


def check_database(settings: Settings) -> Iterator[str]:
    """A URL of a database we know, and a user in it if there is a password for one."""
    database = settings.database
    user = None
    if database.url:
        try:
            user = parse_url(database.url).username
        except StoreError as error:
            yield f"database.url: {error}"
            return
    if database.password_file and not user:
        yield "database.password_file: there is no user in database.url that it would belong to"
    yield from check_readable(database.password_file, "database.password_file")


def check_uaa(settings: Settings) -> Iterator[str]:
    """UAA and Cloud Controller."""
    if settings.cc and not settings.uaa:
        yield "cc: needs [uaa], which gives the token for it"
    if settings.cc:
        yield from check_readable(settings.cc.ca, "cc.ca")
    if not settings.uaa:
        return
    if bool(settings.uaa.client_secret) == bool(settings.uaa.client_secret_file):
        yield "uaa.client_secret_file: give either this or client_secret"
    if settings.uaa.verify == "keys" and not settings.uaa.issuer:
        yield 'uaa.issuer: `verify = "keys"` needs it: the `iss` of the tokens'
    yield from check_readable(settings.uaa.client_secret_file, "uaa.client_secret_file")
    yield from check_readable(settings.uaa.ca, "uaa.ca")


def check_readable(path: str, where: str) -> Iterator[str]:
    """A file that is named is there."""
    if path and not os.access(path, os.R_OK):
        yield f"{where}: {path}: {'may not be read' if os.path.exists(path) else 'there is no such file'}"
