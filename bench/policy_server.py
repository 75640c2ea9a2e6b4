"""`./scripts/bench --controller`: the policy server with 65,000 policies, over mutual TLS, on SQLite and PostgreSQL.

The server is the real process. Clients are threads of another, on the same machine, each with one connection kept open;
a request counts from its first byte to the last of the answer, and only if the answer has what it must have.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import ssl
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT)]

import report  # noqa: E402
from controller.store_lab import running  # noqa: E402

from poplin.controller.store import migrate, open_store  # noqa: E402
from poplin.policy.model import Policy  # noqa: E402

POLICIES = 65_000
APPS = 13_000  # each is the source of five
AT_ONCE = 5_000  # of a request that fills the database
GROUPS = 250  # on one host, whose agent asks for them
CHANGED = 100
CLIENTS = 4
LEAST = 3  # requests of each client
LIST_BAR = 0.5  # seconds, for the unfiltered list, with nothing ready
EXTERNAL = "/networking/v1/external/policies"
INTERNAL = "/networking/v1/internal/policies"
DATABASES = {"SQLite": "sqlite", "PostgreSQL": "postgresql"}
PATIENCE = 120.0  # seconds


@dataclass
class Measure:
    """What clients did for a while."""

    name: str
    task: Task
    seconds: list[float] = field(default_factory=list)  # of each request
    elapsed: float = 0.0

    @property
    def rate(self) -> float | None:
        """Requests per second."""
        return round(len(self.seconds) / self.elapsed, 1) if self.task.has_rate else None

    def quantile(self, part: float) -> float:
        """Milliseconds, of the given part of the requests at most."""
        return sorted(self.seconds)[min(len(self.seconds) - 1, int(part * len(self.seconds)))] * 1000


class Server:
    """A controller that runs, and connections to it."""

    def __init__(self, process: subprocess.Popen[str], ready: dict[str, Any]) -> None:
        self.process = process
        self.places = {each["name"]: urlsplit(each["url"]) for each in ready["listeners"]}
        files = ready["certificates"]
        self.trust = ssl.create_default_context(cafile=files["ca"])
        self.trust.load_cert_chain(files["certificate"], files["key"])

    def connect(self, place: str) -> http.client.HTTPSConnection:
        """A connection of one's own."""
        where = self.places[place]
        return http.client.HTTPSConnection(where.hostname or "", where.port, timeout=PATIENCE, context=self.trust)

    def memory(self) -> float:
        """The most it ever had, in MiB (VmHWM of proc(5))."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def call(connection: http.client.HTTPSConnection, method: str, path: str, body: Any = None) -> tuple[float, bytes]:
    """Seconds and the answer, which must be a good one."""
    data = None if body is None else json.dumps(body).encode()
    begun = time.perf_counter()
    connection.request(method, path, data)
    answer = connection.getresponse()
    content = answer.read()
    took = time.perf_counter() - begun
    if answer.status != 200:
        raise SystemExit(f"{method} {path[:80]}: {answer.status} {content[:200]!r}")
    return took, content


# What is measured: each client repeats one of these.


def list_all(server: Server, random_source: random.Random) -> Iterator[float]:
    """Every policy, as an agent that has just started asks for them."""
    connection = server.connect("internal")
    while True:
        took, content = call(connection, "GET", INTERNAL)
        require(content.count(b'"source"') == POLICIES)
        yield took


def list_changed(server: Server, random_source: random.Random) -> Iterator[float]:
    """The same when somebody has just written, so that the server can have nothing ready."""
    samples = list_all(server, random_source)
    changes = change(server, random_source)
    while True:
        next(changes), next(changes)
        yield next(samples)


def list_groups(server: Server, random_source: random.Random) -> Iterator[float]:
    """Those about the groups of one host."""
    connection = server.connect("internal")
    while True:
        ids = ",".join(app_id(number) for number in random_source.sample(range(APPS), GROUPS))
        took, content = call(connection, "GET", f"{INTERNAL}?id={ids}")
        require(json.loads(content)["total_policies"] >= GROUPS)
        yield took


def change(server: Server, random_source: random.Random) -> Iterator[float]:
    """A hundred come, and go again; each client has sources of its own."""
    connection = server.connect("external")
    base = random_source.randrange(10**9)
    policies = [as_document(Policy(f"new-{base}", app_id(number), "tcp", 8080, 8080)) for number in range(CHANGED)]
    while True:
        for path in (EXTERNAL, f"{EXTERNAL}/delete"):
            yield call(connection, "POST", path, {"policies": policies})[0]


def require(holds: bool) -> None:
    """Or the sample is worth nothing."""
    if not holds:
        raise SystemExit("an answer lacks what it must have, so nothing was measured")


@dataclass
class Task:
    """What a number of clients do; it has a rate if all they do is measured."""

    work: Callable[[Server, random.Random], Iterator[float]]
    clients: int
    has_rate: bool = True


MEASURES = {
    f"list of all {POLICIES:,} policies, the first after a change": Task(list_changed, 1, has_rate=False),
    f"list of all {POLICIES:,} policies": Task(list_all, 1),
    f"list by ?id= of {GROUPS} groups": Task(list_groups, CLIENTS),
    f"create and delete of {CHANGED} policies": Task(change, CLIENTS),
}


def measure(server: Server, name: str, seconds: float, progress: Callable[[str], None]) -> Measure:
    """Clients at it for so long."""
    task = MEASURES[name]
    progress(name)
    found = Measure(name, task)
    end = time.monotonic() + seconds

    def run(number: int) -> None:
        samples = task.work(server, random.Random(number))
        next(samples)  # the connection, and what is cached
        mine = 0
        while mine < LEAST or time.monotonic() < end:
            found.seconds.append(next(samples))
            mine += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(task.clients)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found.elapsed = time.monotonic() - begun
    return found


# The server and its data.


def app_id(number: int) -> str:
    """As long as a GUID is."""
    return f"{number:08x}-0000-4000-8000-000000000000"


def policies() -> Iterator[Policy]:
    """All of them: each app may talk to the five after it."""
    for number in range(POLICIES):
        source, step = divmod(number, POLICIES // APPS)
        yield Policy(app_id(source), app_id((source + step + 1) % APPS), "tcp", 8080 + step, 8080 + step)


def as_document(policy: Policy) -> dict[str, Any]:
    """As v1 of the API has it."""
    ports = {"start": policy.start, "end": policy.end}
    destination = {"id": policy.destination, "protocol": policy.protocol, "ports": ports}
    return {"source": {"id": policy.source}, "destination": destination}


def fill(url: str) -> None:
    """The database as it is measured."""
    migrate(url)
    store = open_store(url)
    source = policies()
    while some := list(islice(source, AT_ONCE)):
        store.create_policies(some)
    store.close()


@contextmanager
def controller(url: str, folder: Path) -> Iterator[Server]:
    """A policy server of its own on ports that the kernel picks."""
    file = folder / "poplin.toml"
    places = {"health_listen": "", "debug_listen": ""}
    lines = ["[controller]", *(f"{key} = {json.dumps(value)}" for key, value in places.items())]
    lines += [f'{each}.listen = "127.0.0.1:0"' for each in ("external", "internal")]
    file.write_text("\n".join([*lines, "[database]", f"url = {json.dumps(url)}"]))
    file.chmod(0o600)
    command = [sys.executable, "-m", "poplin.cli.main", "controller", "--config-file", str(file), "--json"]
    env = {**os.environ, "POPLIN_STATE_DIR": str(folder / "state")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=env)
        try:
            assert process.stdout
            line = process.stdout.readline()
            if not line:
                raise SystemExit((folder / "log").read_text())
            yield Server(process, json.loads(line))
        finally:
            process.kill()
            process.wait()


def bench(kind: str, seconds: float) -> dict[str, Any]:
    """Everything about one database."""

    def progress(what: str) -> None:
        print(f"{kind}: {what}", file=sys.stderr)

    with tempfile.TemporaryDirectory() as name, running(DATABASES[kind], Path(name)) as database:
        url = database.new_url()
        progress(f"filling in {POLICIES:,} policies")
        fill(url)
        with controller(url, Path(name)) as server:
            measures = [measure(server, name, seconds, progress) for name in MEASURES]
            return {"measures": measures, "memory": server.memory()}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Markdown."""
    lines = ["| | database | clients | requests/s | p50, ms | p99, ms |", "|---|---|---|---|---|---|"]
    for number, name in enumerate(MEASURES):
        for kind, found in results.items():
            each: Measure = found["measures"][number]
            numbers = f"{each.rate or ''} | {each.quantile(0.5):.1f} | {each.quantile(0.99):.1f}"
            lines.append(f"| {name} | {kind} | {each.task.clients} | {numbers} |")
    told = ", ".join(f"{found['memory']:.0f} MiB with {kind}" for kind, found in results.items())
    return "\n".join([*lines, "", f"The server's memory at its most: {told}."])


