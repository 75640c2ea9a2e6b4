"""The `ipam` section and what travels with it: which addresses, for whom, and where leases are kept.

    {"ipam": {"type": "host-local", "dataDir": ..., "resolvConf": ..., "routes": [...],
              "ranges": [[{"subnet": ..., "rangeStart": ..., "rangeEnd": ..., "gateway": ...}, ...], ...]}}

or the older style, with the keys of a single range in `ipam` itself. The runtime may add range sets and requested
addresses (`runtimeConfig.ipRanges`, `runtimeConfig.ips`, `args.cni.ips`, `IP` in CNI_ARGS).
"""

from __future__ import annotations

from poplin.linux.places import STATE, choose_place
from poplin.plugins.host_local.ranges import Range, RangeSet
from poplin.plugins.kit.path import read_path
from poplin.plugins.kit.requested import check_room, get_ipam, parse_requested, read_requested
from poplin.spec.address import parse_ip_or_prefix
from poplin.spec.errors import InvalidConfig
from poplin.spec.fields import Fields
from poplin.spec.record import Record
from poplin.spec.result import Route, parse_route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.address import IP
    from poplin.spec.call import Call

DATA_DIR = "/var/lib/cni/networks"
USERS_DATA_DIR = "cni/networks"  # of an ordinary user, in his folder for state
RANGE_KEYS = ("subnet", "rangeStart", "rangeEnd", "gateway")


class Settings(Record):
    """A checked configuration; `data_dir` holds one folder for each network."""

    __slots__ = ("data_dir", "network", "resolv_conf", "routes", "sets")

    def __init__(
        self, network: str, data_dir: str, resolv_conf: str, routes: list[Route], sets: list[RangeSet]
    ) -> None:
        self.network = network
        self.data_dir = data_dir
        self.resolv_conf = resolv_conf
        self.routes = routes
        self.sets = sets


def read_settings(call: Call, *, needs_ranges: bool = True) -> Settings:
    """Raises InvalidConfig, DecodingFailure, or UnsupportedField for an unknown key of a strict configuration.

    GC and STATUS do without ranges, because no runtime tells them its `runtimeConfig`.
    """
    ipam = get_ipam(call)
    data_dir = read_path(ipam, "dataDir") or choose_place(DATA_DIR, STATE, USERS_DATA_DIR, call.env.everything)
    resolv_conf = read_path(ipam, "resolvConf")
    route_items = ipam.objects("routes")
    routes = [parse_route(item) for item in route_items]
    groups = group_ranges(call.fields.fields("runtimeConfig"), ipam)
    sets = [read_set(number, group) for number, group in enumerate(groups)]
    if call.is_strict:
        for fields in (ipam, *route_items, *(item for group in groups for item in group)):
            fields.reject_unknown()
    if needs_ranges and not sets:
        raise InvalidConfig("no IP ranges specified", "give `ipam.ranges`, `ipam.subnet` or `runtimeConfig.ipRanges`")
    check_sets(sets, call.config.version)
    return Settings(call.config.name, data_dir, resolv_conf, routes, sets)


# Range sets.


def group_ranges(runtime: Fields, ipam: Fields) -> list[list[Fields]]:
    """The sets as written, in their order: the runtime's, the one of the older style, then `ranges`."""
    for key in RANGE_KEYS:
        ipam.raw(key)  # known in either style; without `subnet` they mean nothing
    older = [[ipam]] if ipam.text("subnet") else []
    return [*nested_objects(runtime, "ipRanges"), *older, *nested_objects(ipam, "ranges")]


def nested_objects(fields: Fields, key: str) -> list[list[Fields]]:
    """A list of lists of objects."""
    path = fields.path(key)
    rows = fields.sequence(key)
    return [Fields({f"{path}[{number}]": row}).objects(f"{path}[{number}]") for number, row in enumerate(rows)]


def read_set(number: int, group: list[Fields]) -> RangeSet:
    """One range set; errors name its number."""
    try:
        return RangeSet([read_range(fields) for fields in group])
    except ValueError as error:
        raise InvalidConfig(f"invalid range set {number}", str(error)) from None


def read_range(fields: Fields) -> Range:
    """One range. Raises ValueError, or DecodingFailure for what is no address."""
    subnet = fields.find_prefix("subnet")
    if subnet is None:
        raise ValueError(f"`{fields.path('subnet')}` is missing")
    if subnet.ip.version == 4 and ":" in fields.text("subnet"):
        raise ValueError(f"{fields.text('subnet')} is an IPv4 network in IPv6 notation; write {subnet}")
    return Range(subnet, fields.find_ip("rangeStart"), fields.find_ip("rangeEnd"), fields.find_ip("gateway"))


def check_sets(sets: list[RangeSet], version: str) -> None:
    """Raises InvalidConfig if sets overlap, or if there are more of them than the version can answer with."""
    for number, one in enumerate(sets):
        for before, other in enumerate(sets[:number]):
            if one.overlaps(other):
                raise InvalidConfig(f"range sets {before} and {number} overlap", f"{other} and {one}")
    check_room(version, [item.version for item in sets], "range sets")


def list_requested(call: Call) -> list[IP]:
    """The addresses somebody asked for, each once: podman sends one up to three times. Raises CNIError.

    `10.0.0.5` or `10.0.0.5/24`; the length does not matter.
    """
    sources = read_requested(call).items()
    found = [parse_requested(where, text, parse_ip_or_prefix) for where, texts in sources for text in texts]
    return list(dict.fromkeys(found))
