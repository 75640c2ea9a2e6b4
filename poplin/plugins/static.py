"""static: the addresses are written in the configuration, or the runtime brings them; nothing is kept.

    {"ipam": {"type": "static", "addresses": [{"address": "10.1.2.3/24", "gateway": "10.1.2.1"}],
              "routes": [...], "dns": {...}}}

Who brings addresses replaces those of the ones before: the configuration with `IP` and `GATEWAY` of CNI_ARGS added,
`args.cni.ips`, `runtimeConfig.ips`.
"""

from __future__ import annotations

from poplin.plugins.kit.requested import (
    FROM_ARGS,
    FROM_ARGUMENTS,
    FROM_RUNTIME,
    check_room,
    get_ipam,
    parse_requested,
    read_requested,
)
from poplin.plugins.kit.skel import Plugin
from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.arguments import ANYBODYS, parse_arguments
from poplin.spec.errors import CheckFailed
from poplin.spec.result import DNS, IPConfig, Result, Route, parse_dns, parse_route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields


def add(call: Call, kernel: Kernel) -> dict[str, object]:
    """What is written, in its order, a route given twice included."""
    settings = Settings(call)
    return call.reply(Result(ips=settings.ips, routes=settings.routes, dns=settings.dns))


class Settings:
    """A checked configuration, with the addresses of this attachment."""

    def __init__(self, call: Call) -> None:
        """Raises InvalidConfig, DecodingFailure, or UnsupportedField for an unknown key of a strict configuration."""
        ipam = get_ipam(call)
        address_items, route_items = ipam.objects("addresses"), ipam.objects("routes")
        dns = ipam.fields("dns")
        self.ips = choose_addresses(call, [parse_address(item) for item in address_items])
        self.routes: list[Route] = [parse_route(item) for item in route_items]
        self.dns: DNS = parse_dns(dns)
        if call.is_strict:
            for fields in (ipam, dns, *address_items, *route_items):
                fields.reject_unknown()
        check_room(call.config.version, [item.address.ip.version for item in self.ips], "addresses")


def parse_address(fields: Fields) -> IPConfig:
    """One of `addresses`."""
    return IPConfig(fields.get_prefix("address"), fields.find_ip("gateway"))


def choose_addresses(call: Call, configured: list[IPConfig]) -> list[IPConfig]:
    """The addresses of the runtime, of `args`, or of the configuration with those of CNI_ARGS; all must be sound."""
    texts = read_requested(call)
    texts[FROM_ARGUMENTS] = [part for text in texts[FROM_ARGUMENTS] for part in text.split(",")]
    requested = {
        where: [IPConfig(parse_requested(where, text, parse_prefix)) for text in given]
        for where, given in texts.items()
    }
    written = [*configured, *requested[FROM_ARGUMENTS]]
    add_gateways(call, written)
    return requested[FROM_RUNTIME] or requested[FROM_ARGS] or written


def add_gateways(call: Call, ips: list[IPConfig]) -> None:
    """GATEWAY of CNI_ARGS, a list: for every address that has none and whose network it is in, the last such one."""
    text = parse_arguments(call.env.args, ANYBODYS).get("GATEWAY", "")
    gateways = [parse_requested("GATEWAY in CNI_ARGS", part, parse_ip) for part in text.split(",") if text]
    for item in ips:
        near = [gateway for gateway in gateways if gateway in item.address]
        item.gateway = item.gateway or (near[-1] if near else None)


def check(call: Call, kernel: Kernel) -> None:
    """prevResult has every address, with its gateway if one is written. Raises CheckFailed."""
    settings = Settings(call)
    present = {item.address: item for item in call.get_prev_result().ips}
    for item in settings.ips:
        found = present.get(item.address)
        if found is None:
            known = ", ".join(map(str, present)) or "none"
            raise CheckFailed(f"address {item.address} is missing from prevResult", f"it has {known}")
        if item.gateway and found.gateway != item.gateway:
            raise CheckFailed(
                f"address {item.address} has another gateway in prevResult",
                f"{found.gateway} instead of {item.gateway}",
            )


def status(call: Call, kernel: Kernel) -> None:
    """The configuration is sound. Raises what is wrong with it."""
    Settings(call)


# DEL and GC have nothing to do: the addresses belong to whoever wrote them down.
PLUGIN = Plugin(
    "static",
    "Poplin static: gives the addresses written in the configuration",
    {"ADD": add, "CHECK": check, "STATUS": status},
)
