"""Every interface plugin with every plugin for addresses: those whose links this kernel has, the others in tests/vm."""

from __future__ import annotations

import pytest
from matrix_lab import IPAMS, ONLY_IN_VM, PLUGINS, Lan, foresee, run_cycle
from matrix_lab import lan as lan
from netlab import Container

from poplin.validation.readers import WITH_ADDRESSES


@pytest.mark.parametrize("kind", IPAMS)
@pytest.mark.parametrize("plugin", [plugin for plugin in PLUGINS if plugin not in ONLY_IN_VM])
def test_a_plugin_goes_with_every_source_of_addresses(lan: Lan, container: Container, plugin: str, kind: str) -> None:
    assert run_cycle(lan, container, plugin, kind) == foresee(plugin, kind)


def test_no_interface_plugin_is_forgotten() -> None:
    assert set(PLUGINS) == set(WITH_ADDRESSES), "say in matrix_lab.PLUGINS how the new plugin is used"
