"""The way back from masquerade, which loads nothing of nftables where there is no table of ours."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def unmasquerade(call: Call, kernel: Kernel) -> None:
    """What `ipMasq` did for this attachment, whether or not the configuration still asks for it. Raises OSError."""
    if kernel.host.has_table("inet poplin"):
        from poplin.plugins.kit.masquerade import remove_masquerade

        remove_masquerade(call, kernel)
