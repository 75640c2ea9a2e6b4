"""Kernel switches under /proc/sys, of the network namespace the thread is in.

Keys are written with slashes (`net/ipv4/conf/eth0.5/arp_notify`), so that interface names may contain dots.
"""

from __future__ import annotations

import os

ROOT = "/proc/sys/"


def read_sysctl(key: str) -> str:
    """The value without its newline. As `sysctl -n KEY`. Raises OSError."""
    fd = os.open(ROOT + key, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, 4096).decode().strip()
    finally:
        os.close(fd)


def write_sysctl(key: str, value: str) -> None:
    """As `sysctl -w KEY=VALUE`. Raises OSError."""
    fd = os.open(ROOT + key, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def dotted_key(text: str) -> str:
    """The key for either spelling: in `net.ipv4.conf.eth0/5.arp_notify` the slash stands for a dot, as in sysctl(8)."""
    dot, slash = text.find("."), text.find("/")
    if slash >= 0 and (dot < 0 or slash < dot):
        return text
    return text.replace("/", "\0").replace(".", "/").replace("\0", ".")
