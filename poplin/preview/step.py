"""One step of a preview."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """`line` is a command as somebody would type it in a shell, `write PATH` or `remove PATH` for a file of our own, or
    a comment, `# ...`, for what no command can say. `plugin` is the type of who does it, empty for the runtime.
    `content` is what would be written."""

    plugin: str
    line: str
    content: bytes = b""

    @property
    def is_comment(self) -> bool:
        """Whether nothing is done here."""
        return self.line.startswith("#")
