"""JSON objects from what people hand over: base64 on a command line, or a file of whichever editor.

Stricter than the json package: a key may be given once only, numbers are finite, nesting ends somewhere.
"""

from __future__ import annotations

import binascii
import json
import string

from poplin.autogen.problem import IntentError
from poplin.autogen.values import quote
from poplin.spec.jsontext import TOO_DEEP, parse_finite, refuse_constant

ENCODINGS = {"utf-8-": "UTF-8 with a byte order mark", "utf-16": "UTF-16", "utf-32": "UTF-32"}
MOST_LEVELS = 40  # of nesting; a configuration has six
AS_UTF8 = "encode the text as UTF-8 without a byte order mark"


def read_base64(text: str) -> dict[str, object]:
    """The object in base64 of its JSON text, which is UTF-8; white space between is ignored. Raises IntentError."""
    compact = text.translate(dict.fromkeys(map(ord, string.whitespace)))
    try:
        data = binascii.a2b_base64(compact, strict_mode=True)
    except ValueError as error:
        remedy = "JSON itself is read with --from-json" if compact[:1] in ("{", "[") else "`base64 -w0 FILE` makes it"
        reason = str(error).rstrip(".").lower()
        raise IntentError(f"{quote(text)} is not base64 ({reason}); {remedy}") from None
    if (encoding := json.detect_encoding(data)) != "utf-8":
        raise IntentError(f"the text in the base64 is {ENCODINGS[encoding[:6]]}; {AS_UTF8}")
    return parse(data)


def read_json(data: bytes) -> dict[str, object]:
    """The object in a file: UTF-8, or UTF-16 as Windows' editors and shells write it. Raises IntentError."""
    return parse(data)


def parse(data: bytes) -> dict[str, object]:
    """The object in these bytes. Raises IntentError saying where it is no JSON."""
    try:
        text = data.decode(json.detect_encoding(data))
        value = json.loads(text, object_pairs_hook=collect, parse_float=parse_finite, parse_constant=refuse_constant)
    except RecursionError:
        raise IntentError(f"the JSON has {TOO_DEEP}") from None
    except UnicodeDecodeError as error:
        raise IntentError(f"the JSON is not {error.encoding}: {error.reason} at byte {error.start}") from None
    except ValueError as error:
        reason = str(error).partition(";")[0]  # Python adds advice for programmers
        raise IntentError(f"the text is not JSON: {reason}") from None
    if not isinstance(value, dict):
        raise IntentError(f"expected a JSON object, got {quote(value)}")
    if is_deeper(value, MOST_LEVELS):
        raise IntentError(f"the JSON has {TOO_DEEP}: {MOST_LEVELS} are the most")
    return value


def collect(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """One object. Raises ValueError for a key given twice: which one counts depends on who reads it."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {quote(key)} is given twice in one object")
        found[key] = value
    return found


def is_deeper(value: object, levels: int) -> bool:
    """Whether objects and lists are nested in more than this many levels."""
    if not isinstance(value, dict | list):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(is_deeper(item, levels - 1) for item in inner)
