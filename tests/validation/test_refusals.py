"""What is left of a configuration that is read again without what was wrong."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.validation.refusals import without

CONFIG = {"mtu": 1, "ipam": {"type": "x", "ranges": [[{"subnet": "a"}], [{"subnet": "b"}]]}}


@pytest.mark.parametrize(
    ("paths", "left"),
    [
        (set(), CONFIG),
        ({("mtu",)}, {"ipam": CONFIG["ipam"]}),
        ({("mtu", "deeper")}, {"ipam": CONFIG["ipam"]}),
        ({("other",)}, CONFIG),
        ({("ipam", "ranges", 0), ("ipam", "ranges", 1)}, {"mtu": 1, "ipam": {"type": "x"}}),
        ({("ipam", "ranges", 0, 0, "subnet")}, {"mtu": 1, "ipam": {"type": "x", "ranges": [[{}], [{"subnet": "b"}]]}}),
        ({("ipam",), ("ipam", "type")}, {"mtu": 1}),
    ],
)
def test_what_is_wrong_goes_and_nothing_else(paths: Any, left: Any) -> None:
    assert without(CONFIG, paths) == left
