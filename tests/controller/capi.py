"""A Cloud Controller for tests: apps in spaces, and who develops there; lists have pages. API v3, and v2 beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import trustme
from controller.stand_in import Answer, Call, StandIn, Unexpected
from controller.uaa import Uaa

V3_FILTERS = {
    "/v3/apps": {"guids", "per_page", "page"},
    "/v3/roles": {"types", "user_guids", "space_guids", "per_page", "page"},
}
PUBLIC_URL = "https://api.example.org"  # what it calls itself, which nobody here resolves


class Capi(StandIn):
    """Shows everything to tokens that the UAA granted."""

    def __init__(self, authority: trustme.CA, uaa: Uaa) -> None:
        super().__init__(authority)
        self.uaa = uaa
        self.revoked: set[str] = set()
        self.apps: dict[str, str] = {}  # app -> space
        self.spaces: dict[str, tuple[str, str]] = {}  # space -> name, organization
        self.developers: set[tuple[str, str]] = set()  # subject, space
        self.most_per_page = 5000
        self.has_roles = True  # an old one has none, and answers 404

    def add_app(self, guid: str, space: str, *developers: str) -> None:
        """An app, its space, and who develops there."""
        self.apps[guid] = space
        self.spaces.setdefault(space, (f"name of {space}", "org-guid"))
        self.developers |= {(developer, space) for developer in developers}

    def answer(self, call: Call) -> Answer:
        """cf-control-plane §1.4."""
        if call.method != "GET":
            raise Unexpected(call)
        word, _, token = call.headers.get("authorization", "").partition(" ")
        if word != "bearer" or token not in self.uaa.granted or token in self.revoked:
            return Answer(
                401, {"errors": [{"code": 1000, "title": "CF-InvalidAuthToken", "detail": "Invalid Auth Token"}]}
            )
        match call.path.strip("/").split("/"):
            case ["v3", "apps"]:
                return self.list_v3(call, self.find_apps(call))
            case ["v3", "roles"]:
                return self.list_v3(call, self.find_roles(call)) if self.has_roles else not_found("CF-NotFound")
            case ["v2", "spaces"]:
                return self.list_v2(call, self.search_spaces(call.query["q"]))
            case ["v2", "spaces", guid]:
                return Answer(200, self.v2_space(guid)) if guid in self.spaces else not_found("CF-SpaceNotFound")
            case ["v2", "users", subject, "spaces"]:
                spaces = sorted(space for developer, space in self.developers if developer == subject)
                return self.list_v2(call, [self.v2_space(guid) for guid in spaces])
        raise Unexpected(call)

    def find_apps(self, call: Call) -> list[dict[str, Any]]:
        """Those asked for that there are."""
        wanted = values(call, "guids")
        return [
            {"guid": guid, "links": {"space": {"href": f"{PUBLIC_URL}/v3/spaces/{self.apps[guid]}"}}}
            for guid in sorted(wanted & self.apps.keys())
        ]

    def find_roles(self, call: Call) -> list[dict[str, Any]]:
        """Roles of users in spaces; there are none but developers."""
        if values(call, "types") != {"space_developer"}:
            raise Unexpected(call)
        subjects, spaces = values(call, "user_guids"), values(call, "space_guids") or self.spaces.keys()
        return [
            role(subject, space)
            for subject, space in sorted(self.developers)
            if subject in subjects and space in spaces
        ]

    def search_spaces(self, terms: Sequence[str]) -> list[dict[str, Any]]:
        """Those with a developer, a name and an organization."""
        wanted = dict(term.split(":", 1) for term in terms)
        return [
            self.v2_space(guid)
            for guid, (name, organization) in sorted(self.spaces.items())
            if (wanted["name"], wanted["organization_guid"]) == (name, organization)
            and (wanted["developer_guid"], guid) in self.developers
        ]

    def v2_space(self, guid: str) -> dict[str, Any]:
        """A space in API v2."""
        name, organization = self.spaces[guid]
        return {"metadata": {"guid": guid}, "entity": {"name": name, "organization_guid": organization}}

    def list_v3(self, call: Call, found: list[dict[str, Any]]) -> Answer:
        """The page of a list that was asked for."""
        if unknown := call.query.keys() - V3_FILTERS[call.path]:
            raise Unexpected(unknown)
        asked = int(call.query["per_page"][0])
        if not 1 <= asked <= 5000:
            return Answer(400, {"errors": [{"code": 10005, "detail": "Per page must be between 1 and 5000"}]})
        page, shown, more = self.cut(call, found, asked)
        href = f"{PUBLIC_URL}{call.path}?{urlencode({**call.query, 'page': [page + 1]}, doseq=True)}"
        pagination = {"total_results": len(found), "next": {"href": href} if more else None}
        return Answer(200, {"pagination": pagination, "resources": shown})

    def list_v2(self, call: Call, found: list[dict[str, Any]]) -> Answer:
        """As list_v3, in the shape of v2."""
        page, shown, more = self.cut(call, found, int(call.query.get("results-per-page", ["50"])[0]))
        url = f"{call.path}?{urlencode({**call.query, 'page': [page + 1]}, doseq=True)}"
        return Answer(200, {"total_results": len(found), "next_url": url if more else None, "resources": shown})

    def cut(self, call: Call, found: list[dict[str, Any]], asked: int) -> tuple[int, list[dict[str, Any]], bool]:
        """Number and contents of the page that was asked for, and whether there is another."""
        size, page = min(asked, self.most_per_page), int(call.query.get("page", ["1"])[0])
        return page, found[(page - 1) * size : page * size], len(found) > page * size


def values(call: Call, name: str) -> set[str]:
    """Of a comma separated filter; an empty one restricts nothing, so it is not asked for."""
    text = ",".join(call.query.get(name, ()))
    if name in call.query and not all(text.split(",")):
        raise Unexpected(f"an empty value in {name}")
    return set(text.split(",")) if text else set()


def role(subject: str, space: str) -> dict[str, Any]:
    """A developer's role in API v3."""
    sides = {"user": {"data": {"guid": subject}}, "space": {"data": {"guid": space}}, "organization": {"data": None}}
    return {"guid": f"role-{subject}-{space}", "type": "space_developer", "relationships": sides}


def not_found(title: str) -> Answer:
    """What there is not."""
    return Answer(404, {"errors": [{"code": 10010, "title": title, "detail": "Resource not found"}]})
