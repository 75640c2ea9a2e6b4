"""Networks on disk: every .conflist, .conf and .json of one folder, usually /etc/cni/net.d.

By name, in the order of the reference: first all .conflist, by file name; only if none has the name, .conf and .json
together. What does not parse stops the search where it stands, as nobody can know which network it was to be.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from poplin.spec.errors import CNIError, InvalidConfig
from poplin.spec.jsontext import loads_object
from poplin.spec.netlist import NetworkList, check_has_plugins, parse_network_list, parse_plugin, parse_single

FOLDER = "/etc/cni/net.d"
LISTS = (".conflist",)
SINGLES = (".conf", ".json")


class NoConfigs(InvalidConfig):
    """The folder has no network configurations, or does not exist."""


class NetworkNotFound(InvalidConfig):
    """The folder has configurations, but not of this name."""


def load(name: str, folder: str = FOLDER) -> NetworkList:
    """The network of this name. Raises NoConfigs, NetworkNotFound, CNIError naming the file that does not parse."""
    files = [*list_files(folder, LISTS), *list_files(folder, SINGLES)]
    if not files:
        raise NoConfigs(f"no network configurations found in {folder}", "it has no .conflist, .conf or .json file")
    for file in files:
        network = load_file(file)
        if network.name == name:
            return network
    raise NetworkNotFound(f"no network {name!r} in {folder}", f"looked into {', '.join(file.name for file in files)}")


def load_all(folder: str = FOLDER, tell: Callable[[CNIError], object] | None = None) -> list[NetworkList]:
    """Every network in the order of the file names, each name once: the one `load` finds. May be empty.

    Raises CNIError for a file that does not parse, or with `tell` tells of it and goes on.
    """
    return [network for _, network in locate_all(folder, tell)]


def locate_all(
    folder: str = FOLDER, tell: Callable[[CNIError], object] | None = None
) -> list[tuple[Path, NetworkList]]:
    """The same, each with the file it is in."""
    found: dict[str, tuple[Path, NetworkList]] = {}
    for file in [*list_files(folder, LISTS), *list_files(folder, SINGLES)]:
        try:
            network = load_file(file)
        except CNIError as error:
            if tell is None:
                raise
            tell(error)
            continue
        found.setdefault(network.name, (file, network))
    return sorted(found.values(), key=lambda pair: pair[0].name)


def list_files(folder: str | Path, endings: tuple[str, ...]) -> list[Path]:
    """The files with one of these endings, sorted by name; none if there is no such folder."""
    try:
        entries = sorted(Path(folder).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise InvalidConfig(f"cannot list the networks of {folder}", error.strerror or str(error)) from None
    return [entry for entry in entries if entry.name.endswith(endings) and not (entry.is_dir() or entry.is_fifo())]


def load_file(file: Path) -> NetworkList:
    """The network in one file. Raises CNIError with a note of the file."""
    try:
        text = read(file)
        return load_list(file, text) if file.name.endswith(LISTS) else load_single(file, text)
    except CNIError as error:
        error.add_note(f"network configuration {file}")
        raise


def read(file: Path) -> bytes:
    """Raises InvalidConfig."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidConfig(f"cannot read {file}", error.strerror or str(error)) from None


def load_list(file: Path, text: bytes) -> NetworkList:
    """A list, and the plugins that are dropped into the folder of the network's name beside it.

    The name has been checked by now: it cannot lead out of the folder.
    """
    network = parse_network_list(text)
    if not network.inlined_only:
        for drop_in in list_files(file.parent / network.name, (".conf",)):
            network.plugins.append(parse_plugin(loads_object(read(drop_in), f"the plugin in {drop_in}")))
    check_has_plugins(network)
    return network


def load_single(file: Path, text: bytes) -> NetworkList:
    """A single plugin as a list of one; one without name is called after its file, `99-loopback`."""
    return parse_single(text, default_name=file.name.rpartition(".")[0])
