"""What the controller counts and measures, for Prometheus: under names of our own, and under those of the original.

The original's (cf-control-plane §1.10) are pushed to a collector every 30 s; here they are read, and a time is that of
the latest event, in milliseconds as there. Ours are in seconds, with histograms.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client import Counter as Total
from prometheus_client.core import GaugeMetricFamily, Metric, UnknownMetricFamily
from prometheus_client.registry import Collector

BAD = 400  # statuses from here on are errors
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
MILLI = 1000
QUERIES = ("DBQueriesTotal", "DBQueriesSucceeded", "DBQueriesFailed")


class Metrics:
    """Thread-safe. `observe_request` and `observe_store` are called by those who do the work."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.originals = Originals()
        self._requests = Histogram(
            "poplin_controller_request_seconds", "Time to answer", ["name"], registry=self.registry, buckets=BUCKETS
        )
        self._answers = Total("poplin_controller_answers", "Answers", ["name", "status"], registry=self.registry)
        self._store = Histogram(
            "poplin_controller_store_seconds",
            "Time of an operation of the database",
            ["operation", "outcome"],
            registry=self.registry,
            buckets=BUCKETS,
        )

    def watch(self, counts: Mapping[str, Callable[[], int]]) -> None:
        """Ask these at every scrape, `totalPolicies` and others; one that raises is left out of it."""
        self.registry.register(Scraped(self.originals, counts))

    def observe_request(self, name: str, seconds: float, status: int) -> None:
        """A request was answered; `name` is one of the original's, `CreatePolicies`."""
        self._requests.labels(name).observe(seconds)
        self._answers.labels(name, str(status)).inc()
        self.originals.observe_request(name, seconds, status)

    def observe_store(self, operation: str, seconds: float, ok: bool) -> None:
        """The store did something, `Create`, `SecurityGroups.Replace`."""
        self._store.labels(operation, "success" if ok else "error").observe(seconds)
        self.originals.observe_store(operation, seconds, ok)

    def text(self) -> bytes:
        """What a scrape gets, in Prometheus' text format."""
        return generate_latest(self.registry)


class Originals:
    """The latest values of what the original sends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: Counter[str] = Counter()
        self._longest = 0.0

    def observe_request(self, name: str, seconds: float, status: int) -> None:
        """`CreatePoliciesRequestTime`, `CreatePoliciesRequestCount`, `http_error`."""
        with self._lock:
            self._values[f"{name}RequestTime"] = round(seconds * MILLI)
            self._values[f"{name}RequestCount"] += 1
            self._values["http_error"] += status >= BAD

    def observe_store(self, operation: str, seconds: float, ok: bool) -> None:
        """`StoreCreateSuccessTime`, or `StoreCreateErrorTime` and `StoreCreateError`; and the queries' own."""
        family, _, last = operation.rpartition(".")
        name = f"{family}Store{last}"
        with self._lock:
            self._values[f"{name}{'Success' if ok else 'Error'}Time"] = round(seconds * MILLI)
            if not ok:
                self._values[f"{name}Error"] += 1
            self._values["DBQueriesTotal"] += 1
            self._values["DBQueriesSucceeded"] += ok
            self._values["DBQueriesFailed"] += not ok
            self._longest = max(self._longest, seconds)

    def take(self) -> dict[str, float]:
        """All values now; the longest query is that since the last time."""
        with self._lock:
            longest, self._longest = self._longest, 0.0
            return {**dict.fromkeys(QUERIES, 0), **self._values, "DBQueryDurationMax": longest}


class Scraped(Collector):
    """What is looked up when somebody asks."""

    def __init__(self, originals: Originals, counts: Mapping[str, Callable[[], int]]) -> None:
        self._originals = originals
        self._counts = counts
        self._began = time.monotonic()

    def describe(self) -> list[Metric]:
        """Nothing, so that to register it asks nobody."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Ours first."""
        uptime = time.monotonic() - self._began
        tried = {name: try_to(count) for name, count in self._counts.items()}
        counts = {name: float(count) for name, count in tried.items() if count is not None}
        yield GaugeMetricFamily("poplin_controller_uptime_seconds", "Since the start", uptime)
        if "totalPolicies" in counts:
            yield GaugeMetricFamily("poplin_controller_policies", "Policies in the database", counts["totalPolicies"])
        for name, value in sorted({**self._originals.take(), **counts, "uptime": uptime}.items()):
            yield UnknownMetricFamily(name, "As the original policy server calls it", value)


def try_to(count: Callable[[], int]) -> int | None:
    """The number, or None if it cannot be had: a scrape must work while the database does not."""
    try:
        return count()
    except Exception:
        return None
