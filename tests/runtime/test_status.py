"""STATUS by the runtime."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.runtime.caller import Runtime
from poplin.runtime.status import status
from poplin.spec.errors import CNIError, InvalidConfig


@pytest.mark.facts("cni-spec", 154)
def test_every_plugin_is_asked_until_one_says_no(runtime: Runtime, network: Any, double: Any) -> None:
    one, two, three = (double(name) for name in ("one", "two", "three"))
    mynet = network("one", "two", "three")
    assert status(runtime, mynet) is True
    two.fail(50, "not ready")
    with pytest.raises(CNIError) as caught:
        status(runtime, mynet)
    assert (caught.value.code, caught.value.msg) == (50, "not ready")
    assert (one.commands, two.commands, three.commands) == (["STATUS"] * 2, ["STATUS"] * 2, ["STATUS"])


@pytest.mark.facts("cni-spec", 155)
@pytest.mark.parametrize("version", ["1.0.0", "no version"])
def test_before_1_1_0_nobody_is_asked(runtime: Runtime, network: Any, double: Any, version: str) -> None:
    noop = double("noop")
    assert status(runtime, network("noop", version=version)) is False
    assert noop.calls == []


@pytest.mark.facts("cni-spec", 144)
def test_a_missing_plugin_is_an_error(runtime: Runtime, network: Any) -> None:
    with pytest.raises(InvalidConfig, match="failed to find plugin 'missing'"):
        status(runtime, network("missing"))
