"""Who gets as far as a handler: the version first, then who calls, then what they may (cf-control-plane §1.3, §1.4)."""

from __future__ import annotations

from msgspec.structs import replace

from poplin.controller.access.caller import Forbidden, Unauthenticated, require_scopes
from poplin.controller.api.message import Request
from poplin.controller.api.refusal import Refused
from poplin.controller.api.routes import Route
from poplin.controller.api.service import External, Service


def admit(service: Service, route: Route, request: Request) -> Request:
    """The request with its caller, if the route asks for one. Raises Refused: 406, 401, 403."""
    if route.versions and request.version not in route.versions:
        raise Refused(406, f"api version '{request.version}' not supported")
    if not route.scopes:
        return request
    assert isinstance(service, External), "no other interface has anybody to ask who calls"
    try:
        caller = service.authenticator.identify(request.headers.get("authorization"), request.names)
        if not (service.self_service and route.for_self_service):
            require_scopes(caller, route.scopes)
    except Unauthenticated as error:
        raise Refused(401, str(error)) from error
    except Forbidden as error:
        raise Refused(403, str(error)) from error
    return replace(request, caller=caller)
