"""The three interfaces as ASGI applications, for any server."""

from __future__ import annotations

from functools import partial

from starlette.routing import Router
from starlette.types import ASGIApp

from poplin.controller.api import headers, routes
from poplin.controller.api.asgi import Shell
from poplin.controller.api.documents import describe_external, describe_internal, route_document
from poplin.controller.api.service import External, Health, Internal, ObserveRequest, observe_nothing
from poplin.controller.store.store import Store


def make_external(service: External) -> ASGIApp:
    """For people and the command line. In certificate mode the server puts the names of the client certificate into
    `scope["state"]["certificate_names"]`."""
    table = routes.with_preflights((*routes.EXTERNAL, route_document(describe_external)))
    return Router(default=Shell(service, table, partial(headers.make_headers, service, table)))


def make_internal(store: Store, *, observe: ObserveRequest = observe_nothing) -> ASGIApp:
    """For agents. Whom to let in is for the server's TLS to decide, before this."""
    table = (*routes.INTERNAL, route_document(describe_internal))
    return Router(default=Shell(Internal(store=store, observe=observe), table, lambda request: headers.HSTS))


def make_health(store: Store, *, observe: ObserveRequest = observe_nothing) -> ASGIApp:
    """For load balancers and monitors, in plain HTTP."""
    return Router(default=Shell(Health(store=store, observe=observe), routes.HEALTH, lambda request: ()))
