"""Stale policies: those of apps that are no more (cf-control-plane §1.9).

Nothing is deleted unless the Cloud Controller answered every question. If it knows none of the apps, that is no
answer to delete all policies for: more likely it lost its data, or our token may see no apps. Groups whose tag
somebody asked for by name, as the routers', are no apps and never stale.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

import msgspec

from poplin.controller.access.capi import Capi, CapiError
from poplin.controller.access.guard import apps_of
from poplin.controller.access.uaa import UaaError
from poplin.controller.store.errors import StoreError
from poplin.policy.model import Policy, Tag, TaggedPolicy

log = logging.getLogger("poplin.controller.cleaner")

APP = "app"  # the type of an app's tag


class CleanupError(Exception):
    """Nothing was deleted, or not everything; the text is for the log."""


class PolicyStore(Protocol):
    """What of the store a cleaner needs; any exception of it is a failure of the database."""

    def list_policies(self) -> list[TaggedPolicy]:
        """All."""
        ...

    def list_tags(self) -> list[Tag]:
        """All."""
        ...

    def delete_policies(self, policies: Sequence[Policy]) -> None:
        """Those that are there."""
        ...


class Cleaner(Protocol):
    """Deletes what is stale."""

    def clean(self) -> list[Policy]:
        """What was deleted, each once. Raises CleanupError."""
        ...


class NothingStale:
    """Without a Cloud Controller nothing can be known to be stale."""

    def clean(self) -> list[Policy]:
        """Nothing."""
        return []


class StaleCleaner:
    """Compares the store with the Cloud Controller. Several at once do no harm, as deleting twice does none."""

    def __init__(self, store: PolicyStore, capi: Capi, *, unknown_apps_limit: int = 0) -> None:
        """`unknown_apps_limit`: of how few apps it is believed that none is left; 0: it never is."""
        self._store = store
        self._capi = capi
        self._limit = unknown_apps_limit

    def clean(self) -> list[Policy]:
        """Delete all policies of apps that are no more, and tell which they were."""
        policies, others = self._read()
        apps = apps_of(policies) - others
        stale = apps - self._known(apps)
        deleted = sorted({policy for policy in policies if {policy.source, policy.destination} & stale})
        self._delete(deleted)
        return deleted

    def _read(self) -> tuple[list[Policy], set[str]]:
        """All policies, and the ids of all groups that are no apps."""
        try:
            policies = [tagged.policy for tagged in self._store.list_policies()]
            return policies, {tag.id for tag in self._store.list_tags() if tag.type != APP}
        except StoreError as error:
            raise CleanupError(f"database read failed for c2c policies: {error}") from error

    def _known(self, apps: set[str]) -> set[str]:
        """Those of the apps that are still there."""
        try:
            known = set(self._capi.spaces_of_apps(apps))
        except UaaError as error:
            raise CleanupError(f"get UAA token failed: {error}") from error
        except CapiError as error:
            raise CleanupError(f"get app guids from Cloud-Controller failed: {error}") from error
        if not known and len(apps) > self._limit:
            raise CleanupError(
                f"the Cloud Controller knows none of {len(apps)} apps, so nothing is deleted; see that the UAA client"
                f" may read all apps, or raise unknown_apps_limit, which is {self._limit}"
            )
        return known

    def _delete(self, policies: list[Policy]) -> None:
        if not policies:
            return
        listed = [msgspec.to_builtins(policy) for policy in policies]
        log.info(
            "deleting stale policies:", extra={"data": {"total_policies": len(policies), "stale_policies": listed}}
        )
        try:
            self._store.delete_policies(policies)
        except StoreError as error:
            raise CleanupError(f"database write failed: {error}") from error
