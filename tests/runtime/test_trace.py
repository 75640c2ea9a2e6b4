"""Trace context as environment variables."""

from __future__ import annotations

import pytest

from poplin.runtime.trace import TraceContext

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"


def test_empty_state_and_baggage_are_not_set() -> None:
    assert TraceContext(TRACE_ID, SPAN_ID, flags=0).environ() == {"TRACEPARENT": f"00-{TRACE_ID}-{SPAN_ID}-00"}


@pytest.mark.parametrize(
    ("trace_id", "span_id", "flags"),
    [
        ("0" * 32, SPAN_ID, 1),
        (TRACE_ID.upper(), SPAN_ID, 1),
        (TRACE_ID, "0" * 16, 1),
        (TRACE_ID, SPAN_ID + "\n", 1),
        (TRACE_ID, SPAN_ID, 256),
    ],
)
def test_what_the_header_could_not_say_is_refused(trace_id: str, span_id: str, flags: int) -> None:
    with pytest.raises(ValueError, match=r"trace|span"):
        TraceContext(trace_id, span_id, flags)
