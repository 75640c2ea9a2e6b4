"""resolv.conf(5) as the `dns` of a result."""

from __future__ import annotations

from poplin.linux.atomicfile import read_file
from poplin.spec.errors import IOFailure
from poplin.spec.result import DNS


def read_resolv_conf(path: str) -> DNS:
    """The settings in the file. Raises IOFailure if it cannot be read."""
    try:
        content = read_file(path)
    except OSError as error:
        raise IOFailure(f"cannot read resolvConf {path}", error.strerror or str(error)) from None
    if content is None:
        raise IOFailure(f"cannot read resolvConf {path}", "there is no such file")
    return parse_resolv_conf(content.decode(errors="replace"))


def parse_resolv_conf(text: str) -> DNS:
    """Nameservers, search and options add up, the last domain counts, everything else is skipped."""
    dns = DNS()
    for line in text.split("\n"):
        key, *values = line.split() or [""]
        if not values:
            continue
        if key == "nameserver":
            dns.nameservers.append(values[0])
        elif key == "domain":
            dns.domain = values[0]
        elif key == "search":
            dns.search += values
        elif key == "options":
            dns.options += values
    return dns
