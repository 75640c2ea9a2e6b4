"""What systemd is told of a daemon (sd_notify(3)), if it is who started it."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def notify(state: str, environ: Mapping[str, str]) -> None:
    """`READY=1` or `STOPPING=1`, to NOTIFY_SOCKET; nothing happens where that is not set. Raises OSError."""
    address = environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    import socket  # here, as plugins load this folder

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
