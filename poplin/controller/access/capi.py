"""The Cloud Controller: where apps are. Lists are read to their last page; an incomplete one is an error.

The original gives up on a second page (cf-control-plane row 98); we read on, as nothing is decided on half a list.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from msgspec import Struct

from poplin.controller.access.outgoing import Answer, Outgoing, OutgoingError, Reply, decode

Resource = TypeVar("Resource")

CHUNK = 100  # ids in one question: its URL must stay short
MOST_PAGES = 10_000
# No id of anything looks otherwise. Another could be taken for two, or, if it is empty, for no restriction at all.
ASKABLE = re.compile(r"[A-Za-z0-9._-]{1,255}")


class CapiError(Exception):
    """No usable answer from the Cloud Controller; `status` is its HTTP status, 0 where there is none."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class TokenSource(Protocol):
    """Where the token for the Cloud Controller comes from."""

    def token(self) -> str:
        """Raises what tells that there is none."""
        ...

    def drop_token(self, token: str) -> None:
        """This one was refused."""
        ...


class Link(Struct, frozen=True):
    """Somewhere else on the Cloud Controller."""

    href: str


class Pagination(Struct, frozen=True):
    """How long a list is, and where it goes on."""

    total_results: int
    next: Link | None = None


class Page(Struct, Generic[Resource], frozen=True):
    """One page of a list of API v3."""

    pagination: Pagination
    resources: list[Resource]


class AppLinks(Struct, frozen=True):
    """Of an app's links the only one we follow, though not over the network."""

    space: Link


class App(Struct, frozen=True):
    """An app, as far as we care."""

    guid: str
    links: AppLinks


class Capi:
    """Questions to one Cloud Controller. All methods raise CapiError, and what the token source raises."""

    def __init__(self, outgoing: Outgoing, url: str, tokens: TokenSource) -> None:
        self._outgoing = outgoing
        self._url = url.rstrip("/")
        self._tokens = tokens

    def spaces_of_apps(self, guids: Collection[str]) -> dict[str, str]:
        """The GUID of the space of each app that there is; others are left out. No guids, no question."""
        spaces = {}
        for chunk in chunks(sorted(guid for guid in set(guids) if ASKABLE.fullmatch(guid))):
            query = {"guids": ",".join(chunk), "per_page": str(len(chunk))}
            for app in self.read_list("/v3/apps", query, Page[App]):
                spaces[app.guid] = app.links.space.href.rpartition("/")[2]
        return spaces

    def read_list(self, path: str, query: Mapping[str, str], kind: type[Page[Resource]]) -> Iterator[Resource]:
        """All resources of a list of API v3. The first error ends it, at the latest after the last page."""
        page = self.get(path, kind, query)
        count = len(page.resources)
        yield from page.resources
        for _ in range(MOST_PAGES):
            if page.pagination.next is None:
                break
            page = self.get(path_of(page.pagination.next.href), kind)
            count += len(page.resources)
            yield from page.resources
        if count < page.pagination.total_results:
            raise CapiError(f"{path} has {page.pagination.total_results} results and showed only {count}")

    def get(self, path: str, kind: type[Answer], query: Mapping[str, str] | None = None) -> Answer:
        """The record at this path."""
        try:
            reply = self._ask(path, query)
            if reply.status != 200:
                raise CapiError(f"json client do: http status {reply.status}: {reply.text()}", reply.status)
            return decode(reply.body, kind)
        except OutgoingError as error:
            raise CapiError(f"json client do: {error}") from error

    def _ask(self, path: str, query: Mapping[str, str] | None) -> Reply:
        """With a new token once more if the first is refused: it may have been revoked."""
        token = self._tokens.token()
        reply = self._outgoing.get(self._url + path, query, authorization=f"bearer {token}")
        if reply.status == 401:
            self._tokens.drop_token(token)
            reply = self._outgoing.get(self._url + path, query, authorization=f"bearer {self._tokens.token()}")
        return reply


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say in a CapiError what was being done."""
    try:
        yield
    except CapiError as error:
        raise CapiError(f"{what}: {error}", error.status) from error


def chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    """All items, at most CHUNK at a time."""
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))


def path_of(href: str) -> str:
    """Path and query: we stay on the server we were told of, whatever name it gives itself."""
    parts = urlsplit(href)
    return parts.path + (f"?{parts.query}" if parts.query else "")
