"""`macspoofchk`: through its port a container speaks with its own MAC, or not at all.

set guarded { "vethc0ffee00" comment "... mynet/blue/eth0" }                      table bridge poplin
set senders { "vethc0ffee00" . 02:ab:cd:ef:00:01 comment "..." }
"""

from __future__ import annotations

from poplin.linux.nft.antispoof import ANTISPOOF, GUARDED, SENDERS
from poplin.linux.nft.elements import Element
from poplin.plugins.kit import ownership
from poplin.plugins.kit.attachment import element_comment, host_link_names
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.call import Call


def guard_port(call: Call, host: Namespace, port: str, mac: str) -> None:
    """Only this MAC may come in through the port; to be called before the port is up. Repeatable."""
    ownership.take(host.nft, ANTISPOOF, guard(call, port, mac))


def unguard_port(call: Call, kernel: Kernel) -> None:
    """What `guard_port` did for this attachment; the port may be gone, its name follows from the attachment."""
    ports = [Element(GUARDED, (name,)) for name in host_link_names(call.key)]
    if any(kernel.host.nft.find(port) for port in ports):
        ownership.give_up(kernel.host.nft, call.key, [], (GUARDED, SENDERS), search=True)


def check_guard(call: Call, kernel: Kernel, port: str, mac: str) -> None:
    """Raises CheckFailed."""
    if ownership.find_missing(kernel.host.nft, call.key, guard(call, port, mac)):
        raise CheckFailed(f"port {port} is not guarded against spoofing", f"only {mac} may speak there")


def collect_guards(call: Call, kernel: Kernel) -> None:
    """GC: those of attachments that are not valid any more."""
    ownership.collect(kernel.host.nft, call, (GUARDED, SENDERS))


def guard(call: Call, port: str, mac: str) -> list[Element]:
    """The elements for one port."""
    comment = element_comment(call.key)
    return [Element(GUARDED, (port,), comment=comment), Element(SENDERS, (port, mac), comment=comment)]
