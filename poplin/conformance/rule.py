"""A rule of the specification, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from poplin.spec.versions import OLDEST, is_at_least

INTERFACE = "interface"  # makes the container's interface
IPAM = "ipam"  # gives addresses to a plugin that asks
CHAINED = "chained"  # works on what others made
KINDS = (INTERFACE, IPAM, CHAINED)

KEPT = "kept"
BROKEN = "broken"
ADVICE = "advice"  # broken, but no section of the specification has it
KNOWN = "known defect"
NOT_ASKED = "does not apply"
UNSEEN = "could not be judged"
PRACTICE = "good practice"  # instead of a section
STATUSES = (KEPT, BROKEN, ADVICE, KNOWN, NOT_ASKED, UNSEEN)


@dataclass(frozen=True)
class Rule:
    """What is demanded, where the specification says so and since which version, and of which plugins."""

    name: str
    group: str
    section: str
    demand: str
    kinds: Sequence[str] = KINDS
    since: str = OLDEST

    def find_fault(self, version: str) -> str:
        """What it is to break it, for a plugin whose newest version is this."""
        is_said = self.section != PRACTICE and is_at_least(version, self.since)
        return BROKEN if is_said else ADVICE

    @property
    def function(self) -> str:
        """The function in the group's module."""
        return self.name.replace("-", "_")


@dataclass(frozen=True)
class Outcome:
    """How a plugin did. `texts` says what was seen: of a rule that is kept, nothing."""

    rule: Rule
    status: str
    texts: Sequence[str] = ()
    why: str = ""  # of a known defect
    row: str = ""  # of the fact sheet that has the defect
    seconds: float = 0.0


class Unseen(Exception):
    """The rule cannot be judged, because something else is wrong already."""


class NotAsked(Exception):
    """The rule does not concern this plugin."""
