"""What an interface and its namespace were like before they were tuned, as a record and as the text of its file.

    {
     "mac": "0a:58:0a:16:00:02",       of the attributes those that were asked for, as the reference has them
     "mtu": 1500,
     "poplin": {                       what is ours, and the reference passes over
      "key": "mynet/c1/eth0",
      "place": [4, 4026532291, 17],
      "sysctl": {
       "net/ipv4/conf/eth0/arp_filter": "0"
      }
     }
    }

The place is the namespace, by device, inode and cookie: its path may lead to another by now.
"""

from __future__ import annotations

from poplin.linux.wire.link import parse_mac
from poplin.plugins.tuning.switches import is_path
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.jsontext import dumps, loads_object
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from poplin.plugins.tuning.attributes import Values

    Place = tuple[int, ...]

OURS = "poplin"
KEPT = "surrogateescape"  # bytes of an interface's name that are no UTF-8; half a character cannot be written
FLAGS, NUMBERS = ("promisc", "allmulti"), ("mtu", "txQLen")
LARGEST = (1 << 32) - 1  # of the kernel: an interface may have come with more than a network can ask for


class Backup(Record):
    """`attributes` and `switches` before; `key` and `place` are empty in one of the reference's."""

    __slots__ = ("attributes", "key", "place", "switches")

    def __init__(
        self, attributes: Values, switches: dict[str, str] | None = None, key: str = "", place: Place = ()
    ) -> None:
        self.attributes = attributes
        self.switches = switches or {}
        self.key = key
        self.place = place

    def is_others(self, key: str) -> bool:
        """Whether it is known to be another attachment's: not this container's interface, whatever the network's name
        is by now."""
        return bool(self.key) and self.key.partition("/")[2] != key.partition("/")[2]

    def is_from(self, place: Place) -> bool:
        """Whether this is where it is from, as far as that can be known."""
        return self.place in ((), place)

    def keep(self, now: Backup, wanted: Mapping[str, str | int]) -> Backup:
        """What to have on record when the same is tuned again: the values before the first time.

        The reference does not say where its backup is from. Of that the value counts if the interface is as it is
        `wanted` already; else it is one that was left behind by a container before.
        """
        if self.place == now.place:
            return Backup(now.attributes | self.attributes, now.switches | self.switches, now.key, now.place)
        tuned = {
            name: value
            for name, value in self.attributes.items()
            if not self.place and name in wanted and now.attributes[name] == wanted[name]
        }
        return Backup(now.attributes | tuned, now.switches, now.key, now.place)


def format_backup(backup: Backup) -> bytes:
    """The content of its file."""
    ours = {"key": backup.key, "place": list(backup.place), "sysctl": backup.switches}
    return dumps({**backup.attributes, OURS: ours}, 1).encode()


def parse_backup(content: bytes) -> Backup | None:
    """The record of a file, None for what is no backup, and for one that would lead elsewhere: whoever may write here
    does not get to write there."""
    try:
        fields = Fields(loads_object(content))
        ours = fields.fields(OURS)
        place = tuple(each for each in ours.sequence("place") if isinstance(each, int))
        return Backup(parse_attributes(fields), parse_switches(ours), ours.text("key"), place)
    except (CNIError, ValueError):
        return None


def parse_attributes(fields: Fields) -> Values:
    """Those that it has. Raises DecodingFailure, or ValueError for what the kernel has no room for, or no MAC."""
    values: Values = {name: fields.flag(name) for name in FLAGS if name in fields}
    for name in NUMBERS:
        if name in fields:
            number = values[name] = fields.number(name)
            if not 0 <= number <= LARGEST:
                raise ValueError(f"{name} {number}")
    if fields.text("mac"):
        parse_mac(fields.text("mac"))
        values["mac"] = fields.text("mac")
    return values


def parse_switches(ours: Fields) -> dict[str, str]:
    """The values by path. Raises DecodingFailure, or ValueError for what is no path or no value of a switch."""
    switches: dict[str, str] = {}
    for path, value in ours.mapping("sysctl").items():
        path.encode("utf-8", KEPT)
        if not (isinstance(value, str) and value.isascii() and "\0" not in value and is_path(path)):
            raise ValueError(f"{path}: {value!r}")
        switches[path] = value
    return switches
