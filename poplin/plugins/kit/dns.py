"""The resolver settings that a network's configuration may give in place of IPAM's."""

from __future__ import annotations

from poplin.spec.result import DNS, parse_dns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.fields import Fields


def find_dns(fields: Fields) -> DNS | None:
    """The network's own dns if it gives any member, an empty list included; None if IPAM's is to stand."""
    given = [key in fields for key in ("nameservers", "domain", "search", "options")]
    return parse_dns(fields) if any(given) else None
