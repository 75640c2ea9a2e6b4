"""Is the container of an attachment still there? Its namespace answers that, by the path ADD was given."""

from __future__ import annotations

from dataclasses import replace

from poplin.linux.kernel import Kernel
from poplin.linux.netns import Namespace
from poplin.runtime.cache import Entry
from poplin.spec.errors import CNIError
from poplin.spec.result import Result, parse_result


def locate(entry: Entry) -> Entry:
    """The record with its namespace. podman's libcni, as all before 1.2, tells it only in the result, as a sandbox."""
    netns = entry.attachment.netns or find_sandbox(entry.result)
    return replace(entry, attachment=replace(entry.attachment, netns=netns))


def find_sandbox(source: dict[str, object]) -> str:
    """Where the first interface is that is in any; empty if there is none, as before 0.3.0."""
    try:
        result = parse_result(source) if source else Result()
    except CNIError:
        return ""
    interfaces = result.interfaces if isinstance(result, Result) else []
    return next((interface.sandbox for interface in interfaces if interface.sandbox), "")


def find_namespace(kernel: Kernel, path: str) -> Namespace | None:
    """The namespace at `path`, None if it is gone.

    /proc/PID/ns/net may belong to another process by now, whose namespace is the host's: that is gone too.
    """
    try:
        return None if not path or kernel.is_own_namespace(path) else kernel.open(path)
    except (OSError, ValueError):  # the latter for a record of what cannot be a path
        return None


def is_alive(kernel: Kernel, path: str) -> bool:
    """Whether the namespace is there."""
    namespace = find_namespace(kernel, path)
    if namespace is None:
        return False
    namespace.close()
    return True
