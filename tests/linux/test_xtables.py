"""Tables of iptables' legacy kind are read without its tool, which is the oracle."""

from __future__ import annotations

import pytest
from netlab import Host

from poplin.linux.netns import Namespace
from poplin.linux.xtables import TABLES, read_table

TOOLS = {4: "iptables-legacy", 6: "ip6tables-legacy"}


@pytest.mark.parametrize("version", TABLES)
def test_what_is_in_a_table(host: Host, version: int) -> None:
    tool = TOOLS[version]
    host.sh(f"{tool} -N DOCKER-USER")
    host.sh(f"{tool} -A DOCKER-USER -m comment --comment 'one of many' -j RETURN")
    for _ in range(50):
        host.sh(f"{tool} -A FORWARD -j DOCKER-USER")
    with Namespace(host.path) as namespace:
        rules = namespace.run(read_table, version, "filter")
        names = (namespace.find_net_file(TABLES[version]) or b"").split()
    assert names == [b"filter"]
    assert rules.count(b"one of many\0") == 1
    assert rules.count(b"DOCKER-USER\0") == 1
    assert len(rules) > 50 * 112, "of every rule there is at least its head"


@pytest.mark.parametrize("version", TABLES)
def test_a_table_that_there_is_none_of(host: Host, version: int) -> None:
    with Namespace(host.path) as namespace:
        assert (namespace.find_net_file(TABLES[version]) or b"") == b""
        with pytest.raises(OSError, match="cannot read the table nonsense of iptables: No such file"):
            namespace.run(read_table, version, "nonsense")
