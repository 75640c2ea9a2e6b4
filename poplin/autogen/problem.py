"""What is wrong with an intent: all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


class IntentError(ValueError):
    """Nothing can be generated; `problems` has a sentence for each reason."""

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems)


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
