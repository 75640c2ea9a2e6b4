"""Switches by the names that a network has for them: `net.ipv4.conf.IFNAME.arp_filter`.

Every dot stands for a slash, so an interface whose name has dots is only reached by the word IFNAME, which stands for
the container's. What is not below net/ is the whole machine's and is refused.
"""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig
from poplin.spec.jsontext import dumps, list_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

KEY = "sysctl"
INTERFACE = "IFNAME"
ROOT = "net/"
NOWHERE = ("", ".", "..")  # parts of a path that are no names
OPERATORS = ("args", "cni")


def read_switches(call: Call, fields: Fields, operators: Fields) -> tuple[list[str], dict[str, str]]:
    """The names as they are written, and the values by path. Raises DecodingFailure, InvalidConfig."""
    names: list[str] = []
    values: dict[str, str] = {}
    for place, source in (((), fields), (OPERATORS, operators)):
        if KEY in source:
            refuse_repeated(call, *place, KEY)
    for source in (fields, operators):
        found = read_texts(source)
        names += found
        values |= read_paths(found, call.ifname)
    return list(dict.fromkeys(names)), values


def refuse_repeated(call: Call, *place: str) -> None:
    """A name that is written twice has two values, of which all others would see the last. Raises InvalidConfig."""
    seen: set[str] = set()
    for name in list_keys(call.config.text, *place) if call.config.text else ():
        if name in seen:
            raise twice(name)
        seen.add(name)


def read_texts(fields: Fields) -> dict[str, str]:
    """The names with their values, which are strings. Raises DecodingFailure."""
    found: dict[str, str] = {}
    for name, value in fields.mapping(KEY).items():
        if not isinstance(value, str):
            fields.refuse(KEY, f'strings, as {dumps(name)[:60]}: "1"')
        if not is_value(value):
            raise InvalidConfig(f"invalid value of sysctl {name!r}", f"{value!r} is no text that a switch can have")
        found[name] = value
    return found


def read_paths(found: dict[str, str], ifname: str) -> dict[str, str]:
    """The values by path. Raises InvalidConfig."""
    values: dict[str, str] = {}
    for name, value in found.items():
        path = find_path(name, ifname)
        if path in values:
            raise twice(name)
        values[path] = value
    return values


def is_value(text: str) -> bool:
    """Whether a switch can be set to this: of nothing the kernel takes no notice, and of lines only of the first."""
    return text.isascii() and text.replace("\t", " ").isprintable() and not text.isspace() and text != ""


def find_path(name: str, ifname: str) -> str:
    """Where a switch is below /proc/sys. Raises InvalidConfig."""
    parts = name.replace(".", "/").replace(INTERFACE, ifname, 1).split("/")
    path = "/".join(part for part in parts if part)
    if not (is_path(path) and name.isascii() and name.isprintable()):
        raise InvalidConfig(f"sysctl {name!r} is none of the network's", f"only those below {ROOT} can be set")
    return path


def is_path(path: str) -> bool:
    """Whether this leads to something of the network below /proc/sys, whatever it says, and nowhere else."""
    parts = path.split("/")
    return path.startswith(ROOT) and "\0" not in path and not any(part in NOWHERE for part in parts)


def twice(name: str) -> InvalidConfig:
    """The error."""
    return InvalidConfig(f"sysctl {name!r} is set twice", "remove one of the two")
