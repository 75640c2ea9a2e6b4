"""Results of ADD: what was made, as records, read from and written as the JSON of every spec version.

Three families (SPEC.md "Success"; the two older ones of the specs 0.2.0 and 0.4.0):

    A  0.1.0 0.2.0        ip4 {ip, gateway, routes}, ip6 {...}, dns             OldResult
    B  0.3.0 0.3.1 0.4.0  interfaces, ips {version, interface, ...}, routes     Result
    C  1.0.0 1.1.0        the same without ips[].version                        Result
"""

from __future__ import annotations

from poplin.spec.address import IP, Prefix
from poplin.spec.errors import DecodingFailure
from poplin.spec.fields import Fields
from poplin.spec.record import Record
from poplin.spec.versions import FAMILIES, NEWEST, OLDEST, list_versions


class Interface(Record):
    """One interface; `sandbox` is the namespace's path, empty on the host."""

    __slots__ = ("mac", "mtu", "name", "pci_id", "sandbox", "socket_path")

    def __init__(
        self, name: str, mac: str = "", sandbox: str = "", mtu: int = 0, socket_path: str = "", pci_id: str = ""
    ) -> None:
        self.name = name
        self.mac = mac
        self.sandbox = sandbox
        self.mtu = mtu
        self.socket_path = socket_path
        self.pci_id = pci_id


class IPConfig(Record):
    """One address; `interface` indexes the result's interfaces, `tag` is family B's `version` ("4", "6" or "")."""

    __slots__ = ("address", "gateway", "interface", "tag")

    def __init__(self, address: Prefix, gateway: IP | None = None, interface: int | None = None, tag: str = "") -> None:
        self.address = address
        self.gateway = gateway
        self.interface = interface
        self.tag = tag


class Route(Record):
    """One route; in `table` and `scope` 0 is a value and None is absent, elsewhere 0 is absent."""

    __slots__ = ("advmss", "dst", "gw", "mtu", "priority", "scope", "table")

    def __init__(
        self,
        dst: Prefix,
        gw: IP | None = None,
        mtu: int = 0,
        advmss: int = 0,
        priority: int = 0,
        table: int | None = None,
        scope: int | None = None,
    ) -> None:
        self.dst = dst
        self.gw = gw
        self.mtu = mtu
        self.advmss = advmss
        self.priority = priority
        self.table = table
        self.scope = scope


class DNS(Record):
    """Resolver settings."""

    __slots__ = ("domain", "nameservers", "options", "search")

    def __init__(
        self,
        nameservers: list[str] | None = None,
        domain: str = "",
        search: list[str] | None = None,
        options: list[str] | None = None,
    ) -> None:
        self.nameservers = nameservers or []
        self.domain = domain
        self.search = search or []
        self.options = options or []

    def __bool__(self) -> bool:
        return bool(self.nameservers or self.domain or self.search or self.options)


class Result(Record):
    """A result of family B or C."""

    __slots__ = ("dns", "interfaces", "ips", "routes", "version")

    def __init__(
        self,
        version: str = NEWEST,
        interfaces: list[Interface] | None = None,
        ips: list[IPConfig] | None = None,
        routes: list[Route] | None = None,
        dns: DNS | None = None,
    ) -> None:
        self.version = version
        self.interfaces = interfaces or []
        self.ips = ips or []
        self.routes = routes or []
        self.dns = dns or DNS()

    @property
    def families(self) -> list[int]:
        """The IP versions of its addresses, each once: 4 before 6."""
        return sorted({item.address.ip.version for item in self.ips})


class OldAddress(Record):
    """What family A says of one address family."""

    __slots__ = ("address", "gateway", "routes")

    def __init__(self, address: Prefix, gateway: IP | None = None, routes: list[Route] | None = None) -> None:
        self.address = address
        self.gateway = gateway
        self.routes = routes or []


class OldResult(Record):
    """A result of family A."""

    __slots__ = ("dns", "ip4", "ip6", "version")

    def __init__(
        self, version: str, ip4: OldAddress | None = None, ip6: OldAddress | None = None, dns: DNS | None = None
    ) -> None:
        self.version = version
        self.ip4 = ip4
        self.ip6 = ip6
        self.dns = dns or DNS()


# Reading.


