"""The network namespace of a container that an engine runs: the laboratory's view of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dhcp_lab import wait_until
from netlab import Container
from traffic import call, serving

FAMILIES = {4: "0.0.0.0", 6: "::"}
OPEN = 81  # where nothing of the container's own listens


class Inside(Container):
    """A namespace that an engine made, and removes."""

    def __init__(self, name: str, path: str) -> None:
        self.id = name
        self.path = path


def wait_until_serving(server: Container, port: int = 80) -> None:
    """Until somebody listens: an engine is done with a start when the process has begun."""
    wait_until(lambda: server.sh(f"ss -Hltn sport = :{port}"), f"{server.id} serves port {port}")


@contextmanager
def telling(server: Container, *protocols: str, port: int = OPEN, family: int = 4) -> Iterator[None]:
    """With servers in the namespace that answer each caller with the address they see, one for each protocol."""
    first, *others = protocols or ("tcp",)
    with serving(server, port, first, FAMILIES[family]):
        if others:
            with telling(server, *others, port=port, family=family):
                yield
        else:
            yield


def peer(server: Container, caller: Container, address: str, port: int = OPEN, protocol: str = "tcp") -> str | None:
    """As whom a server in this namespace sees a caller that asks for `address` and `port`; None if it does not."""
    with telling(server, protocol, family=6 if ":" in address else 4):
        return call(caller, address, port, protocol)
