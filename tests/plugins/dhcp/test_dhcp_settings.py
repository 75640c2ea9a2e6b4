"""What a configuration may ask of a DHCP server, and what it is told when it may not."""

from __future__ import annotations

import pytest

from poplin.plugins.dhcp.settings import Settings
from poplin.spec.call import Call, Config, Environment, make_call
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig, UnsupportedField
from poplin.spec.versions import KNOWN


def make(arguments: str = "", *, strict: bool = False, **ipam: object) -> Settings:
    """The settings of an `ipam` section."""
    environ = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/c1", "CNI_IFNAME": "eth0"}
    config = {
        "name": "mynet",
        "cniVersion": "1.1.0",
        "type": "macvlan",
        "strict": strict,
        "ipam": {"type": "dhcp", **ipam},
    }
    call: Call = make_call(Environment({**environ, "CNI_PATH": "/x", "CNI_ARGS": arguments}), Config(config), KNOWN)
    return Settings(call)


def test_defaults_are_the_references():
    settings = make()
    assert (settings.socket, settings.priority) == ("/run/cni/dhcp.sock", 0)
    assert (settings.requested, settings.provided) == ((3, 1), {})


# Requested.


@pytest.mark.facts("plugins-main-ipam", 211)
@pytest.mark.parametrize(
    ("request_", "codes"),
    [
        ([{"option": "121"}, {"option": "33"}], (121, 33, 3, 1)),
        ([{"option": "routers"}], (3, 1)),
        ([{"option": "121", "skipDefault": True}, {"option": "1"}], (121, 1)),
        ([{"option": "121", "skipDefault": False}], (121, 3, 1)),
    ],
)
def test_requested_options_come_in_their_order_before_the_usual_ones(request_, codes):
    assert make(request=request_).requested == codes


@pytest.mark.facts("plugins-main-ipam", 210)
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("subnet-mask", 1),
        ("routers", 3),
        ("host-name", 12),
        ("vendor-class-identifier", 60),
        ("dhcp-client-identifier", 61),
        ("user-class", 77),
        ("12", 12),
        ("0", 0),
        ("255", 255),
    ],
)
def test_an_option_has_a_name_or_a_number(name, code):
    assert make(request=[{"option": name, "skipDefault": True}]).requested == (code,)


@pytest.mark.facts("plugins-main-ipam", 210)
@pytest.mark.parametrize("name", ["garbage", "256", "-1", "1.5", "", "٣", "0x12", "0012"])
def test_what_is_no_option_is_refused(name):
    with pytest.raises(InvalidConfig) as refusal:
        make(request=[{"option": name}])
    assert refusal.value.msg == f"unknown DHCP option {name!r}"
    assert "`ipam.request[0].option` is one of subnet-mask, routers, host-name" in refusal.value.details


# Provided.


def test_provided_options_are_told_as_they_are_written():
    provide = [{"option": "host-name", "value": "wéb"}, {"option": "60", "value": ""}]
    assert make(provide=provide).provided == {12: "wéb".encode(), 60: b""}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("IgnoreUnknown=1;K8S_POD_NAME=web-1", {12: b"web-1"}),
        ("K8S_POD_NAME=a=b", {12: b"a=b"}),
        ("nonsense;K8S_POD_NAME=x;", {12: b"x"}),
        ("K8S_POD_NAME=", {12: b""}),
        ("OTHER=x", {}),
        ("", {}),
    ],
)
def test_a_value_may_come_from_cni_args_and_is_not_told_without(arguments, told):
    provide = [{"option": "host-name", "value": "beaten", "fromArg": "K8S_POD_NAME"}]
    assert make(arguments, provide=provide).provided == told


@pytest.mark.parametrize("code", [0, 50, 52, 53, 54, 55, 255])
def test_options_that_make_the_message_cannot_be_provided(code):
    with pytest.raises(InvalidConfig) as refusal:
        make(provide=[{"option": str(code), "value": "x"}])
    assert str(refusal.value) == f"`ipam.provide[0].option` {code} cannot be provided; the client sets it itself"


def test_a_value_has_255_bytes_at_most():
    assert len(make(provide=[{"option": "12", "value": "x" * 255}]).provided[12]) == 255
    with pytest.raises(InvalidConfig, match=r"`ipam.provide\[0\].option` 12 has 256 bytes"):
        make(provide=[{"option": "12", "value": "é" * 128}])


def test_all_values_together_fit_into_a_message():
    value = "x" * 255
    make(provide=[{"option": "12", "value": value}, {"option": "60", "value": value}])
    with pytest.raises(InvalidConfig, match=r"`ipam.provide\[0\]` and the others take 771 bytes; 698 at most"):
        make(provide=[{"option": code, "value": value} for code in ("12", "60", "77")])


def test_there_are_no_more_codes_to_ask_for_than_a_message_has_room_for():
    assert len(make(request=[{"option": str(code)} for code in range(255)]).requested) == 255
    with pytest.raises(InvalidConfig, match=r"`ipam\.request` has 256 options; there is room for 255"):
        make(request=[{"option": str(code)} for code in range(256)])


def test_a_value_that_is_no_text_is_refused():
    with pytest.raises(InvalidConfig, match="cannot be sent"):
        make(provide=[{"option": "12", "value": "\ud800"}])


# The rest.


@pytest.mark.parametrize("priority", [-1, 1 << 32])
def test_a_metric_has_32_bits(priority):
    with pytest.raises(InvalidConfig, match=f"invalid `ipam.priority` {priority}"):
        make(priority=priority)


@pytest.mark.parametrize("path", ["dhcp.sock", "/run/\0"])
def test_the_socket_has_an_absolute_path(path):
    with pytest.raises(InvalidConfig, match="daemonSocketPath"):
        make(daemonSocketPath=path)


@pytest.mark.parametrize(
    "ipam",
    [{"request": {}}, {"request": [1]}, {"provide": [{"option": 12}]}, {"priority": "1"}, {"daemonSocketPath": 1}],
)
def test_values_of_the_wrong_type_are_refused(ipam):
    with pytest.raises(DecodingFailure):
        make(**ipam)


@pytest.mark.parametrize(
    "ipam", [{"other": 1}, {"request": [{"option": "1", "other": 1}]}, {"provide": [{"option": "12", "other": 1}]}]
)
def test_a_strict_configuration_knows_every_key(ipam):
    make(**ipam)
    with pytest.raises(UnsupportedField, match="other"):
        make(strict=True, **ipam)


def test_without_a_section_there_is_nothing_to_read():
    config = Config({"name": "mynet", "type": "macvlan"})
    with pytest.raises(CNIError, match="missing `ipam`"):
        Settings(Call(Environment({}), config))
