"""What the command says, taken apart: the one line of a failure, the warnings of a success."""

from __future__ import annotations

from netlab import Reply

FAILURE = "poplin autogen: "
WARNING = "poplin autogen: warning: "


def the_one_line(reply: Reply) -> str:
    """What a failure says."""
    assert (reply.status, reply.output) == (1, ""), reply.errors
    assert reply.errors.startswith(FAILURE)
    assert reply.errors.endswith("\n")
    assert len(reply.errors.splitlines()) == 1
    assert not reply.errors.startswith(WARNING)
    return reply.errors.removeprefix(FAILURE).rstrip("\n")


def warnings_of(reply: Reply) -> list[str]:
    """The warnings; nothing else may be on stderr."""
    lines = reply.errors.splitlines()
    assert all(line.startswith(WARNING) for line in lines), reply.errors
    return [line.removeprefix(WARNING) for line in lines]
