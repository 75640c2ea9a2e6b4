"""The laboratory of names."""

from __future__ import annotations

from dnsname_lab import names

__all__ = ["names"]
