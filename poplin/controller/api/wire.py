"""Answers as JSON (cf-control-plane §1.5, §2.3). The order of fields is the original's."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, Struct, UnsetType, json

from poplin.policy.model import Policy, SecurityGroup, Tag, TaggedPolicy


# These come by the ten thousand and never in circles, so the garbage collector need not look at them.
class Ports(Struct, gc=False):
    """Both ends belong to the range."""

    start: int
    end: int


class Source(Struct, gc=False):
    """Who may connect."""

    id: str
    tag: str | UnsetType = UNSET


class Destination(Struct, gc=False, kw_only=True):
    """To whom, and how. What a form of the list does not have stays unset and is left out."""

    id: str
    tag: str | UnsetType = UNSET
    protocol: str
    port: int | UnsetType = UNSET
    ports: Ports | UnsetType = UNSET


class Item(Struct, gc=False):
    """A policy in a list."""

    source: Source
    destination: Destination


class Listing(Struct):
    """A list of policies."""

    total_policies: int
    policies: list[Item]


class Tags(Struct):
    """All tags that are taken."""

    tags: list[Tag]


class Groups(Struct):
    """A page of security groups; `next` is where the next one begins, 0 if this was the last."""

    next: int
    security_groups: list[SecurityGroup]


class Subject(Struct):
    """Who is asking."""

    subject: str


class Form(Struct, frozen=True):
    """Which fields the policies of a list have."""

    with_tags: bool
    with_port: bool  # a single one: policies for a range are not in the list
    with_ports: bool


EXTERNAL = {"v0": Form(False, True, False), "v1": Form(False, False, True)}
# Agents of the first days read `port`; as `ports` does not disturb them, v0 has both.
INTERNAL_V0, INTERNAL_V1 = Form(True, True, True), Form(True, False, True)


def encode_policies(policies: Sequence[TaggedPolicy], form: Form) -> bytes:
    """`{"total_policies": 1, "policies": [...]}`."""
    if form.with_port:
        policies = [item for item in policies if item.policy.start == item.policy.end]
    make = make_tagged if form.with_tags else make_untagged
    return json.encode(Listing(len(policies), [make(item, form) for item in policies]))


def make_untagged(item: TaggedPolicy, form: Form) -> Item:
    """For people."""
    policy = item.policy
    return Item(Source(policy.source), make_destination(policy, form))


def make_tagged(item: TaggedPolicy, form: Form) -> Item:
    """For agents."""
    policy = item.policy
    destination = make_destination(policy, form)
    destination.tag = item.destination_tag
    return Item(Source(policy.source, item.source_tag), destination)


def make_destination(policy: Policy, form: Form) -> Destination:
    """The side that has ports."""
    return Destination(
        id=policy.destination,
        protocol=policy.protocol,
        port=policy.start if form.with_port else UNSET,
        ports=Ports(policy.start, policy.end) if form.with_ports else UNSET,
    )


def encode_removed(policies: Sequence[Policy]) -> bytes:
    """What the cleanup took away, always as v1."""
    form = EXTERNAL["v1"]
    return json.encode(
        Listing(len(policies), [Item(Source(each.source), make_destination(each, form)) for each in policies])
    )


def encode_tags(tags: list[Tag]) -> bytes:
    """`{"tags": [{"id", "tag", "type"}]}`."""
    return json.encode(Tags(tags))


def encode_tag(tag: Tag) -> bytes:
    """`{"id", "tag", "type"}`."""
    return json.encode(tag)


def encode_groups(groups: list[SecurityGroup], next_start: int) -> bytes:
    """`{"next": 0, "security_groups": [...]}`."""
    return json.encode(Groups(next_start, groups))


def encode_subject(subject: str) -> bytes:
    """`{"subject": "..."}`."""
    return json.encode(Subject(subject))


def encode_integer(number: int) -> bytes:
    """Every digit of it: a time in nanoseconds is more than a float can hold."""
    return b"%d" % number
