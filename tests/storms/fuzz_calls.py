"""Valid calls of every plugin, as a strategy: what a runtime may send, drawn from all that is allowed.

Everything lives at fixed paths inside the laboratory's private mounts, so that a call is plain data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from poplin.spec.versions import FAMILIES, KNOWN, VERB_SINCE

BOX = "/run/netns/fuzzbox"  # the container
OUTSIDE = "/run/netns/fuzzhost"  # the plugin's own namespace
STATE = "/var/lib/cni"
BIN_DIR = f"{STATE}/bin"
DATA_DIR = f"{STATE}/networks"
RESOLV_CONF = f"{STATE}/resolv.conf"

PLUGINS = ("bridge", "bridge", "bridge", "ptp", "ptp", "host-local", "host-local", "static", "loopback")
ADDRESS_PLUGINS = ("host-local", "static")
VERBS = ("ADD", "ADD", "ADD", "ADD", "DEL", "DEL", "CHECK", "CHECK", "GC", "STATUS", "VERSION")
PREPARED = ("CHECK", "DEL", "GC")  # these find a container that was added before
WITH_PREV_RESULT = ("CHECK", "DEL")

RANGES = {
    4: ({"subnet": "10.1.2.0/24"}, {"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.9", "rangeEnd": "10.1.2.19"}),
    6: ({"subnet": "2001:db8:1::/64"}, {"subnet": "2001:db8:1::/64", "gateway": "2001:db8:1::1"}),
}
ROUTES = {
    4: (
        {"dst": "0.0.0.0/0"},
        {"dst": "10.9.0.0/16", "gw": "10.1.2.1", "mtu": 1400, "advmss": 1300},
        {"dst": "10.8.0.0/16", "priority": 7, "table": 100, "scope": 0},
    ),
    6: ({"dst": "::/0"}, {"dst": "2001:db8:9::/48", "gw": "2001:db8:1::1", "priority": 9}),
}
ADDRESSES = {
    4: {"address": "10.1.2.3/24", "gateway": "10.1.2.1"},
    6: {"address": "2001:db8:1::3/64", "gateway": "2001:db8:1::1"},
}
FAMILIES_OF_ADDRESSES = ((4,), (6,), (4, 6))
ARGUMENTS = (
    "",
    "IgnoreUnknown=1;K8S_POD_NAME=web;K8S_POD_NAMESPACE=shop",
    "MAC=02:11:22:33:44:55",
    "IgnoreUnknown=true",
)
DNS = {"nameservers": ["10.1.2.1"], "domain": "example.org", "search": ["example.org"], "options": ["ndots:2"]}
MACS = ("02:00:00:00:00:07", "0A:BB:CC:DD:EE:FF")


@dataclass(frozen=True)
class Call:
    """One call: the plugin's type, its environment, its document."""

    plugin: str
    environ: dict[str, str]
    document: dict[str, Any]

    @property
    def verb(self) -> str:
        return self.environ.get("CNI_COMMAND", "")

    def as_verb(self, verb: str) -> Call:
        """The same attachment, another verb."""
        return Call(self.plugin, {**self.environ, "CNI_COMMAND": verb}, self.document)

    def with_keys(self, **keys: object) -> Call:
        """The same call with more in its document."""
        return Call(self.plugin, self.environ, {**self.document, **keys})


@st.composite
def valid_calls(draw: st.DrawFn) -> Call:
    """A call that succeeds; for CHECK and DEL `prevResult` is still to come from the ADD before."""
    plugin = draw(st.sampled_from(PLUGINS))
    verb = draw(st.sampled_from(VERBS))
    since = VERB_SINCE.get(verb, KNOWN[0])
    document: dict[str, Any] = {
        "cniVersion": draw(st.sampled_from([version for version in KNOWN if version >= since])),
        "name": "mynet",
        "type": plugin,
    }
    family = FAMILIES[document["cniVersion"]]
    if plugin == "bridge":
        document |= draw(bridge_keys(needs_address=family == "A"))
    if plugin == "ptp":
        document |= draw(ptp_keys())
    if plugin in ADDRESS_PLUGINS:
        document["ipam"] = draw(SECTIONS[plugin]())
    if draw(st.booleans()):
        document["strict"] = True
    if verb == "GC":
        document["cni.dev/valid-attachments"] = draw(
            st.sampled_from([[], [{"containerID": "c0ffee", "ifname": "eth0"}]])
        )
    document |= draw(extras(plugin))
    environ = {
        "CNI_COMMAND": verb,
        "CNI_CONTAINERID": "c0ffee",
        "CNI_NETNS": BOX,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": BIN_DIR,
        "CNI_ARGS": draw(st.sampled_from(ARGUMENTS)),
    }
    return Call(plugin, environ, document)


