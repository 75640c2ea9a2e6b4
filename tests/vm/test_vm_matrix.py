"""The interface plugins whose links other kernels do not have, with every plugin for addresses."""

from __future__ import annotations

import pytest
from matrix_lab import IPAMS, ONLY_IN_VM, Lan, foresee, run_cycle
from matrix_lab import lan as lan
from netlab import Container


@pytest.mark.parametrize("kind", IPAMS)
@pytest.mark.parametrize("plugin", ONLY_IN_VM)
def test_a_plugin_goes_with_every_source_of_addresses(lan: Lan, container: Container, plugin: str, kind: str) -> None:
    assert run_cycle(lan, container, plugin, kind) == foresee(plugin, kind)
