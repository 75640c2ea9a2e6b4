"""JSON in and out on the C scanner, without importing the json package.

The json package costs 6 ms, nearly as much as the interpreter. Its C parts do the same work for 0.4 ms; only
when they refuse the text is the package imported, to say why. `_json` is CPython's own and is named here only.
"""

from __future__ import annotations

from poplin.spec.errors import DecodingFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

WHITESPACE = " \t\n\r"
INFINITY = float("inf")
TOO_DEEP = "too many levels of nesting"


def refuse_constant(name: str) -> NoReturn:
    """NaN and Infinity are Python's idea, not JSON's."""
    raise ValueError(f"{name} is not JSON")


def parse_finite(digits: str) -> float:
    """A float; one that overflows would come out as Infinity again."""
    number = float(digits)
    if number in (INFINITY, -INFINITY):
        raise ValueError(f"the number {digits[:40]} is too large")
    return number


try:
    from _json import encode_basestring_ascii, make_scanner

    class _Context:
        strict = True
        object_hook = None
        object_pairs_hook: object = None
        parse_float = staticmethod(parse_finite)
        parse_int = int
        parse_constant = staticmethod(refuse_constant)

    class _PairsContext(_Context):
        object_pairs_hook = tuple

    _scan: Callable[[str, int], tuple[object, int]] = make_scanner(_Context())  # type: ignore[arg-type]
    _scan_pairs: Callable[[str, int], tuple[object, int]] = make_scanner(_PairsContext())  # type: ignore[arg-type]
except ImportError:  # another Python than CPython
    from json import JSONDecoder
    from json.encoder import encode_basestring_ascii

    _scan = JSONDecoder(parse_float=parse_finite, parse_constant=refuse_constant).raw_decode
    _scan_pairs = JSONDecoder(object_pairs_hook=tuple).raw_decode


def loads(text: str | bytes, what: str = "JSON") -> object:
    """The value of one JSON document and nothing after it. Raises DecodingFailure naming `what`."""
    try:
        source = text if isinstance(text, str) else text.decode()
        value, end = _scan(source, len(source) - len(source.lstrip(WHITESPACE)))
        if not source[end:].strip(WHITESPACE):
            return value
    except (StopIteration, SystemError, ValueError, RecursionError):
        pass
    raise DecodingFailure(f"cannot decode {what}", explain(text))


def explain(text: str | bytes) -> str:
    """Why the json package refuses a text the scanner refused."""
    import json

    try:
        source = text if isinstance(text, str) else text.decode()
        json.loads(source, parse_float=parse_finite, parse_constant=refuse_constant)
    except RecursionError:
        return TOO_DEEP
    except ValueError as error:
        return str(error)
    return "not a JSON document"


def loads_object(text: str | bytes, what: str = "JSON") -> dict[str, object]:
    """Like `loads`, and the value must be an object. `null` counts as an empty one, as in the reference."""
    value = loads(text, what)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DecodingFailure(f"cannot decode {what}", f"expected a JSON object, got {dumps(value)[:100]}")
    return value


def list_keys(text: str | bytes, *path: str) -> list[str]:
    """The keys of the objects at `path` of a document that `loads` takes, each as often as it is written. Raises
    DecodingFailure for one that is deeper than that.

    Names match whatever their case, and of what is written twice all counts, as in the reference.
    """
    source = (text if isinstance(text, str) else text.decode()).lstrip(WHITESPACE)
    try:
        objects = [_scan_pairs(source, 0)[0]]
    except RecursionError:
        raise DecodingFailure("cannot decode JSON", TOO_DEEP) from None
    for name in path:
        pairs = [pair for each in objects if isinstance(each, tuple) for pair in each]
        objects = [value for key, value in pairs if key.lower() == name.lower()]
    return [key for each in objects if isinstance(each, tuple) for key, _ in each]


def dumps(value: object, indent: int = 0) -> str:
    """JSON text of dicts, lists, strings, exact integers, floats, booleans and None.

    `indent` is the number of spaces of a level; 0 gives one compact line. Raises DecodingFailure for a value so deep
    that it came from a document we should not have taken.
    """
    try:
        return _format(value, indent, "\n" if indent else "")
    except RecursionError:
        raise DecodingFailure("cannot write JSON", TOO_DEEP) from None


def _format(value: object, indent: int, newline: str) -> str:
    if isinstance(value, str):
        return encode_basestring_ascii(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return repr(value)
    inner = newline + " " * indent
    if isinstance(value, dict):
        colon = ": " if indent else ":"
        parts = [f"{encode_basestring_ascii(key)}{colon}{_format(item, indent, inner)}" for key, item in value.items()]
        return _bracket("{}", parts, inner, newline)
    if isinstance(value, list | tuple):
        return _bracket("[]", [_format(item, indent, inner) for item in value], inner, newline)
    raise TypeError(f"{value!r} has no JSON form")


def _bracket(pair: str, parts: list[str], inner: str, outer: str) -> str:
    if not parts:
        return pair
    return pair[0] + inner + ("," + inner).join(parts) + outer + pair[1]
