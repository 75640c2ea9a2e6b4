"""Steps of plugins called in process, on a host of the laboratory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from netlab import Host

from poplin.linux.kernel import Kernel
from poplin.spec.call import Call, Config, Environment


def make_call(
    conf: Mapping[str, Any] | None = None, container_id: str = "c1", ifname: str = "eth0", network: str = "mynet"
) -> Call:
    """A DEL of this attachment, whose configuration has these fields more."""
    variables = {
        "CNI_COMMAND": "DEL",
        "CNI_CONTAINERID": container_id,
        "CNI_IFNAME": ifname,
        "CNI_PATH": "/opt/cni/bin",
    }
    config = {"cniVersion": "1.1.0", "name": network, "type": "bridge", **(conf or {})}
    return Call(Environment(variables), Config(config))


def told(*addresses: str) -> dict[str, Any]:
    """prevResult with these addresses."""
    return {"prevResult": {"cniVersion": "1.1.0", "ips": [{"address": each} for each in addresses], "dns": {}}}


def valid(*attachments: tuple[str, str]) -> dict[str, Any]:
    """What GC is told to leave alone."""
    return {"cni.dev/valid-attachments": [{"containerID": cid, "ifname": ifname} for cid, ifname in attachments]}


@contextmanager
def kernel_of(host: Host) -> Iterator[Kernel]:
    """The kernel as a plugin on this host sees it."""
    with host.entered():
        kernel = Kernel()
        with kernel.host:
            yield kernel
