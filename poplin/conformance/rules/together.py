"""Many containers at once, as when a node starts."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from poplin.conformance.answer import Answer
from poplin.conformance.bench import Bench
from poplin.conformance.container import Container
from poplin.conformance.rule import CHAINED, NotAsked, Unseen
from poplin.conformance.rules.results import read
from poplin.linux.netns import Namespace
from poplin.spec.address import IP

MANY = 8
PATIENCE = 5.0  # seconds for a connection
Pairs = Sequence[tuple[Container, Answer]]


def adds_at_once(bench: Bench) -> Iterator[str]:
    """All succeed, no two with one address, and each container reaches its gateway if that is on the host."""
    bench.warm_up()
    pairs = call_at_once(bench, "ADD", [bench.make_container() for _ in range(MANY)])
    yield from (f"{each.id}: {answer}" for each, answer in pairs if not answer.is_success)
    well = [each for each, answer in pairs if answer.is_success]
    if bench.subject.kind == CHAINED or not all(each.result and each.ifname != "lo" for each in well):
        return
    counted = Counter(str(ip.address) for each in well for ip in read(bench, each).ips)
    yield from (f"{address} was given to {count} of {MANY}" for address, count in counted.items() if count > 1)
    if bench.subject.kind != CHAINED and all(bench.makes_interface(each) for each in well):
        for each in well:
            yield from try_way_out(bench, each)


def dels_at_once(bench: Bench) -> Iterator[str]:
    """All succeed, and nothing is left."""
    bench.warm_up()
    containers = [bench.make_container() for _ in range(MANY)]
    before = bench.see()
    if not all(answer.is_success for _, answer in call_at_once(bench, "ADD", containers)):
        raise Unseen("not every ADD works")
    answers = call_at_once(bench, "DEL", containers)
    yield from (f"{each.id}: {answer}" for each, answer in answers if not answer.is_success)
    for container in containers:
        bench.take_away(container)
    yield from bench.wait_for_more(before)


def call_at_once(bench: Bench, verb: str, containers: Sequence[Container]) -> Pairs:
    """A call for each container, all of them at the same time."""
    if bench.subject.surroundings.lacks:
        raise NotAsked(bench.subject.surroundings.lacks)
    with ThreadPoolExecutor(len(containers)) as pool:
        answers = list(pool.map(lambda container: bench.call(verb, container), containers))
    for container, answer in zip(containers, answers, strict=True):
        if verb == "ADD" and answer.is_success:
            container.result = answer.object
    return list(zip(containers, answers, strict=True))


def try_way_out(bench: Bench, container: Container) -> Iterator[str]:
    """A connection to the container's gateway, if the host has its address."""
    for ip in read(bench, container).ips:
        if ip.gateway and is_of_host(ip.gateway) and (trouble := find_trouble(container, ip.gateway)):
            yield f"{container.id} with {ip.address} does not reach its gateway {ip.gateway}: {trouble}"


def is_of_host(ip: IP) -> bool:
    """Whether the host would take packets to it."""
    with Namespace() as host:
        return host.rtnl.is_local(ip)


def find_trouble(container: Container, gateway: IP) -> str:
    """What happens to a connection from the container; empty if it comes about."""
    family = socket.AF_INET if gateway.version == 4 else socket.AF_INET6
    with socket.socket(family) as server:
        server.bind((str(gateway), 0))
        server.listen()
        with Namespace(container.netns) as inside:
            client = inside.run(socket.socket, family)
        with client:
            client.settimeout(PATIENCE)
            try:
                client.connect(server.getsockname()[:2])
            except OSError as error:
                return str(error)
    return ""
