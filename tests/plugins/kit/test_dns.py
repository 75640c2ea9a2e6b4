"""Resolver settings of a network: all of IPAM's stand, or none."""

from __future__ import annotations

import pytest

from poplin.plugins.kit.dns import find_dns
from poplin.spec.errors import DecodingFailure
from poplin.spec.fields import Fields
from poplin.spec.result import DNS


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, None),
        ({"nameservers": None}, None),
        ({"unknown": ["10.0.0.1"]}, None),
        ({"nameservers": ["10.0.0.1"]}, DNS(["10.0.0.1"])),
        ({"Domain": "a.test"}, DNS(domain="a.test")),
        ({"search": ["a.test"], "options": ["ndots:2"]}, DNS(search=["a.test"], options=["ndots:2"])),
        ({"nameservers": []}, DNS()),
        ({"domain": ""}, DNS()),
    ],
)
def test_any_member_stands_over_ipams(given: dict[str, object], found: DNS | None) -> None:
    assert find_dns(Fields(given)) == found


def test_member_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(DecodingFailure, match=r"^cannot decode `dns\.search`"):
        find_dns(Fields({"search": "a.test"}, "dns"))
