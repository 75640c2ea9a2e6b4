"""Policy servers that share a database, and clients of theirs who keep their connections."""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from controller.api_lab import make_v1
from controller.capi import Capi
from controller.serve.server_lab import (
    ADMIN,
    PATIENCE,
    Client,
    Papers,
    Server,
    make_client,
    make_settings,
    starting,
    to_toml,
)
from controller.store_lab import TAG_LENGTH
from controller.uaa import CLIENT, SECRET, Uaa

from poplin.policy.model import Policy

AGENTS = "/networking/v1/internal"


@contextmanager
def sharing(folder: Path, settings: Mapping[str, Any], count: int = 2) -> Iterator[list[Server]]:
    """So many servers with this configuration, ready for clients."""
    file = folder / "poplin.toml"
    file.touch(0o600)
    file.write_text(to_toml(settings))
    with ExitStack() as stack:
        servers = [stack.enter_context(starting(folder, "--config-file", str(file))) for _ in range(count)]
        for server in servers:
            server.wait_until_ready()
        yield servers


def make_shared(papers: Papers, url: str, **controller: Any) -> dict[str, Any]:
    """A configuration for a database of the tests, where freed tags do not rest."""
    settings = make_settings(papers, tag_length=TAG_LENGTH, tag_quarantine_seconds=0, **controller)
    return {**settings, "database": {"url": url}}


def make_cloud_tables(folder: Path, uaa: Uaa, cloud: Capi) -> dict[str, Any]:
    """The part of a configuration that says who issues tokens and who knows apps."""
    for name, stand_in in (("uaa.pem", uaa), ("cc.pem", cloud)):
        (folder / name).write_bytes(stand_in.ca_pem)
    issuer = {"url": uaa.url, "client": CLIENT, "client_secret": SECRET, "ca": str(folder / "uaa.pem")}
    return {"uaa": issuer, "cc": {"url": cloud.url, "ca": str(folder / "cc.pem")}}


class Visitor:
    """A client who knows several servers, and asks the next one where one does not answer."""

    def __init__(self, client: Client, urls: Iterable[str], headers: Mapping[str, str] | None = None) -> None:
        context = ssl.create_default_context(cafile=str(client.ca))
        context.load_cert_chain(client.certificate, client.key)
        self.urls = list(urls)  # the first is the one that answered last
        self._https = httpx.Client(verify=context, headers=headers, timeout=PATIENCE, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self._https.close()

    def find_answer(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """The answer of the first that gives one. One that keeps us waiting fails the test."""
        for _ in range(len(self.urls)):
            try:
                return self._https.request(method, self.urls[0] + path, **more)
            except (httpx.NetworkError, httpx.RemoteProtocolError):
                self.urls.append(self.urls.pop(0))
        return None

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer, which there must be."""
        answer = self.find_answer(method, path, **more)
        assert answer is not None, f"none of {self.urls} answers {method} {path}"
        return answer


def visit(papers: Papers, servers: Sequence[Server], name: str = "external", first: int = 0) -> Visitor:
    """An administrator, or an agent, who begins with one of the servers."""
    urls = [server.urls[name] for server in servers]
    return Visitor(make_client(papers, ADMIN), (*urls[first:], *urls[:first]))


def as_body(policies: Iterable[Policy]) -> dict[str, Any]:
    """What is sent to create or delete them."""
    return {"policies": [make_v1(each.source, each.destination, each.start, each.end) for each in policies]}


def read_policies(answer: httpx.Response) -> list[Policy]:
    """What a list of v1 says."""
    assert answer.status_code == 200, answer.text
    listed = answer.json()
    assert listed["total_policies"] == len(listed["policies"])
    return [read_policy(each) for each in listed["policies"]]


def read_policy(each: Mapping[str, Any]) -> Policy:
    """One item of such a list."""
    source, destination = each["source"], each["destination"]
    ports = destination["ports"]
    return Policy(source["id"], destination["id"], destination["protocol"], ports["start"], ports["end"])
