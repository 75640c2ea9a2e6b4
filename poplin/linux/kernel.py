"""The kernel as a plugin sees it: the host's namespace, others by path, and files. `fake` has its double."""

from __future__ import annotations

import posix

from poplin.linux.netns import OWN, Namespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from poplin.linux.files import Files


class Kernel:
    """Opens namespaces; the host's is the one the thread is in, opened at first use."""

    # Who answers in place of the programs that would be started, given what they would be; None: they are started.
    stand_in: Callable[..., Any] | None = None

    def __init__(self) -> None:
        self._host: Namespace | None = None
        self._files: Files | None = None

    @property
    def host(self) -> Namespace:
        """The namespace plugins are run in."""
        if self._host is None:
            self._host = Namespace()
        return self._host

    @property
    def files(self) -> Files:
        """Where something can be remembered."""
        if self._files is None:
            from poplin.linux.files import Files  # most calls need none

            self._files = Files()
        return self._files

    def open(self, path: str) -> Namespace:
        """The namespace at `path`. Raises OSError, NotANamespace among them."""
        return Namespace(path)

    def is_own_namespace(self, path: str) -> bool:
        """Whether `path` leads to the host's; False if it leads nowhere."""
        if not path:
            return False
        try:
            there, here = posix.stat(path), posix.stat(OWN)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)
