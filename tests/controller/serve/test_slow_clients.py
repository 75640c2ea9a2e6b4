"""Clients that hold what they have: each kind is thrown out, by the one limit that is short in its test."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from controller.serve.server_lab import (
    ADMIN,
    PATIENCE,
    POLICIES,
    Client,
    Papers,
    make_client,
    make_settings,
    serving,
    split_answer,
)

from poplin.controller.serve.listener import Listener
from poplin.controller.serve.settings import Limits
from poplin.controller.serve.tls import Clients, Files, make_context

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]

WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
SHORT = 0.5  # seconds
MUCH = 64 << 20  # bytes, more than the kernel keeps for anybody


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Read all of a body, but for `/early`; answer with much where `/much` was asked for."""
    while scope["path"] != "/early" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"x" * (MUCH if scope["path"] == "/much" else 2)})


@asynccontextmanager
async def listening(limits: Limits, files: Files | None = None) -> AsyncIterator[int]:
    """A listener; its port."""
    listener = Listener("external", answer, socket.create_server(("127.0.0.1", 0)), limits)
    listener.context = make_context(files, Clients.NOTHING) if files else None
    await listener.start()
    try:
        yield listener.address[1]
    finally:
        listener.stop_accepting()
        listener.abort()
        await asyncio.wait_for(listener.drain(), PATIENCE)


def come(limits: Limits, visit: Callable[[Streams], Awaitable[None]], files: Files | None = None) -> bytes:
    """What a client got until the listener hung up."""

    async def meet() -> bytes:
        async with listening(limits, files) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                await visit((reader, writer))
                with suppress(ConnectionError):
                    return await asyncio.wait_for(reader.read(), PATIENCE)
                return b""
            finally:
                writer.close()

    return asyncio.run(meet())


def what_took_too_long(caplog: pytest.LogCaptureFixture) -> list[str]:
    """As the log says."""
    found = [record for record in caplog.records if record.getMessage() == "client-too-slow"]
    return [record.data["waiting_for"] for record in found]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def keep_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "poplin.controller")


async def say_nothing(streams: Streams) -> None:
    """Be there."""


async def begin_a_head(streams: Streams) -> None:
    """Never end it."""
    streams[1].write(b"GET / HTTP/1.1\r\nHost: loc")


async def begin_a_second_head(streams: Streams) -> None:
    """After a request that was well."""
    streams[1].write(WHOLE)
    assert (await streams[0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
    streams[1].write(b"GET /")


@pytest.mark.parametrize("visit", [say_nothing, begin_a_head, begin_a_second_head])
def test_head_that_does_not_end(visit: Callable[[Streams], Awaitable[None]], caplog: pytest.LogCaptureFixture) -> None:
    come(Limits(head=SHORT), visit)
    assert what_took_too_long(caplog) == ["request head"]


async def begin_a_body(streams: Streams) -> None:
    """Never end it."""
    streams[1].write(HEAD + b"{")


async def trickle(streams: Streams) -> None:
    """A byte now and then, for as long as one is let."""
    streams[1].write(HEAD)
    with suppress(ConnectionError):
        while not streams[0].at_eof():
            streams[1].write(b" ")
            await streams[1].drain()
            await asyncio.sleep(0.02)


def test_body_that_pauses(caplog: pytest.LogCaptureFixture) -> None:
    come(Limits(body_pause=SHORT), begin_a_body)
    assert what_took_too_long(caplog) == ["pause in a request body"]


def test_body_that_trickles_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    come(Limits(body=SHORT), trickle)
    assert what_took_too_long(caplog) == ["request body"]


def test_answer_that_nobody_takes(caplog: pytest.LogCaptureFixture) -> None:
    async def ask_and_not_read(streams: Streams) -> None:
        streams[1].write(b"GET /much HTTP/1.1\r\nHost: localhost\r\n\r\n")
        while not what_took_too_long(caplog):  # the reader stops taking by itself when its buffer is full
            await asyncio.sleep(0.02)

    come(Limits(answer=SHORT), ask_and_not_read)
    assert what_took_too_long(caplog) == ["taking the answer"]


def test_connection_that_is_kept_for_nothing_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    async def ask(streams: Streams) -> None:
        streams[1].write(WHOLE)

    assert come(Limits(keep_alive=SHORT), ask).startswith(b"HTTP/1.1 200 OK")
    assert what_took_too_long(caplog) == []


def test_handshake_that_never_comes(papers: Papers, caplog: pytest.LogCaptureFixture) -> None:
    certificate, key = papers.issue("localhost")
    assert come(Limits(handshake=SHORT), say_nothing, Files(str(certificate), str(key), "")) == b""
    assert [record.getMessage() for record in caplog.records] == ["tls-handshake-failed"]


def test_head_that_is_too_long_is_refused() -> None:
    async def boast(streams: Streams) -> None:
        streams[1].write(b"GET / HTTP/1.1\r\nX-Much: " + b"x" * 4096)

    assert come(Limits(head_bytes=1024), boast).startswith(b"HTTP/1.1 400 Bad Request")


def test_what_is_no_http_after_an_answer_ends_the_connection_without_a_trace(caplog: pytest.LogCaptureFixture) -> None:
    async def visit(streams: Streams) -> None:
        reader, writer = streams
        writer.write(b"GET /early HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert (await reader.readuntil(b"0\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
        writer.write(b"no length\r\n")

    assert come(Limits(), visit) == b""
    assert [record.getMessage() for record in caplog.records] == ["Invalid HTTP request received."]


def test_one_more_than_there_is_room_for_is_closed_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def crowd() -> None:
        async with listening(Limits(connections=2)) as port:
            streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            try:
                with suppress(ConnectionError):
                    assert await asyncio.wait_for(streams[2][0].read(), PATIENCE) == b""
                streams[0][1].write(WHOLE)
                assert (await streams[0][0].readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK")
            finally:
                for _, writer in streams:
                    writer.close()

    asyncio.run(crowd())
    assert [record.getMessage() for record in caplog.records] == ["too-many-connections"]


def test_limits_are_those_of_the_configuration_and_others_are_served(tmp_path: Path, papers: Papers) -> None:
    client: Client = make_client(papers, ADMIN)
    with serving(tmp_path, make_settings(papers, limits={"body_pause": SHORT})) as server:
        with client.connect(server.port("external")) as slow:
            slow.sendall(HEAD.replace(b"POST /", f"POST {POLICIES}".encode(), 1))
            said = server.wait_for_line("client-too-slow")[-1]
            assert said["data"]["waiting_for"] == "pause in a request body"
            with suppress(OSError):  # however it was cut off
                assert slow.recv(1) == b""
        assert split_answer(client.curl(f"{server.urls['external']}{POLICIES}").stdout)[0] == 200
