"""A JSON object read as the reference reads one into a struct.

Keys match whatever their case, null counts as absent, unknown keys are ignored, and a value of the wrong JSON type
is an error that names the key and the value. What was asked for is remembered, so that `"strict": true` can
refuse the rest.
"""

from __future__ import annotations

from poplin.spec.address import IP, Prefix, parse_ip, parse_prefix
from poplin.spec.errors import DecodingFailure, UnsupportedField
from poplin.spec.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn, TypeVar

    T = TypeVar("T")

INT64 = 1 << 63


class Fields:
    """One JSON object. `where` is its place in the document, for messages: `ipam.ranges[0]`."""

    __slots__ = ("_asked", "_values", "where")

    def __init__(self, source: dict[str, object], where: str = "") -> None:
        self.where = where
        self._values = {key.lower(): (key, value) for key, value in source.items() if value is not None}
        self._asked: set[str] = set()

    def __contains__(self, key: str) -> bool:
        self._asked.add(key.lower())
        return key.lower() in self._values

    def raw(self, key: str) -> object | None:
        """The value as it was decoded; None if absent."""
        self._asked.add(key.lower())
        return self._values.get(key.lower(), ("", None))[1]

    # One reader for each JSON type.

    def text(self, key: str, default: str = "") -> str:
        """A string."""
        value = self.raw(key)
        if value is None:
            return default
        return value if isinstance(value, str) else self.refuse(key, "a string")

    def flag(self, key: str, default: bool = False) -> bool:
        """A boolean."""
        value = self.raw(key)
        if value is None:
            return default
        return value if isinstance(value, bool) else self.refuse(key, "true or false")

    def find_number(self, key: str) -> int | None:
        """An integer of 64 bits, or None if absent: for the fields where 0 is a value."""
        value = self.raw(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not -INT64 <= value < INT64:
            self.refuse(key, "an integer")
        return value

    def number(self, key: str, default: int = 0) -> int:
        """An integer of 64 bits."""
        value = self.find_number(key)
        return default if value is None else value

    def mapping(self, key: str) -> dict[str, object]:
        """An object, empty if absent."""
        value = self.raw(key)
        if value is None:
            return {}
        return value if isinstance(value, dict) else self.refuse(key, "an object")

    def sequence(self, key: str) -> list[object]:
        """A list, empty if absent."""
        value = self.raw(key)
        if value is None:
            return []
        return value if isinstance(value, list) else self.refuse(key, "a list")

    # What is built from them.

    def fields(self, key: str) -> Fields:
        """An object as Fields, empty if absent."""
        return Fields(self.mapping(key), self.path(key))

    def objects(self, key: str) -> list[Fields]:
        """A list of objects; a null element is refused."""
        items = self.sequence(key)
        if not all(isinstance(item, dict) for item in items):
            self.refuse(key, "a list of objects")
        return [Fields(item, f"{self.path(key)}[{n}]") for n, item in enumerate(items)]  # type: ignore[arg-type]

    def texts(self, key: str) -> list[str]:
        """A list of strings."""
        items = self.sequence(key)
        if not all(isinstance(item, str) for item in items):
            self.refuse(key, "a list of strings")
        return items  # type: ignore[return-value]

    def find_ip(self, key: str) -> IP | None:
        """An IP address; absent and empty are None."""
        return self._parsed(key, parse_ip)

    def find_prefix(self, key: str) -> Prefix | None:
        """An address with prefix length; absent and empty are None."""
        return self._parsed(key, parse_prefix)

    def get_prefix(self, key: str) -> Prefix:
        """An address with prefix length, which must be there."""
        return self._parsed(key, parse_prefix) or self.refuse(key, "an address with a prefix length")

    def _parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        text = self.text(key)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            raise DecodingFailure(f"cannot decode `{self.path(key)}`", str(error)) from None

    # Errors.

    def path(self, key: str) -> str:
        """The key with its place in the document."""
        return f"{self.where}.{key}" if self.where else key

    def refuse(self, key: str, wanted: str) -> NoReturn:
        """Raise the error for a value of the wrong type."""
        raise DecodingFailure(
            f"cannot decode `{self.path(key)}`", f"expected {wanted}, got {dumps(self.raw(key))[:200]}"
        )

    def reject_unknown(self) -> None:
        """Raise UnsupportedField for the first key nobody asked for; `cni.dev/` keys belong to the runtime."""
        for low, (key, value) in self._values.items():
            if low not in self._asked and not low.startswith("cni.dev/"):
                raise UnsupportedField(f"unknown key `{self.path(key)}` in a strict configuration", dumps(value)[:200])
