"""Skeletons: the static part of our firewall, one readable `.nft` file a feature, and how it is known to be loaded.

Each leaves its mark, name and version, in the set `skeletons` of its table. Marks of older versions stay: who looks
for version 1 is content with version 2, which must serve it. So a newer version may add sets and change rules; a set
whose type it changes, or a chain whose hook, gets a new name.
"""

from __future__ import annotations

from poplin.linux.nft.elements import Element, Set, describe
from poplin.linux.nft.kinds import IFNAME

FOLDER = __file__.rpartition("/")[0]


class RulesRefused(OSError):
    """nft does not take the text; the error has its first complaint."""


class Skeleton:
    """The rules in `file`.nft with these `words` replaced, which are in `table`, as `inet poplin`.

    `name` is that of the file unless there are several of it; `needs` is a skeleton that must be there before.
    """

    __slots__ = ("file", "mark", "needs", "table", "words")

    def __init__(
        self,
        table: str,
        file: str,
        version: int,
        *,
        name: str = "",
        words: dict[str, str] | None = None,
        needs: Skeleton | None = None,
    ) -> None:
        self.table = table
        self.file = file
        self.words = words or {}
        self.needs = needs
        self.mark = Element(marks_of(table), (f"{name or file}-{version}",))

    @property
    def path(self) -> str:
        """The file."""
        return f"{FOLDER}/{self.file}.nft"

    def source(self) -> str:
        """The content of the file. Raises OSError."""
        with open(self.path, encoding="utf-8") as file:
            return file.read()

    def read(self) -> str:
        """The text for nft: the file twice, so that every chain is there, is emptied, and is filled. Elements stay,
        and as it is one transaction no packet meets an empty chain. Raises OSError."""
        text = self.source()
        for word, meaning in self.words.items():
            text = text.replace(word, meaning)
        lines = [line.split() for line in text.splitlines()]
        flushes = [f"flush chain {self.table} {words[1]}" for words in lines if words[:1] == ["chain"]]
        return "\n".join([text, *flushes, text, f"add {describe(self.mark)}"])


def marks_of(table: str) -> Set:
    """The set of marks in a table."""
    return Set(table, "skeletons", (IFNAME,))
