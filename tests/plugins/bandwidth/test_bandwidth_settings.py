"""What bandwidth is told: which of the two places counts, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from plan_lab import Stage

from poplin.linux.wire.bucket import LARGEST, USUAL_TICKS, Bucket, make_bucket, parse_ticks
from poplin.plugins.bandwidth.plan import enough_burst, plan_as_reference, plan_shape
from poplin.plugins.bandwidth.plugin import PLUGIN
from poplin.plugins.bandwidth.settings import LARGEST_BURST, Limit, Settings
from poplin.spec.call import Call, Config, Environment
from poplin.spec.errors import CNIError

ENVIRON = {"CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/c1", "CNI_IFNAME": "eth0", "CNI_PATH": "/nowhere"}
UNBOUNDED = 4294967295  # what containerd sends for a burst that nobody named
MS = 1000  # microseconds


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def settings(**fields: Any) -> Settings:
    """Those of a network."""
    source = {"cniVersion": "1.1.0", "name": "mynet", "type": "bandwidth", **fields}
    return Settings(Call(Environment({**ENVIRON, "CNI_COMMAND": "ADD"}), Config(source)))


def runtime(**fields: Any) -> dict[str, Any]:
    return {"runtimeConfig": {"bandwidth": fields}}


def limits(**fields: Any) -> tuple[Limit | None, Limit | None]:
    read = settings(**fields)
    return read.ingress, read.egress


def refusal(**fields: Any) -> tuple[int, str]:
    with pytest.raises(CNIError) as refused:
        settings(**fields)
    return refused.value.code, refused.value.msg


@facts(51)
@pytest.mark.parametrize("name", ["bandwidth", "bandWidth", "Bandwidth"])
@pytest.mark.parametrize("spelling", [str, str.capitalize, str.upper], ids=["as is", "capital", "upper"])
def test_keys_may_be_spelled_in_any_case(name: str, spelling: Any) -> None:
    keys = ("ingressRate", "ingressBurst", "egressRate", "egressBurst")
    values = dict(zip([key if spelling is str else spelling(key) for key in keys], (8, 16, 24, 32), strict=True))
    assert limits(runtimeConfig={name: values}) == (Limit(8, 16), Limit(24, 32))


def test_containerd_s_own_spelling() -> None:
    told = {"IngressRate": 10**6, "IngressBurst": UNBOUNDED, "EgressRate": 10**7, "EgressBurst": UNBOUNDED}
    assert limits(**runtime(**told)) == (Limit(10**6, UNBOUNDED), Limit(10**7, UNBOUNDED))


@facts(52)
def test_the_network_s_own_limits_stand_over_the_runtime_s_as_a_whole() -> None:
    told = runtime(ingressRate=8, ingressBurst=8, egressRate=8, egressBurst=8)
    assert limits(ingressRate=800, ingressBurst=80, **told) == (Limit(800, 80), None)
    assert limits(egressRate=0, **told) == (None, None)
    assert refusal(ingressRate=800, **told) == (7, "ingressRate without ingressBurst")


@pytest.mark.parametrize(
    ("fields", "msg"),
    [
        pytest.param({"ingressBurst": 8}, "ingressBurst without ingressRate", marks=facts(49)),
        pytest.param({"egressBurst": 8}, "egressBurst without egressRate", marks=facts(49)),
        pytest.param({"ingressRate": 8}, "ingressRate without ingressBurst", marks=facts(50)),
        pytest.param({"egressRate": 8, "egressBurst": 0}, "egressRate without egressBurst", marks=facts(50)),
        ({"egressRate": 7, "egressBurst": 8}, "egressRate 7 is too low"),
        ({"egressRate": 8, "egressBurst": 7}, "egressBurst 7 is too small"),
        pytest.param(
            {"ingressRate": 8, "ingressBurst": 1 << 35}, "ingressBurst 34359738368 is too large", marks=facts(59)
        ),
        ({"ingressRate": 8, "ingressBurst": LARGEST_BURST}, f"ingressBurst {LARGEST_BURST} is too large"),
        ({"latency": 0}, "invalid latency 0"),
        ({"latency": -1}, "invalid latency -1"),
        ({"latency": 10001}, "invalid latency 10001"),
        (
            {"shapedSubnets": ["10.0.0.0/8"], "unshapedSubnets": ["::/0"]},
            "both shapedSubnets and unshapedSubnets are given",
        ),
    ],
)
def test_what_cannot_be_is_refused_wherever_it_comes_from(fields: dict[str, Any], msg: str) -> None:
    assert refusal(**fields) == (7, msg)
    if "latency" not in fields:
        assert refusal(**runtime(**fields)) == (7, msg)


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"ingressRate": -8, "ingressBurst": 8}, "ingressRate"),
        ({"ingressRate": 8, "ingressBurst": -1}, "ingressBurst"),
        ({"egressRate": 8.5, "egressBurst": 8}, "egressRate"),
        ({"egressRate": "8M", "egressBurst": 8}, "egressRate"),
        ({"egressRate": 1 << 64, "egressBurst": 8}, "egressRate"),
        ({"unboundedBurst": 1}, "unboundedBurst"),
        ({"latency": "25ms"}, "latency"),
        ({"shapedSubnets": "10.0.0.0/8"}, "shapedSubnets"),
        ({"shapedSubnets": ["10.0.0.0"]}, "shapedSubnets"),
        ({"unshapedSubnets": ["10.0.0.0/33"]}, "unshapedSubnets"),
        ({"unshapedSubnets": ["nonsense/8"]}, "unshapedSubnets"),
        ({"runtimeConfig": {"bandwidth": 8}}, "runtimeConfig.bandwidth"),
        (runtime(ingressRate=-8, ingressBurst=8), "runtimeConfig.bandwidth.ingressRate"),
        (runtime(unshapedSubnets=["x"]), "runtimeConfig.bandwidth.unshapedSubnets"),
    ],
)
def test_what_is_of_the_wrong_type_is_named(fields: dict[str, Any], key: str) -> None:
    assert refusal(**fields) == (6, f"cannot decode `{key}`")


@facts(59)
def test_the_largest_burst_is_taken_and_none_is_none() -> None:
    assert limits(ingressRate=8, ingressBurst=(1 << 35) - 16) == (Limit(8, (1 << 35) - 16), None)
    assert limits(ingressRate=0, ingressBurst=0, egressRate=0, egressBurst=0) == (None, None)


def test_subnets_may_come_from_either_place_and_count_once_each() -> None:
    told = settings(shapedSubnets=["10.1.2.3/8", "10.0.0.0/8", "fd00::1/64"])
    assert ([str(each) for each in told.subnets], told.is_excluding) == (["10.0.0.0/8", "fd00::/64"], False)
    told = settings(**runtime(unshapedSubnets=["10.0.0.0/8"]))
    assert ([str(each) for each in told.subnets], told.is_excluding) == (["10.0.0.0/8"], True)
    told = settings(unshapedSubnets=["fd00::/64"], **runtime(unshapedSubnets=["10.0.0.0/8"]))
    assert [str(each) for each in told.subnets] == ["fd00::/64"]


def test_an_unknown_key_is_refused_in_a_strict_network() -> None:
    assert refusal(strict=True, ingresRate=8)[0] == 2
    known = {"latency": 5, "unboundedBurst": True, "shapedSubnets": [], "unshapedSubnets": [], **runtime(ingressRate=0)}
    assert settings(strict=True, ingressRate=8, ingressBurst=8, egressRate=0, egressBurst=0, **known).latency == 5


@pytest.mark.parametrize("command", ["ADD", "CHECK", "STATUS"])
def test_what_cannot_be_is_refused_before_anything_is_looked_at(bin_dir: Any, command: str) -> None:
    stage = Stage(PLUGIN, bin_dir)
    stage.environ["CNI_NETNS"] = "/gone"
    conf = {"cniVersion": "1.1.0", "name": "mynet", "type": "bandwidth", "egressBurst": 8}
    assert stage.refuse(command, conf)["msg"] == "egressBurst without egressRate"
    assert stage.kernel.log == []


# The numbers.


@facts(46, 48)
@pytest.mark.parametrize(
    ("rate", "burst", "bucket"),
    [
        (2, 1, Bucket(2, 1, 7_812_500, 1)),
        (1, 1, Bucket(1, 1, 15_625_000, 1)),
        (1000, 10, Bucket(1000, 10, 156_250, 35)),
        (1_250_000, 125_000, Bucket(1_250_000, 125_000, 1_562_500, 156_250)),
        (4_125_000, 972_222, Bucket(4_125_000, 972_222, 3_682_656, 1_075_347)),
        (1000, 2000, Bucket(1000, 2000, 31_250_000, 2025)),
    ],
)
def test_a_bucket_has_the_reference_s_numbers(rate: int, burst: int, bucket: Bucket) -> None:
    assert make_bucket(rate, burst, 25 * MS) == bucket


def test_a_bucket_ends_where_the_kernel_s_numbers_end_and_does_not_begin_again() -> None:
    assert make_bucket(1, 275, 25 * MS) == make_bucket(1, 274, 25 * MS) == Bucket(1, 274, 274 * 15_625_000, 274)
    assert make_bucket(10**6, 275 * 10**6, 25 * MS).buffer == LARGEST - 14
    assert make_bucket(10**10, LARGEST, 10**7).limit == LARGEST
    told = settings(ingressRate=8, ingressBurst=275 * 8, egressRate=8 * 10**11, egressBurst=(1 << 35) - 16)
    assert make_bucket(1, 275, 25 * MS).buffer != plan_as_reference(told, "ingress").bucket.buffer == 1_907_704
    assert plan_as_reference(told, "egress").bucket.limit == (2_500_000_000 + (1 << 32) - 2) % (1 << 32)


@pytest.mark.parametrize(
    ("content", "ticks"),
    [
        (b"000003e8 00000040 000f4240 3b9aca00\n", 15.625),
        (b"000003e8 00000400 000f4240 3b9aca00\n", 0.9765625),
        (None, 15.625),
        (b"", 15.625),
        (b"garbage", 15.625),
        (b"000003e8 00000000 000f4240", 15.625),
    ],
)
def test_ticks_are_read_as_tc_reads_them(content: bytes | None, ticks: float) -> None:
    numerator, denominator = parse_ticks(content)
    assert numerator / denominator == ticks


def test_this_kernel_s_ticks_are_the_usual_ones() -> None:
    with open("/proc/net/psched", "rb") as told:
        numerator, denominator = parse_ticks(told.read())
    assert numerator * USUAL_TICKS[1] == denominator * USUAL_TICKS[0]


def test_a_burst_without_bound_becomes_one_that_is_enough_for_the_rate() -> None:
    told = settings(ingressRate=2 * 10**8, ingressBurst=UNBOUNDED, egressRate=10**6, egressBurst=UNBOUNDED + 1)
    assert plan_shape(told, "ingress", 1500).bucket == make_bucket(25_000_000, 500_000, 25 * MS)
    assert plan_shape(told, "egress", 1500).bucket == make_bucket(125_000, 16_000, 25 * MS)
    assert plan_shape(told, "egress", 65_535).bucket.burst == 65_549
    just_below = settings(ingressRate=10**9, ingressBurst=UNBOUNDED - 1)
    assert plan_shape(just_below, "ingress", 1500).bucket.burst == (UNBOUNDED - 1) // 8


def test_a_burst_stays_as_it_is_if_that_is_meant() -> None:
    told = settings(ingressRate=10**9, ingressBurst=UNBOUNDED, unboundedBurst=True)
    assert plan_shape(told, "ingress", 1500).bucket == make_bucket(125_000_000, UNBOUNDED // 8, 25 * MS)


def test_enough_is_twenty_milliseconds_and_never_less_than_ten_frames() -> None:
    assert [enough_burst(rate) for rate in (8, 10**6, 10**7, 10**9)] == [128_000, 128_000, 200_000, 20_000_000]


def test_latency_is_the_queue_beyond_the_burst() -> None:
    told = settings(ingressRate=8 * 10**6, ingressBurst=80_000, latency=5)
    assert plan_shape(told, "ingress", 1500).bucket == Bucket(10**6, 10_000, 156_250, 15_000)


def test_subnets_are_those_of_the_far_side() -> None:
    told = settings(ingressRate=800, ingressBurst=80, egressRate=800, egressBurst=80, shapedSubnets=["10.0.0.0/8"])
    assert [plan_shape(told, way, 1500).side for way in ("ingress", "egress")] == ["src", "dst"]
