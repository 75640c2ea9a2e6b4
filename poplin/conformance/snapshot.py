"""What is there, as lines that can be compared: of a namespace, of the host with its files, and of processes.

Left out is what the kernel makes by itself and at its leisure: what is local to a link in IPv6, counters, handles.
"""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import which

from poplin.conformance.room import Room
from poplin.linux.netns import Namespace
from poplin.linux.nft.load import open_library
from poplin.linux.rtnl import Rtnl
from poplin.linux.wire.qdisc import TC_H_INGRESS, TC_H_ROOT
from poplin.linux.wire.route import RTPROT_KERNEL

Lines = Counter[str]

FILES = "file "  # what lines of files begin with
LOOPBACK = 1  # the number of lo everywhere
LINK_LOCAL = "fe80:"
NFT_CTX_OUTPUT_STATELESS = 1 << 1  # nftables/libnftables.h
COUNTED = re.compile(r"counter packets \d+ bytes \d+")
TOOLS = ("iptables-legacy-save", "ip6tables-legacy-save")
LEGACY = ("/proc/self/net/ip_tables_names", "/proc/self/net/ip6_tables_names")
SYSTEM = "/usr/sbin:/sbin:/usr/bin:/bin"
PATIENCE = 20  # seconds for a tool


def see_host(room: Room) -> Lines:
    """The namespace that stands for the host, and the files of the room."""
    with Namespace() as host:
        seen = Counter(f"link {link.name}" for link in host.rtnl.list_links())
        seen.update(list_addressing(host.rtnl))
    seen.update(f"nftables: {line}" for line in list_nftables())
    seen.update(f"iptables: {line}" for line in list_iptables())
    seen.update(f"{FILES}{path}" for path in (*room.list_files(), *room.list_strays()))
    seen.update(f"process {name}" for name in list_processes())
    return seen


def see_container(path: str) -> Lines:
    """A container's namespace: also the settings of its links."""
    with Namespace(path) as inside:
        seen = Counter(
            f"link {link.name} mac {link.mac} mtu {link.mtu}{' up' * link.is_up}{' promisc' * link.is_promiscuous}"
            for link in inside.rtnl.list_links()
        )
        seen.update(list_addressing(inside.rtnl))
        seen.update(f"nftables: {line}" for line in inside.run(lambda: list(list_nftables())))
    return seen


def list_addressing(rtnl: Rtnl) -> Iterator[str]:
    """Addresses, routes, routing rules and queueing disciplines."""
    names = {link.index: link.name for link in rtnl.list_links()}
    for address in rtnl.list_addresses():
        if address.index != LOOPBACK and not str(address.prefix).startswith(LINK_LOCAL):
            yield f"address {address.prefix} of {names.get(address.index)}"
    for route in rtnl.list_routes():
        if route.protocol != RTPROT_KERNEL and route.dst.ip.packed[:1] != b"\xff":
            yield f"route {route.dst} via {route.gw} dev {names.get(route.index)} table {route.table}"
    yield from (f"routing rule {rule}" for rule in rtnl.list_rules())
    for index, name in names.items():
        for parent in (TC_H_ROOT, TC_H_INGRESS):
            found = rtnl.find_qdisc(name, index, parent)
            if found and found.handle:
                yield f"qdisc {found.kind} of {name}"


def list_nftables() -> Iterator[str]:
    """The ruleset of the namespace this thread is in, nothing where there is no libnftables."""
    try:
        library = open_library()
    except FileNotFoundError:
        return
    library.nft_ctx_new.restype = library.nft_ctx_get_output_buffer.restype = ctypes.c_void_p
    context = ctypes.c_void_p(library.nft_ctx_new(0))
    try:
        library.nft_ctx_output_set_flags(context, NFT_CTX_OUTPUT_STATELESS)
        library.nft_ctx_buffer_output(context)
        library.nft_ctx_buffer_error(context)
        library.nft_run_cmd_from_buffer(context, ctypes.c_char_p(b"list ruleset"))
        text = ctypes.string_at(library.nft_ctx_get_output_buffer(context)).decode(errors="replace")
        text = COUNTED.sub("counter", text)  # those of iptables are told all the same
    finally:
        library.nft_ctx_free(context)
    table = ""
    for line in text.splitlines():
        table = line if line.startswith("table ") else table
        for each in line.strip().removeprefix("elements = {").rstrip("},").split(", ") if "\t" in line else [line]:
            yield f"{table.removesuffix(' {')}: {each.strip()}"


def list_iptables() -> Iterator[str]:
    """The rules of iptables in the old way, if the kernel has any."""
    for tool, names in zip(TOOLS, LEGACY, strict=True):
        with suppress(OSError):
            found = which(tool, path=SYSTEM) if Path(names).read_text() else None
            if found:
                done = subprocess.run([found], capture_output=True, text=True, timeout=PATIENCE, check=False)
                yield from (line.partition(" [")[0] for line in done.stdout.splitlines() if line[:1] in (":", "-"))


def list_processes() -> Iterator[str]:
    """What plugins left running, which are our children now."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            continue
    for number in list_children():
        with suppress(OSError):
            yield Path(f"/proc/{number}/comm").read_text().strip()


def list_children() -> list[int]:
    """Their process ids."""
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # a thread that has just ended
            found += map(int, (task / "children").read_text().split())
    return found


def list_more(before: Lines, after: Lines) -> list[str]:
    """What was not there before."""
    return sorted((after - before).elements())


def list_less(before: Lines, after: Lines) -> list[str]:
    """What is not there any more."""
    return sorted((before - after).elements())


def say(lines: Iterable[str], most: int = 4) -> str:
    """The first of them in one text."""
    found = list(lines)
    more = f" and {len(found) - most} more" if len(found) > most else ""
    return "; ".join(found[:most]) + more
