"""The daemon as a process: `dhcp daemon`, as the reference's is started, or `poplin dhcp daemon`.

It ends by SIGTERM or SIGINT and releases nothing: its successor finds the leases on disk and goes on with them.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import sys
from argparse import Namespace
from contextlib import ExitStack

from poplin.dhcp.client import Timing
from poplin.dhcp.flags import parse_flags
from poplin.dhcp.keeper import Keeper
from poplin.dhcp.listener import Listener, open_listener
from poplin.dhcp.server import Server
from poplin.dhcp.store import Store, choose_folder
from poplin.linux.atomicfile import remove_file, write_atomic
from poplin.linux.lockfile import LockTimeout
from poplin.linux.openfiles import raise_limit
from poplin.linux.sdnotify import notify
from poplin.spec.errors import CNIError, Conflict, InvalidConfig, IOFailure

LOG = logging.getLogger(__name__)

FAILED = 1
FOR_ALL = 0o644  # the mode of the pidfile


def run(arguments: list[str]) -> int:
    """`dhcp daemon`: serve until a signal; the exit status."""
    try:
        return run_with(parse_flags(arguments))
    except SystemExit as stop:
        return int(stop.code or 0)


def run_with(options: Namespace) -> int:
    """The same for flags that have been read."""
    gc.enable()  # which entry scripts switch off: they live for milliseconds
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    logging.raiseExceptions = False  # nobody reading what we log is no failure
    raise_limit()  # while a server is asked an attachment has two files open, and its caller one
    try:
        with ExitStack() as stack:
            serve(options, stack)
    except CNIError as error:
        LOG.error("dhcp daemon: %s", error)
        return FAILED
    return 0


def serve(options: Namespace, stack: ExitStack) -> None:
    """Listen, keep, answer; `stack` gets what is to be done at the end. Raises CNIError."""
    path = options.hostprefix + options.socketpath
    if options.pidfile and not options.pidfile.startswith("/"):
        raise InvalidConfig(f"-pidfile {options.pidfile} is a relative path", "give an absolute one")
    store = lock_store(path, stack)
    listener = open_listener(path, os.environ)
    stack.callback(listener.close)
    if options.pidfile:
        write_pidfile(options.pidfile)
        stack.callback(remove_file, options.pidfile)
    asyncio.run(work(options, store, listener))


def lock_store(path: str, stack: ExitStack) -> Store:
    """The leases, which are ours alone until the end. Raises Conflict, IOFailure."""
    store = Store(choose_folder(path))
    try:
        stack.enter_context(store.lock())
    except LockTimeout as error:
        raise Conflict("another DHCP daemon keeps these leases: stop it first", str(error)) from None
    except OSError as error:
        raise IOFailure(f"cannot keep leases in {store.folder}", error.strerror or str(error)) from None
    return store


def write_pidfile(path: str) -> None:
    """Our process id, and no newline. Raises IOFailure."""
    try:
        write_atomic(path, str(os.getpid()).encode(), FOR_ALL)
    except OSError as error:
        raise IOFailure(f"cannot write -pidfile {path}", error.strerror or str(error)) from None


async def work(options: Namespace, store: Store, listener: Listener) -> None:
    """The loop's whole life. Raises IOFailure if the leases cannot be read."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    timing = Timing(options.timeout, options.resendmax, options.resendtimeout)
    keeper = Keeper(store, timing, prefix=options.hostprefix, broadcast=options.broadcast)
    try:
        keeper.resume()
    except OSError as error:
        raise IOFailure(f"cannot read the leases in {store.folder}", error.strerror or str(error)) from None
    async with Server(keeper).listening(listener.socket):
        LOG.info("listening at %s", listener.socket.getsockname())
        notify("READY=1", os.environ)
        await stopped.wait()
    LOG.info("stopped; leases go on")
