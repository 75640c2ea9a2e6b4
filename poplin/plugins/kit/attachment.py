"""How an attachment is found again in the kernel: name and alias of its link on the host, comment of its nft elements.

The alias is the attachment's key, `network/containerid/ifname`, and is what ownership means. The name is derived from
the key, so that DEL finds it without asking the container's namespace, which may be gone or somebody else's by now.
A comment has no room for the longest keys: it begins with a checksum of the key, which is what is compared.
"""

from __future__ import annotations

from binascii import crc32

try:
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from poplin.linux.nft.elements import Element
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.spec.address import Prefix
    from poplin.spec.call import Call

LONGEST_ALIAS = 255  # IFALIASZ - 1, linux/if.h
CUT = "~"  # not in any of the key's three parts
MOST_NAMES = 4
# Of a comment's 128 characters; an interface name has at most 15.
DIGEST = 16
LONGEST_NETWORK = 30
LONGEST_CONTAINER_ID = 64


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
    """The attachment's link on the host. It has the second name only if somebody else has the first, and so on."""
    alias = link_alias(key)
    for name in host_link_names(key):
        link = rtnl.find_link(name)
        if link is None or link.alias == alias:
            return link
    return None


def find_stale_links(rtnl: Rtnl, network: str, valid: frozenset[tuple[str, str]], kind: str = "veth") -> list[Link]:
    """Links on the host of this network's attachments that are not in `valid`: (container id, ifname)."""
    keep = {link_alias(f"{network}/{container_id}/{ifname}") for container_id, ifname in valid}
    links = rtnl.list_links(kind)
    return [link for link in links if link.alias.startswith(f"{network}/") and link.alias not in keep]


def element_comment(key: str) -> str:
    """What the attachment's nft elements are marked with: `0123456789abcdef network/containerid/ifname`."""
    network, container_id, ifname = key.split("/")
    return f"{digest(key)} {network_label(network)}{shorten(container_id, LONGEST_CONTAINER_ID)}/{ifname}"


def find_told_addresses(call: Call) -> list[Prefix] | None:
    """The addresses that DEL is told by prevResult, None if it is told nothing, or nothing that can be understood."""
    try:
        previous = call.find_prev_result()
    except CNIError:
        return None
    return [item.address for item in previous.ips] if previous else None


def network_label(network: str) -> str:
    """What follows the digest in the comments of a network's attachments, its slash included."""
    return f"{shorten(network, LONGEST_NETWORK)}/"


def is_owner(key: str, element: Element) -> bool:
    """Whether the element is this attachment's."""
    return element.comment.startswith(f"{digest(key)} ")


def container_of(element: Element) -> str:
    """The container id in its comment, perhaps shortened; empty if there is none."""
    return element.comment.partition("/")[2].partition("/")[0]


def is_stale(element: Element, network: str, valid: frozenset[str]) -> bool:
    """Whether it is of an attachment of this network that is not in `valid`, digests of keys."""
    return element.comment[DIGEST:].startswith(f" {network_label(network)}") and element.comment[:DIGEST] not in valid


def digest(key: str) -> str:
    """16 hex digits."""
    return blake2b(key.encode(), digest_size=DIGEST // 2).hexdigest()


def shorten(text: str, most: int) -> str:
    """The text, or its beginning and a checksum of all of it."""
    return text if len(text) <= most else f"{text[: most - 9]}{CUT}{checksum(text)}"


def checksum(text: str) -> str:
    """8 hex digits."""
    return f"{crc32(text.encode()):08x}"
