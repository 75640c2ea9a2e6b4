"""32 containers get names at once, and lose them at once."""

from __future__ import annotations

from dnsname_lab import DOMAIN, Names, lookup
from dnsname_lab import names as names
from netlab import Container, finish

BURST = 32


def all_at_once(names: Names, command: str, containers: list[Container]) -> None:
    """One process for each, all started before the first is fed."""
    confs = [names.conf(each) for each in containers]
    started = [
        names.host.start(command, conf, each, environ=names.environ(each))
        for conf, each in zip(confs, containers, strict=True)
    ]
    replies = [finish(process, conf) for process, conf in zip(started, confs, strict=True)]
    assert [reply for reply in replies if reply.status or reply.errors] == []


def test_32_names_at_once(names: Names) -> None:
    containers = [names.add_container(f"c-{number}") for number in range(BURST)]
    for _ in range(2):
        all_at_once(names, "ADD", containers)
        assert (len(names.lines()), names.servers()) == (2 * BURST, [names.pid()])
        for each in containers[::8]:
            assert lookup(containers[0], f"{names.names[each.id]}.{DOMAIN}") == names.addresses(each)
        all_at_once(names, "DEL", containers)
        assert names.is_clean()


def test_adds_and_dels_at_once_leave_those_that_were_added_last(names: Names) -> None:
    going, coming = ([names.add_container(f"{what}{number}") for number in range(8)] for what in ("go", "come"))
    for each in going:
        names.do("ADD", each)
    pairs = [("DEL", each) for each in going] + [("ADD", each) for each in coming]
    started = [(names.host.start(verb, names.conf(one), one, environ=names.environ(one)), one) for verb, one in pairs]
    replies = [finish(process, names.conf(one)) for process, one in started]
    assert [reply for reply in replies if reply.status or reply.errors] == []
    assert sorted({line.split()[1] for line in names.lines()}) == sorted(names.names[each.id] for each in coming)
    for each in coming:
        names.do("CHECK", each)
        names.do("DEL", each)
    assert names.is_clean()
