"""What address plugins read alike: their section, the three places of requested addresses, the room of a version."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.plugins.kit.requested import check_room, get_ipam, parse_requested, read_requested
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import DecodingFailure, InvalidConfig, InvalidEnvironment


def make_call(cni_args: str = "", **conf: Any) -> Call:
    env = Environment({"CNI_COMMAND": "GC", "CNI_PATH": "/nowhere"})
    env.args = cni_args
    return Call(env, Config({"name": "mynet", "type": "static", **conf}))


def test_section_is_given_with_its_place() -> None:
    section = get_ipam(make_call(ipam={"type": "static", "rest": 1}))
    assert (section.path("key"), section.number("rest")) == ("ipam.key", 1)


@pytest.mark.parametrize("conf", [{}, {"ipam": None}])
def test_section_must_be_there(conf: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfig, match=r"^missing `ipam`; static needs an `ipam` section"):
        get_ipam(make_call(**conf))


def test_addresses_are_read_as_written_from_all_three_places() -> None:
    call = make_call("IP=10.0.0.1,x", args={"cni": {"ips": ["b"]}}, runtimeConfig={"ips": ["c", "c"]})
    assert read_requested(call) == {
        "IP in CNI_ARGS": ["10.0.0.1,x"],
        "args.cni.ips": ["b"],
        "runtimeConfig.ips": ["c", "c"],
    }
    assert list(read_requested(make_call("IP=;MAC=02:00:00:00:00:01")).values()) == [[], [], []]


def test_cni_args_nobody_knows_are_refused() -> None:
    with pytest.raises(InvalidEnvironment, match=r"^unknown keys in CNI_ARGS; K8S_POD_NAME"):
        read_requested(make_call("K8S_POD_NAME=web"))


def test_address_that_does_not_parse_is_told_with_its_place() -> None:
    assert parse_requested("somewhere", "10.0.0.1", parse_ip) == parse_ip("10.0.0.1")
    with pytest.raises(DecodingFailure, match=r"^cannot decode somewhere; '10\.0\.0\.1' is not an address with a"):
        parse_requested("somewhere", "10.0.0.1", parse_prefix)


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
@pytest.mark.parametrize("families", [[4, 4], [6, 6], [4, 6, 4]])
def test_old_versions_have_room_for_one_of_each_family(version: str, families: list[int]) -> None:
    check_room(version, [4, 6], "addresses")
    check_room("0.3.0", families, "addresses")
    counted = f"there are {families.count(4)} IPv4 and {families.count(6)} IPv6 addresses; use 0.3.0 or newer"
    with pytest.raises(InvalidConfig) as caught:
        check_room(version, families, "addresses")
    assert caught.value.details == counted
