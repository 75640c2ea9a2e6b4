"""How many files and sockets a daemon may have open: as many as it is allowed, as each client takes one at least."""

from __future__ import annotations

import resource


def raise_limit() -> None:
    """From what a shell gives, often 1024, to the most that we may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
