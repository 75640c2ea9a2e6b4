"""An intent: what somebody wants of a network, read by a profile's keys. Everything wrong with it is said at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from poplin.autogen.additional import read_additional
from poplin.autogen.policy import Policy
from poplin.autogen.problem import Review
from poplin.autogen.profile import Key, Profile
from poplin.autogen.profiles import PROFILES
from poplin.schema.nearest import find_nearest
from poplin.schema.values import quote

DEFAULT_VERSION = "0.2.0"
ADDRESSES = ("Gateway", "Subnet", "LocalEndpoint", "InfraPrefix", "ManagementIp")


@dataclass(frozen=True)
class Intent:
    """Values as they were written, and found to be right."""

    name: str
    type: str
    version: str
    servers: list[str]
    addresses: dict[str, str]  # of ADDRESSES those that are there
    policies: list[Policy]
    skip_defaults: bool


@dataclass(frozen=True)
class Entry:
    """A key that is there: as it was spelled, and its value."""

    spelling: str
    value: object


def read_intent(source: Mapping[str, object], profile: Profile, strict: bool, review: Review) -> Intent:
    """The intent; warnings go into the review. Raises IntentError with all that is wrong."""
    entries = dict(find_entries(source, profile, review))
    review.refuse(list_missing(entries, profile, strict))
    values = {key.name: read_key(key, entries[key.name], review) for key in profile.keys if key.name in entries}
    if values.get("SkipDefaultPolicies") is False:
        text = "SkipDefaultPolicies skips the default policies whatever its value; leave the key out to have them"
        review.warnings.append(text)
    policies = read_additional(list_policies(entries.get("AdditionalPolicies")), profile, strict, review)
    review.settle()
    return Intent(
        name=str(values["Name"]),
        type=str(values["Type"]),
        version=str(values.get("Version", DEFAULT_VERSION)),
        servers=list(values.get("DnsServers", ())),  # type: ignore[call-overload]
        addresses={name: str(values[name]) for name in ADDRESSES if name in values},
        policies=policies,
        skip_defaults="SkipDefaultPolicies" in values,
    )


def list_policies(entry: Entry | None) -> Iterator[tuple[str, object]]:
    """The user's policies with their places in the intent, which may have one instead of a list."""
    match entry:
        case Entry(spelling, list(items)):
            yield from ((f"{spelling}[{index}]", item) for index, item in enumerate(items))
        case Entry(spelling, dict(item)):
            yield spelling, item


def find_entries(source: Mapping[str, object], profile: Profile, review: Review) -> Iterator[tuple[str, Entry]]:
    """The keys of the profile that are there, by their proper names, in whichever case and spelling."""
    proper = {spelling.lower(): key.name for key in profile.keys for spelling in (key.name, *key.spellings)}
    seen: dict[str, str] = {}
    for spelling, value in source.items():
        name = proper.get(spelling.lower())
        if name is None:
            review.warnings.append(describe_unknown_key(spelling, profile))
        elif name in seen:
            review.refuse([f"{seen[name]} and {spelling} are the same key; write it once"])
        else:
            seen[name] = spelling
            yield name, Entry(spelling, value)


def describe_unknown_key(spelling: str, profile: Profile) -> str:
    """A key that means nothing in this profile."""
    sentence = f"the key {quote(spelling)} is unknown to profile {profile.version} and ignored"
    for other in PROFILES.values():
        if spelling.lower() in (key.name.lower() for key in other.keys):
            return f"{sentence}; profile {other.version} knows it"
    nearest = find_nearest(spelling, [key.name for key in profile.keys])
    return f"{sentence}; did you mean {nearest}?" if nearest else sentence


def list_missing(entries: Mapping[str, Entry], profile: Profile, strict: bool) -> Iterator[str]:
    """What has to be there and is not, in one sentence."""
    wanted = [key.name for key in profile.keys if key.is_required or (strict and key.is_mandatory)]
    if missing := [name for name in wanted if name not in entries]:
        verb = "is" if len(missing) == 1 else "are"
        who = f"profile {profile.version}{' with --strict' if strict else ''}"
        yield f"{', '.join(missing)} {verb} missing; {who} cannot do without"


def read_key(key: Key, entry: Entry, review: Review) -> object:
    """The value of one key."""
    try:
        return key.read(entry.value)
    except ValueError as error:
        review.refuse([f"{entry.spelling}: {error}"])
        return None
