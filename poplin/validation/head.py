"""What belongs to a network as a whole: its name, its version, its switches, and which plugins it has."""

from __future__ import annotations

from collections.abc import Iterator

from poplin.runtime.networks import list_files
from poplin.schema.faults import list_schema_faults
from poplin.schema.finding import ERROR, WARNING, Fault, Finding
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.names import check_network_name
from poplin.spec.netlist import parse_list_version
from poplin.spec.versions import NEWEST, OLDEST
from poplin.validation.document import Document, read_document
from poplin.validation.effective import find_key
from poplin.validation.member import Head, Member

DROP_INS = (".conf",)
VERSION_ADVICE = f'write "cniVersion": "{NEWEST}"'
NO_VERSION = f"is missing, which means {OLDEST}: a version without CHECK, STATUS and GC"


def read_list(document: Document) -> Head:
    """The head of a list, checked."""
    config = document.config
    document.add(list_schema_faults(without_content(config), "list", is_exact=True))
    name, version = config.get("name"), None
    path = ("cniVersions",) if "cniVersions" in config else ("cniVersion",)
    if not document.has_error(("cniVersion",)) and not document.has_error(("cniVersions",)):
        try:
            version = parse_list_version(config) or OLDEST
        except CNIError as error:
            document.add([Fault(path, str(error))])
    if not {"cniVersion", "cniVersions"} & set(config):
        document.add([Fault(path, NO_VERSION, VERSION_ADVICE, WARNING)])
    has_name = isinstance(name, str) and not document.has_error(("name",))
    return Head(document, str(name) if has_name else None, version, path, is_single=False)


def without_content(config: dict[str, object]) -> dict[str, object]:
    """The head alone: the plugins are looked at one by one, as they are read otherwise."""
    plugins = config.get("plugins")
    if not isinstance(plugins, list):
        return config
    return {**config, "plugins": [{} if isinstance(plugin, dict) else plugin for plugin in plugins]}


def read_single(document: Document) -> Head:
    """The keys of a single plugin that are the network's, checked; what type they are the plugin's reader says."""
    config = document.config
    name_path, version_path = ((find_key(config, key) or key,) for key in ("name", "cniVersion"))
    fields = Fields(config)
    name = read_text(fields, "name", document, name_path)
    if name is not None:
        name = name or document.default_name
        try:
            check_network_name(name)
        except CNIError as error:
            remedy = 'write one like "mynet"'
            document.add([Fault(name_path, str(error), remedy)])
            name = None
    version = read_text(fields, "cniVersion", document, version_path)
    if version == "":
        document.add([Fault(version_path, NO_VERSION, VERSION_ADVICE, WARNING)])
    return Head(document, name, version if version is None else version or OLDEST, version_path, is_single=True)


def read_text(fields: Fields, key: str, document: Document, path: tuple[str, ...]) -> str | None:
    """A string, empty if absent; None if it is something else."""
    try:
        return fields.text(key)
    except CNIError as error:
        document.add([Fault(path, str(error))])
        return None


def list_members(head: Head) -> Iterator[Member | Finding]:
    """The plugins of a network in their order, those of the drop-in folder included; or why one cannot be read."""
    document = head.document
    if head.is_single:
        yield Member(document, (), document.config)
        return
    plugins = document.config.get("plugins")
    for number, plugin in enumerate(plugins if isinstance(plugins, list) else ()):
        if isinstance(plugin, dict):
            yield Member(document, ("plugins", number), plugin)
    if head.name is None or document.folder is None or is_inlined_only(document.config):
        return
    for file in list_files(document.folder / head.name, DROP_INS):
        found = read_drop_in(str(file))
        yield Member(found, (), found.config) if isinstance(found, Document) else found


def read_drop_in(file: str) -> Document | Finding:
    """A plugin that was dropped in, or why it cannot be read."""
    try:
        with open(file, "rb") as opened:
            data = opened.read()
    except OSError as error:
        return Finding(ERROR, "", f"cannot be read: {error.strerror or error}", "", 1, 1, file)
    return read_document(data, file)


def is_inlined_only(config: dict[str, object]) -> bool:
    """Whether the drop-in folder is not looked into."""
    return str(config.get("loadOnlyInlinedPlugins", False)).lower() == "true"
