"""Where the container of a record is."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Entry
from poplin.runtime.liveness import locate

HOST_END = {"name": "veth1"}
CONTAINER_END = {"name": "eth0", "sandbox": "/run/netns/blue"}


@pytest.mark.parametrize(
    ("netns", "result", "expected"),
    [
        ("", {"cniVersion": "1.0.0", "interfaces": [HOST_END, CONTAINER_END]}, "/run/netns/blue"),
        ("", {"cniVersion": "0.3.1", "interfaces": [CONTAINER_END]}, "/run/netns/blue"),
        ("/run/netns/red", {"cniVersion": "1.0.0", "interfaces": [CONTAINER_END]}, "/run/netns/red"),
        ("", {"cniVersion": "1.0.0", "interfaces": [HOST_END]}, ""),
        ("", {"cniVersion": "1.0.0"}, ""),
        ("", {"cniVersion": "0.2.0", "ip4": {"ip": "10.1.0.2/16"}}, ""),
        ("", {"cniVersion": "1.0.0", "interfaces": "eth0"}, ""),
        ("", {"cniVersion": "9.9.9"}, ""),
        ("", {}, ""),
    ],
)
def test_a_record_without_namespace_has_that_of_its_result(netns: str, result: dict[str, Any], expected: str) -> None:
    entry = Entry("mynet", Attachment("c1", netns, "eth0", (("K", "V"),), {"mac": "x"}), b"{}", result)
    located = Entry("mynet", Attachment("c1", expected, "eth0", (("K", "V"),), {"mac": "x"}), b"{}", result)
    assert locate(entry) == located
