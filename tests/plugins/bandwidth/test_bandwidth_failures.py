"""A failed ADD leaves the limits as they were before it, wherever it fails."""

from __future__ import annotations

import json
from collections.abc import Sequence
from errno import ENOENT, ENOMEM, EOPNOTSUPP, EPERM
from typing import Any

import pytest
from bandwidth_lab import BOTH, Limiting
from netlab import Container

from poplin.linux.kernel import Kernel
from poplin.linux.netlink import NetlinkError, Request, Socket
from poplin.linux.netns import Namespace
from poplin.linux.rtnl import Rtnl
from poplin.linux.shaping import read_shape
from poplin.plugins.bandwidth.plugin import PLUGIN
from poplin.plugins.kit.skel import Answer, answer

SUBNETS = {"shapedSubnets": ["10.0.0.0/8", "fd00::/64"]}
MANY = 100


class Failing(Socket):
    """A real socket whose kernel refuses one of the changes; `seen` counts those asked for."""

    def __init__(self, refused: int, code: int) -> None:
        super().__init__()
        self.refused = refused
        self.code = code
        self.seen = 0

    def send(self, requests: Sequence[Request]) -> None:
        """The kernel goes on after a refusal, and the first error is told."""
        first: NetlinkError | None = None
        for request in requests:
            self.seen += 1
            try:
                if self.seen == self.refused:
                    raise NetlinkError(self.code, request.text)
                super().send([request])
            except NetlinkError as error:
                first = first or error
        if first:
            raise first


class FailingHost(Namespace):
    """A host with such a socket."""

    def __init__(self, refused: int, code: int) -> None:
        super().__init__()
        self.failing = Failing(refused, code)
        self._rtnl = Rtnl(self.failing)


class FailingKernel(Kernel):
    """A kernel with such a host."""

    def __init__(self, refused: int, code: int = ENOMEM) -> None:
        super().__init__()
        self._host = self.failing_host = FailingHost(refused, code)


def attempt(
    limiting: Limiting, container: Container, kernel: FailingKernel, command: str = "ADD", **fields: Any
) -> Answer:
    """A verb in this process on that kernel."""
    environ = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": container.id,
        "CNI_NETNS": container.path,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": "/nowhere",
    }
    with kernel.host:
        return answer(PLUGIN, environ, json.dumps(limiting.conf(container, **fields)).encode, kernel)


def state(limiting: Limiting, container: Container) -> tuple[object, ...]:
    """All there is of limits."""
    outer = limiting.outer(container)
    with Namespace(limiting.host.path) as host:
        links = [host.rtnl.get_link(name) for name in (outer, *limiting.ifbs())]
        shapes = [read_shape(host.rtnl, link) for link in links]
    flags = [(each.name, each.is_up, each.mtu, each.alias) for each in links[1:]]
    return shapes, flags, limiting.redirects(outer), sorted(limiting.qdiscs(outer))


BEFORE: dict[str, dict[str, Any]] = {
    "nothing": {},
    "limits": BOTH,
    "in": {"ingressRate": 10**7, "ingressBurst": 10**6},
    "out": {"egressRate": 10**7, "egressBurst": 10**6},
    "subnets": {**BOTH, **SUBNETS},
}
WANTED: dict[str, dict[str, Any]] = {
    "limits": {**BOTH, "ingressRate": 10**6, "egressRate": 10**6},
    "subnets": {**BOTH, "unshapedSubnets": ["192.0.2.0/24"]},
}


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("wanted", WANTED)
def test_each_change_may_fail(limiting: Limiting, before: str, wanted: str) -> None:
    container = limiting.add_container()
    limiting.limit(container, **BEFORE[before])
    there = state(limiting, container)
    with limiting.host.entered():
        for refused in range(1, MANY):
            kernel = FailingKernel(refused)
            reply = attempt(limiting, container, kernel, **WANTED[wanted])
            if kernel.failing_host.failing.seen < refused:
                break
            assert (reply.status, json.loads(reply.output)["code"]) == (1, 100)
            assert state(limiting, container) == there, refused
    assert 2 < refused < MANY
    assert reply.status == 0


@pytest.mark.parametrize(
    ("refused", "code", "msg"),
    [
        (1, ENOENT, "tc qdisc replace dev OUTER root handle 1: tbf rate"),
        (2, EOPNOTSUPP, "this kernel knows no ifb"),
    ],
)
def test_what_the_kernel_has_not_is_named(limiting: Limiting, refused: int, code: int, msg: str) -> None:
    container = limiting.add_container()
    with limiting.host.entered():
        reply = attempt(limiting, container, FailingKernel(refused, code), **BOTH)
    error = json.loads(reply.output)
    assert error["code"] == 100
    assert error["msg"].startswith(msg.replace("OUTER", limiting.outer(container)))
    assert limiting.traces(container) == []


@pytest.mark.parametrize(
    ("refused", "code", "module"),
    [
        (1, ENOENT, "sch_tbf"),
        (2, EOPNOTSUPP, "ifb"),
        (3, ENOENT, "act_mirred"),
        (4, ENOENT, "sch_htb"),
    ],
)
def test_status_names_the_module_that_is_missing(limiting: Limiting, refused: int, code: int, module: str) -> None:
    container = limiting.add_container()
    with limiting.host.entered():
        reply = attempt(limiting, container, FailingKernel(refused, code), "STATUS", **SUBNETS)
        error = json.loads(reply.output)
        assert (error["code"], error["msg"]) == (50, f"this kernel has no {module}")
        assert error["details"] == f"load it with `modprobe {module}`"
        without_subnets = attempt(limiting, container, FailingKernel(4, ENOENT), "STATUS")
        assert without_subnets.status == 0


def test_status_is_told_when_nothing_may_be_done_at_all(limiting: Limiting) -> None:
    container = limiting.add_container()
    with limiting.host.entered():
        outcomes = [attempt(limiting, container, FailingKernel(n, EPERM), "STATUS").status for n in (1, 2, 3)]
    assert outcomes == [1, 1, 0], "who may do all but ask for an action alone is root of a user namespace"
