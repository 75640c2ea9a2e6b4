"""ADD: remember what is there, set what is asked for, all or nothing, and pass prevResult on."""

from __future__ import annotations

from poplin.plugins.kit.container import open_container
from poplin.plugins.kit.locking import NamespaceLock
from poplin.plugins.kit.mtu import SMALLEST_IPV6_MTU
from poplin.plugins.kit.previous import get_chained_link
from poplin.plugins.kit.undo import Undo
from poplin.plugins.tuning.allowlist import check_allowed
from poplin.plugins.tuning.attributes import read_attributes, set_attributes
from poplin.plugins.tuning.backup import Backup
from poplin.plugins.tuning.backups import Backups
from poplin.plugins.tuning.restore import put_back
from poplin.plugins.tuning.settings import Settings
from poplin.spec.errors import InvalidConfig, KernelRefused
from poplin.spec.versions import NEWEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.call import Call
    from poplin.spec.result import Result


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Repeatable. Raises InvalidConfig without prevResult, or for a switch that is not allowed."""
    settings = Settings(call)
    check_allowed(settings.keys)
    result = call.get_prev_result()
    require_room(settings, result)
    if settings.attributes or settings.switches:
        with open_container(kernel, call.netns) as container, NamespaceLock(container), Undo() as undo:
            tune(call, kernel, container, settings, undo)
    return call.reply(tell(result, call, settings))


def require_room(settings: Settings, result: Result) -> None:
    """The kernel takes IPv6 off an interface whose packets are too small for it. Raises InvalidConfig."""
    mtu = int(settings.attributes.get("mtu", SMALLEST_IPV6_MTU))
    if mtu < SMALLEST_IPV6_MTU and 6 in result.families:
        raise InvalidConfig(f"mtu {mtu} is too small for IPv6", f"it needs {SMALLEST_IPV6_MTU}")


def tune(call: Call, kernel: Kernel, container: Namespace, settings: Settings, undo: Undo) -> None:
    """Backup, switches, attributes; under a lock, as of two at once the second would take for the first values what
    the first has set. Raises InvalidConfig, KernelRefused, OSError."""
    link = get_chained_link(container, call.ifname) if settings.attributes else container.rtnl.find_link(call.ifname)
    backups = Backups(call, kernel)
    earlier = backups.find()
    attributes = read_attributes(link, settings.attributes) if link else {}
    now = Backup(attributes, read_values(container, settings.switches), call.key, container.lasting_identity)
    backups.write(earlier.keep(now, settings.attributes) if earlier else now)
    undo.push(backups.remember, earlier)
    undo.push(put_back, container, link, now)
    for path, value in settings.switches.items():
        set_switch(container, path, value)
    if link and settings.attributes:
        container.rtnl.apply(set_attributes(link, settings.attributes))


def read_values(container: Namespace, paths: Iterable[str]) -> dict[str, str]:
    """What these switches are set to. Some can only be written, and one that is not there is told of when it is."""
    values = {}
    for path in paths:
        try:
            values[path] = container.read_sysctl(path)
        except OSError:
            continue
    return values


def set_switch(container: Namespace, path: str, value: str) -> None:
    """Raises KernelRefused."""
    try:
        container.write_sysctl(path, value)
    except OSError as error:
        raise KernelRefused(f"sysctl -w {path}={value}: {error.strerror}") from None


def tell(result: Result, call: Call, settings: Settings) -> Result:
    """The result with what is different now, of every interface of that name."""
    for interface in result.interfaces:
        if interface.name == call.ifname:
            interface.mac = str(settings.attributes.get("mac", interface.mac))
            if interface.mtu or call.config.version == NEWEST:  # older versions know no MTU
                interface.mtu = int(settings.attributes.get("mtu", interface.mtu))
    return result
