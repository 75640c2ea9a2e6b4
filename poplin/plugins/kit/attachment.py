"""How an attachment is found again in the kernel: the name and the alias of its link on the host.

The alias is the attachment's key, `network/containerid/ifname`, and is what ownership means. The name is derived from
the key, so that DEL finds it without asking the container's namespace, which may be gone or somebody else's by now.
"""

from __future__ import annotations

from binascii import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link

LONGEST_ALIAS = 255  # IFALIASZ - 1, linux/if.h
CUT = "~"  # not in any of the key's three parts
MOST_NAMES = 4


def link_alias(key: str) -> str:
    """The key, or for a very long one its beginning and a checksum of all of it."""
    if len(key) <= LONGEST_ALIAS:
        return key
    return f"{key[: LONGEST_ALIAS - 17]}{CUT}{checksum(key)}{checksum(key[::-1])}"


def host_link_names(key: str) -> Iterator[str]:
    """`veth` and 8 hex digits; the next is for when somebody else's link has the one before."""
    for attempt in range(MOST_NAMES):
        yield f"veth{checksum(key + '~' * attempt)}"


def find_host_link(rtnl: Rtnl, key: str) -> Link | None:
    """The attachment's link on the host."""
    alias = link_alias(key)
    for name in host_link_names(key):
        link = rtnl.find_link(name)
        if link and link.alias == alias:
            return link
    return None


def find_stale_links(rtnl: Rtnl, network: str, valid: frozenset[tuple[str, str]]) -> list[Link]:
    """Links on the host of this network's attachments that are not in `valid`: (container id, ifname)."""
    keep = {link_alias(f"{network}/{container_id}/{ifname}") for container_id, ifname in valid}
    links = rtnl.list_links("veth")
    return [link for link in links if link.alias.startswith(f"{network}/") and link.alias not in keep]


def checksum(text: str) -> str:
    """8 hex digits."""
    return f"{crc32(text.encode()):08x}"
