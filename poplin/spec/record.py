"""Records on slots: the free stand-in for dataclasses on the plugin path."""

from __future__ import annotations


class Record:
    """A class with `__slots__`, compared and printed by their values."""

    __slots__: tuple[str, ...] = ()

    def values(self) -> list[object]:
        """The slots' values in order."""
        return [getattr(self, name) for name in self.__slots__]

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.values() == other.values()

    def __hash__(self) -> int:
        return hash(tuple(map(repr, self.values())))

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__ if getattr(self, name))
        return f"{type(self).__name__}({shown})"
