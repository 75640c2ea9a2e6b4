"""What the policy server keeps and hands out, as records that cannot change.

An id names a policy group: today always the GUID of an app. A tag is the group's number in hexadecimal, which its
packets carry from host to host.
"""

from __future__ import annotations

from msgspec import Struct


class Policy(Struct, frozen=True, order=True, gc=False):
    """The source's containers may open connections to these ports of the destination's."""

    source: str
    destination: str
    protocol: str  # tcp, udp
    start: int  # port
    end: int  # port, inclusive; the same as start for a single one


class TaggedPolicy(Struct, frozen=True, order=True, gc=False):
    """A policy as it is stored: with the tags of both sides, `0001`."""

    policy: Policy
    source_tag: str
    destination_tag: str


class Tag(Struct, frozen=True):
    """Which number stands for which group; its type is `app` unless somebody asked for the tag by name."""

    id: str
    tag: str
    type: str


class SecurityGroup(Struct, frozen=True):
    """Where containers of some spaces, or of all, may connect to."""

    guid: str
    name: str
    rules: str  # a JSON array as text
    staging_default: bool
    running_default: bool
    staging_space_guids: tuple[str, ...]
    running_space_guids: tuple[str, ...]


class Selection(Struct, frozen=True):
    """Which policies: those with one of `either` on any side, else those with one of each list that is not None."""

    either: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    destinations: frozenset[str] | None = None


ALL = Selection()
