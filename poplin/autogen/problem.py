"""What is wrong with an intent: all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_TOLD = 5  # problems in one line


class IntentError(ValueError):
    """Nothing can be generated; `problems` has a sentence for each reason."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        told = "; ".join(self.problems[:MOST_TOLD])
        rest = len(self.problems) - MOST_TOLD
        return f"{told}; and {rest} more" if rest > 0 else told


@dataclass
class Review:
    """What was found while an intent was read."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def refuse(self, problems: Iterable[str]) -> None:
        """Remember these, and go on reading: people want to hear of everything at once."""
        self.problems.extend(problems)

    def settle(self) -> None:
        """Raise IntentError if there were problems."""
        if self.problems:
            raise IntentError(*dict.fromkeys(self.problems))
