"""What the doctor finds: how bad, where it was seen, and the command that mends it."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

ERROR = "error"  # containers cannot be attached, or cannot be reached
WARNING = "warning"  # some will not be, or not always
NOTE = "note"  # worth knowing, nothing is wrong
SEVERITIES = (ERROR, WARNING, NOTE)  # the worst first

EDITOR = '"${EDITOR:-vi}"'
ASCII_END = 128
NFT_NAME = re.compile(r"[A-Za-z_.][A-Za-z0-9/_.-]*")  # of the scanner of libnftables


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. `evidence` says what was read where; `mend` is a line for a shell, empty if no command
    could mend it: then the text says what would."""

    severity: str
    text: str
    evidence: tuple[str, ...] = ()
    mend: str = ""


def count(number: int, word: str) -> str:
    """`1 lease`, `2 leases`; of several words the first one counts."""
    first, blank, rest = word.partition(" ")
    return f"{number} {first}{'s' * (number != 1)}{blank}{rest}"


def name_all(names: Sequence[str]) -> str:
    """`network a`, `networks a, b`."""
    return f"network{'s' * (len(names) != 1)} {', '.join(names)}"


# Lines for a shell. Whoever named a link, a file or a namespace must not get a command of his own in with the name.


def command(*words: object) -> str:
    """The line of these words, each as it is, whatever is in it."""
    return " ".join(quote(str(word)) for word in words)


def quote(text: str) -> str:
    """The word as a shell reads it, of printable characters where a shell has a way to say so."""
    if text.isprintable() or text.endswith("\n") or "\0" in text:  # $() would cut these off
        return shlex.quote(text)
    try:
        octets = os.fsencode(text)
    except UnicodeEncodeError:  # from JSON, which has escapes for what no file can be called
        return shlex.quote(text)
    escaped = "".join(chr(each) if is_harmless(each) else f"\\0{each:03o}" for each in octets)
    return f"\"$(printf %b '{escaped}')\""


def is_harmless(octet: int) -> bool:
    """Whether it may stand between the quotes of a `printf %b` as it is."""
    return chr(octet).isprintable() and octet < ASCII_END and chr(octet) not in "\\'"


def plain_path(path: object) -> str:
    """The path as a program never takes it for an option."""
    return f"./{path}" if str(path).startswith("-") else str(path)


def edit(file: object) -> str:
    """The line that lets a person decide."""
    return f"{EDITOR} {command(plain_path(file))}"


def remove_file(path: str) -> str:
    """The line that removes a file that may be gone already."""
    return command("rm", "-f", plain_path(path))


def delete_link(name: str) -> str:
    """The line that removes a link."""
    return command("ip", "link", "delete", "dev", name)


def set_mtu(name: str, mtu: int) -> str:
    """The line that sets the size of a link's packets."""
    return command("ip", "link", "set", "dev", name, "mtu", mtu)


def is_nft_name(text: str) -> bool:
    """Whether nft(8) has a way to write this name; the kernel takes any, and nft would read more than a name."""
    return NFT_NAME.fullmatch(text) is not None


def set_switch(key: str, value: object) -> str:
    """The line that sets the switch `net/ipv4/conf/eth0.5/rp_filter`, which for sysctl(8) may have slashes."""
    return command("sysctl", "-w", f"{key}={value}")
