"""A profile: one description of the tool to be true to, as data. `document` and `script` are the two there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from string import Formatter

from poplin.autogen.policy import Policy

Settings = Mapping[str, object]


@dataclass(frozen=True)
class Key:
    """A key of an intent. `read` gives its value; it raises ValueError for one that is wrong."""

    name: str
    read: Callable[[object], object]
    is_required: bool = False  # always
    is_mandatory: bool = False  # as the document says; enforced on request
    spellings: tuple[str, ...] = ()  # older names of it
    absence: str = ""  # what is left out without it


@dataclass(frozen=True)
class Default:
    """A policy the tool adds by itself. In strings of its settings `{Subnet}` stands for that key of the intent."""

    type: str
    settings: Settings

    def fill(self, addresses: Mapping[str, str]) -> Policy | None:
        """The policy, or None if it needs an address that is not there; a list goes without what it needs."""
        settings = {name: fill(value, addresses) for name, value in self.settings.items()}
        if not all(settings.values()):
            return None
        keys = tuple(key for key in self.needs if key in addresses)
        return Policy(self.type, settings, f"default {self.name}", is_default=True, keys=keys)

    @property
    def name(self) -> str:
        """`5001`, or `OutBoundNAT`."""
        return str(self.settings.get("Priority", self.type))

    @property
    def needs(self) -> list[str]:
        """The keys of an intent it needs, or can do with."""
        return [name for value in self.settings.values() for name in list_needs(value)]


@dataclass(frozen=True)
class Profile:
    """What one version of the tool takes and makes."""

    version: str
    default_file: str
    keys: tuple[Key, ...]
    user_band: range  # the priorities a user's ACL may have
    defaults: tuple[Default, ...]
    place: Callable[[Policy], int]  # policies are sorted by it; those of one place stay as they are, defaults first
    no_priority: int | None = None  # a Priority that means none


def fill(value: object, addresses: Mapping[str, str]) -> object:
    """A setting with its addresses in it, empty if one is missing."""
    if isinstance(value, list):
        return [text for text in (fill(item, addresses) for item in value) if text]
    if isinstance(value, str):
        return value.format_map(addresses) if addresses.keys() >= set(list_needs(value)) else ""
    return value


def list_needs(value: object) -> Iterator[str]:
    """The keys in a template, or in a list of them."""
    for template in value if isinstance(value, list) else [value]:
        yield from (name for _, name, _, _ in Formatter().parse(str(template)) if name)


def block(priority: int, remote: str) -> Default:
    """An ACL that blocks what goes to an address."""
    return Default("ACL", {"Priority": priority, "Direction": "Out", "RemoteAddresses": remote, "Action": "Block"})


def allow(priority: int, remote: str, port: str, protocol: str) -> Default:
    """An ACL that allows what goes to a port of an address."""
    return Default(
        "ACL",
        {
            "Action": "Allow",
            "Direction": "Out",
            "RemotePorts": port,
            "RemoteAddresses": remote,
            "Priority": priority,
            "Protocols": protocol,
        },
    )


def allow_all(priority: int) -> Default:
    """An ACL that allows whatever goes out."""
    return Default("ACL", {"Priority": priority, "Direction": "Out", "Action": "Allow"})
