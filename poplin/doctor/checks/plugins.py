"""The executables of plugins: are they there, can this machine run them, and can nobody but root change them?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field

from poplin.doctor.finding import ERROR, WARNING, Finding, command, name_all, plain_path
from poplin.doctor.place import Place
from poplin.doctor.rewrite import set_version
from poplin.invoke.entry import PLUGINS
from poplin.invoke.find import find_plugin
from poplin.linux.atomicfile import read_file
from poplin.runtime.ownership import WritableByOthers, check_private
from poplin.spec.errors import CNIError
from poplin.spec.versions import parse_version
from poplin.validation.installed import Installed

USUAL_FOLDER = "/opt/cni/bin"
ELF = b"\x7fELF"
MACHINE = slice(16 + 2, 16 + 4)  # e_machine, behind e_ident and e_type; both ends of the comparison are of one order
HEAD = 256


@dataclass
class Wanted:
    """A plugin that networks have, and the networks."""

    type: str
    networks: list[str] = field(default_factory=list)

    @property
    def who(self) -> str:
        """`plugin bridge of networks a, b`."""
        return f"plugin {self.type} of {name_all(self.networks)}"


def examine(place: Place) -> Iterator[Finding]:
    """What is missing, cannot be run, does not speak the version, or is open to others."""
    wanted: dict[str, Wanted] = {}
    for network in place.networks:
        for each in network.types:
            wanted.setdefault(each, Wanted(each)).networks.append(network.name)
    installed = Installed(place.paths, timeout=place.timeout)
    for item in wanted.values():
        try:
            path = find_plugin(item.type, place.paths)
        except CNIError as error:
            yield tell_missing(item, error, place.paths)
            continue
        yield from place.see_all(judge, item, path, installed, place)


def judge(item: Wanted, path: str, installed: Installed, place: Place) -> Iterator[Finding]:
    """One that is there. What others may change is not run, as that would be as root. Raises OSError."""
    others = list(find_others(item, path))
    yield from others
    obstacle = find_obstacle(item, path)
    if obstacle:
        yield obstacle
    elif not others:
        yield from tell_versions(item, path, installed, place)


def tell_missing(item: Wanted, error: CNIError, paths: tuple[str, ...]) -> Finding:
    """One that is nowhere."""
    text = f"{item.who} is in no folder of plugins"
    evidence = (f"looked into {', '.join(paths) or 'nothing, as CNI_PATH is empty'}",)
    if item.type not in PLUGINS:
        return Finding(ERROR, f"{text}; it is none of Poplin's: install the package that has it", evidence)
    return Finding(ERROR, text, evidence, install_into(paths[0] if paths else USUAL_FOLDER))


def find_obstacle(item: Wanted, path: str) -> Finding | None:
    """Why the kernel would not run it."""
    if not os.access(path, os.X_OK):
        mend = command("chmod", "+x", plain_path(path))
        return Finding(ERROR, f"{item.who} is no executable", (f"{path}: no permission",), mend)
    head = read_file(path, HEAD) or b""
    mend = install_into(os.path.dirname(path), force=True) if item.type in PLUGINS else ""
    if head.startswith(b"#!"):
        interpreter = head[2:].split(b"\n")[0].split()[:1]
        name = interpreter[0].decode(errors="replace") if interpreter else "nothing"
        if not os.access(name, os.X_OK):
            text = f"{item.who} is a program for {name}, which is not there"
            return Finding(ERROR, text, (f"{path}: #!{name}",), mend)
    elif not head.startswith(ELF):
        return Finding(ERROR, f"{item.who} is no program", (f"{path}: begins with {head[:4]!r}",), mend)
    else:
        own = (read_file("/proc/self/exe", HEAD) or b"")[MACHINE]
        if head[MACHINE] != own:
            numbers = [int.from_bytes(each, "little") for each in (head[MACHINE], own)]
            text = f"{item.who} is for another kind of machine"
            return Finding(ERROR, text, (f"{path}: ELF of machine {numbers[0]}, and this is {numbers[1]}",), mend)
    return None


def tell_versions(item: Wanted, path: str, installed: Installed, place: Place) -> Iterator[Finding]:
    """Networks of a version that it does not speak, and one that does not even say."""
    try:
        spoken = installed.find_versions(item.type)
    except CNIError as error:
        text = f"{item.who} does not say which versions it speaks"
        yield Finding(ERROR, text, (f"{path} VERSION: {' '.join(str(error).split())}",))
        return
    for network in (found for name in item.networks if (found := place.find_network(name))):
        if spoken and network.network.version not in spoken:
            text = f"plugin {item.type} does not speak version {network.network.version} of network {network.name}"
            mend = set_version(network, max(spoken, key=parse_version))
            yield Finding(ERROR, text, (f"{path} VERSION: {', '.join(spoken)}",), mend)


def find_others(item: Wanted, path: str) -> Iterator[Finding]:
    """Whoever may change it runs as root with the next container."""
    try:
        check_private([path])
    except WritableByOthers as error:
        yield Finding(WARNING, f"{item.who} could be changed by others than root", (str(error),), command(*error.mend))


def install_into(folder: str, *, force: bool = False) -> str:
    """The line that puts our plugins there."""
    return command("poplin", "install", "--bin-dir", plain_path(folder), *["--force"] * force)
