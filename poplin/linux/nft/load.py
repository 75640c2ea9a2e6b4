"""nft's own language through its library: what `nft -f` does, without the process.

libnftables takes 4 ms to load and lists every table of the host, so only rules come this way, once after boot.
"""

from __future__ import annotations

import ctypes
from errno import EINVAL, ENOENT

from poplin.linux.nft.skeleton import RulesRefused

LIBRARY = "libnftables.so.1"  # Debian's package libnftables1
NFT_CTX_DEFAULT = 0


def load_text(text: str) -> None:
    """Run commands of nft(8), all or none. Raises RulesRefused, or another OSError."""
    library = open_library()
    library.nft_ctx_new.restype = ctypes.c_void_p
    library.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
    context = ctypes.c_void_p(library.nft_ctx_new(NFT_CTX_DEFAULT))
    try:
        library.nft_ctx_buffer_error(context)
        if library.nft_run_cmd_from_buffer(context, ctypes.c_char_p(text.encode())) != 0:
            complaint = library.nft_ctx_get_error_buffer(context).decode(errors="replace")
            raise RulesRefused(
                EINVAL, f"nft refuses the rules: {complaint.strip().splitlines()[0] if complaint else '?'}"
            )
    finally:
        library.nft_ctx_free(context)


def open_library() -> ctypes.CDLL:
    """Raises FileNotFoundError, which says what to install."""
    try:
        return ctypes.CDLL(LIBRARY)
    except OSError:
        raise FileNotFoundError(ENOENT, "libnftables is missing; install the package libnftables1", LIBRARY) from None
