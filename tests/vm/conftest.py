"""Configurations of bridge networks, as in the usual tests."""

from __future__ import annotations

from plugins.bridge.conftest import network as network
