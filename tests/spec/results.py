"""Results for the tests: the full example of each family with all its conversions, and random ones.

CONVERTED[source family][target family] is one table for reading, writing and converting: every entry is a result
object without its cniVersion, and the entries on the diagonal are what the others are made from.
"""

from __future__ import annotations

from hypothesis import strategies as st

from poplin.spec.address import IP, Prefix
from poplin.spec.result import DNS, Interface, IPConfig, OldAddress, OldResult, Result, Route
from poplin.spec.versions import FAMILIES

DNS_FULL = {"domain": "example.org", "nameservers": ["10.1.2.1"], "options": ["ndots:5"], "search": ["a.example.org"]}
ROUTES = [
    {"dst": "0.0.0.0/0", "gw": "10.1.2.1"},
    {"dst": "10.9.8.7/8"},
    {"dst": "::/0", "gw": "2001:db8::1"},
    {"dst": "2001:db8:9::/48"},
]
# What routes of 1.1 can say besides; family A knows nothing of it.
EXACT = {"advmss": 1400, "mtu": 1450, "priority": 100, "table": 0, "scope": 0}
FULL_ROUTES = [ROUTES[0] | EXACT, *ROUTES[1:]]

OLD = {
    "ip4": {"ip": "10.1.2.3/24", "gateway": "10.1.2.1", "routes": ROUTES[:2]},
    "ip6": {"ip": "2001:db8::3/64", "gateway": "2001:db8::1", "routes": ROUTES[2:]},
    "dns": DNS_FULL,
}
MAC, SANDBOX = "00:11:22:33:44:55", "/run/netns/c1"
PLAIN_INTERFACES = [{"mac": MAC, "name": "vethc1"}, {"mac": MAC, "name": "eth0", "sandbox": SANDBOX}]
FULL_INTERFACES = [
    {"mac": MAC, "mtu": 1500, "name": "vethc1", "pciID": "0000:04:00.5", "socketPath": "/run/vhost.sock"},
    {"mac": MAC, "name": "eth0", "sandbox": SANDBOX},
]
IPS = [
    {"address": "10.1.2.3/24", "gateway": "10.1.2.1", "interface": 1},
    {"address": "10.1.3.4/24", "interface": 0},
    {"address": "2001:db8::3/64", "gateway": "2001:db8::1", "interface": -1},
]
TAGGED_IPS = [{"version": tag, **item} for tag, item in zip("446", IPS, strict=True)]

CONVERTED: dict[str, dict[str, dict[str, object]]] = {
    "A": {
        "A": OLD,
        "B": {
            "ips": [
                {"version": "4", "address": "10.1.2.3/24", "gateway": "10.1.2.1"},
                {"version": "6", "address": "2001:db8::3/64", "gateway": "2001:db8::1"},
            ],
            "routes": ROUTES,
            "dns": DNS_FULL,
        },
        "C": {
            "ips": [
                {"address": "10.1.2.3/24", "gateway": "10.1.2.1"},
                {"address": "2001:db8::3/64", "gateway": "2001:db8::1"},
            ],
            "routes": ROUTES,
            "dns": DNS_FULL,
        },
    },
    "B": {
        "A": OLD,
        "B": {"interfaces": PLAIN_INTERFACES, "ips": TAGGED_IPS, "routes": FULL_ROUTES, "dns": DNS_FULL},
        "C": {"interfaces": PLAIN_INTERFACES, "ips": IPS, "routes": FULL_ROUTES, "dns": DNS_FULL},
    },
    "C": {
        "A": OLD,
        "B": {"interfaces": PLAIN_INTERFACES, "ips": TAGGED_IPS, "routes": FULL_ROUTES, "dns": DNS_FULL},
        "C": {"interfaces": FULL_INTERFACES, "ips": IPS, "routes": FULL_ROUTES, "dns": DNS_FULL},
    },
}


def example(source: str, target: str | None = None) -> dict[str, object]:
    """The full example of version `source`, as it is or converted to `target`."""
    target = source if target is None else target
    return {"cniVersion": target, **CONVERTED[FAMILIES[source]][FAMILIES[target]]}


# Random results.

v4 = st.integers(0, 2**32 - 1).map(lambda value: IP(32, value))
v6 = st.integers(2**64, 2**128 - 1).map(lambda value: IP(128, value))
addresses = v4 | v6
numbers = st.integers(-(2**63), 2**63 - 1)


def prefixes(ips: st.SearchStrategy[IP]) -> st.SearchStrategy[Prefix]:
    """Prefixes of addresses of one kind."""
    return ips.flatmap(lambda ip: st.integers(0, ip.bits).map(lambda length: Prefix(ip, length)))


dns = st.builds(DNS, st.lists(st.text()), st.text(), st.lists(st.text()), st.lists(st.text()))
plain_interfaces = st.builds(Interface, st.text(), st.text(), st.text())
interfaces = st.builds(Interface, st.text(), st.text(), st.text(), numbers, st.text(), st.text())
routes = st.builds(
    Route,
    prefixes(addresses),
    st.none() | addresses,
    numbers,
    numbers,
    numbers,
    st.none() | numbers,
    st.none() | numbers,
)
tagged_ips = st.builds(
    lambda address, gateway, index: IPConfig(address, gateway, index, str(address.ip.version)),
    prefixes(addresses),
    st.none() | addresses,
    st.none() | numbers,
)
ips = st.builds(IPConfig, prefixes(addresses), st.none() | addresses, st.none() | numbers)


def old_addresses(family: st.SearchStrategy[IP]) -> st.SearchStrategy[OldAddress]:
    """`ip4` or `ip6`, its routes of the same family."""
    plain_routes = st.builds(Route, prefixes(family), st.none() | addresses)
    return st.builds(OldAddress, prefixes(family), st.none() | addresses, st.lists(plain_routes, max_size=3))


def old_results(version: str) -> st.SearchStrategy[OldResult]:
    """Results of family A with at least one address."""
    built = st.builds(OldResult, st.just(version), st.none() | old_addresses(v4), st.none() | old_addresses(v6), dns)
    return built.filter(lambda result: bool(result.ip4 or result.ip6))


def results(version: str, *, plain: bool = False) -> st.SearchStrategy[Result]:
    """Results of family B, tagged by their addresses, or C; `plain` ones say only what both can say."""
    tagged = FAMILIES[version] == "B"
    return st.builds(
        Result,
        st.just(version),
        st.lists(plain_interfaces if plain else interfaces, max_size=3),
        st.lists(tagged_ips if tagged else ips, max_size=3),
        st.lists(routes, max_size=3),
        dns,
    )


def any_results(version: str) -> st.SearchStrategy[OldResult | Result]:
    """Results of whatever family the version has."""
    return old_results(version) if FAMILIES[version] == "A" else results(version)
