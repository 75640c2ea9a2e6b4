"""What to undo when an ADD fails: exactly what it did, newest first, each step whatever the others do."""

from __future__ import annotations

from poplin.linux.stderr import write_stderr

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Undo:
    """`with Undo() as undo:` runs what was pushed if the block raises. Stands last in a `with`, so that
    sockets and namespaces are still open when it runs."""

    def __init__(self) -> None:
        self._steps: list[tuple[Callable[..., object], tuple[object, ...]]] = []

    def push(self, step: Callable[..., object], *arguments: object) -> None:
        """Remember `step(*arguments)`; push before or right after what it undoes, it must tolerate absence."""
        self._steps.append((step, arguments))

    def push_last(self, step: Callable[..., object], *arguments: object) -> None:
        """The same for what is to come after all else."""
        self._steps.insert(0, (step, arguments))

    def __enter__(self) -> Undo:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if error is None:
            return
        for step, arguments in reversed(self._steps):
            try:
                step(*arguments)
            except Exception as failure:
                write_stderr(f"undo after a failed ADD: {failure}\n")
