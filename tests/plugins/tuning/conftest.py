"""The laboratory of tuned interfaces."""

from __future__ import annotations

from tuning_lab import tuning

__all__ = ["tuning"]
