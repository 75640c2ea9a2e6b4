"""CHECK: the names are written down, the server runs, and says so itself."""

from __future__ import annotations

from poplin.plugins.dnsname.bridge import get_bridge, get_servers
from poplin.plugins.dnsname.keep import find_lines, is_down
from poplin.plugins.dnsname.place import list_places
from poplin.plugins.dnsname.records import has_record
from poplin.plugins.dnsname.server import PROGRAM, Server
from poplin.plugins.dnsname.settings import Settings
from poplin.plugins.kit.previous import list_inside
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.address import IP
    from poplin.spec.call import Call

PATIENCE = 5.0  # seconds, as ADD has


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed, InvalidConfig without prevResult."""
    settings = Settings(call)
    result = call.get_prev_result()
    addresses = [item.address.ip for item in list_inside(result, call.ifname)]
    servers = get_servers(kernel.host, get_bridge(kernel.host, result, addresses))
    check_record(call, kernel, settings, addresses)
    kernel.host.run(check_answers, servers[0], settings, addresses)


def check_record(call: Call, kernel: Kernel, settings: Settings, addresses: list[IP]) -> None:
    """Raises CheckFailed. The file is replaced as a whole, so it can be read without the lock."""
    for place in list_places(call, kernel):
        if has_record(find_lines(place), addresses, settings.names):
            if is_down(Server(kernel, place)):
                raise CheckFailed(f"{PROGRAM} does not run", f"for the names in {place.hosts}; GC starts it again")
            return
    names = ", ".join(settings.names) or call.container_id
    raise CheckFailed(f"{names} is not written down", f"with {', '.join(map(str, addresses))}")


def check_answers(server: IP, settings: Settings, addresses: list[IP]) -> None:
    """Raises CheckFailed."""
    from poplin.plugins.dnsname.question import wait_for_names

    for address in addresses:
        missing = wait_for_names(server, settings.full_names, address, PATIENCE)
        if missing:
            raise CheckFailed(f"{missing!r} does not lead to {address}", f"says the server at {server}")
