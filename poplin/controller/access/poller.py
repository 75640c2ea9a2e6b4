"""Does something again and again, in a thread of its own."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

log = logging.getLogger("poplin.controller.poller")

JITTER = 0.1  # of the interval, at most: instances that started together drift apart


class Poller:
    """Calls `action` one interval after the start and after every call; what goes wrong is logged, and it goes on."""

    def __init__(
        self,
        name: str,
        action: Callable[[], object],
        interval: float,
        *,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """`interval` in seconds; `wait` takes seconds and tells whether to end; the poller has one of its own."""
        self._action = action
        self._interval = interval
        self._ended = threading.Event()
        self._wait = wait or self._ended.wait
        self._thread = threading.Thread(target=self.run, name=name, daemon=True)

    def start(self) -> None:
        """Go on in the background."""
        self._thread.start()

    def stop(self, timeout: float = 60.0) -> None:
        """End, at the latest after the call that is under way; wait for that as many seconds."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def run(self) -> None:
        """The same in this thread, until the wait tells to end."""
        while not self._wait(self._interval * random.uniform(1 - JITTER, 1 + JITTER)):
            try:
                self._action()
            except Exception as error:  # the next time may be better, whatever it was
                log.error("poll-cycle", exc_info=True, extra={"data": {"error": str(error)}})
