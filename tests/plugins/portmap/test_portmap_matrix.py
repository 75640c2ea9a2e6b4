"""Who reaches a published port where, and as whom the container sees the caller."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from netlab import Container
from portmap_lab import Publishing, port
from traffic import DOUBTFUL, HOPEFUL, call, is_silent, serving

HOST4, HOST6 = "192.0.2.1", "2001:db8:f::1"
GATEWAY4, GATEWAY6 = "10.1.2.1", "fd00::1"
NOBODY = None  # who calls reaches nobody


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


@pytest.fixture
def everybody(publishing: Publishing) -> dict[str, Container]:
    target, other = publishing.add_container(), publishing.add_container()
    return {"target": target, "other": other, "host": publishing.host, "outside": publishing.outside}


# Caller, and what the container sees at the host's address and at localhost: each has its own localhost.
MATRIX4 = [
    ("host", HOST4, HOST4),
    ("host", "127.0.0.1", GATEWAY4),
    ("other", HOST4, GATEWAY4),
    ("other", "127.0.0.1", NOBODY),
    ("target", HOST4, GATEWAY4),
    ("target", "127.0.0.1", NOBODY),
    ("outside", HOST4, "192.0.2.2"),
    ("outside", "127.0.0.1", NOBODY),
]
MATRIX6 = [
    ("host", HOST6, HOST6),
    ("host", "::1", NOBODY),
    ("other", HOST6, GATEWAY6),
    ("other", "::1", NOBODY),
    ("target", HOST6, GATEWAY6),
    ("target", "::1", NOBODY),
    ("outside", HOST6, "2001:db8:f::2"),
    ("outside", "::1", NOBODY),
]


@facts(18, 23, 29, 37, 39)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize(("matrix", "any_address"), [(MATRIX4, "0.0.0.0"), (MATRIX6, "::")], ids=["ipv4", "ipv6"])
def test_the_matrix(
    publishing: Publishing,
    everybody: dict[str, Container],
    protocol: str,
    matrix: list[tuple[str, str, str | None]],
    any_address: str,
) -> None:
    publishing.publish(everybody["target"], port(8080, 80, protocol))
    with serving(everybody["target"], 80, protocol, any_address):
        for who, address, wanted in matrix:
            patience = HOPEFUL if wanted else DOUBTFUL
            seen = call(everybody[who], address, 8080, protocol, patience=patience)
            assert (who, address, seen) == (who, address, wanted)


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_masq_all_hides_every_caller(publishing: Publishing, everybody: dict[str, Container], protocol: str) -> None:
    publishing.publish(everybody["target"], port(8080, 80, protocol), masqAll=True)
    for address, any_address, gateway in ((HOST4, "0.0.0.0", GATEWAY4), (HOST6, "::", GATEWAY6)):
        with serving(everybody["target"], 80, protocol, any_address):
            seen = {who: call(everybody[who], address, 8080, protocol) for who in ("host", "other", "outside")}
        assert seen == {"host": gateway, "other": gateway, "outside": gateway}


def test_without_snat_callers_are_seen_as_themselves(publishing: Publishing, everybody: dict[str, Container]) -> None:
    publishing.publish(everybody["target"], port(8080, 80), snat=False)
    with serving(everybody["target"], 80):
        assert call(everybody["outside"], HOST4, 8080) == "192.0.2.2"
        assert is_silent(everybody["host"], "127.0.0.1", 8080)
    assert publishing.host.sysctl("net/ipv4/conf/br0/route_localnet") == "0"
    assert "hairpin4" not in publishing.elements()


def test_a_port_on_one_address_is_only_there(publishing: Publishing, everybody: dict[str, Container]) -> None:
    publishing.publish(everybody["target"], port(8080, 80, host_ip=HOST4), port(8081, 80, host_ip="127.0.0.1"))
    with serving(everybody["target"], 80):
        assert call(everybody["outside"], HOST4, 8080) == "192.0.2.2"
        assert is_silent(everybody["host"], "127.0.0.1", 8080)
        assert is_silent(everybody["other"], GATEWAY4, 8080)
        assert call(everybody["host"], "127.0.0.1", 8081) == GATEWAY4
        assert is_silent(everybody["outside"], HOST4, 8081)


def test_the_same_port_on_two_addresses_leads_to_two_containers(
    publishing: Publishing, everybody: dict[str, Container]
) -> None:
    publishing.publish(everybody["target"], port(8080, 80, host_ip=HOST4))
    publishing.publish(everybody["other"], port(8080, 80, host_ip=GATEWAY4))
    with serving(everybody["target"], 80, name="target "), serving(everybody["other"], 80, name="other "):
        assert call(everybody["outside"], HOST4, 8080) == "target 192.0.2.2"
        assert call(everybody["host"], GATEWAY4, 8080) == f"other {GATEWAY4}"


def test_nobody_outside_speaks_as_or_to_the_hosts_loopback(
    publishing: Publishing, everybody: dict[str, Container]
) -> None:
    publishing.publish(everybody["target"], port(8080, 80))
    assert publishing.host.sysctl("net/ipv4/conf/br0/route_localnet") == "1"
    outside = everybody["outside"]
    outside.sh("ip link set lo down")
    outside.sh("sh -c 'echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet'")
    outside.sh("ip route add 127.0.0.0/8 via 192.0.2.1 dev eth0 src 192.0.2.2 table 5")
    outside.sh("ip rule add pref 0 lookup 5")
    outside.sh("ip rule add pref 1 lookup local")
    outside.sh("ip rule del pref 0 lookup local")
    publishing.host.sh("sh -c 'echo 1 > /proc/sys/net/ipv4/conf/up0/route_localnet'")
    with serving(everybody["target"], 80), serving(publishing.host, 9090, address="127.0.0.1"):
        assert call(publishing.host, "127.0.0.1", 9090) == "127.0.0.1"
        assert is_silent(outside, "127.0.0.1", 8080)
        assert is_silent(outside, "127.0.0.1", 9090)


@facts(23)
def test_what_is_not_for_the_host_is_never_rewritten(publishing: Publishing, everybody: dict[str, Container]) -> None:
    """The outside's own servers at the published number answer whoever calls them, through the host or on it."""
    publishing.publish(everybody["target"], port(8080, 80), port(8080, 80, "udp"))
    outside, other, host = everybody["outside"], everybody["other"], everybody["host"]
    targets = [(last, "tcp") for last in range(10, 20)]  # a udp server answers from its first address only
    for last, _ in targets:
        outside.sh(f"ip address add 192.0.2.{last}/32 dev eth0")
    seen = []

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from([other, host]), st.sampled_from([*targets, (2, "udp")]))
    def check(caller: Container, target: tuple[int, str]) -> None:
        last, protocol = target
        seen.append(call(caller, f"192.0.2.{last}", 8080, protocol))
        assert seen[-1] == f"outside {HOST4}"

    there = serving(outside, 8080, name="outside "), serving(outside, 8080, "udp", name="outside ")
    here = serving(everybody["target"], 80), serving(everybody["target"], 80, "udp")
    with there[0], there[1], here[0], here[1]:
        check()
    assert len(seen) >= 10