@st.composite
def bridge_keys(draw: st.DrawFn, needs_address: bool) -> dict[str, Any]:
    keys = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "bridge": st.just("br0"),
                "isGateway": st.booleans(),
                "isDefaultGateway": st.booleans(),
                "forceAddress": st.booleans(),
                "mtu": st.sampled_from((0, 1280, 1400, 1500, 9000)),
                "hairpinMode": st.booleans(),
                "promiscMode": st.just(False),
                "portIsolation": st.booleans(),
                "vlan": st.just(0),
                "enabledad": st.just(False),
                "dns": st.sampled_from((DNS, {"nameservers": []}, {})),
            },
        )
    )
    if needs_address or draw(st.integers(0, 3)):
        keys["ipam"] = draw(ipam_sections())
    elif draw(st.booleans()):
        keys["disableContainerInterface"] = True
    return keys


@st.composite
def ptp_keys(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(
        st.fixed_dictionaries(
            {"ipam": ipam_sections()},
            optional={
                "ipMasq": st.booleans(),
                "ipMasqBackend": st.sampled_from(("", "iptables", "nftables")),
                "mtu": st.sampled_from((0, 1280, 1400, 1500, 9000)),
                "dns": st.sampled_from((DNS, {"nameservers": []}, {})),
            },
        )
    )
    return dict(keys)


def ipam_sections() -> st.SearchStrategy[dict[str, Any]]:
    """Of an address plugin, usually host-local."""
    return st.sampled_from(("host-local", "host-local", "static")).flatmap(lambda plugin: SECTIONS[plugin]())


@st.composite
def static_sections(draw: st.DrawFn) -> dict[str, Any]:
    families = draw(st.sampled_from(FAMILIES_OF_ADDRESSES))
    section: dict[str, Any] = {"type": "static", "addresses": [dict(ADDRESSES[family]) for family in families]}
    routes = [dict(route) for family in families for route in ROUTES[family]]
    if draw(st.booleans()):
        section["routes"] = draw(st.lists(st.sampled_from(routes), max_size=3, unique_by=repr))
    if draw(st.integers(0, 3)) == 0:
        section["dns"] = dict(DNS)
    return section


@st.composite
def host_local_sections(draw: st.DrawFn) -> dict[str, Any]:
    families = draw(st.sampled_from(FAMILIES_OF_ADDRESSES))
    section: dict[str, Any] = {"type": "host-local", "dataDir": DATA_DIR}
    ranges = [dict(draw(st.sampled_from(RANGES[family]))) for family in families]
    if draw(st.booleans()):
        section |= ranges.pop(0)  # the older style
    if ranges:
        section["ranges"] = [[one] for one in ranges]
    routes = [dict(route) for family in families for route in ROUTES[family]]
    if draw(st.booleans()):
        section["routes"] = draw(st.lists(st.sampled_from(routes), max_size=3, unique_by=repr))
    if draw(st.integers(0, 3)) == 0:
        section["resolvConf"] = RESOLV_CONF
    return section


SECTIONS = {"host-local": host_local_sections, "static": static_sections}


@st.composite
def extras(draw: st.DrawFn, plugin: str) -> dict[str, Any]:
    """What runtimes and users send beside the configuration."""
    if plugin == "loopback":
        return {}
    macs = st.sampled_from(MACS)
    return draw(
        st.fixed_dictionaries(
            {},
            optional={
                "args": st.fixed_dictionaries({}, optional={"cni": st.fixed_dictionaries({}, optional={"mac": macs})}),
                "runtimeConfig": st.fixed_dictionaries({}, optional={"mac": macs, "aliases": st.just(["web"])}),
            },
        )
    )
