"""What each interface works with: the store, who decides, and the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from poplin.controller.access.caller import Authenticator
from poplin.controller.access.cleaner import Cleaner
from poplin.controller.access.guard import Guard
from poplin.controller.api.listing import Lists
from poplin.controller.store.store import Store

ObserveRequest = Callable[[str, float, int], None]  # name, seconds, status


def observe_nothing(name: str, seconds: float, status: int) -> None:
    """For who keeps no metrics."""


@dataclass(frozen=True, kw_only=True)
class Service:
    """What every interface has."""

    store: Store
    observe: ObserveRequest = observe_nothing
    started: float = field(default_factory=monotonic)


@dataclass(frozen=True, kw_only=True)
class Health(Service):
    """The interface for health checks."""


@dataclass(frozen=True, kw_only=True)
class Internal(Service):
    """The interface for agents; whoever gets through its TLS may ask for anything."""

    lists: Lists = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "lists", Lists(self.store))


@dataclass(frozen=True, kw_only=True)
class External(Internal):
    """The interface for people and the command line."""

    authenticator: Authenticator
    guard: Guard
    cleaner: Cleaner
    quota: int = 150  # policies of which one app may be the source; not for network.admin
    self_service: bool = False  # whether those without any scope may change the policies of their own apps
    cors: tuple[str, ...] = ()  # origins of pages that may use this interface; `*` is any
    has_tls: bool = True
