"""A logged change as the line that somebody would type for it in a shell, in the namespace where it belongs."""

from __future__ import annotations

SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@%+=:,./-_")  # those of shlex
BY_WORD = ("bridge", "conntrack", "ip", "sysctl")  # no value that they are given has a space in it


def spell(text: str, namespace: str = "") -> str:
    """`text` is a command without quotes, or a comment; `namespace` what ip(8) calls it, or its path; none is the
    host's. What is no command of ours, such as a pipe, is taken as it is."""
    program, _, rest = text.partition(" ")
    if program == "#":
        return text
    if program == "nft" and "{" in rest:
        text = f"nft {quote(rest)}"
    elif program in BY_WORD:
        text = " ".join(map(quote, text.split(" ")))
    if not namespace:
        return text
    if "/" in namespace:
        return f"nsenter --net={quote(namespace)} {text}"
    return f"ip -n {quote(namespace)} {text[3:]}" if program == "ip" else f"ip netns exec {quote(namespace)} {text}"


def quote(word: str) -> str:
    """The word as a shell reads it again."""
    if word and SAFE.issuperset(word):
        return word
    return "'" + word.replace("'", "'\"'\"'") + "'"
