"""A namespace for ourselves: for plugins that look for a free number in a container and then take it, or write on the
host what has to be there once."""

from __future__ import annotations

from poplin.linux.lockfile import LockTimeout
from poplin.spec.errors import TryAgainLater

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType

    from poplin.linux.netns import Namespace

PATIENCE = 30.0  # seconds; what is done under it takes milliseconds
SHORT_PATIENCE = 2.0


class NamespaceLock:
    """`with NamespaceLock(namespace):` holds it, against the reference's plugins too. Raises TryAgainLater.

    Whoever is inside can hold it for ever. So what has to come through, a DEL, goes on without it after a while:
    `is_needed` False.
    """

    def __init__(self, namespace: Namespace, *, is_needed: bool = True) -> None:
        self._lock = namespace.lock(PATIENCE if is_needed else SHORT_PATIENCE)
        self._is_needed = is_needed
        self._is_held = False

    def __enter__(self) -> None:
        try:
            self._lock.__enter__()
            self._is_held = True
        except LockTimeout as error:
            if self._is_needed:
                raise TryAgainLater("the namespace is locked", str(error)) from None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_held:
            self._lock.__exit__(kind, error, trace)
