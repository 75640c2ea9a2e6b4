"""Which policies somebody may see and change who is no administrator.

A space developer may change policies between apps of spaces that they develop in. An app that the Cloud Controller does
not know is nobody's: the original lets such policies pass (cf-control-plane §12 row 3), we do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from poplin.controller.access.caller import Caller
from poplin.controller.access.capi import Capi, CapiError, doing
from poplin.controller.access.developers import is_developer_of_all, spaces_of_developer
from poplin.controller.access.uaa import UaaError
from poplin.policy.model import Policy, TaggedPolicy


class AccessError(Exception):
    """It could not be found out; the text is for the log."""


class Guard(Protocol):
    """Decides on policies for callers without `network.admin`; for administrators nobody asks it."""

    def may_change(self, caller: Caller, policies: Sequence[Policy]) -> bool:
        """Whether the caller may create and delete all of these. Raises AccessError."""
        ...

    def visible(self, caller: Caller, policies: Sequence[TaggedPolicy]) -> list[TaggedPolicy]:
        """Those that the caller may see. Raises AccessError."""
        ...


class SpaceGuard:
    """Asks the Cloud Controller where the apps are and where the caller is a developer."""

    def __init__(self, capi: Capi) -> None:
        self._capi = capi

    def may_change(self, caller: Caller, policies: Sequence[Policy]) -> bool:
        """Whether every app of the policies is in a space that the caller develops in."""
        with telling_what_failed():
            apps = apps_of(policies)
            spaces = self._spaces_of(apps)
            return spaces.keys() == apps and is_developer_of_all(self._capi, caller.subject, set(spaces.values()))

    def visible(self, caller: Caller, policies: Sequence[TaggedPolicy]) -> list[TaggedPolicy]:
        """Those whose both apps are in spaces that the caller develops in."""
        if not policies:
            return []
        with telling_what_failed():
            own = spaces_of_developer(self._capi, caller.subject)
            apps = apps_of([tagged.policy for tagged in policies]) if own else set()
            inside = {app for app, space in self._spaces_of(apps).items() if space in own}
        return [tagged for tagged in policies if {tagged.policy.source, tagged.policy.destination} <= inside]

    def _spaces_of(self, apps: set[str]) -> dict[str, str]:
        with doing("getting space guids"):
            return self._capi.spaces_of_apps(apps)


class ClosedGuard:
    """Without a Cloud Controller nobody is a space developer: `network.admin` alone sees and changes policies."""

    def may_change(self, caller: Caller, policies: Sequence[Policy]) -> bool:
        """No."""
        return False

    def visible(self, caller: Caller, policies: Sequence[TaggedPolicy]) -> list[TaggedPolicy]:
        """None."""
        return []


def apps_of(policies: Sequence[Policy]) -> set[str]:
    """The ids of both sides."""
    return {policy.source for policy in policies} | {policy.destination for policy in policies}


@contextmanager
def telling_what_failed() -> Iterator[None]:
    """The texts of cf-control-plane row 82."""
    try:
        yield
    except UaaError as error:
        raise AccessError(f"getting token: {error}") from error
    except CapiError as error:
        raise AccessError(str(error)) from error
