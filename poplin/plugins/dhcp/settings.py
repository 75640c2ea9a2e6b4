"""What a configuration asks of a DHCP server, read and checked before anybody is asked.

`request` has options to ask for, {"option": "12"}; with "skipDefault" the usual ones are not asked for. `provide` has
options to tell, {"option": "host-name", "value": "web"}, or with "fromArg" instead of "value" a key of CNI_ARGS.
"""

from __future__ import annotations

from poplin.plugins.dhcp.protocol import SOCKET
from poplin.plugins.kit.requested import get_ipam
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

# RFC 2132; the names are those of dhcp-options(5).
NAMES = {
    "subnet-mask": 1,
    "routers": 3,
    "host-name": 12,
    "vendor-class-identifier": 60,
    "dhcp-client-identifier": 61,
    "user-class": 77,
}
USUAL = (3, 1)  # asked for unless told otherwise
INSTEAD = (1, 3, 15, 6)  # when nothing is left to ask for
LARGEST_CODE = 255
LONGEST_VALUE = 255  # bytes
MOST_PROVIDED = 698  # bytes with their codes and lengths: what the other options leave of a frame of 1500
# Padding, the end, and what makes a message the one that it is: requested address, type, server, parameters.
OWN = (0, 50, 52, 53, 54, 55, 255)


class Settings:
    """`requested` are codes in order, `provided` values by code; `priority` 0 leaves the metric of routes alone."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        ipam = get_ipam(call)
        self.socket = read_socket(ipam)
        self.priority = ipam.number("priority")
        if not 0 <= self.priority <= 0xFFFFFFFF:
            raise InvalidConfig(f"invalid `ipam.priority` {self.priority}", "it can be 0 to 4294967295")
        requests, provisions = ipam.objects("request"), ipam.objects("provide")
        self.requested = read_requested(requests)
        self.provided = read_provided(provisions, call.env.args)
        if call.is_strict:
            for each in (ipam, *requests, *provisions):
                each.reject_unknown()


def read_socket(ipam: Fields) -> str:
    """Where the daemon is. Raises InvalidConfig."""
    path = ipam.text("daemonSocketPath") or SOCKET
    if not path.startswith("/") or "\0" in path:
        raise InvalidConfig(f"invalid `ipam.daemonSocketPath` {path!r}", "it is an absolute path")
    return path


def read_requested(requests: Sequence[Fields]) -> tuple[int, ...]:
    """Option 55. Raises InvalidConfig."""
    wanted = [read_code(each) for each in requests]
    usual = () if any([each.flag("skipDefault") for each in requests]) else USUAL
    requested = tuple(dict.fromkeys((*wanted, *usual))) or INSTEAD
    if len(requested) > LONGEST_VALUE:
        raise InvalidConfig(f"`ipam.request` has {len(requested)} options", f"there is room for {LONGEST_VALUE}")
    return requested


def read_provided(provisions: Sequence[Fields], arguments: str) -> dict[int, bytes]:
    """The options to tell. One that is to come from CNI_ARGS, and is not there, is not told. Raises InvalidConfig."""
    given = split_leniently(arguments)
    found: dict[int, bytes] = {}
    for each in provisions:
        code = read_code(each)
        argument, value = each.text("fromArg"), each.text("value")
        if code in OWN:
            raise InvalidConfig(f"`{each.path('option')}` {code} cannot be provided", "the client sets it itself")
        if argument:
            if argument not in given:
                continue
            value = given[argument]
        found[code] = encode_value(value, f"`{each.path('option')}` {code}")
    size = sum(len(value) + 2 for value in found.values())
    if size > MOST_PROVIDED:
        raise InvalidConfig(f"`{provisions[0].where}` and the others take {size} bytes", f"{MOST_PROVIDED} at most")
    return found


def encode_value(value: str, where: str) -> bytes:
    """The octets of an option. Raises InvalidConfig."""
    try:
        octets = value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise InvalidConfig(f"the value of {where} cannot be sent", f"{value!r} is no text") from None
    if len(octets) > LONGEST_VALUE:
        raise InvalidConfig(f"the value of {where} has {len(octets)} bytes", f"{LONGEST_VALUE} at most")
    return octets


def read_code(entry: Fields) -> int:
    """An option by name or number. Raises InvalidConfig."""
    text = entry.text("option")
    if text in NAMES:
        return NAMES[text]
    if text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= LARGEST_CODE:
        return int(text)
    known = ", ".join(NAMES)
    raise InvalidConfig(f"unknown DHCP option {text!r}", f"`{entry.path('option')}` is one of {known}, or 0 to 255")


def split_leniently(arguments: str) -> dict[str, str]:
    """CNI_ARGS as pairs; a value may have `=` in it here, and what is no pair is passed over."""
    pairs = (piece.partition("=") for piece in arguments.split(";"))
    return {key: value for key, equals, value in pairs if equals}
