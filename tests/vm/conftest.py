"""These tests need what only the virtual machine's kernel has: scripts/vm runs them there, no usual run has them."""

from __future__ import annotations

import os

from plugins.bridge.conftest import network as network

collect_ignore_glob = [] if "POPLIN_VM" in os.environ else ["test_*"]
