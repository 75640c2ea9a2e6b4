"""What a container id, a network name, an interface name, a host name and a plugin type may look like.

These strings become file names, link names and comments, so they are checked before anything else is done.
"""

from __future__ import annotations

from poplin.spec.errors import CNIError, InvalidConfig, InvalidEnvironment, UnknownContainer

ALPHANUMERIC = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
IDENTIFIER = ALPHANUMERIC | frozenset("_.-")

LABEL = ALPHANUMERIC | frozenset("-_")
LABEL_MAX, HOST_NAME_MAX = 63, 253  # RFC 1035, the latter without the length of the root

IFNAMSIZ = 16  # linux/if.h, with the closing NUL
# Unicode White_Space, which differs from str.isspace by U+001C to U+001F.
SPACE = frozenset("\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B))))
NOT_IN_LINK_NAME = SPACE | frozenset("/:\0")


def is_identifier(text: str) -> bool:
    """A letter or digit, then letters, digits, `_`, `.`, `-`; all ASCII."""
    return text[:1] in ALPHANUMERIC and bool(text) and IDENTIFIER.issuperset(text)


def is_link_name(text: str) -> bool:
    """A name the kernel takes for an interface: 1 to 15 bytes, no slash, colon or space, not `.` or `..`."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # a byte in the environment that is not UTF-8; no JSON can carry that name
        return False
    return 0 < size < IFNAMSIZ and text not in (".", "..") and NOT_IN_LINK_NAME.isdisjoint(text)


def is_host_name(text: str) -> bool:
    """Labels of letters, digits, `-` and, as containers are called so, `_`."""
    labels = text.split(".")
    return len(text) <= HOST_NAME_MAX and all(
        0 < len(label) <= LABEL_MAX and LABEL.issuperset(label) and label[0] != "-" for label in labels
    )


def check_container_id(text: str) -> None:
    """Raises UnknownContainer if empty, InvalidEnvironment if it has other characters."""
    if not text:
        raise UnknownContainer("missing container id")
    if not is_identifier(text):
        raise InvalidEnvironment("invalid characters in container id (CNI_CONTAINERID)", text)


def check_network_name(text: str) -> None:
    """Raises InvalidConfig."""
    if not text:
        raise InvalidConfig("missing network name: the configuration has no `name`")
    if not is_identifier(text):
        raise InvalidConfig("invalid characters in network name", text)


def check_interface_name(text: str, what: str = "CNI_IFNAME", error: type[CNIError] = InvalidEnvironment) -> None:
    """Raises `error` naming `what` and the value."""
    if not is_link_name(text):
        raise error(
            f"invalid interface name in {what}",
            f"{text!r}: 1 to 15 bytes without `/`, `:` or white space, and not `.` or `..`",
        )


def check_new_interface_name(text: str, what: str = "CNI_IFNAME", error: type[CNIError] = InvalidEnvironment) -> None:
    """For a link that is to be made: the kernel replaces `%d` by a number and refuses every other `%`."""
    check_interface_name(text, what, error)
    if "%" in text:
        raise error(f"invalid interface name in {what}", f"{text!r}: the kernel makes no link with `%` in its name")


def check_plugin_type(text: str) -> None:
    """Raises InvalidConfig. A type is a file name on CNI_PATH, so it has no slash."""
    if not text:
        raise InvalidConfig("missing plugin type: the configuration has no `type`")
    if "/" in text or "\0" in text or text in (".", ".."):
        raise InvalidConfig("invalid plugin type", f"{text!r} is not a file name")
