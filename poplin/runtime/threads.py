"""The verbs in threads, for engines that attach many containers at once, and for those that live in asyncio.

    with Threads(runtime) as threads:
        futures = [threads.attach(network, attachment) for attachment in attachments]
        results = [future.result() for future in futures]

    result = await asyncio.wrap_future(threads.attach(network, attachment))

Nothing below keeps state in the process: what two calls share is on disk and in the kernel, under locks that hold
between threads as between processes. Only two calls for the same attachment must not be under way at once;
`attach_all` refuses the second.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.check import check
from poplin.runtime.detach import detach
from poplin.runtime.gc import Identity, gc
from poplin.runtime.status import status
from poplin.runtime.together import Step, attach_all, detach_all
from poplin.spec.netlist import NetworkList
from poplin.spec.result import OldResult, Result

WORKERS = 8


class Threads:
    """A pool; each method returns at once, and what the function of its name returns or raises is in the Future."""

    def __init__(self, runtime: Runtime, workers: int = WORKERS) -> None:
        self.runtime = runtime
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="poplin")

    def __enter__(self) -> Threads:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Wait for what was begun; what has not begun is cancelled by nobody, a DEL must not be lost."""
        self._pool.shutdown(wait=True)

    def attach(self, network: NetworkList, attachment: Attachment) -> Future[Result | OldResult | None]:
        """ADD."""
        return self._pool.submit(attach, self.runtime, network, attachment)

    def attach_all(self, steps: Sequence[Step]) -> Future[list[Result | OldResult | None]]:
        """ADD to all of these networks, in order, or to none."""
        return self._pool.submit(attach_all, self.runtime, steps)

    def check(self, network: NetworkList, attachment: Attachment) -> Future[None]:
        """CHECK."""
        return self._pool.submit(check, self.runtime, network, attachment)

    def detach(self, network: NetworkList, attachment: Attachment) -> Future[None]:
        """DEL."""
        return self._pool.submit(detach, self.runtime, network, attachment)

    def detach_all(self, steps: Sequence[Step]) -> Future[None]:
        """DEL from all of these, in reverse order."""
        return self._pool.submit(detach_all, self.runtime, steps)

    def gc(self, network: NetworkList, find_valid: Callable[[], Collection[Identity]]) -> Future[list[Attachment]]:
        """GC."""
        return self._pool.submit(gc, self.runtime, network, find_valid)

    def status(self, network: NetworkList) -> Future[bool]:
        """STATUS."""
        return self._pool.submit(status, self.runtime, network)
