"""Where the plugin calls: a connection for each verb, a line of JSON in, a line out (`poplin.plugins.dhcp.protocol`).

A daemon that changes addresses in containers obeys root, and whoever started it.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import struct
import traceback
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any

from poplin.dhcp.interface import Gone
from poplin.dhcp.keeper import Keeper, key_of
from poplin.dhcp.listener import BACKLOG
from poplin.linux.netlink import NetlinkError
from poplin.plugins.dhcp.protocol import LARGEST
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import (
    CNIError,
    Conflict,
    DecodingFailure,
    InternalError,
    InvalidEnvironment,
    InvalidNamespace,
    IOFailure,
    KernelRefused,
)
from poplin.spec.fields import Fields
from poplin.spec.jsontext import dumps, loads_object

LOG = logging.getLogger(__name__)

REQUEST_PATIENCE = 30.0  # seconds for a caller to say what it wants
UCRED = struct.Struct("=iII")  # pid, uid, gid
ROOT = 0
CHUNK = 1 << 16
NET_RPC = b"CONNECT "  # how Go's net/rpc begins, which the reference's plugin speaks
NOT_HERE = (
    b"HTTP/1.0 501 Not Implemented\r\n\r\n"
    b"this is the DHCP daemon of Poplin, and the plugin is another's: plugin and daemon must be of one make\n"
)


class Server:
    """Answers on one listening socket."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper
        self._meetings: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self, listener: socket.socket) -> AsyncIterator[None]:
        """Take callers for as long as the block lasts; who still waits at its end is hung up on."""
        accepting = await asyncio.start_unix_server(self._meet, sock=listener, backlog=BACKLOG)
        try:
            yield
        finally:
            accepting.close()
            for meeting in self._meetings:
                meeting.cancel()
            await asyncio.gather(*self._meetings, return_exceptions=True)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One caller."""
        meeting = asyncio.current_task()
        assert meeting
        self._meetings.add(meeting)
        try:
            async with asyncio.timeout(REQUEST_PATIENCE):
                line = await read_line(reader)
            await self._serve(line, reader, writer)
        except CNIError as error:
            with suppress(ConnectionError):
                await reply(writer, refuse(error))
        except (ConnectionError, TimeoutError):  # who called has hung up, or says nothing
            pass
        except asyncio.CancelledError:  # the daemon ends
            pass
        finally:
            self._meetings.discard(meeting)
            writer.close()

    async def _serve(self, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Raises CNIError for what is no request, or not for this caller."""
        require_right(writer.get_extra_info("socket"))
        if line.startswith(NET_RPC):
            writer.write(NOT_HERE)
            await writer.drain()
        elif line:
            call, valid = read_request(line)
            if call.env.command == "ADD":
                await self._add(call, reader, writer)
            else:
                await reply(writer, await settle(self._obey(call, valid)))

    async def _add(self, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """For as long as somebody waits for it: what a caller cannot learn of any more is given back."""
        asking = asyncio.create_task(self._keeper.add(call))
        hanging_up = asyncio.create_task(reader.read())
        try:
            await asyncio.wait((asking, hanging_up), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                LOG.info("%s: whoever called ADD has hung up", key_of(call))
                return
            answer = await settle(add_result(asking))
            try:
                await reply(writer, answer)
            except ConnectionError:
                if not asking.exception() and asking.result()[1]:
                    await self._keeper.delete(call)
        finally:
            for task in (asking, hanging_up):
                task.cancel()
            await asyncio.gather(asking, hanging_up, return_exceptions=True)

    async def _obey(self, call: Call, valid: frozenset[tuple[str, str]]) -> dict[str, Any]:
        """Every verb but ADD."""
        match call.env.command:
            case "CHECK":
                self._keeper.check(call)
            case "DEL":
                await self._keeper.delete(call)
            case "GC":
                await self._keeper.collect(call, valid)
        return {}


async def read_line(reader: asyncio.StreamReader) -> bytes:
    """What a caller says. Raises DecodingFailure for a line too long, when it is over: who writes hears no answer."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await reader.read(CHUNK):
        size += len(chunk)
        if size <= LARGEST:
            chunks.append(chunk)
        if b"\n" in chunk:
            break
    if size > LARGEST:
        raise DecodingFailure("cannot decode the request", f"longer than {LARGEST} bytes")
    return b"".join(chunks)


def require_right(connection: socket.socket) -> None:
    """The other end is root's, or our own user's. Raises Conflict."""
    _, uid, _ = UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size))
    if uid not in (ROOT, os.geteuid()):
        raise Conflict("the DHCP daemon obeys root alone", f"not user {uid}")


VERBS = ("ADD", "CHECK", "DEL", "GC", "STATUS")
ANYWHERE = "/"  # of CNI_PATH: the daemon calls no plugins


def read_request(line: bytes) -> tuple[Call, frozenset[tuple[str, str]]]:
    """The call, and what GC is to leave alone. Raises CNIError."""
    request = Fields(loads_object(line, "the request"))
    verb = request.text("verb")
    if verb not in VERBS:
        raise InvalidEnvironment(f"unknown verb {verb!r}", f"the DHCP daemon knows {', '.join(VERBS)}")
    variables = {
        "CNI_COMMAND": verb,
        "CNI_CONTAINERID": request.text("containerID"),
        "CNI_NETNS": request.text("netns"),
        "CNI_IFNAME": request.text("ifname"),
        "CNI_ARGS": request.text("args"),
        "CNI_PATH": ANYWHERE,
    }
    call = Call(Environment(variables), Config(request.mapping("config")))
    return call, frozenset(map(read_pair, request.sequence("valid")))


def read_pair(item: object) -> tuple[str, str]:
    """(container id, ifname). Raises DecodingFailure."""
    match item:
        case [str(container_id), str(ifname)]:
            return container_id, ifname
    raise DecodingFailure("cannot decode `valid`", f"expected [container id, ifname], got {dumps(item)[:200]}")


async def settle(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """The answer that some work comes to."""
    try:
        return await work
    except CNIError as error:
        return refuse(error)
    except Gone as gone:
        return refuse(InvalidNamespace("the container's interface went away", str(gone)))
    except NetlinkError as error:
        return refuse(KernelRefused(str(error)))
    except OSError as error:
        return refuse(IOFailure(f"the DHCP daemon: {error.strerror or error}", str(error.filename or "")))
    except Exception as error:
        LOG.error("%s", traceback.format_exc())
        return refuse(InternalError(str(error) or type(error).__name__, "the DHCP daemon's stderr has the details"))


async def add_result(asking: asyncio.Task[tuple[dict[str, Any], bool]]) -> dict[str, Any]:
    """The answer to ADD."""
    return {"result": (await asking)[0]}


def refuse(error: CNIError) -> dict[str, Any]:
    """The answer that says why not."""
    return {"error": error.as_object()}


async def reply(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    """Send it. Raises ConnectionError."""
    writer.write(dumps(answer).encode() + b"\n")
    await writer.drain()
