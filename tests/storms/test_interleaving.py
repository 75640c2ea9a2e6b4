"""ADD and GC step by step between each other: no lock keeps them apart, and neither may take what the other needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from calls import kernel_of, make_call, valid
from firewall import elements, nft
from netlab import Host
from portmap_lab import port

from poplin.linux.kernel import Kernel
from poplin.plugins.firewall import add as firewall_add
from poplin.plugins.firewall import garbage as firewall_garbage
from poplin.plugins.kit.masquerade import collect_masquerade, masquerade
from poplin.plugins.portmap import add as portmap_add
from poplin.plugins.portmap import garbage as portmap_garbage
from poplin.spec.address import parse_prefix

STEPS = ("find", "list", "apply", "remove")
MOST = 60  # steps of one verb
SOON_DONE = ("ports", "bridges")  # GC of these, where there is no table of ours
ADDRESS = "10.1.2.3/24"
NETWORK = "10.1.2.0/24 . 10.1.2.0/24"
USERS = (
    *("set inet poplin masq4", "set inet poplin publishers", "map inet poplin ports4"),
    *("set inet poplin allowed4", "set inet poplin guests", "set bridge poplin isolated"),
)
ISOLATED = {"type": "firewall", "backend": "nftables", "ingressPolicy": "isolated"}
PUBLISHED = {"type": "portmap", "runtimeConfig": {"portMappings": [port(8080, 80)]}}
RESULT = {"prevResult": {"cniVersion": "1.1.0", "ips": [{"address": ADDRESS}], "dns": {}}}
ON_BRIDGE = {**RESULT["prevResult"], "interfaces": [{"name": "br0"}, {"name": "veth1"}]}


def hide(kernel: Kernel) -> None:
    masquerade(make_call({"ipMasq": True}), kernel, [parse_prefix(ADDRESS)])


def forget_hidden(kernel: Kernel) -> None:
    collect_masquerade(make_call(valid(("c1", "eth0"))), kernel)


def publish(kernel: Kernel) -> None:
    portmap_add.run(make_call({**PUBLISHED, **RESULT}), kernel)


def forget_published(kernel: Kernel) -> None:
    portmap_garbage.run(make_call({"type": "portmap", **valid(("c1", "eth0"))}), kernel)


def let_through(kernel: Kernel) -> None:
    firewall_add.run(make_call({**ISOLATED, "prevResult": ON_BRIDGE}), kernel)


def open_bridges(kernel: Kernel) -> None:
    firewall_garbage.run(make_call({**ISOLATED, **valid(("c1", "eth0"))}), kernel)


KEPT_APART = {"guarded": ["br0"], "selves": ["br0 . br0"], "strangers": ["br0 . br0"]}
ADDED = {
    "masquerade": (hide, forget_hidden, {"masq4": ["10.1.2.3"], "keep4": [NETWORK]}),
    "bridges": (let_through, open_bridges, {"allowed4": ["10.1.2.3"], **KEPT_APART}),
    "ports": (publish, forget_published, {"ports4": ["tcp . 8080 : 10.1.2.3 . 80"], "hairpin4": [NETWORK]}),
}


@pytest.fixture
def kernels(host: Host) -> Iterator[tuple[Kernel, Kernel]]:
    """Two processes on one host."""
    with ExitStack() as stack:
        yield stack.enter_context(kernel_of(host)), stack.enter_context(kernel_of(host))


def interpose(monkeypatch: pytest.MonkeyPatch, kernel: Kernel, at: int, action: Callable[[], None]) -> list[int]:
    """Have `action` done before the step number `at` of what `kernel` does; the list grows with each step."""
    steps: list[int] = []
    for name in STEPS:
        real = getattr(kernel.host.nft, name)

        def step(*arguments: Any, real: Callable[..., Any] = real) -> Any:
            steps.append(len(steps))
            if len(steps) - 1 == at:
                action()
            return real(*arguments)

        monkeypatch.setattr(kernel.host.nft, name, step)
    return steps


@pytest.mark.parametrize("used", [False, True], ids=["fresh", "left over"])
@pytest.mark.parametrize("what", ADDED)
@pytest.mark.parametrize("inner", ["GC inside ADD", "ADD inside GC"])
def test_whatever_comes_first_the_network_is_there_in_the_end(
    host: Host,
    kernels: tuple[Kernel, Kernel],
    monkeypatch: pytest.MonkeyPatch,
    what: str,
    inner: str,
    used: bool,
) -> None:
    """`left over`: the network is there and nobody uses it, until this ADD does."""
    add, collect, expected = ADDED[what]
    outer, other = (add, collect) if inner == "GC inside ADD" else (collect, add)
    for at in range(MOST):
        nft(host, "flush ruleset")
        if used:
            add(kernels[1])
            for each in USERS:
                nft(host, f"flush {each}")
        with monkeypatch.context() as patch:
            steps = interpose(patch, kernels[0], at, lambda: other(kernels[1]))
            outer(kernels[0])
        if at >= len(steps):
            break
        present = elements(host)
        for each in ("publishers", "guests"):
            present.pop(each, None)
        assert present == expected, f"before step {at}"
    is_done = what in SOON_DONE and (inner, used) == ("ADD inside GC", False)
    assert at == 0 if is_done else 2 < at < MOST - 1
