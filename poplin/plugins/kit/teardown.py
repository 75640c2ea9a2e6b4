"""Teardown that never gives up: every step runs, then the first error is raised with the others in its details."""

from __future__ import annotations

from poplin.linux.netlink import NetlinkError
from poplin.spec.errors import CNIError, IOFailure, KernelRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Teardown:
    """`with Teardown() as teardown:` and `teardown.run(step, ...)` for each; errors come at the end of the block."""

    def __init__(self) -> None:
        self._errors: list[CNIError] = []

    def run(self, step: Callable[..., object], *arguments: object) -> None:
        """Do the step and keep its error."""
        try:
            step(*arguments)
        except CNIError as error:
            self._errors.append(error)
        except NetlinkError as error:
            self._errors.append(KernelRefused(str(error)))
        except OSError as error:
            self._errors.append(IOFailure(str(error)))

    def __enter__(self) -> Teardown:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None and self._errors:
            first, *others = self._errors
            details = "; ".join([first.details, *map(str, others)] if first.details else map(str, others))
            raise CNIError(first.msg, details, first.code)
