"""Hostile names, and a shell in which it shows what becomes of them in a line that `poplin doctor` prints."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from poplin.doctor.configured import Configured
from poplin.doctor.place import Place
from poplin.linux.wire.link import Link
from poplin.runtime.cache import Cache
from poplin.spec.netlist import parse_network_list

# Whatever runs `pwned` with one of these has taken a name for a command.
HOSTILE = (
    *("a b", "x;pwned", "$(pwned)", "`pwned`", "a|pwned", "a&pwned", ">pwned", "*"),
    *(
        "it's;pwned;'",
        'say";pwned;"',
        "a\npwned",
        "a\n    mend: pwned",
        "tab\tpwned",
        "back\\slash\\0101",
        "-x",
        "--help",
    ),
    *("\x1b[31m", "é", os.fsdecode(b"\xff;pwned")),
)
COMMANDS = (
    *("base64", "chmod", "chown", "editor", "ip", "jq", "mkdir", "mv", "nsenter", "poplin", "pwned", "rm", "sed"),
    *("setsid", "sysctl", "timedatectl", "touch"),
)
ENTRY = {"cniVersion": "1.1.0", "name": "mynet", "plugins": [{"type": "bridge", "isGateway": True}]}


class Shell:
    """A shell in a folder of its own, whose every command only writes down how it was called."""

    def __init__(self, folder: Path) -> None:
        self.bin, self.cwd, self.log = folder / "bin", folder / "cwd", folder / "log"
        self.bin.mkdir()
        self.cwd.mkdir()
        for name in COMMANDS:
            self.write(name, f'for word in {name} "$@"; do printf "%s\\0" "$word"; done >>{self.log}')
        self.write("mktemp", f"echo {self.cwd}")

    def write(self, name: str, text: str) -> None:
        """A command of this name."""
        (self.bin / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.bin / name).chmod(0o755)

    def run(self, line: str) -> list[str]:
        """The words of every command that was called."""
        self.log.write_bytes(b"")
        environ = {"PATH": str(self.bin), "EDITOR": "editor"}
        done = subprocess.run(
            ["/bin/sh", "-c", os.fsencode(f"{line}\nwait")], cwd=self.cwd, env=environ, capture_output=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, b""), line
        return os.fsdecode(self.log.read_bytes()).split("\0")[:-1]


def make_link(name: str, index: int = 1, **values: Any) -> Link:
    """A link as the kernel would tell of it."""
    link = Link(index, name)
    for key, value in values.items():
        setattr(link, key, value)
    return link


def make_place(folder: Path, *links: Link) -> Place:
    """A host with these links."""
    place = Place(str(folder), (), Cache(str(folder)))
    place.links = list(links)
    return place


def make_network(file: str = "/net.d/10-mynet.conflist") -> Configured:
    """A network in this file."""
    return Configured(Path(file), parse_network_list(json.dumps(ENTRY).encode()))
