"""The checks, in the order of their reports, and what becomes of them: findings, and what could not be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from importlib import import_module

from poplin.doctor.finding import ERROR, SEVERITIES, WARNING, Finding
from poplin.doctor.place import Place

# The modules of poplin.doctor.checks, each with a function `examine`, and what they look at.
CHECKS = {
    "configuration": "the files of networks, as `poplin validate` does",
    "plugins": "whether plugins are there, can be run, and are safe from others",
    "features": "what the plugins need of the kernel and of libraries",
    "services": "the daemons of dhcp and flannel, and the dnsmasq of dnsname",
    "subnets": "networks that have the same addresses as others, or as the host",
    "switches": "forwarding, IPv6 and filters by origin",
    "forward": "firewalls of others that drop what is forwarded",
    "rules": "Poplin's own rules, which somebody may have flushed",
    "mtu": "links of different sizes on one way",
    "neighbours": "room in the neighbour table",
    "leftovers": "what containers that are gone left behind",
    "clock": "whether times on record can be right",
}

Examine = Callable[[Place], Iterable[Finding]]


@dataclass
class Report:
    """What was found, by check, the worst first; and what could not be seen."""

    checks: list[str]
    findings: list[tuple[str, Finding]] = field(default_factory=list)
    unseen: list[tuple[str, str]] = field(default_factory=list)

    @property
    def is_ill(self) -> bool:
        """Whether something is wrong, not only worth knowing."""
        return any(finding.severity in (ERROR, WARNING) for _, finding in self.findings)

    def count(self, severity: str) -> int:
        """How many findings are that bad."""
        return sum(finding.severity == severity for _, finding in self.findings)


def examine(place: Place, names: Iterable[str] = ()) -> Report:
    """Run these checks, or all."""
    wanted = set(names)
    report = Report([name for name in CHECKS if name in wanted or not wanted])
    for name in report.checks:
        look: Examine = import_module(f"poplin.doctor.checks.{name}").examine
        report.findings += [(name, finding) for finding in place.see_all(look, place)]
        report.unseen += [(name, text) for text in place.take_unseen()]
    report.findings.sort(key=lambda pair: SEVERITIES.index(pair[1].severity))
    return report
