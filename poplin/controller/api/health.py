"""Whether the server is there, for load balancers and monitors (cf-control-plane §1.2)."""

from __future__ import annotations

from time import monotonic

from poplin.controller.api.message import Reply, Request, make_text
from poplin.controller.api.refusal import reported_as
from poplin.controller.api.service import Service


def show_uptime(service: Service, request: Request) -> Reply:
    """For how long the server runs; says nothing about its database."""
    return make_text(f"Network policy server, up for {format_seconds(monotonic() - service.started)}\n")


def format_seconds(seconds: float) -> str:
    """`1h2m3s`, as Go writes it."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{seconds}s"
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def check_health(service: Service, request: Request) -> Reply:
    """An empty answer if the database answers."""
    with reported_as("check database failed"):
        service.store.check()
    return Reply(b"", media="")