@pytest.mark.parametrize(
    ("conditions", "reached"),
    [
        (["ip", "saddr", "192.0.2.0/24"], True),
        (["-s", "192.0.2.0/24"], True),
        (["!", "-s", "192.0.2.2"], False),
        (["ip", "daddr", "10.1.2.1"], False),
        (["-i", "up+"], True),
    ],
)
def test_conditions_decide_who_reaches_a_port(
    publishing: Publishing, everybody: dict[str, Container], conditions: list[str], reached: bool
) -> None:
    publishing.publish(everybody["target"], port(8080, 80), conditionsV4=conditions)
    with serving(everybody["target"], 80):
        seen = call(everybody["outside"], HOST4, 8080, patience=HOPEFUL if reached else DOUBTFUL)
    assert seen == ("192.0.2.2" if reached else None)


def test_conditions_of_one_network_are_not_anothers(publishing: Publishing, everybody: dict[str, Container]) -> None:
    publishing.publish(everybody["target"], port(8080, 80), conditionsV4=["!", "-s", "192.0.2.2"])
    publishing.publish(everybody["other"], port(8081, 80), conditionsV4=["-s", "192.0.2.2"])
    with serving(everybody["target"], 80), serving(everybody["other"], 80):
        assert is_silent(everybody["outside"], HOST4, 8080)
        assert call(everybody["outside"], HOST4, 8081) == "192.0.2.2"
