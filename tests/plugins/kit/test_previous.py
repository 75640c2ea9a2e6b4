"""Which of prevResult's addresses a chained plugin is about, and the interface it works on."""

from __future__ import annotations

import pytest
from netlab import Container

from poplin.linux.netns import Namespace
from poplin.plugins.kit.previous import get_chained_link, list_inside
from poplin.spec.address import parse_prefix
from poplin.spec.errors import InvalidConfig
from poplin.spec.result import Interface, IPConfig, Result

INTERFACES = [Interface("veth0"), Interface("eth0", sandbox="/run/netns/x"), Interface("eth0")]


@pytest.mark.parametrize(
    ("interface", "is_inside"), [(None, True), (0, False), (1, True), (2, False), (3, True), (-1, True)]
)
def test_an_address_counts_unless_it_is_on_another_interface(interface: int | None, is_inside: bool) -> None:
    item = IPConfig(parse_prefix("10.1.2.2/24"), interface=interface)
    result = Result(interfaces=INTERFACES, ips=[item])
    assert list_inside(result, "eth0") == ([item] if is_inside else [])


def test_the_interface_has_to_be_there(container: Container) -> None:
    with Namespace(container.path) as namespace:
        assert get_chained_link(namespace, "lo").name == "lo"
        with pytest.raises(InvalidConfig) as caught:
            get_chained_link(namespace, "eth0")
    assert str(caught.value).startswith("the container has no interface 'eth0'")
