"""W3C trace context as environment variables (OTEP 258), so that a plugin's work shows up in its caller's trace.

TRACEPARENT, TRACESTATE and BAGGAGE of our own environment reach plugins untouched, as all of it does; a
`TraceContext` is for callers that trace inside their own process.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Trace context, "Traceparent Header Field Values": lower-case hex, and neither id all zeros.
TRACE_ID = re.compile(r"(?!0{32})[0-9a-f]{32}")
SPAN_ID = re.compile(r"(?!0{16})[0-9a-f]{16}")


@dataclass(frozen=True)
class TraceContext:
    """A live span. `state` and `baggage` are header values, passed on as they are."""

    trace_id: str
    span_id: str
    flags: int = 1
    state: str = ""
    baggage: str = ""

    def __post_init__(self) -> None:
        if not TRACE_ID.fullmatch(self.trace_id):
            raise ValueError(f"trace id {self.trace_id!r} is not 32 lower-case hex digits with one that is not 0")
        if not SPAN_ID.fullmatch(self.span_id):
            raise ValueError(f"span id {self.span_id!r} is not 16 lower-case hex digits with one that is not 0")
        if not 0 <= self.flags <= 0xFF:
            raise ValueError(f"trace flags {self.flags!r} do not fit into one byte")

    def environ(self) -> dict[str, str]:
        """The variables a plugin reads."""
        texts = {
            "TRACEPARENT": f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}",
            "TRACESTATE": self.state,
            "BAGGAGE": self.baggage,
        }
        return {key: text for key, text in texts.items() if text}
