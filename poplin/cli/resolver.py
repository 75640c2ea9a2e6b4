"""The /etc/resolv.conf of a container: what the results of its networks say of `dns`.

Of several networks the first one's name servers are asked first. One that says how to search, but not where, leaves the
host's servers. Without a word about it in any result the container keeps the file it would have.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import poplin.runtime as cni
from poplin.linux.atomicfile import read_file, remove_file, write_atomic
from poplin.linux.folder import ensure_folder
from poplin.runtime.sandbox import RESOLV_CONF
from poplin.spec.result import DNS

FOLDER = "resolv"  # in the cache's
FOLDER_MODE = 0o700
FILE_MODE = 0o644  # for whatever user the container has


@contextmanager
def resolv_conf(
    cache_folder: str, container_id: str, results: Sequence[cni.Result | cni.OldResult | None]
) -> Iterator[str]:
    """The path of the file while the block runs; empty if none is needed. Raises OSError."""
    settings = [result.dns for result in results if result and result.dns]
    if not settings:
        yield ""
        return
    folder = f"{cache_folder}/{FOLDER}"
    path = f"{folder}/{container_id}"
    ensure_folder(folder, FOLDER_MODE)
    try:
        write_atomic(
            path, format_resolv_conf(settings, (read_file(RESOLV_CONF) or b"").decode(errors="replace")).encode()
        )
        os.chmod(path, FILE_MODE)
        yield path
    finally:
        remove_file(path)


def format_resolv_conf(settings: Sequence[DNS], hosts: str) -> str:
    """The lines; `hosts` is the host's file."""
    servers = each_once(server for dns in settings for server in dns.nameservers)
    search = each_once(domain for dns in settings for domain in (dns.domain, *dns.search))
    options = each_once(option for dns in settings for option in dns.options)
    lines = [f"nameserver {server}" for server in servers]
    if not lines:
        lines = [line.strip() for line in hosts.splitlines() if line.split()[:1] == ["nameserver"]]
    lines += [f"{key} {' '.join(values)}" for key, values in (("search", search), ("options", options)) if values]
    return "".join(f"{line}\n" for line in lines)


def each_once(texts: Iterable[str]) -> list[str]:
    """In order, and nothing in them that would begin another line."""
    return list(dict.fromkeys(word for text in texts for word in text.split()))
