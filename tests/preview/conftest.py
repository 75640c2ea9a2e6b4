"""The host on which previews are compared with what happens."""

from __future__ import annotations

from preview_lab import rehearsed

__all__ = ["rehearsed"]
