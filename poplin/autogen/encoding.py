"""JSON objects from what people hand over: base64 on a command line, or a file of whichever editor.

Stricter than the json package: a key may be given once only, and numbers are finite.
"""

from __future__ import annotations

import binascii
import json
import string

from poplin.autogen.problem import IntentError
from poplin.schema.source import Source, SourceError, describe_twice, parse_source
from poplin.schema.values import quote

UTF8 = "utf-8"  # as json.detect_encoding calls it
AS_UTF8 = "encode the text as UTF-8 without a byte order mark"
ENCODINGS = {"utf-8-": "UTF-8 with a byte order mark", "utf-16": "UTF-16", "utf-32": "UTF-32"}


def read_base64(text: str) -> dict[str, object]:
    """The object in base64 of its JSON text, which is UTF-8; white space between is ignored. Raises IntentError."""
    compact = text.translate(dict.fromkeys(map(ord, string.whitespace)))
    try:
        data = binascii.a2b_base64(compact, strict_mode=True)
    except ValueError as error:
        reason = str(error).rstrip(".").lower()
        raise IntentError(f"{quote(text)} is not base64 ({reason}); {find_remedy(compact)}") from None
    check_encoding(data, "the text in the base64")
    return read_json(data)


def find_remedy(text: str) -> str:
    """What to do about something that is not base64."""
    if text[:1] in ("{", "["):
        return "JSON itself is read with --from-json"
    return "`base64 -w0 FILE` makes it" if len(text) % 4 == 0 else "its length is a multiple of 4, filled up with ="


def read_strict_json(data: bytes) -> Source:
    """The object in a file as the plugins read it: UTF-8 without a byte order mark. Raises IntentError."""
    check_encoding(data, "the text, which no plugin can read,")
    return read_source(data)


def check_encoding(data: bytes, what: str) -> None:
    """Raises IntentError naming the encoding if it is another than plain UTF-8."""
    if (encoding := json.detect_encoding(data)) != UTF8:
        raise IntentError(f"{what} is {ENCODINGS[encoding[:6]]}; {AS_UTF8}")


def read_json(data: bytes) -> dict[str, object]:
    """The object in a file: UTF-8, or UTF-16 as Windows' editors and shells write it. Raises IntentError."""
    value = read_source(data).value
    assert isinstance(value, dict)
    return value


def read_source(data: bytes) -> Source:
    """The same with the places of everything in it."""
    try:
        source = parse_source(data.decode(json.detect_encoding(data)))
    except UnicodeDecodeError as error:
        where = f"{error.reason} at byte {error.start}"
        raise IntentError(f"the text is not {error.encoding.upper()}: {where}; {AS_UTF8}") from None
    except SourceError as error:
        raise IntentError(f"the text is {error}" if error.text.startswith("not") else str(error)) from None
    if not isinstance(source.value, dict):
        raise IntentError(f'{quote(source.value)} is not a JSON object; write one like {{"Name": ...}}')
    for path, place in source.list_twice():
        text, suggestion = describe_twice(path[-1])
        raise IntentError(f"{text}: {place}; {suggestion}")
    return source
