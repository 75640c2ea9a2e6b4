"""The laboratory of limits."""

from __future__ import annotations

from bandwidth_lab import limiting

__all__ = ["limiting"]