def parse_result(source: dict[str, object]) -> Result | OldResult:
    """The record for a result object; one without cniVersion is of the oldest. Raises DecodingFailure."""
    fields = Fields(source, "result")
    version = fields.text("cniVersion") or OLDEST
    if version not in FAMILIES:
        raise DecodingFailure(f"unsupported result version {version!r}", f"known are {list_versions(FAMILIES)}")
    if FAMILIES[version] == "A":
        return OldResult(
            version,
            parse_old_address(fields.fields("ip4")) if "ip4" in fields else None,
            parse_old_address(fields.fields("ip6")) if "ip6" in fields else None,
            parse_dns(fields.fields("dns")),
        )
    return Result(
        version,
        [parse_interface(item) for item in fields.objects("interfaces")],
        [parse_ip_config(item, tagged=FAMILIES[version] == "B") for item in fields.objects("ips")],
        [parse_route(item) for item in fields.objects("routes")],
        parse_dns(fields.fields("dns")),
    )


def parse_old_address(fields: Fields) -> OldAddress:
    """`ip4` or `ip6` of family A."""
    routes = [parse_route(item) for item in fields.objects("routes")]
    return OldAddress(fields.get_prefix("ip"), fields.find_ip("gateway"), routes)


def parse_interface(fields: Fields) -> Interface:
    """One of `interfaces`."""
    return Interface(
        fields.text("name"),
        fields.text("mac"),
        fields.text("sandbox"),
        fields.number("mtu"),
        fields.text("socketPath"),
        fields.text("pciID"),
    )


def parse_ip_config(fields: Fields, *, tagged: bool) -> IPConfig:
    """One of `ips`."""
    tag = fields.text("version") if tagged else ""
    return IPConfig(fields.get_prefix("address"), fields.find_ip("gateway"), fields.find_number("interface"), tag)


def parse_route(fields: Fields) -> Route:
    """One of `routes`, in a result or in an `ipam` section."""
    return Route(
        fields.get_prefix("dst"),
        fields.find_ip("gw"),
        fields.number("mtu"),
        fields.number("advmss"),
        fields.number("priority"),
        fields.find_number("table"),
        fields.find_number("scope"),
    )


def parse_dns(fields: Fields) -> DNS:
    """`dns`, in a result or in a configuration."""
    return DNS(fields.texts("nameservers"), fields.text("domain"), fields.texts("search"), fields.texts("options"))


# Writing.


def format_result(result: Result | OldResult) -> dict[str, object]:
    """The JSON object in the shape of the result's own version, keys in the reference's order."""
    if isinstance(result, OldResult):
        addresses = {"ip4": result.ip4, "ip6": result.ip6}
        old = {key: format_old_address(value) for key, value in addresses.items() if value}
        return {"cniVersion": result.version, **old, "dns": format_dns(result.dns)}
    tagged = FAMILIES[result.version] == "B"
    dns = format_dns(result.dns)
    parts: dict[str, object] = {
        "interfaces": [format_interface(item) for item in result.interfaces],
        "ips": [format_ip_config(item, tagged=tagged) for item in result.ips],
        "routes": [format_route(item) for item in result.routes],
    }
    if tagged:
        return {"cniVersion": result.version, **present(parts), "dns": dns}
    return {"cniVersion": result.version, **present({"dns": dns, **parts})}


def present(parts: dict[str, object]) -> dict[str, object]:
    """Without what is empty, zero or None."""
    return {key: value for key, value in parts.items() if value}


def format_old_address(address: OldAddress) -> dict[str, object]:
    """`ip4` or `ip6`."""
    routes = [format_route(item) for item in address.routes]
    return {"ip": str(address.address), **present({"gateway": text(address.gateway), "routes": routes})}


def format_interface(item: Interface) -> dict[str, object]:
    """One of `interfaces`; the name is always there."""
    return {
        **present({"mac": item.mac, "mtu": item.mtu}),
        "name": item.name,
        **present({"pciID": item.pci_id, "sandbox": item.sandbox, "socketPath": item.socket_path}),
    }


def format_ip_config(item: IPConfig, *, tagged: bool) -> dict[str, object]:
    """One of `ips`; an interface index of 0 is a value."""
    index: dict[str, object] = {} if item.interface is None else {"interface": item.interface}
    address = {"address": str(item.address)}
    gateway = present({"gateway": text(item.gateway)})
    return {"version": item.tag, **index, **address, **gateway} if tagged else {**address, **gateway, **index}


def format_route(item: Route) -> dict[str, object]:
    """One of `routes`; table and scope 0 are values."""
    numbers = present({"advmss": item.advmss, "mtu": item.mtu, "priority": item.priority})
    nullable = {"table": item.table, "scope": item.scope}
    kept = {key: value for key, value in nullable.items() if value is not None}
    return {"dst": str(item.dst), **present({"gw": text(item.gw)}), **numbers, **kept}


def format_dns(dns: DNS) -> dict[str, object]:
    """`dns`, empty if nothing is set."""
    return present({"domain": dns.domain, "nameservers": dns.nameservers, "options": dns.options, "search": dns.search})


def text(value: object | None) -> str:
    """The printed form, empty for None."""
    return "" if value is None else str(value)
