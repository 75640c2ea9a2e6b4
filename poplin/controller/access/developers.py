"""Which spaces somebody develops in, in few questions.

API v3 tells by roles: one question for a hundred spaces. A Cloud Controller that has no roles yet is asked as the
original asks, in API v2 (cf-control-plane §1.4): two questions for each space, one list for all. Both decide the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from urllib.parse import quote, urlencode

from msgspec import Struct

from poplin.controller.access.capi import ASKABLE, CHUNK, MOST_PAGES, Capi, CapiError, Page, chunks, doing, path_of

ROLE = "space_developer"
LARGEST_PAGE = "5000"  # of API v3
NOT_FOUND = 404
NOTHING: Mapping[str, str] = MappingProxyType({})


class Related(Struct, frozen=True):
    """Points to a resource."""

    guid: str


class To(Struct, frozen=True):
    """One relationship; null where it leads nowhere."""

    data: Related | None = None


class RoleSides(Struct, frozen=True):
    """Who has the role, and where; a role of an organization has no space."""

    user: To
    space: To


class Role(Struct, frozen=True):
    """Somebody is something somewhere."""

    type: str
    relationships: RoleSides


class SpaceNames(Struct, frozen=True):
    """A space, as v2 finds it."""

    name: str
    organization_guid: str


class Metadata(Struct, frozen=True):
    """Of a resource of v2."""

    guid: str


class Space(Struct, frozen=True):
    """A space of v2."""

    metadata: Metadata
    entity: SpaceNames


class Spaces(Struct, frozen=True):
    """One page of a list of v2."""

    resources: list[Space]
    next_url: str | None = None


def is_developer_of_all(capi: Capi, subject: str, spaces: Collection[str]) -> bool:
    """Whether somebody develops in each of these spaces. Raises CapiError."""
    if not ASKABLE.fullmatch(subject):
        return False
    try:
        with doing("getting roles"):
            return set(spaces) <= set(read_roles_in(capi, subject, spaces))
    except CapiError as error:
        if error.status != NOT_FOUND:
            raise
    return all(is_found_as_developer(capi, subject, space) for space in sorted(spaces))


def spaces_of_developer(capi: Capi, subject: str) -> frozenset[str]:
    """The GUIDs of all spaces that somebody develops in. Raises CapiError."""
    if not ASKABLE.fullmatch(subject):
        return frozenset()
    try:
        with doing("getting roles"):
            return frozenset(read_roles(capi, subject))
    except CapiError as error:
        if error.status != NOT_FOUND:
            raise
    return frozenset(list_spaces(capi, subject))


def read_roles_in(capi: Capi, subject: str, spaces: Collection[str]) -> Iterator[str]:
    """Those of the spaces that the subject develops in."""
    for chunk in chunks(sorted(spaces)):
        yield from read_roles(capi, subject, {"space_guids": ",".join(chunk)})


def read_roles(capi: Capi, subject: str, more: Mapping[str, str] = NOTHING) -> Iterator[str]:
    """The spaces of the subject's roles; a role of anybody or anything else is not what we asked for."""
    query = {"types": ROLE, "user_guids": subject, "per_page": LARGEST_PAGE, **more}
    for role in capi.read_list("/v3/roles", query, Page[Role]):
        user, space = role.relationships.user.data, role.relationships.space.data
        if role.type == ROLE and user is not None and user.guid == subject and space is not None:
            yield space.guid


def is_found_as_developer(capi: Capi, subject: str, guid: str) -> bool:
    """By the names of the space and a search for spaces that are called so. Raises CapiError if it finds several."""
    space = find_space(capi, guid)
    if space is None:
        return False
    terms = (f"developer_guid:{subject}", f"name:{space.name}", f"organization_guid:{space.organization_guid}")
    found = capi.get("/v2/spaces?" + urlencode([("q", term) for term in terms]), Spaces).resources
    if len(found) > 1:
        raise CapiError("found more than one matching space")
    return [other.metadata.guid for other in found] == [guid]


def find_space(capi: Capi, guid: str) -> SpaceNames | None:
    """None if there is no such space. Raises CapiError."""
    try:
        with doing(f"getting space with guid {guid}"):
            return capi.get(f"/v2/spaces/{quote(guid, safe='')}", Space).entity
    except CapiError as error:
        if error.status != NOT_FOUND:
            raise
    return None


def list_spaces(capi: Capi, subject: str) -> Iterator[str]:
    """All spaces of a developer. Raises CapiError, also for somebody whom the Cloud Controller does not know."""
    path = f"/v2/users/{quote(subject, safe='')}/spaces?results-per-page={CHUNK}"
    for _ in range(MOST_PAGES):
        page = capi.get(path, Spaces)
        yield from (space.metadata.guid for space in page.resources)
        if not page.next_url:
            return
        path = path_of(page.next_url)
    raise CapiError(f"the spaces of {subject} have more than {MOST_PAGES} pages")
