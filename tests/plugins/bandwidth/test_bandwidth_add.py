"""ADD of bandwidth on the real kernel: what it makes, and that it can be repeated with other limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bandwidth_lab import BOTH, LIMITS, SLOW, Limiting
from netlab import Host, all_versions, finish

from poplin.spec.versions import FAMILIES

IFB = "bwpa8eda89404b7"  # of the network and the container below
REFERENCE_NETWORK, REFERENCE_CONTAINER = "cni-plugin-bandwidth-test", {"CNI_CONTAINERID": "dummy"}
TINY = {"ingressRate": 8, "ingressBurst": 8, "egressRate": 16, "egressBurst": 8}
SUBNETS = {"shapedSubnets": ["10.0.0.0/8", "fd00::/64"]}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


@all_versions
@facts(45, 46)
@pytest.mark.parametrize("place", ["network", "runtime"])
def test_both_directions_as_the_reference_has_them(host: Host, limiting: Limiting, version: str, place: str) -> None:
    container = limiting.add_container()
    host.sh(f"ip link set dev {limiting.outer(container)} mtu 1400 alias ''")  # as another implementation makes it
    previous = limiting.results[container.id]
    if FAMILIES[version] == "A":
        previous = {"ip4": {"ip": "10.1.2.2/24"}, "dns": {}}
    elif FAMILIES[version] == "B":
        previous = {**previous, "ips": [{**each, "version": "4"} for each in previous["ips"][:1]]}
    previous = {**previous, "cniVersion": version}
    told: dict[str, Any] = TINY if place == "network" else {"runtimeConfig": {"bandWidth": TINY}}
    conf = {**limiting.conf(None, **told), "cniVersion": version, "name": REFERENCE_NETWORK, "prevResult": previous}
    reply = host.call("ADD", conf, container, environ=REFERENCE_CONTAINER)
    result = reply.object
    assert reply.status == 0
    ifb = host.json(f"-d link show dev {IFB}")[0]
    assert (ifb["mtu"], ifb["linkinfo"]["info_kind"], ifb.get("txqlen", 0)) == (1400, "ifb", 0)
    assert "UP" in ifb["flags"]
    if FAMILIES[version] == "A":
        assert result == previous
    else:
        assert result["interfaces"] == [*previous["interfaces"], {"name": IFB, "mac": ifb["address"]}]
    outer = limiting.outer(container)
    assert limiting.host.sh(f"tc qdisc show dev {IFB}").startswith("qdisc tbf 1: root refcnt 2 rate 16bit burst 1b lat")
    assert limiting.qdiscs(outer)["tbf"]["rate"] == 1
    assert list(limiting.qdiscs(outer)) == ["tbf", "ingress"]
    assert limiting.redirects(outer) == [IFB]
    host.cni("DEL", conf, container, environ=REFERENCE_CONTAINER)
    assert limiting.traces(container) == []


@facts(46, 48)
def test_the_kernel_has_the_numbers_that_the_reference_computes(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.call("ADD", container, **SLOW, egressRate=16, egressBurst=8)
    for link, numbers in ((limiting.outer(container), (1000, 35, 156_250)), (limiting.ifbs()[0], (2, 1, 7_812_500))):
        with limiting.host.entered():
            assert read_bucket(link) == numbers


def read_bucket(link: str) -> tuple[int, int, int]:
    """(rate, limit, buffer) as an independent decoder reads them."""
    from pyroute2 import IPRoute

    with IPRoute() as route:
        [index] = route.link_lookup(ifname=link)
        [told] = [each for each in route.get_qdiscs(index) if each.get_attr("TCA_KIND") == "tbf"]
        parms = told.get_attr("TCA_OPTIONS").get_attr("TCA_TBF_PARMS")
        return parms["rate"], parms["limit"], parms["buffer"]


@facts(47)
def test_only_what_the_container_sends(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.call("ADD", container, ingressRate=0, ingressBurst=0, egressRate=8000, egressBurst=80)
    assert list(limiting.qdiscs(limiting.outer(container))) == ["ingress"]
    [ifb] = limiting.ifbs()
    assert limiting.qdiscs(ifb)["tbf"]["rate"] == 1000


@facts(48)
def test_only_what_comes_to_the_container(limiting: Limiting) -> None:
    container = limiting.add_container()
    reply = limiting.call("ADD", container, **SLOW, egressRate=0, egressBurst=0)
    assert reply.object == limiting.results[container.id]
    assert limiting.ifbs() == []
    assert list(limiting.qdiscs(limiting.outer(container))) == ["tbf"]
    assert limiting.qdiscs(limiting.outer(container))["tbf"]["rate"] == 1000


@pytest.mark.parametrize("fields", [{}, dict.fromkeys(LIMITS, 0), {"runtimeConfig": {"bandwidth": {}}}, SUBNETS])
def test_without_limits_nothing_is_touched(limiting: Limiting, fields: dict[str, Any]) -> None:
    container = limiting.add_container()
    assert limiting.limit(container, **fields) == limiting.results[container.id]
    assert limiting.traces(container) == []


@pytest.mark.parametrize("fields", [{}, BOTH])
def test_add_needs_a_result(limiting: Limiting, fields: dict[str, Any]) -> None:
    reply = limiting.host.call("ADD", limiting.conf(None, **fields), limiting.host.add_container())
    assert (reply.code, reply.object["msg"]) == (7, "required prevResult is missing")


def test_an_add_again_changes_nothing_and_answers_the_same(limiting: Limiting) -> None:
    container = limiting.add_container()
    first = limiting.limit(container, **BOTH)
    before = limiting.host.sh("tc -d qdisc show"), limiting.host.json("link show type ifb")
    assert limiting.limit(container, **BOTH) == first
    limiting.results[container.id] = first  # and where it is told of the device already
    assert limiting.limit(container, **BOTH) == first
    assert (limiting.host.sh("tc -d qdisc show"), limiting.host.json("link show type ifb")) == before


# Each way to go from one to the next, and back.
LIVES: dict[str, dict[str, Any]] = {
    "nothing": {},
    "slow": BOTH,
    "fast": {**BOTH, "ingressRate": 10**8, "egressRate": 10**9},
    "in": {"ingressRate": 10**7, "ingressBurst": 10**6},
    "out": {"egressRate": 10**7, "egressBurst": 10**6},
    "subnets": {**BOTH, **SUBNETS},
    "other subnets": {**BOTH, "unshapedSubnets": ["192.0.2.0/24"]},
}


def described(limiting: Limiting, link: str) -> str:
    """All that tc(8) says of a link, without numbers that count."""
    told = [limiting.host.sh(f"tc {what} show dev {link}") for what in ("-d qdisc", "class", "filter")]
    return "\n".join([*told, *limiting.redirects(link)])


@pytest.mark.parametrize("one", LIVES)
@pytest.mark.parametrize("other", LIVES)
def test_limits_change_while_the_container_lives(limiting: Limiting, one: str, other: str) -> None:
    changed, fresh = limiting.add_container(), limiting.add_container()
    limiting.limit(changed, **LIVES[one])
    result = limiting.limit(changed, **LIVES[other])
    wanted = limiting.limit(fresh, **LIVES[other])
    assert len(result["interfaces"]) == len(wanted["interfaces"])
    assert limiting.call("CHECK", changed, **LIVES[other]).status == 0
    seen = []
    for container, told in ((changed, result), (fresh, wanted)):
        links = [limiting.outer(container), *(each["name"] for each in told["interfaces"][3:])]
        text = "\n".join(described(limiting, link) for link in links)
        seen.append([text.replace(name, "ifb") for name in links[1:]] or [text])
    assert seen[0] == seen[1]
    assert len(limiting.ifbs()) == len(wanted["interfaces"][3:]) * 2
    for container in (changed, fresh):
        limiting.call("DEL", container)
        assert limiting.qdiscs(limiting.outer(container)) == {}
    assert limiting.ifbs() == []


def test_the_queue_stays_when_a_rate_changes(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.limit(container, **BOTH)
    outer = limiting.outer(container)
    before = count_packets(limiting, outer)
    assert container.pings("10.1.2.1")
    limiting.limit(container, **LIVES["fast"])
    assert count_packets(limiting, outer) > before


def count_packets(limiting: Limiting, link: str) -> int:
    """What has passed through the queue of a link since it was made."""
    return int(json.loads(limiting.host.sh(f"tc -s -j qdisc show dev {link} root"))[0]["packets"])


def test_two_interfaces_of_a_container_on_one_network_have_a_device_each(limiting: Limiting) -> None:
    container = limiting.add_container()
    second = {"environ": {"CNI_IFNAME": "eth1"}}
    results = {"eth0": limiting.results[container.id]}
    results["eth1"] = limiting.host.cni("ADD", limiting.bridge, container, **second)
    made = {}
    for name in results:
        conf = {**limiting.conf(None, **BOTH), "prevResult": results[name]}
        answer = limiting.host.cni("ADD", conf, container, environ={"CNI_IFNAME": name})
        made[name] = answer["interfaces"][-1]["name"]
    assert sorted(limiting.ifbs()) == sorted(made.values())
    assert len(set(made.values())) == 2
    for name, result in results.items():
        outer = result["interfaces"][1]["name"]
        assert limiting.redirects(outer) == [made[name]]
        conf = {**limiting.conf(None, **BOTH), "prevResult": result}
        limiting.host.cni("CHECK", conf, container, environ={"CNI_IFNAME": name})
    for gone, left in (("eth0", "eth1"), ("eth1", None)):
        limiting.host.cni("DEL", limiting.conf(None, **BOTH), container, environ={"CNI_IFNAME": gone})
        assert limiting.ifbs() == ([made[left]] if left else [])


def test_two_interfaces_at_once_have_a_device_each(limiting: Limiting) -> None:
    for _ in range(5):
        container = limiting.add_container()
        second = {"environ": {"CNI_IFNAME": "eth1"}}
        results = {"eth0": limiting.results[container.id]}
        results["eth1"] = limiting.host.cni("ADD", limiting.bridge, container, **second)
        confs = {name: {**limiting.conf(None, **BOTH), "prevResult": result} for name, result in results.items()}
        started = [
            (conf, limiting.host.start("ADD", conf, container, environ={"CNI_IFNAME": name}))
            for name, conf in confs.items()
        ]
        replies = [finish(process, conf) for conf, process in started]
        assert [reply.status for reply in replies] == [0, 0]
        made = {reply.object["interfaces"][-1]["name"] for reply in replies}
        assert made == set(limiting.ifbs())
        aliases = {each["ifalias"] for each in limiting.host.json("link show type ifb")}
        assert aliases == {f"mynet/{container.id}/{name}" for name in results}
        for name, conf in confs.items():
            limiting.host.cni("DEL", conf, container, environ={"CNI_IFNAME": name})
        assert limiting.ifbs() == []


def test_networks_and_containers_that_read_alike_have_a_device_each(limiting: Limiting) -> None:
    one, other = limiting.add_container(), limiting.add_container()
    for container, network, name in ((one, "mynet", "xa"), (other, "mynetx", "a")):
        conf = {**limiting.conf(container, **BOTH), "name": network}
        limiting.host.cni("ADD", conf, container, environ={"CNI_CONTAINERID": name})
    assert len(limiting.ifbs()) == 2
    conf = {**limiting.conf(one, **BOTH), "name": "mynet"}
    limiting.host.cni("DEL", conf, one, environ={"CNI_CONTAINERID": "xa"})
    [left] = limiting.ifbs()
    assert limiting.redirects(limiting.outer(other)) == [left]


def test_a_burst_in_which_no_packet_has_room_is_told(limiting: Limiting) -> None:
    container = limiting.add_container()
    reply = limiting.call("ADD", container, **SLOW)
    note = f"bandwidth {container.id} eth0: a burst of 80 bits lets no larger packet pass"
    assert reply.errors == f"{note}: packets of the MTU 1500 need 12112\n"


def test_the_device_speaks_not_for_itself(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.limit(container, **BOTH)
    [ifb] = limiting.ifbs()
    assert limiting.host.json(f"address show dev {ifb}")[0]["addr_info"] == []
    assert limiting.host.json(f"link show dev {ifb}")[0]["ifalias"] == f"mynet/{container.id}/eth0"
