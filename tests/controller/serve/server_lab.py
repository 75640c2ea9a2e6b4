"""The policy server as a process of its own, with real certificates, for tests that come as its clients do."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme

PATIENCE = 60.0  # seconds; a limit on what surely comes, on however busy a machine
COMMAND = (sys.executable, "-m", "poplin.cli.main", "controller", "--json")
ADMIN, STRANGER = "admin.example.org", "stranger.example.org"
POLICIES = "/networking/v1/external/policies"


@dataclass
class Papers:
    """Certificates of a CA, as PEM files in a folder."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)

    @property
    def ca(self) -> Path:
        """The CA's certificate."""
        path = self.folder / "ca.pem"
        self.authority.cert_pem.write_to_path(path)
        return path

    def issue(self, *names: str, expired: bool = False, **more: Any) -> tuple[Path, Path]:
        """Certificate and key of a new pair."""
        if expired:
            past = datetime.now(UTC) - timedelta(days=2)
            more |= {"not_before": past, "not_after": past + timedelta(days=1)}
        issued = self.authority.issue_cert(*names, key_type=trustme.KeyType.RSA, **more)
        serial = len(list(self.folder.iterdir()))
        certificate, key = self.folder / f"{serial}.crt", self.folder / f"{serial}.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return certificate, key


def make_papers(folder: Path) -> Papers:
    """Of a CA of their own."""
    folder.mkdir(parents=True, exist_ok=True)
    return Papers(folder)


def make_settings(papers: Papers, **controller: Any) -> dict[str, Any]:
    """A configuration with real certificates where every port is the kernel's choice."""
    certificate, key = papers.issue("localhost", "127.0.0.1")
    files = {"certificate": str(certificate), "key": str(key), "client_ca": str(papers.ca)}
    api = {"listen": "127.0.0.1:0", **files}
    usual = {
        "external": api,
        "internal": api,
        "health_listen": "127.0.0.1:0",
        "debug_listen": "127.0.0.1:0",
        "certificates": {ADMIN: {"scopes": ["network.admin"]}},
    }
    return {"controller": {**usual, **controller}}


def to_toml(tables: Mapping[str, Any], where: str = "") -> str:
    """The tables as TOML; what JSON writes of the values, TOML reads."""
    plain = [f"{json.dumps(key)} = {json.dumps(value)}" for key, value in tables.items() if not isinstance(value, dict)]
    inner = {f"{where}{json.dumps(key)}": value for key, value in tables.items() if isinstance(value, dict)}
    return "\n".join(plain) + "".join(f"\n[{name}]\n{to_toml(value, name + '.')}" for name, value in inner.items())


class Server:
    """One running process."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self.process = process
        self._log = log
        self.urls: dict[str, str] = {}
        self.files: dict[str, str] = {}

    def wait_until_ready(self) -> None:
        """Its line on stdout says where it listens."""
        assert self.process.stdout is not None
        assert select.select([self.process.stdout], [], [], PATIENCE)[0], self._log.read_text()
        line = self.process.stdout.readline()
        assert line, self._log.read_text()
        ready = json.loads(line)
        self.urls = {each["name"]: each["url"] for each in ready["listeners"]}
        self.files = ready["certificates"] or {}

    def port(self, name: str) -> int:
        """Of a listener."""
        return int(self.urls[name].rpartition(":")[2])

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; every line of it is an object."""
        whole, _, _ = self._log.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for_line(self, event: str, count: int = 1) -> list[dict[str, Any]]:
        """The lines whose message ends with the event, once there are as many."""
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [line for line in self.lines() if line["message"].endswith(f".{event}")]
            if len(found) >= count:
                return found
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.02)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait(self) -> int:
        """The exit status."""
        return self.process.wait(PATIENCE)


@contextmanager
def starting(folder: Path, *arguments: str, **environ: str) -> Iterator[Server]:
    """A process with its state and log in the folder; not yet ready, ended in any case."""
    log = folder / f"log-{len(list(folder.glob('log-*')))}"
    inherited = {key: value for key, value in os.environ.items() if key != "NOTIFY_SOCKET"}
    environment = {**inherited, "POPLIN_STATE_DIR": str(folder / "state"), **environ}
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment
        ) as process,
    ):
        try:
            yield Server(process, log)
        finally:
            process.kill()


@contextmanager
def serving(folder: Path, settings: Mapping[str, Any], **environ: str) -> Iterator[Server]:
    """A server with this configuration, ready for clients."""
    file = folder / "poplin.toml"
    file.write_text(to_toml(settings))
    with starting(folder, "--config-file", str(file), **environ) as server:
        server.wait_until_ready()
        yield server


def curl(*arguments: str | Path, data: str = "") -> subprocess.CompletedProcess[str]:
    """What curl prints, headers first."""
    command = ["curl", "--silent", "--show-error", "--include", "--max-time", "60", *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, text=True, timeout=2 * PATIENCE, check=False)


@dataclass
class Client:
    """Who comes with a certificate."""

    ca: Path | str
    certificate: Path | str
    key: Path | str

    def curl(self, *arguments: str | Path, data: str = "") -> subprocess.CompletedProcess[str]:
        """As curl, with the certificate."""
        return curl("--cacert", self.ca, "--cert", self.certificate, "--key", self.key, *arguments, data=data)

    def connect(self, port: int) -> ssl.SSLSocket:
        """A connection without HTTP."""
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(self.certificate, self.key)
        plain = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        return context.wrap_socket(plain, server_hostname="localhost")


def make_client(papers: Papers, *names: str, **more: Any) -> Client:
    """One with a certificate for these names, of this CA."""
    return Client(papers.ca, *papers.issue(*(names or (STRANGER,)), **more))


def split_answer(text: str) -> tuple[int, dict[str, str], str]:
    """Status, headers with names in lower case, and body of what `curl --include` printed."""
    final = text.replace("\r\n", "\n").removeprefix("HTTP/1.1 100 Continue\n\n")
    head, _, body = final.partition("\n\n")
    first, *lines = head.splitlines()
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, body
