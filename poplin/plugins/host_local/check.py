"""CHECK: the attachment still has its leases."""

from __future__ import annotations

from poplin.plugins.host_local.access import has_folder, open_store, owner_of
from poplin.plugins.host_local.settings import read_settings
from poplin.plugins.host_local.store import lease_folder
from poplin.spec.address import parse_ip
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """At least one, and each address of prevResult that comes from our ranges."""
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
