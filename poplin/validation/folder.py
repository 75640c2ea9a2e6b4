"""A file among others: does its name say what is in it, and has no other file the same network?"""

from __future__ import annotations

from pathlib import Path

from poplin.runtime.networks import LISTS, SINGLES, list_files
from poplin.schema.finding import ERROR, WARNING, Fault
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.jsontext import loads_object
from poplin.validation.document import STDIN, Document
from poplin.validation.effective import find_key
from poplin.validation.member import Head, Member

ENDINGS = (*LISTS, *SINGLES)
RENAME_TO_LIST = f"let its file name end in {LISTS[0]}"


def check_kind(document: Document) -> None:
    """Runtimes tell lists from single plugins by the ending of the file's name."""
    config, file = document.config, document.file
    has_plugins, has_type = "plugins" in config, find_key(config, "type") is not None
    right = LISTS[0] if document.is_list else SINGLES[0]
    rename = f"let its file name end in {right}"
    if file != STDIN and not file.endswith(ENDINGS):
        document.add([Fault((), "no runtime reads a file of this name", rename, WARNING)])
    if file.endswith(SINGLES) and has_plugins:
        if has_type:
            text = "a single plugin has no plugins, and they are ignored"
            document.add([Fault(("plugins",), text, f"remove them, or `type`, and {RENAME_TO_LIST}", WARNING, True)])
        else:
            document.add([Fault(("plugins",), "this is a configuration list", RENAME_TO_LIST, ERROR, True)])
    if file.endswith(LISTS) and has_type and not has_plugins:
        text = "this is the configuration of a single plugin, not a list"
        remedy = f"let its file name end in {SINGLES[0]}, or put the plugin into `plugins`"
        document.add([Fault((find_key(config, "type") or "type",), text, remedy, WARNING, True)])


def check_has_plugins(head: Head, members: list[Member]) -> None:
    """A list without any, neither in itself nor in its drop-in folder, is no network."""
    if not members and "plugins" not in head.document.config and not head.is_single:
        folder = f", or put .conf files into {head.name}/" if head.name else ""
        head.document.add([Fault(("plugins",), "is missing", f'write "plugins": [{{"type": "bridge"}}]{folder}')])


def check_siblings(head: Head) -> None:
    """Of several files with one network the first counts, lists before single plugins."""
    document = head.document
    if head.name is None or document.folder is None or not document.file.endswith(ENDINGS):
        return
    order = [*list_files(document.folder, LISTS), *list_files(document.folder, SINGLES)]
    same = [file for file in order if file.name == Path(document.file).name or find_name(file) == head.name]
    if len(same) > 1:
        is_first = same[0].name == Path(document.file).name
        others = ", ".join(file.name for file in same if file.name != Path(document.file).name)
        what = "and this file counts" if is_first else f"and {same[0].name} counts"
        path = (find_key(document.config, "name") or "name",)
        text = f"there is a network of this name in {others} too, {what}"
        document.add([Fault(path, text, "give each network a name of its own", WARNING)])


def find_name(file: Path) -> str | None:
    """The network in another file, None if it cannot be told."""
    try:
        config = loads_object(file.read_bytes())
        if file.name.endswith(LISTS):
            name = config.get("name")
            return name if isinstance(name, str) else None
        return Fields(config).text("name") or file.name.rpartition(".")[0]
    except (CNIError, OSError):
        return None
