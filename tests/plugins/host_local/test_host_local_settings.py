"""What host-local reads from its configuration, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.plugins.host_local.settings import Settings, list_requested, read_settings
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig, InvalidEnvironment, UnsupportedField
from poplin.spec.result import Route

OLD = {"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.9", "rangeEnd": "10.1.2.20", "gateway": "10.1.2.30"}
NEW = {"ranges": [[{"subnet": "10.2.0.0/24"}, {"subnet": "10.3.0.0/24"}], [{"subnet": "fd00::/120"}]]}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def make_call(ipam: object, cni_args: str = "", version: str = "1.1.0", **conf: Any) -> Call:
    env = Environment({"CNI_COMMAND": "GC", "CNI_PATH": "/nowhere"})
    env.args = cni_args
    return Call(env, Config({"cniVersion": version, "name": "n", "type": "host-local", "ipam": ipam, **conf}))


def read(ipam: object, **conf: Any) -> Settings:
    return read_settings(make_call(ipam, **conf))


def requested(cni_args: str = "", **conf: Any) -> list[str]:
    return [str(ip) for ip in list_requested(make_call({}, cni_args, **conf))]


@facts(153)
def test_the_older_style_is_one_set_of_one_range() -> None:
    settings = read(OLD)
    assert [str(item) for item in settings.sets] == ["10.1.2.9-10.1.2.20"]
    assert settings.sets[0].ranges[0].gateway == parse_ip("10.1.2.30")


@facts(154)
def test_range_sets_keep_their_order_and_get_defaults() -> None:
    settings = read(NEW)
    assert list(map(str, settings.sets)) == ["10.2.0.1-10.2.0.254,10.3.0.1-10.3.0.254", "fd00::1-fd00::ff"]
    assert [str(item.gateway) for group in settings.sets for item in group.ranges] == [
        "10.2.0.1",
        "10.3.0.1",
        "fd00::1",
    ]


@facts(155)
def test_the_runtimes_sets_come_first_then_the_older_style_then_the_new() -> None:
    runtime = {"ipRanges": [[{"subnet": "172.16.0.0/24"}], [{"subnet": "fd01::/120"}]]}
    sets = read({**OLD, **NEW}, runtimeConfig=runtime).sets
    starts = ["172.16.0.1", "fd01::1", "10.1.2.9", "10.2.0.1", "fd00::1"]
    assert [str(item.ranges[0].start) for item in sets] == starts


def test_keys_match_whatever_their_case() -> None:
    assert [str(item) for item in read({"SUBNET": "10.1.0.0/24", "RangeSTART": "10.1.0.9"}).sets] == [
        "10.1.0.9-10.1.0.254"
    ]


def test_range_keys_without_a_subnet_mean_nothing() -> None:
    settings = read({**NEW, "rangeStart": "1.2.3.4", "rangeEnd": "no address", "gateway": "1.2.3.4"})
    assert len(settings.sets) == 2


def test_paths_and_routes_are_read() -> None:
    routes = [{"dst": "0.0.0.0/0", "gw": "10.1.2.3"}, {"dst": "fd00::/8", "mtu": 1400}]
    settings = read({**OLD, "dataDir": "/a", "resolvConf": "/b", "routes": routes})
    assert (settings.network, settings.data_dir, settings.resolv_conf) == ("n", "/a", "/b")
    assert settings.routes == [
        Route(parse_prefix("0.0.0.0/0"), parse_ip("10.1.2.3")),
        Route(parse_prefix("fd00::/8"), mtu=1400),
    ]
    assert read(OLD).data_dir == "/var/lib/cni/networks"


@pytest.mark.parametrize(
    ("ipam", "msg", "details"),
    [
        pytest.param(
            {"ranges": [[{"subnet": "10.0.0.0/23"}], [{"subnet": "10.0.1.0/24"}]]},
            "range sets 0 and 1 overlap",
            "10.0.0.1-10.0.1.254 and 10.0.1.1-10.0.1.254",
            marks=facts(159),
        ),
        pytest.param(
            {"ranges": [[{"subnet": "10.0.0.0/23"}, {"subnet": "10.0.1.0/24"}]]},
            "invalid range set 0",
            "10.0.0.1-10.0.1.254 and 10.0.1.1-10.0.1.254 overlap",
            marks=facts(160),
        ),
        pytest.param(
            {"ranges": [[{"subnet": "10.0.0.0/24"}, {"subnet": "fd00::/126"}]]},
            "invalid range set 0",
            "10.0.0.1-10.0.0.254 and fd00::1-fd00::3 are of different address families",
            marks=facts(161),
        ),
        ({"ranges": [[]]}, "invalid range set 0", "it has no range"),
        (
            {"ranges": [[{"subnet": "10.0.0.0/24"}], [{}]]},
            "invalid range set 1",
            "`ipam.ranges[1][0].subnet` is missing",
        ),
        (
            {"subnet": "::ffff:10.0.0.0/120"},
            "invalid range set 0",
            "::ffff:10.0.0.0/120 is an IPv4 network in IPv6 notation; write 10.0.0.0/24",
        ),
        (
            {},
            "no IP ranges specified",
            "give `ipam.ranges`, `ipam.subnet` or `runtimeConfig.ipRanges`",
        ),
        (None, "missing `ipam`", "host-local needs an `ipam` section with the addresses to give"),
        ({**OLD, "dataDir": "a\0b"}, "`ipam.dataDir` is not a path", r"'a\x00b'"),
        ({**OLD, "dataDir": "/a" * 2048}, "`ipam.dataDir` is not a path", repr("/a" * 100)),
        ({**OLD, "resolvConf": "a\ud800b"}, "`ipam.resolvConf` is not a path", r"'a\ud800b'"),
    ],
)
def test_what_cannot_be_is_an_invalid_config(ipam: object, msg: str, details: str) -> None:
    with pytest.raises(InvalidConfig) as caught:
        read(ipam)
    assert (caught.value.msg, caught.value.details) == (msg, details)


@pytest.mark.parametrize(
    ("ipam", "msg"),
    [
        ("text", "cannot decode `ipam`"),
        ({"subnet": "10.0.0.0"}, "cannot decode `ipam.subnet`"),
        ({"subnet": 10}, "cannot decode `ipam.subnet`"),
        ({"subnet": []}, "cannot decode `ipam.subnet`"),
        ({"subnet": "10.0.0.0/24", "rangeStart": "10.0.0.300"}, "cannot decode `ipam.rangeStart`"),
        ({"ranges": {}}, "cannot decode `ipam.ranges`"),
        ({"ranges": [{"subnet": "10.0.0.0/24"}]}, "cannot decode `ipam.ranges[0]`"),
        ({"ranges": [[{"subnet": "10.0.0.0/24", "gateway": "x"}]]}, "cannot decode `ipam.ranges[0][0].gateway`"),
        ({**OLD, "routes": [{"dst": "x"}]}, "cannot decode `ipam.routes[0].dst`"),
        ({**OLD, "routes": [{"dst": "10.0.0.0/8", "mtu": 1 << 70}]}, "cannot decode `ipam.routes[0].mtu`"),
    ],
)
def test_what_does_not_parse_is_a_decoding_failure(ipam: object, msg: str) -> None:
    with pytest.raises(DecodingFailure) as caught:
        read(ipam)
    assert caught.value.msg == msg


@facts(162)
@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_old_versions_have_room_for_one_set_of_each_family(version: str) -> None:
    v4, more_v4, v6, more_v6 = ([{"subnet": text}] for text in ("10.1.0.0/24", "10.2.0.0/24", "fd00::/64", "fd01::/64"))
    assert len(read({"ranges": [v4, v6]}, version=version).sets) == 2
    for sets in ([v4, more_v4], [v6, more_v6], [v4, v6, more_v4]):
        with pytest.raises(InvalidConfig, match="has room for one address of each family"):
            read({"ranges": sets}, version=version)
        assert len(read({"ranges": sets}, version="0.3.0").sets) == len(sets)


@pytest.mark.parametrize(
    ("ipam", "key"),
    [
        ({**OLD, "rangestrat": "10.1.2.3"}, "ipam.rangestrat"),
        ({"ranges": [[{"subnet": "10.0.0.0/24", "gatway": "10.0.0.1"}]]}, "ipam.ranges[0][0].gatway"),
        ({**OLD, "routes": [{"dst": "10.0.0.0/8", "gateway": "10.1.2.3"}]}, "ipam.routes[0].gateway"),
    ],
)
def test_unknown_keys_are_refused_only_in_a_strict_configuration(ipam: dict[str, Any], key: str) -> None:
    assert len(read(ipam).sets) == 1
    with pytest.raises(UnsupportedField) as caught:
        read(ipam, strict=True)
    assert caught.value.msg == f"unknown key `{key}` in a strict configuration"


def test_a_strict_configuration_may_use_every_key() -> None:
    everything = {**OLD, **NEW, "type": "host-local", "dataDir": "/a", "resolvConf": "/b", "routes": []}
    assert len(read(everything, strict=True).sets) == 3


@pytest.mark.parametrize(
    ("args", "conf", "want"),
    [
        pytest.param("IP=10.1.2.10", {}, ["10.1.2.10"], marks=facts(156)),
        pytest.param("IP=10.1.2.11/24", {}, ["10.1.2.11"], marks=facts(156, 230)),
        pytest.param("IP=", {}, [], marks=facts(230)),
        pytest.param(
            "IP=10.1.2.10",
            {"args": {"cni": {"ips": ["10.1.2.11", "11.11.11.11/24", "2001:db8:1::11", "2001:db8:1::12/64"]}}},
            ["10.1.2.10", "10.1.2.11", "11.11.11.11", "2001:db8:1::11", "2001:db8:1::12"],
            marks=facts(157),
        ),
        pytest.param(
            "",
            {"runtimeConfig": {"ips": ["192.168.0.1", "192.168.0.5/24", "2001:db8::1/64"]}},
            ["192.168.0.1", "192.168.0.5", "2001:db8::1"],
            marks=facts(158),
        ),
        pytest.param(
            "IP=10.98.0.77;MAC=92:00:00:00:00:01",
            {"runtimeConfig": {"ips": ["10.98.0.77", "10.98.0.77", "fd00:98::2"]}},
            ["10.98.0.77", "fd00:98::2"],
            id="as podman sends it after a reload",
        ),
        pytest.param("IgnoreUnknown=1;K8S_POD_NAME=web;IP=10.0.0.9", {}, ["10.0.0.9"], id="as Kubernetes sends it"),
        pytest.param("GATEWAY=10.0.0.1", {}, [], id="meant for another plugin"),
    ],
)
def test_requested_addresses_of_all_sources_count_once(args: str, conf: dict[str, Any], want: list[str]) -> None:
    assert requested(args, **conf) == want


@pytest.mark.parametrize(
    ("args", "conf", "error", "msg"),
    [
        pytest.param("IP=10.1.2", {}, DecodingFailure, "cannot decode IP in CNI_ARGS", marks=facts(230)),
        pytest.param("IP=10.1.2.3/33", {}, DecodingFailure, "cannot decode IP in CNI_ARGS", marks=facts(230)),
        ("", {"args": {"cni": {"ips": [""]}}}, DecodingFailure, "cannot decode args.cni.ips"),
        ("", {"runtimeConfig": {"ips": [7]}}, DecodingFailure, "cannot decode `runtimeConfig.ips`"),
        ("IP", {}, InvalidEnvironment, "invalid CNI_ARGS"),
        ("K8S_POD_NAME=web", {}, InvalidEnvironment, "unknown keys in CNI_ARGS"),
    ],
)
def test_a_wrong_request_is_refused(args: str, conf: dict[str, Any], error: type[CNIError], msg: str) -> None:
    with pytest.raises(error) as caught:
        requested(args, **conf)
    assert caught.value.msg == msg


KEYS = [
    "type",
    "subnet",
    "rangeStart",
    "rangeEnd",
    "gateway",
    "ranges",
    "routes",
    "dataDir",
    "resolvConf",
    "dst",
    "mtu",
]
TEXTS = ["", "10.0.0.0/24", "10.0.0.0/0", "fd00::/127", "::ffff:1.2.3.0/120", "10.0.0.255", "::", "\0", "\ud800", "/x"]
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    scalars | st.sampled_from(TEXTS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


@given(values, values, values, st.booleans() | values)
def test_weird_values_raise_nothing_but_cni_errors(ipam: object, ranges: object, ips: object, strict: object) -> None:
    runtime = {"ipRanges": ranges, "ips": ips}
    for source in (ipam, {"ranges": ranges}, {"ranges": [[ipam]]}):
        call = make_call(source, runtimeConfig=runtime, args={"cni": ipam}, strict=strict)
        for reader in (read_settings, list_requested):
            try:
                reader(call)
            except CNIError as error:
                assert error.msg
