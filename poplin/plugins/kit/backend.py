"""Which firewall a configuration names, as the reference has two."""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.fields import Fields

IPTABLES, NFTABLES = BACKENDS = ("iptables", "nftables")


def read_backend(fields: Fields, key: str) -> str:
    """The one named, or nothing: it makes no difference, as we have one. Raises InvalidConfig for others."""
    backend = fields.text(key)
    if backend and backend not in BACKENDS:
        raise InvalidConfig(f"unknown {key} {backend!r}", f"known are {', '.join(BACKENDS)}")
    return backend
