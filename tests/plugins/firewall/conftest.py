"""The laboratory of networks behind a firewall."""

from __future__ import annotations

from firewall_lab import guarded

__all__ = ["guarded"]
