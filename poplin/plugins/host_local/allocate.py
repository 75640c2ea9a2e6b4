"""Choose the addresses of an attachment: one from each range set, the requested one or the next in turn."""

from __future__ import annotations

from poplin.spec.address import Prefix, parse_ip
from poplin.spec.errors import Conflict, NoAddress
from poplin.spec.result import IPConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.plugins.host_local.leases import Owner
    from poplin.plugins.host_local.ranges import RangeSet
    from poplin.plugins.host_local.store import Store
    from poplin.spec.address import IP

# Taken addresses to run into before the folder is listed. One attempt costs about 10 us, an entry of a list less.
ATTEMPTS = 32


def allocate(store: Store, owner: Owner, sets: Sequence[RangeSet], requested: Sequence[IP]) -> list[IPConfig]:
    """Reserve and return an address from each set, in their order. Raises Conflict or NoAddress."""
    wanted = assign(sets, requested)
    check_holds_nothing(store, owner, sets)
    return [allocate_one(store, owner, number, sets[number], ip) for number, ip in enumerate(wanted)]


def assign(sets: Sequence[RangeSet], requested: Sequence[IP]) -> list[IP | None]:
    """The requested address each set has to give, None for any. Raises NoAddress if one has no set to come from."""
    left = list(requested)
    wanted = []
    for range_set in sets:
        ip = next((ip for ip in left if ip in range_set), None)
        wanted.append(ip)
        if ip is not None:
            left.remove(ip)
            if ip == range_set.get_range(ip).gateway:
                raise NoAddress(f"requested address {ip} is the gateway", f"of range set {range_set}")
    if left:
        pools = "; ".join(map(str, sets))
        raise NoAddress(
            f"cannot allocate all requested addresses, left are {', '.join(map(str, left))}",
            f"each of these range sets gives one address: {pools}",
        )
    return wanted


def check_holds_nothing(store: Store, owner: Owner, sets: Sequence[RangeSet]) -> None:
    """Raises Conflict if the attachment has an address from one of the sets."""
    for held in map(parse_ip, store.find_held(owner)):
        for range_set in sets:
            if held in range_set:
                raise Conflict(
                    f"{held} is already allocated to container {owner[0]}, interface {owner[1]}",
                    f"duplicates are not allowed in range set {range_set}; DEL the attachment first",
                )


def allocate_one(store: Store, owner: Owner, number: int, range_set: RangeSet, wanted: IP | None) -> IPConfig:
    """Reserve `wanted`, or the next free address of the set. Raises NoAddress."""
    if wanted is None:
        ip = reserve_next(store, owner, number, range_set)
    elif store.reserve(owner, number, wanted):
        ip = wanted
    else:
        raise NoAddress(f"requested address {wanted} is not available in range set {range_set}", "it is in use")
    pool = range_set.get_range(ip)
    return IPConfig(Prefix(ip, pool.subnet.length), pool.gateway)


def reserve_next(store: Store, owner: Owner, number: int, range_set: RangeSet) -> IP:
    """Round robin, starting after the address given out last. Raises NoAddress.

    Only taken addresses are passed over, so there are never more steps than leases, however large the set is.
    """
    taken: set[str] = set()
    failures = 0
    for ip in range_set.candidates(store.find_last(number)):
        if taken and str(ip) in taken:
            continue
        if store.reserve(owner, number, ip):
            return ip
        failures += 1
        if failures == ATTEMPTS:
            taken = store.taken()
    raise NoAddress(f"no IP addresses available in range set {number}: {range_set}", "every address is in use")
