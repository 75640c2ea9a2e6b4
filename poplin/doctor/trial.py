"""Would the kernel do this? Tried in a network namespace of its own, in which a thread is alone and which ends with it.

Nothing is left, and nothing is made on the host. A trial may have the kernel load a module, which would stay: what
waits on disk for that is not tried, as it is going to work.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from errno import EEXIST, ENOENT, EOPNOTSUPP
from pathlib import Path
from typing import TypeVar

from poplin.linux.conntrack import list_port
from poplin.linux.netlink import NetlinkError, Request, nest, text_attribute
from poplin.linux.netns import CLONE_NEWNET
from poplin.linux.nft.load import open_library
from poplin.linux.nft.ruleset import NetfilterSocket, Ruleset
from poplin.linux.nft.skeleton import Skeleton
from poplin.linux.rtnl import Rtnl
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, add_link

T = TypeVar("T")

MODULES = Path("/lib/modules")
LOADED = Path("/sys/module")
NO_MORE = Path("/proc/sys/kernel/modules_disabled")
TUN = "/dev/net/tun"
NAME = "trial0"
SOME_MAC = bytes.fromhex("020000000001")
NO_SUCH_KIND = (EOPNOTSUPP, ENOENT)
NO_PORT = 1


def try_alone(function: Callable[..., T], *arguments: object) -> T:
    """What `function` returns or raises in a namespace that nobody else is in. Raises PermissionError."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(enter_and_call, function, *arguments).result()


def enter_and_call(function: Callable[..., T], *arguments: object) -> T:
    """In a thread that is not used for anything else."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot make a network namespace to try in: {os.strerror(code)}")
    return function(*arguments)


# Modules.


def waits_on_disk(module: str) -> bool:
    """Whether the kernel would load this when asked: it is there, and not loaded yet."""
    name = module.replace("-", "_")
    if (LOADED / name).exists() or read_number(NO_MORE):
        return False
    return name in list_modules()


def list_modules() -> set[str]:
    """The modules on disk for this kernel."""
    try:
        text = (MODULES / os.uname().release / "modules.dep").read_text()
    except OSError:
        return set()
    return {Path(line.partition(":")[0]).name.split(".")[0].replace("-", "_") for line in text.splitlines()}


def read_number(path: Path) -> int:
    """The number in a file of the kernel's, 0 if it is not there."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return 0


# Trials: each returns why it does not work, empty if it does.


def try_link(kind: str) -> str:
    """Whether there are links of this kind; that more is needed to make one is no matter."""
    attributes = text_attribute(IFLA_IFNAME, NAME) + nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, kind))
    return try_request(add_link(attributes, f"ip link add {NAME} type {kind}"))


def try_vlan_filtering(kind: str) -> str:
    """Whether bridges can look at VLANs."""
    return try_request(add_bridge(NAME, SOME_MAC, vlan_filtering=True))


def try_request(request: Request) -> str:
    """Whether the kernel has what this asks for, whatever else it says of it."""
    with Rtnl() as rtnl:
        try:
            rtnl.apply(request)
        except NetlinkError as error:
            if error.errno in NO_SUCH_KIND:
                return str(error)
        return ""


def try_rules(skeleton: Skeleton) -> str:
    """Whether these rules can be loaded."""
    ruleset = Ruleset()
    try:
        ruleset.load(skeleton)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        ruleset.close()
    return ""


def try_library(name: str) -> str:
    """Whether rules can be loaded at all."""
    try:
        open_library()
    except OSError as error:
        return f"{name}: {error.strerror}"
    return ""


def try_conntrack(protocol: str) -> str:
    """Whether connections can be listed."""
    socket = NetfilterSocket()
    try:
        socket.dump(list_port(4, protocol, NO_PORT))
    except NetlinkError as error:
        return "" if error.errno in (ENOENT, EEXIST) else str(error)
    finally:
        socket.close()
    return ""


def try_tun(path: str) -> str:
    """Whether taps can be made."""
    return "" if os.path.exists(path) else f"there is no {path}"
