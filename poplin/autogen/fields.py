"""The values of an intent's keys: each reader takes what JSON had and gives the value, or raises ValueError."""

from __future__ import annotations

from collections.abc import Callable

from poplin.schema import formats
from poplin.schema.casing import find_key, fold
from poplin.schema.plain import is_integer
from poplin.schema.values import quote, read_ip, read_ipv4, read_ipv4_prefix, read_prefix

NOT_IN_FILE_NAMES = frozenset('<>:"/\\|?*') | frozenset(map(chr, [*range(32), 127]))  # Windows' "Naming Files, Paths"
WORDS = {"true": True, "false": False}
ENABLED, WAIT = "DhcpEnabled", "DhcpCheckTimeout"
SHORTEST_WAIT, LONGEST_WAIT, STEP_OF_WAIT = 60, 600, 10  # seconds, of DhcpCheckTimeout


def read_text(value: object) -> str:
    """A string that is not empty."""
    if not isinstance(value, str):
        raise ValueError(f"{quote(value)} is not a string; write one in double quotes, or leave the key out")
    if not value:
        raise ValueError("'' is empty; write a value or leave the key out")
    return value


def read_name(value: object) -> str:
    """A name that can be that of a file."""
    text = read_text(value)
    if bad := sorted(NOT_IN_FILE_NAMES.intersection(text)):
        raise ValueError(f"{quote(text)} has {quote(bad[0])} in it, which names of files must not have; take it out")
    if text in (".", ".."):
        raise ValueError(f"{quote(text)} is a folder's name; write another")
    return text


def read_version(value: object) -> str:
    """A version of the CNI specification."""
    return checked(value, formats.read_version)


def read_host(value: object) -> str:
    """An IPv4 address."""
    return checked(value, read_ipv4)


def read_subnet(value: object) -> str:
    """An IPv4 prefix: the plugins do not survive another."""
    return checked(value, read_ipv4_prefix)


def read_infra_prefix(value: object) -> str:
    """A prefix, of either family."""
    return checked(value, read_prefix)


def read_servers(value: object) -> list[str]:
    """Addresses, or one that is no list."""
    items = value if isinstance(value, list) else [value]
    if not items:
        raise ValueError("[] is empty; write at least one address or leave the key out")
    return [checked(item, read_ip) for item in items]


def read_policies(value: object) -> object:
    """A list of policies, or one that is no list; what is in them is checked elsewhere."""
    if not isinstance(value, list | dict):
        raise ValueError(f'{quote(value)} is not a list of policies; write [{{"Type": ..., "Settings": ...}}]')
    return value


def read_skip(value: object) -> bool:
    """Whether it means what it says: the key's presence skips the default policies, whatever its value."""
    return value not in (False, 0, None, "") and str(value).lower() != "false"


def read_infra_params(value: object) -> None:
    """`{"DhcpEnabled": true, "DhcpCheckTimeout": 90}`, which is checked, and has no place in a configuration."""
    if not isinstance(value, dict):
        raise ValueError(f'{quote(value)} is not an object; write one like {{"DhcpEnabled": true}}')
    for spellings in fold(value).values():
        if len(spellings) > 1:
            raise ValueError(f"{' and '.join(spellings)} are the same key; write it once")
    enabled = find_key(value, ENABLED)
    is_enabled = enabled is not None and read_flag(value[enabled])
    if wait := find_key(value, WAIT):
        if not is_enabled:
            raise ValueError(f"{WAIT} is of no use unless {ENABLED} is true; set that or leave this out")
        check_wait(value[wait])


def check_wait(value: object) -> None:
    """Of DhcpCheckTimeout."""
    if not is_integer(value) or value not in range(SHORTEST_WAIT, LONGEST_WAIT + 1, STEP_OF_WAIT):
        allowed = f"an integer from {SHORTEST_WAIT} to {LONGEST_WAIT}, a multiple of {STEP_OF_WAIT}: seconds"
        raise ValueError(f"{WAIT}: {quote(value)} is not allowed; write {allowed}")


def read_flag(value: object) -> bool:
    """Of DhcpEnabled: a boolean, or its word, which is how shells hand it on."""
    found = WORDS.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise ValueError(f"{ENABLED}: {quote(value)} is neither; write true or false")
    return found


def checked(value: object, read: Callable[[str], object]) -> str:
    """The text as it was written, if `read` takes it."""
    text = read_text(value)
    read(text)
    return text
