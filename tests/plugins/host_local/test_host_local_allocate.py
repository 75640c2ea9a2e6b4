"""Which address an attachment gets."""

from __future__ import annotations

from pathlib import Path

import pytest

from poplin.linux.boot import Boot
from poplin.plugins.host_local.allocate import allocate, assign
from poplin.plugins.host_local.ranges import Range, RangeSet
from poplin.plugins.host_local.store import Store
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.errors import Conflict, NoAddress

BOOT = Boot("this", 0)
OWNER = ("new", "eth0")


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def make_set(*subnets: str) -> RangeSet:
    return RangeSet([Range(parse_prefix(subnet)) for subnet in subnets])


class Pool:
    """Range sets with their leases."""

    def __init__(self, data_dir: Path, *sets: RangeSet) -> None:
        self.data_dir = data_dir
        self.sets = sets
        (data_dir / "mynet").mkdir(exist_ok=True)

    def allocate(self, cid: str = "new", *requested: str) -> list[str]:
        with Store(str(self.data_dir), "mynet", BOOT, 5) as store:
            items = allocate(store, (cid, "eth0"), self.sets, list(map(parse_ip, requested)))
        return [str(item.address) for item in items]

    def release(self, cid: str) -> None:
        with Store(str(self.data_dir), "mynet", BOOT, 5) as store:
            store.release((cid, "eth0"))

    def take(self, *taken: str) -> None:
        """Leases another program made."""
        for ip in taken:
            (self.data_dir / "mynet" / ip).write_text(f"other{ip}\r\neth0".replace(":", ""))

    def set_last(self, last: str) -> None:
        (self.data_dir / "mynet" / "last_reserved_ip.0").write_text(last)


@pytest.mark.parametrize(
    ("subnets", "taken", "last", "want"),
    [
        pytest.param("10.0.0.0/29", "", "", "10.0.0.2/29", marks=facts(166)),
        pytest.param("2001:db8:1::/64", "", "", "2001:db8:1::2/64", marks=facts(166)),
        pytest.param("10.0.0.0/30", "", "", "10.0.0.2/30", marks=facts(166)),
        pytest.param("10.0.0.0/29", "10.0.0.2", "", "10.0.0.3/29", marks=facts(167)),
        pytest.param("10.0.0.0/29", "", "10.0.0.5", "10.0.0.6/29", marks=facts(168)),
        pytest.param("10.0.0.0/29", "10.0.0.4 10.0.0.5", "10.0.0.3", "10.0.0.6/29", marks=facts(169)),
        pytest.param("10.0.0.0/29", "10.0.0.6", "10.0.0.5", "10.0.0.2/29", marks=facts(170)),
        pytest.param("10.0.0.0/29", "10.0.0.2", "10.0.0.128", "10.0.0.3/29", marks=facts(171)),
        pytest.param("10.0.0.0/29", "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.6", "10.0.0.5", "10.0.0.5/29", marks=facts(172)),
        pytest.param("10.0.0.0/30 10.0.1.0/30", "", "", "10.0.0.2/30", marks=facts(173)),
        pytest.param("10.0.0.0/30 10.0.1.0/30", "10.0.0.2", "10.0.0.2", "10.0.1.2/30", marks=facts(173)),
        pytest.param("10.0.0.0/30 10.0.1.0/30 10.0.2.0/30", "10.0.1.2", "10.0.2.2", "10.0.0.2/30", marks=facts(173)),
        pytest.param("10.0.0.0/29", "", "no address", "10.0.0.2/29", id="broken pointer"),
        pytest.param("10.0.0.0/29", "", "2001:db8::5", "10.0.0.2/29", id="pointer of another family"),
    ],
)
def test_the_next_free_address_is_given(tmp_path: Path, subnets: str, taken: str, last: str, want: str) -> None:
    pool = Pool(tmp_path, make_set(*subnets.split()))
    pool.take(*taken.split())
    if last:
        pool.set_last(last)
    assert pool.allocate() == [want]


@facts(174, 177)
def test_a_pool_gives_every_host_address_and_then_none(tmp_path: Path) -> None:
    pool = Pool(tmp_path, make_set("10.0.0.0/29"))
    assert [pool.allocate(f"c{number}") for number in range(5)] == [[f"10.0.0.{host}/29"] for host in range(2, 7)]
    with pytest.raises(NoAddress) as caught:
        pool.allocate("more")
    assert str(caught.value).startswith("no IP addresses available in range set 0: 10.0.0.1-10.0.0.6")