def as_json(results: dict[str, dict[str, Any]], seconds: float) -> dict[str, Any]:
    """For programs; milliseconds and MiB."""
    databases = {
        kind: {
            "memory": round(found["memory"], 1),
            "measures": {
                each.name: {
                    **{"clients": each.task.clients, "requests": len(each.seconds), "rate": each.rate},
                    **{"p50": round(each.quantile(0.5), 2), "p99": round(each.quantile(0.99), 2)},
                }
                for each in found["measures"]
            },
        }
        for kind, found in results.items()
    }
    return {"version": 1, "seconds": seconds, "policies": POLICIES, "databases": databases}


def is_within_bar(results: dict[str, dict[str, Any]]) -> bool:
    """Whether the list of all came in time."""
    return all(statistics.median(found["measures"][0].seconds) <= LIST_BAR for found in results.values())


def main() -> None:
    """Measure, print, and with --write keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="bench --controller", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="of each measure (default 20)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    results = {kind: bench(kind, options.seconds) for kind in DATABASES}
    if options.json:
        print(json.dumps(as_json(results, options.seconds)))
        return
    print(table(results))
    print(f"the list of all within {LIST_BAR} s: {'yes' if is_within_bar(results) else 'NO'}")
    if options.write:
        report.write("controller", table(results), f"{options.seconds:g} s of each")


if __name__ == "__main__":
    main()
