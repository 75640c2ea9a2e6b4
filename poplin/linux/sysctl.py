"""Kernel switches under /proc/sys, of the network namespace the thread is in.

Keys are written with slashes (`net/ipv4/conf/eth0.5/arp_notify`), so that interface names may contain dots.
"""

from __future__ import annotations

import posix

ROOT = "/proc/sys/"


def read_sysctl(key: str) -> str:
    """The value without its newline. As `sysctl -n KEY`. Raises OSError."""
    fd = posix.open(ROOT + key, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.read(fd, 4096).decode().strip()
    finally:
        posix.close(fd)


def write_sysctl(key: str, value: str) -> None:
    """As `sysctl -w KEY=VALUE`. Raises OSError."""
    fd = posix.open(ROOT + key, posix.O_WRONLY | posix.O_CLOEXEC)
    try:
        posix.write(fd, value.encode())
    finally:
        posix.close(fd)


def dotted_key(text: str) -> str:
    """The key for either spelling: in `net.ipv4.conf.eth0/5.arp_notify` the slash stands for a dot, as in sysctl(8)."""
    dot, slash = text.find("."), text.find("/")
    if slash >= 0 and (dot < 0 or slash < dot):
        return text
    return text.replace("/", "\0").replace(".", "/").replace("\0", ".")
