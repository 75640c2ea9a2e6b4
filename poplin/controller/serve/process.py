"""The policy server from start to end: one process, one event loop, up to four listeners, a thread that cleans up."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from msgspec import Struct
from starlette.types import ASGIApp

from poplin.controller.access.assemble import Access
from poplin.controller.access.poller import Poller
from poplin.controller.api.apps import make_external, make_health, make_internal
from poplin.controller.api.service import External
from poplin.controller.serve.access import make_access
from poplin.controller.serve.configuration import BadConfiguration, Configuration, load
from poplin.controller.serve.database import list_counts, open_for, prepare
from poplin.controller.serve.debug import make_debug
from poplin.controller.serve.listener import Listener
from poplin.controller.serve.log import set_level
from poplin.controller.serve.metrics import Metrics
from poplin.controller.serve.settings import Settings
from poplin.controller.serve.sites import (
    DEBUG,
    EXTERNAL,
    HEALTH,
    INTERNAL,
    Plan,
    Site,
    bind,
    format_url,
    lacks_files,
    make_plan,
)
from poplin.controller.serve.tls import TlsError, make_context
from poplin.controller.store import Store
from poplin.linux.lockfile import LockTimeout
from poplin.linux.openfiles import raise_limit
from poplin.linux.sdnotify import notify

LOG = logging.getLogger("poplin.controller.process")

CLEANUP_PATIENCE = 10.0  # seconds at the end; a cleanup that is cut off deletes all it found, or nothing


class Place(Struct, frozen=True):
    """A listener that is ready."""

    name: str
    url: str


class Ready(Struct, frozen=True):
    """What whoever started us is told."""

    places: tuple[Place, ...]
    plan: Plan


Announce = Callable[[Ready], None]


def run(configuration: Configuration, state: Path, announce: Announce) -> int:
    """Serve until a signal ends it; the exit status.

    `announce` is called once everything listens. Before, raises NoDatabase, TlsError, TrustError, OSError, LockTimeout.
    """
    settings = configuration.settings
    raise_limit()  # the limits on connections may be above what a shell allows
    plan = make_plan(settings, state)
    prepare(settings, state)
    metrics = Metrics()
    store = open_for(settings, state, metrics.observe_store)
    metrics.watch(list_counts(store))
    access = make_access(settings, store, is_development=lacks_files(settings.controller.external))
    apps = make_apps(settings, store, access, metrics)
    bound = [(site, bind(site.address)) for site in plan.sites]
    listeners = {site: Listener(site.name, apps[site.name], each, settings.controller.limits) for site, each in bound}
    cleaning = Poller("cleanup", access.cleaner.clean, settings.controller.cleanup_interval)
    if EXTERNAL in (site.name for site in plan.sites):
        cleaning.start()
    try:
        return asyncio.run(Process(configuration, state, plan, listeners).serve(announce))
    finally:
        cleaning.stop(CLEANUP_PATIENCE)
        if access.outgoing:
            access.outgoing.close()
        store.close()


def make_apps(settings: Settings, store: Store, access: Access, metrics: Metrics) -> dict[str, ASGIApp]:
    """What each listener serves."""
    controller, observe = settings.controller, metrics.observe_request
    external = External(
        store=store,
        observe=observe,
        authenticator=access.authenticator,
        guard=access.guard,
        cleaner=access.cleaner,
        quota=controller.max_policies,
        self_service=controller.enable_space_developer_self_service,
        cors=controller.allowed_cors_domains,
        has_tls=controller.external.tls,
    )
    return {
        EXTERNAL: make_external(external),
        INTERNAL: make_internal(store, observe=observe),
        HEALTH: make_health(store, observe=observe),
        DEBUG: make_debug(metrics),
    }


class Process:
    """The part that lives in the event loop."""

    def __init__(self, configuration: Configuration, state: Path, plan: Plan, listeners: dict[Site, Listener]) -> None:
        self._configuration = configuration
        self._state = state
        self._plan = plan
        self._listeners = listeners
        self._told_to_stop = asyncio.Event()

    async def serve(self, announce: Announce) -> int:
        """Until a signal."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        self._use_certificates(self._plan)
        for listener in self._listeners.values():
            await listener.start()
        self._announce(announce)
        await self._told_to_stop.wait()
        await self._drain()
        return 0

    def _announce(self, announce: Announce) -> None:
        """Tell that clients may come."""
        places = tuple(Place(site.name, format_url(site, each.address)) for site, each in self._listeners.items())
        announce(Ready(places, self._plan))
        LOG.info("started", extra={"data": {"listeners": {each.name: each.url for each in places}}})
        notify("READY=1", os.environ)

    def _use_certificates(self, plan: Plan) -> None:
        """For clients from now on. Raises TlsError, and then nothing has changed."""
        contexts = {site.name: make_context(site.files, site.clients) for site in plan.sites if site.files}
        for site, listener in self._listeners.items():
            if site.name in contexts:  # TLS that is on stays on, whatever the file says by now
                listener.context = contexts[site.name]

    def _reload(self) -> None:
        """Certificates and log level as they are now; a mistake leaves all as it was."""
        try:
            settings = load(self._configuration.path).settings
            self._use_certificates(make_plan(settings, self._state))
            set_level(settings.controller.log_level)
            LOG.info("reloaded")
        except (BadConfiguration, TlsError, LockTimeout, OSError) as error:
            LOG.error("not-reloaded", extra={"data": {"error": str(error)}})

    def _stop(self, number: int) -> None:
        """Finish what runs; told so a second time, do not."""
        if self._told_to_stop.is_set():
            LOG.info("ended-at-once", extra={"data": {"signal": number}})
            end_at_once(128 + number)
        LOG.info("stopping", extra={"data": {"signal": number}})
        self._told_to_stop.set()

    async def _drain(self) -> None:
        """No new clients; the requests that run get their answers, if these do not take too long."""
        notify("STOPPING=1", os.environ)
        for listener in self._listeners.values():
            listener.stop_accepting()
        drained = asyncio.gather(*(each.drain() for each in self._listeners.values()))
        try:
            await asyncio.wait_for(drained, self._configuration.settings.controller.limits.drain)
            LOG.info("stopped")
        except TimeoutError:
            LOG.error("stopped-with-requests-unanswered")
            end_at_once(0)
        for listener in self._listeners.values():
            listener.abort()


def end_at_once(status: int) -> NoReturn:
    """Without waiting for threads that work on requests. What they have not committed, the database undoes."""
    sys.stdout.flush()
    os._exit(status)
