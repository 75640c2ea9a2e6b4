"""The laboratory of published ports."""

from __future__ import annotations

from portmap_lab import publishing

__all__ = ["publishing"]
