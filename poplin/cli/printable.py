"""Text of others on a terminal: names and messages may hold line breaks, and what the terminal takes for commands."""

from __future__ import annotations


def show(text: str) -> str:
    """As it is, but in one line and without what a terminal would take for more than text."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
