"""Policies: what Windows' Host Networking Service applies to an endpoint, in order of their priority."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from poplin.schema.casing import find_value
from poplin.schema.plain import is_integer

ACL = "ACL"


@dataclass(frozen=True)
class Policy:
    """One policy, and where it came from: `default 5001`, or a place in the intent like `AdditionalPolicies[0]`."""

    type: str
    settings: Mapping[str, object]
    origin: str
    is_default: bool = False
    keys: tuple[str, ...] = ()  # of the intent, whose values are in a default policy

    @property
    def is_acl(self) -> bool:
        """Whether it is an access control list; types are the same in any case."""
        return self.type.upper() == ACL

    @property
    def priority(self) -> int | None:
        """Lower ones decide first; None where there is none."""
        value = self.find("Priority")
        return value if is_integer(value) else None

    def find(self, name: str) -> object | None:
        """The setting of this name, in any case, as the plugins read them."""
        return find_value(self.settings, name)

    def as_argument(self) -> dict[str, object]:
        """The item of a configuration's AdditionalArgs."""
        return {"Name": "EndpointPolicy", "Value": {"Type": self.type, "Settings": deepcopy(dict(self.settings))}}