@facts(177)
@pytest.mark.parametrize("subnets", ["10.0.0.0/30 10.0.1.0/30", "2001:db8::/126"])
def test_an_exhausted_set_is_named(tmp_path: Path, subnets: str) -> None:
    made = make_set(*subnets.split())
    pool = Pool(tmp_path, made)
    pool.take(*(str(ip) for ip in made.candidates(None)))
    with pytest.raises(NoAddress) as caught:
        pool.allocate()
    assert caught.value.msg == f"no IP addresses available in range set 0: {made}"


@facts(175)
def test_an_address_given_back_is_not_given_out_at_once(tmp_path: Path) -> None:
    pool = Pool(tmp_path, make_set("10.0.0.0/29"))
    assert pool.allocate("a") == ["10.0.0.2/29"]
    pool.release("a")
    assert pool.allocate("a") == ["10.0.0.3/29"]


@facts(176)
def test_a_requested_address_is_given_if_it_is_free_and_in_range(tmp_path: Path) -> None:
    pool = Pool(tmp_path, RangeSet([Range(parse_prefix("10.0.0.0/24"), parse_ip("10.0.0.9"), parse_ip("10.0.0.20"))]))
    assert pool.allocate("a", "10.0.0.15") == ["10.0.0.15/24"]
    with pytest.raises(NoAddress, match=r"requested address 10\.0\.0\.15 is not available in range set"):
        pool.allocate("b", "10.0.0.15")
    for outside in ("10.0.0.21", "10.0.0.8"):
        with pytest.raises(NoAddress, match=f"cannot allocate all requested addresses, left are {outside}"):
            pool.allocate("b", outside)
    assert pool.allocate("b") == ["10.0.0.16/24"]


@facts(190)
def test_the_gateway_is_not_given_on_request(tmp_path: Path) -> None:
    with pytest.raises(NoAddress, match=r"requested address 10\.0\.0\.1 is the gateway"):
        Pool(tmp_path, make_set("10.0.0.0/24")).allocate("a", "10.0.0.1")


def test_each_set_takes_the_first_request_it_can_give() -> None:
    sets = [make_set("10.0.0.0/24"), make_set("fd00::/64"), make_set("10.0.1.0/24")]
    requested = [parse_ip("10.0.1.7"), parse_ip("10.0.0.9")]
    assert assign(sets, requested) == [requested[1], None, requested[0]]


def test_a_second_add_with_another_request_is_a_duplicate(tmp_path: Path) -> None:
    pool = Pool(tmp_path, make_set("10.0.0.0/24"))
    assert pool.allocate("a", "10.0.0.7") == ["10.0.0.7/24"]
    for requested in ("10.0.0.7", "10.0.0.8"):
        with pytest.raises(Conflict, match=r"10\.0\.0\.7 is already allocated to container a, interface eth0"):
            pool.allocate("a", requested)
    assert sorted(path.name for path in (tmp_path / "mynet").glob("10.*")) == ["10.0.0.7"]


def test_an_address_outside_the_sets_of_today_does_not_count(tmp_path: Path) -> None:
    assert Pool(tmp_path, make_set("10.0.0.0/24")).allocate("a") == ["10.0.0.2/24"]
    later = Pool(tmp_path, make_set("10.9.0.0/24"))
    assert later.allocate("a") == ["10.9.0.2/24"]
    later.release("a")
    assert list((tmp_path / "mynet").glob("10.*")) == []


@pytest.mark.parametrize("subnet", ["10.0.0.0/16", "2001:db8::/64"])
def test_a_long_run_of_taken_addresses_costs_one_listing(tmp_path: Path, opened: list[str], subnet: str) -> None:
    made = make_set(subnet)
    pool = Pool(tmp_path, made)
    candidates = made.candidates(None)
    pool.take(*(str(next(candidates)) for _ in range(1000)))
    pool.allocate("first")
    pool.set_last(str(made.ranges[0].start + 1))
    opened.clear()
    assert pool.allocate("second") == [f"{made.ranges[0].start + 1002}/{made.ranges[0].subnet.length}"]
    assert len([path for path in opened if path.startswith(f"{tmp_path}/mynet/")]) < 40
