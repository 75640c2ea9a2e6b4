"""The neighbour tables as a whole, beside what ip(8) says."""

from __future__ import annotations

import re

from netlab import Host

from poplin.linux.netns import Namespace
from poplin.linux.wire.neightbl import list_tables, unpack_table


def test_tables_are_told_in_every_namespace(host: Host) -> None:
    with Namespace(host.path) as there:
        bodies = there.rtnl.socket.dump(list_tables())
    found = {each.name: each for each in map(unpack_table, bodies) if each}
    assert set(found) >= {"arp_cache", "ndisc_cache"}
    assert len(bodies) > len(found), "links have parameters, which are told beside"
    for name, table in found.items():
        limit = re.search(r"thresh3 (\d+)", host.sh(f"ip ntable show name {name}"))
        assert limit
        assert table.limit == int(limit[1])


def test_entries_are_counted(host: Host) -> None:
    def count(there: Namespace) -> int:
        tables = (unpack_table(body) for body in there.rtnl.socket.dump(list_tables()))
        return next(each.entries for each in tables if each and each.name == "arp_cache")

    with Namespace(host.path) as there:
        before = count(there)
        host.sh("ip link add left type veth peer name right")
        host.sh("ip link set left up")
        for number in range(2, 102):
            host.sh(f"ip neighbour add 10.1.1.{number} lladdr 02:00:00:00:00:01 dev left nud permanent")
        assert count(there) >= before + 50, "the table is everybody's, so that others may have come and gone"
