"""Texts that mean something to a database, a log, a terminal or a format, and a server to send them to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from controller.capi import Capi
from controller.faults.fleet import Visitor, as_body, make_cloud_tables, read_policies, sharing
from controller.serve.server_lab import POLICIES, Papers, Server, make_client
from controller.store_lab import policy
from controller.uaa import Uaa

KNOWN = policy("known", "other")  # what is stored, before and after
LONG = "x" * 10_000
HALF = "\ud800"  # of a surrogate pair, which JSON can spell
EVIL = (
    *("'", '"', "''", "';--", "'; DROP TABLE policies; --", '") OR 1=1 --', "known' OR 'a'='a", "\\", "\\'", "`", "/*"),
    *("%", "%s", "%(id)s", "%n%n", ":id", "?", "$1", "{0.__class__}", "{entry}", "${jndi:ldap://forged}"),
    *("a\nb", '\n{"level": "info", "message": "forged"}', "a\r\nforged: 1", "\x1b[31mred", "\x7f", "\b", "\0", "a\0b"),
    *("\u2028", "\u202e", "known ", "knöwn", "known\u200b", "名前", "\U0001f600", HALF, LONG),
)
ADMIN = {"Authorization": "Bearer admin"}


@contextmanager
def tempting(folder: Path, papers: Papers, uaa: Uaa, cloud: Capi, settings: dict[str, Any]) -> Iterator[Server]:
    """With a UAA, so that tokens can be sent, one policy, and a log of all requests."""
    uaa.add_token("admin", scope=["network.admin"], user_name="ada")
    with sharing(folder, {**settings, **make_cloud_tables(folder, uaa, cloud)}, 1) as [running]:
        with administrating(papers, running) as admin:
            assert admin.ask("POST", POLICIES, json=as_body([KNOWN])).status_code == 200
        yield running


def administrating(papers: Papers, server: Server) -> Visitor:
    """A client with a token."""
    return Visitor(make_client(papers), [server.urls["external"]], ADMIN)


@contextmanager
def unharmed(papers: Papers, server: Server) -> Iterator[Visitor]:
    """An administrator, who looks in the end whether the tables hold what they held and each line of the log is an
    object of ours."""
    with administrating(papers, server) as visitor:
        yield visitor
        assert read_policies(visitor.ask("GET", POLICIES)) == [KNOWN]
        tags = visitor.ask("GET", POLICIES.replace("policies", "tags")).json()["tags"]
        assert [each["id"] for each in tags] == ["known", "other"]
    assert {line["source"] for line in server.lines()} == {"poplin.controller"}


def send(visitor: Visitor, method: str, path: str, body: Any) -> httpx.Response:
    """With JSON in ASCII, which spells what UTF-8 has not."""
    return visitor.ask(method, path, content=json.dumps(body).encode())


def escape(text: str) -> str:
    """For a URL, where half of a surrogate pair is three bytes that are no UTF-8."""
    return quote(text, safe="", errors="surrogatepass")


def refuses(answer: httpx.Response) -> bool:
    """Whether it is a 400 with a reason."""
    return bool(answer.status_code == 400 and answer.json()["error"])
