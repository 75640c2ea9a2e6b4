"""CNI_ARGS: `KEY=VALUE;KEY=VALUE`, deprecated in favour of `args` and still sent by every runtime."""

from __future__ import annotations

from poplin.spec.errors import InvalidEnvironment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

TRUTH = {"1": True, "true": True, "0": False, "false": False}
IGNORE_UNKNOWN = "IgnoreUnknown"

# All plugins of a call see the same CNI_ARGS, so each lets pass what is meant for another.
ANYBODYS = ("IP", "MAC", "GATEWAY")


def split_arguments(text: str) -> list[tuple[str, str]]:
    """The pairs in order. Raises InvalidEnvironment: there is no escaping, so each piece has exactly one `=`."""
    pairs = []
    for piece in text.split(";") if text else ():
        key, equals, value = piece.partition("=")
        if not equals or "=" in value:
            raise InvalidEnvironment("invalid CNI_ARGS", f"{piece!r} is not of the form KEY=VALUE")
        pairs.append((key, value))
    return pairs


def parse_arguments(text: str, known: Iterable[str]) -> dict[str, str]:
    """The values of the `known` keys. Case matters, the last of a repeated key wins.

    Raises InvalidEnvironment for other keys, unless IgnoreUnknown says 1 or true.
    """
    values = dict(split_arguments(text))
    ignore = values.pop(IGNORE_UNKNOWN, "0").lower()
    if ignore not in TRUTH:
        raise InvalidEnvironment("invalid CNI_ARGS", f"{IGNORE_UNKNOWN}={ignore} is neither true nor false")
    found = {key: values.pop(key) for key in known if key in values}
    if values and not TRUTH[ignore]:
        raise InvalidEnvironment(
            "unknown keys in CNI_ARGS", f"{', '.join(sorted(values))}; send {IGNORE_UNKNOWN}=1 to have them ignored"
        )
    return found
