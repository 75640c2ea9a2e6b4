"""The laboratory of flannel networks."""

from __future__ import annotations

from flannel_lab import flannel

__all__ = ["flannel"]
