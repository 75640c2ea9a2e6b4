"""A logged change as the line that somebody would type for it in a shell, in the namespace where it belongs."""

from __future__ import annotations

SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")  # those of shlex
# No value of theirs has a space in it, but the last one
BY_WORD = ("bridge", "conntrack", "ip", "runcon", "sysctl", "tc")
SWITCH = "sysctl -w "  # of a switch, and
ALIAS = " alias "
# The namespace of the host, in the words of who is in it and of the shell.
OWN, SHELLS_OWN = "/proc/thread-self/ns/net", "/proc/$$/ns/net"


def spell(text: str, namespace: str = "") -> str:
    """`text` is a command without quotes, or a comment; `namespace` what ip(8) calls it, or its path; none is the
    host's. What is no command of ours, such as a pipe, is taken as it is."""
    program, _, rest = text.partition(" ")
    if program == "#":
        return text
    if program == "nft" and "{" in rest:
        text = f"nft {quote(rest)}"
    elif program in BY_WORD:
        text = " ".join(SHELLS_OWN if word == OWN else quote(word) for word in split_words(text))
    if not namespace:
        return text
    if "/" in namespace:
        return f"nsenter --net={quote(namespace)} {text}"
    return f"ip -n {quote(namespace)} {text[3:]}" if program == "ip" else f"ip netns exec {quote(namespace)} {text}"


def split_words(text: str) -> list[str]:
    """The words of a command; an alias is one, whatever it says, and what a switch is set to."""
    if text.startswith(SWITCH):
        return text.split(" ", 2)
    before, found, alias = text.partition(ALIAS)
    return [*before.split(" "), *([ALIAS.strip(), alias] if found else [])]


def quote(word: str) -> str:
    """The word as a shell reads it again."""
    if word and SAFE.issuperset(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
