"""host-local: addresses from ranges in the configuration, leases in files on this host."""

from __future__ import annotations

from poplin.plugins.host_local.allocate import allocate
from poplin.plugins.host_local.boot import read_boot
from poplin.plugins.host_local.folder import ensure_folder, find_obstacle, is_folder
from poplin.plugins.host_local.resolvconf import read_resolv_conf
from poplin.plugins.host_local.settings import Settings, read_requested, read_settings
from poplin.plugins.host_local.store import LOCK_SECONDS, Store, lease_folder
from poplin.plugins.kit.skel import Plugin
from poplin.spec.address import parse_ip
from poplin.spec.errors import CheckFailed, IOFailure, PluginNotAvailable
from poplin.spec.result import DNS, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.host_local.leases import Owner
    from poplin.spec.address import IP
    from poplin.spec.call import Call


def add(call: Call, kernel: Kernel) -> dict[str, object]:
    """One address from each range set; all or none."""
    settings = read_settings(call)
    requested = read_requested(call)
    dns = read_resolv_conf(settings.resolv_conf) if settings.resolv_conf else DNS()
    ensure_folder(lease_folder(settings.data_dir, settings.network), 0o755)
    with open_store(settings) as store:
        ips = allocate(store, owner_of(call), settings.sets, requested)
        return call.reply(Result(ips=ips, routes=settings.routes, dns=dns))


def delete(call: Call, kernel: Kernel) -> None:
    """Give back what the attachment has; nothing is made for that, not even the lease folder."""
    settings = read_settings(call)
    if has_folder(settings):
        with open_store(settings) as store:
            store.release(owner_of(call))


def check(call: Call, kernel: Kernel) -> None:
    """The attachment still has its leases: at least one, and each address of prevResult that comes from our ranges."""
    settings = read_settings(call)
    owner = owner_of(call)
    held: list[str] = []
    if has_folder(settings):
        with open_store(settings) as store:
            held = [ip for ip in store.find_held(owner) if store.owns(owner, ip)]
    folder = lease_folder(settings.data_dir, settings.network)
    if not held:
        raise CheckFailed(f"no address is allocated to container {owner[0]}, interface {owner[1]}", folder)
    previous = call.find_prev_result()
    addresses = [item.address.ip for item in previous.ips] if previous else []
    for ip in addresses:
        if ip not in map(parse_ip, held) and any(ip in range_set for range_set in settings.sets):
            raise CheckFailed(
                f"{ip} of prevResult is not allocated to container {owner[0]}, interface {owner[1]}",
                f"{folder} has {', '.join(held)}",
            )


def status(call: Call, kernel: Kernel) -> None:
    """Leases can be written, and every range set has an address left."""
    settings = read_settings(call, needs_ranges=False)
    obstacle = find_obstacle(lease_folder(settings.data_dir, settings.network))
    if obstacle:
        raise PluginNotAvailable("host-local cannot keep leases", obstacle)
    taken = find_taken(settings)
    for number, range_set in enumerate(settings.sets):
        if range_set.count_free(taken) <= 0:
            raise PluginNotAvailable(f"no IP addresses available in range set {number}: {range_set}", "all are in use")


def find_taken(settings: Settings) -> set[IP]:
    """The addresses in use once old leases have been cleared. Raises PluginNotAvailable."""
    if not has_folder(settings):
        return set()
    try:
        with open_store(settings) as store:
            return set(map(parse_ip, store.taken()))
    except OSError as error:
        raise PluginNotAvailable("host-local cannot keep leases", str(error)) from None


def collect_garbage(call: Call, kernel: Kernel) -> None:
    """Give back the leases of this network whose attachment is not valid; an old lease needs only the container."""
    settings = read_settings(call, needs_ranges=False)
    if not has_folder(settings):
        return
    valid = call.valid_attachments()
    valid |= {(container_id, "") for container_id, _ in valid}
    failures = []
    with open_store(settings) as store:
        for entry in store.entries():
            try:
                if entry.owner not in valid:
                    store.release(entry.owner)
            except OSError as error:
                failures.append(f"{error.filename}: {error.strerror}")
        if failures:
            raise IOFailure("some leases could not be removed", "; ".join(failures))


def open_store(settings: Settings) -> Store:
    """The leases of the network, as of this boot."""
    return Store(settings.data_dir, settings.network, read_boot(), LOCK_SECONDS)


def has_folder(settings: Settings) -> bool:
    """Whether there can be leases at all."""
    return is_folder(lease_folder(settings.data_dir, settings.network))


def owner_of(call: Call) -> Owner:
    """The attachment as leases name it."""
    return call.container_id.strip(), call.ifname


PLUGIN = Plugin(
    "host-local",
    "Poplin host-local: hands out addresses from ranges, kept in files on this host",
    {"ADD": add, "DEL": delete, "CHECK": check, "STATUS": status, "GC": collect_garbage},
)
