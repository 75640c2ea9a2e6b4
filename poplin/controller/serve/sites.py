"""Where to listen, and with which certificates: real ones where they are named, those for development elsewhere."""

from __future__ import annotations

import os
import socket
from pathlib import Path

from msgspec import Struct

from poplin.controller.serve.development import Development, ensure_development
from poplin.controller.serve.settings import Listener, Settings
from poplin.controller.serve.tls import Clients, Files

EXTERNAL, INTERNAL, HEALTH, DEBUG = NAMES = ("external", "internal", "health", "debug")
USUAL_PORTS = {EXTERNAL: 4002, INTERNAL: 4003}
EVERYWHERE, HERE = "0.0.0.0", "127.0.0.1"
CERTIFICATES = "certificates"  # the folder of those for development


class Site(Struct, frozen=True):
    """One listener to be."""

    name: str
    address: str
    files: Files | None = None  # None: plain HTTP
    clients: Clients = Clients.NOTHING

    @property
    def scheme(self) -> str:
        """Of its URLs."""
        return "https" if self.files else "http"


class Plan(Struct, frozen=True):
    """All listeners, and the certificates for development if one of them uses these."""

    sites: tuple[Site, ...]
    development: Development | None


def make_plan(settings: Settings, state: Path) -> Plan:
    """Makes those certificates if need be. Raises OSError, LockTimeout."""
    controller = settings.controller
    listeners = {EXTERNAL: controller.external, INTERNAL: controller.internal}
    development = ensure_development(state / CERTIFICATES) if any(map(lacks_files, listeners.values())) else None
    clients = {EXTERNAL: Clients.NOTHING if settings.uaa else Clients.MAY_SHOW, INTERNAL: Clients.MUST_SHOW}
    secured = [make_site(name, each, clients[name], development) for name, each in listeners.items()]
    plain = [Site(HEALTH, controller.health_listen), Site(DEBUG, controller.debug_listen)]
    return Plan(tuple(site for site in (*secured, *plain) if site.address), development)


def lacks_files(listener: Listener) -> bool:
    """Whether it speaks TLS and nobody says with what."""
    return listener.listen != "" and listener.tls and not listener.certificate


def make_site(name: str, listener: Listener, clients: Clients, development: Development | None) -> Site:
    """Of one of the two APIs."""
    usual = f"{HERE if lacks_files(listener) else EVERYWHERE}:{USUAL_PORTS[name]}"
    address = usual if listener.listen is None else listener.listen
    if not listener.tls:
        return Site(name, address)
    if lacks_files(listener) and development:
        return Site(name, address, development.server, clients)
    return Site(name, address, Files(listener.certificate, listener.key, listener.client_ca), clients)


def bind(address: str) -> socket.socket:
    """A socket with this address. Raises OSError that names it."""
    host, _, port = address.rpartition(":")
    try:
        family, _, _, _, place = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        return socket.create_server(place[:2], family=family, backlog=0)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen there: {describe(error)}", address) from None


def describe(error: OSError) -> str:
    """Without what Python adds, which repeats the address."""
    is_name = isinstance(error, socket.gaierror)
    return os.strerror(error.errno) if error.errno and not is_name else str(error.strerror or error)


def format_url(site: Site, address: tuple[str, int]) -> str:
    """Where clients on this machine find it."""
    host, port = address
    is_local = host in (HERE, EVERYWHERE, "::", "::1")
    named = "localhost" if is_local else f"[{host}]" if ":" in host else host
    return f"{site.scheme}://{named}:{port}"
