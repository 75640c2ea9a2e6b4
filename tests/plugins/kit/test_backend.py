"""The firewall backends that a configuration may name."""

from __future__ import annotations

import pytest

from poplin.plugins.kit.backend import BACKENDS, read_backend
from poplin.spec.errors import InvalidConfig
from poplin.spec.fields import Fields


@pytest.mark.parametrize("backend", [*BACKENDS, ""])
def test_what_the_reference_knows_is_accepted(backend: str) -> None:
    assert read_backend(Fields({"ipMasqBackend": backend}), "ipMasqBackend") == backend


def test_anything_else_is_refused() -> None:
    with pytest.raises(InvalidConfig, match=r"^unknown ipMasqBackend 'ebtables'; known are iptables, nftables$"):
        read_backend(Fields({"ipMasqBackend": "ebtables"}), "ipMasqBackend")
