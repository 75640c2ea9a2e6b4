"""STATUS: whether the settings are right; every kernel has routing rules."""

from __future__ import annotations

from poplin.plugins.sbr.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
    Settings(call)
