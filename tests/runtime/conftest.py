"""A runtime whose plugins are doubles and whose results are kept in the test's own folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Cache
from poplin.runtime.caller import Runtime
from poplin.spec.netlist import NetworkList, parse_network_list

MakeNetwork = Callable[..., NetworkList]


@pytest.fixture
def runtime(plugin_dir: Path, tmp_path: Path) -> Runtime:
    """It knows only the doubles."""
    environ = {"PATH": "/usr/bin:/bin", "INHERITED": "yes"}
    return Runtime((str(plugin_dir),), Cache(str(tmp_path / "cni")), environ, timeout=60)


@pytest.fixture
def network() -> MakeNetwork:
    """Makes the network `mynet` of these plugins, types or objects."""

    def make(*plugins: str | dict[str, Any], version: str = "1.1.0", **keys: Any) -> NetworkList:
        objects = [{"type": plugin} if isinstance(plugin, str) else plugin for plugin in plugins]
        return parse_network_list(json.dumps({"name": "mynet", "cniVersion": version, "plugins": objects, **keys}))

    return make


@pytest.fixture
def attachment() -> Attachment:
    """The one most tests use."""
    return Attachment("c1", "/run/netns/c1", "eth0", (("IgnoreUnknown", "1"), ("DEBUG", "x")))
