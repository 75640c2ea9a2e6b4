"""ADD: write the container's names down, have them served, and wait until they are."""

from __future__ import annotations

from poplin.plugins.dnsname.bridge import get_bridge, get_servers
from poplin.plugins.dnsname.keep import find_lines, forget, write_lines
from poplin.plugins.dnsname.place import find_place
from poplin.plugins.dnsname.records import make_lines, replace_lines
from poplin.plugins.dnsname.server import Server, require_program
from poplin.plugins.dnsname.settings import Settings
from poplin.plugins.kit.previous import list_inside
from poplin.plugins.kit.skel import note
from poplin.plugins.kit.undo import Undo
from poplin.spec.errors import InvalidConfig, TryAgainLater

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.dnsname.place import Place
    from poplin.plugins.dnsname.records import Line
    from poplin.spec.address import IP
    from poplin.spec.call import Call

PATIENCE = 5.0  # seconds, twice, until the server knows the names, which takes it milliseconds


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """prevResult, with the server and the domain in front of it in `dns`. Raises CNIError."""
    settings = Settings(call)
    result = call.get_prev_result()
    addresses = [item.address.ip for item in list_inside(result, call.ifname)]
    if not addresses:
        raise InvalidConfig("the container has no address that a name could stand for", f"on {call.ifname}")
    bridge = get_bridge(kernel.host, result, addresses)
    servers = get_servers(kernel.host, bridge)
    require_program()
    place = find_place(call, kernel)
    added = make_lines(call.key, addresses, settings.names)
    with Undo() as undo:
        with place:
            before = find_lines(place)
            undo.push(take_back, kernel, place, call.key, [line for line in before if line.key == call.key])
            write_lines(place, replace_lines(before, call.key, added))
            Server(kernel, place).serve(settings.domain, bridge.name)
        kernel.host.change((), wait, servers[0], settings, addresses[0], Server(kernel, place), place)
    if settings.complaint:
        note(call, f"{settings.complaint}, so the container is not known by it")
    result.dns.nameservers = [*map(str, servers), *result.dns.nameservers]
    result.dns.search += [settings.domain] if settings.domain else []
    return call.reply(result)


def wait(at: IP, settings: Settings, address: IP, server: Server, place: Place) -> None:
    """Until the server knows them; one that does not in that time may hang, and is begun anew once. Raises IOFailure,
    PluginNotAvailable, TryAgainLater."""
    from poplin.plugins.dnsname.question import wait_for_names  # a preview asks nobody

    number = server.number
    if not wait_for_names(at, settings.full_names, address, PATIENCE):
        return
    with place:
        server.restart(number)
    missing = wait_for_names(at, settings.full_names, address, PATIENCE)
    if missing:
        details = (
            f"at {at}, within {2 * PATIENCE:g} s; dnsmasq was begun anew in case it hung; "
            "does a firewall of the host drop what this host asks itself?"
        )
        raise TryAgainLater(f"{missing!r} does not lead to {address}", details)


def take_back(kernel: Kernel, place: Place, key: str, earlier: list[Line]) -> None:
    """Have what an earlier ADD of the same attachment wrote, or nothing."""
    if not earlier:
        forget(kernel, place, lambda line: line.key == key)
        return
    with place:
        if write_lines(place, replace_lines(find_lines(place), key, earlier)):
            Server(kernel, place).resume()
