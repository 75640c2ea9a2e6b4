"""Is the container of an attachment still there? Its namespace answers that, by the path ADD was given."""

from __future__ import annotations

from poplin.linux.kernel import Kernel
from poplin.linux.netns import Namespace


def find_namespace(kernel: Kernel, path: str) -> Namespace | None:
    """The namespace at `path`, None if it is gone.

    /proc/PID/ns/net may belong to another process by now, whose namespace is the host's: that is gone too.
    """
    if not path or kernel.is_own_namespace(path):
        return None
    try:
        return kernel.open(path)
    except OSError:
        return None


def is_alive(kernel: Kernel, path: str) -> bool:
    """Whether the namespace is there."""
    namespace = find_namespace(kernel, path)
    if namespace is None:
        return False
    namespace.close()
    return True
