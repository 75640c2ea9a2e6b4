"""The examples of the pages whose plugins only this kernel can run."""

from __future__ import annotations

import shutil
from typing import Any

import pytest
from docs.test_plugin_pages import GROUND, IN_VM, find_example
from netlab import Container, Host, with_prev_result

ADDRESSES = {"vrf": ["10.22.0.2/16"]}


@pytest.mark.parametrize("plugin", IN_VM)
def test_example_of_the_page_works(host: Host, container: Container, plugin: str) -> None:
    shutil.rmtree("/var/lib/cni/networks", ignore_errors=True)  # where addresses go on from the last test's
    host.sh(f"sh -c '{GROUND.get(plugin, ':')}'")
    chain = find_chain(plugin)
    before = host.links()
    result: dict[str, Any] = {}
    for conf in chain:
        result = host.cni("ADD", with_prev_result(conf, result) if result else conf, container)
    assert container.addresses("eth0") == ADDRESSES.get(plugin, ["10.22.0.2/16", "fd00:22::2/64"])
    for conf in chain:
        host.cni("CHECK", with_prev_result(conf, result), container)
    for conf in reversed(chain):
        host.cni("DEL", with_prev_result(conf, result), container)
    assert (container.links(), [link for link in host.links() if link != "cni0"]) == ([], before)


def find_chain(plugin: str) -> list[dict[str, Any]]:
    """The example's plugins, each as a runtime hands it its configuration."""
    example = find_example(plugin)
    head = {"cniVersion": example["cniVersion"], "name": example["name"]}
    return [{**head, **each} for each in example.get("plugins", [example])]
