"""Taking back the spoof check, which loads nothing of nftables where there is no table of ours."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def remove_guard(call: Call, kernel: Kernel) -> None:
    """What `macspoofchk` did for this attachment, asked for still or not. Raises OSError."""
    if kernel.host.has_table("bridge poplin"):
        from poplin.plugins.bridge.antispoof import unguard_port

        unguard_port(call, kernel)
