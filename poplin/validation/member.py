"""One plugin of a network: is it there, would it take this, and does it speak the version?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

from poplin.invoke.entry import PLUGINS
from poplin.schema.faults import MILD, list_schema_faults
from poplin.schema.finding import ERROR, WARNING, Fault
from poplin.schema.keywords import TWICE
from poplin.schema.nearest import find_nearest
from poplin.schema.registry import is_added, load_schemas
from poplin.schema.source import Path
from poplin.schema.values import quote
from poplin.schema.wording import list_choices
from poplin.spec.errors import CNIError
from poplin.spec.netlist import inject, parse_plugin
from poplin.spec.versions import KNOWN
from poplin.validation.document import Document
from poplin.validation.effective import find_key, find_value, list_overridden, make_effective
from poplin.validation.installed import Installed
from poplin.validation.readers import WITH_ADDRESSES, Object, list_readers
from poplin.validation.refusals import list_refusals

WINDOWS = "windows/"
FOREIGN = "foreign"
EXPECTED = "x-expected"
FROM_HEAD = ("name", "cniversion")  # what a runtime copies from the head into each plugin
STAND_IN = {"name": "mynet", "cniVersion": KNOWN[-1]}  # for what is wrong in the head, which has been said there


@dataclass(frozen=True)
class Member:
    """A plugin's object at a path of a document."""

    document: Document
    path: Path
    config: Object

    @property
    def type(self) -> str:
        """The plugin's name, empty if it has none."""
        found = find_value(self.config, "type")
        return found if isinstance(found, str) else ""

    @property
    def ipam_type(self) -> str:
        """The plugin it is to ask for addresses, empty if there is none or it asks nobody."""
        ipam = find_value(self.config, "ipam")
        found = find_value(ipam, "type") if isinstance(ipam, dict) else None
        asks = self.type not in PLUGINS or self.type in WITH_ADDRESSES
        return found if asks and isinstance(found, str) else ""

    @property
    def is_windows(self) -> bool:
        """Whether it is a plugin of another system, which is not looked for here."""
        return self.type in list_windows_types()

    def add(self, *faults: Fault) -> None:
        """Add faults whose paths are those of the plugin's object."""
        self.document.add(fault.inside(*self.path) for fault in faults)

    @property
    def hands_on_ipam(self) -> bool:
        """Whether its address plugin is known to get `ipam` as it stands here."""
        return self.type in PLUGINS

    def find_path(self, *names: str) -> Path:
        """The names as they are spelled here."""
        path: list[str | int] = []
        inner: object = self.config
        for name in names:
            key = (find_key(inner, name) if isinstance(inner, dict) else None) or name
            inner = inner.get(key) if isinstance(inner, dict) else None
            path.append(key)
        return tuple(path)


@dataclass(frozen=True)
class Head:
    """What a network's plugins are told by its head; `name` and `version` are None where it is wrong about them."""

    document: Document
    name: str | None
    version: str | None
    version_path: Path
    is_single: bool


def check_member(member: Member, head: Head, installed: Installed) -> None:
    """Find everything that is wrong with it alone."""
    if not member.is_windows:
        member.add(*list_overridden(member.config))
    faults = list(list_faults(member, inject(member.config, tell(head, head.version))))
    for fault in faults:
        if member.is_windows or not is_about_head(fault):  # ours are asked for their versions below
            add_fault(fault, member, head)
    wrong = {fault.path[len(member.path) :] for fault in member.document.faults if is_error_in(fault, member)}
    wrong |= {fault.path for fault in faults if fault.severity == ERROR and fault.path}
    member.add(*list_refusals(parse_plugin, member.config, set(wrong)))  # the runtime, before it tells it anything
    if member.is_windows:
        return
    config = inject(member.config, tell(head, head.version if head.version in KNOWN else None))
    for read in list_readers(member.type):
        for fault in list_refusals(read, config, set(wrong)):
            add_fault(fault, member, head)
    check_installed(member, head, installed)


def tell(head: Head, version: str | None) -> Object:
    """What the runtime copies from the head into each plugin, with something right where the head is wrong."""
    return {"name": head.name or STAND_IN["name"], "cniVersion": version or STAND_IN["cniVersion"]}


def add_fault(fault: Fault, member: Member, head: Head) -> None:
    """Add it to the plugin, or to the head if it is about the version that comes from there.

    A plugin of somebody else may put something in place of what is in `ipam`, as calico does with `usePodCidr`.
    """
    if not is_about_head(fault):
        is_sure = member.hands_on_ipam or fault.path[:1] != member.find_path("ipam")
        member.add(fault if is_sure else replace(fault, severity=WARNING))
    elif head.version:
        head.document.add([replace(fault, path=head.version_path)])


def is_about_head(fault: Fault) -> bool:
    """Whether the fault is in what was copied; the name has been checked where it came from."""
    return str(fault.path[0] if fault.path else "").lower() in FROM_HEAD


def list_faults(member: Member, config: Object) -> Iterator[Fault]:
    """What its schema finds."""
    if member.is_windows:
        return list_schema_faults(config, list_windows_types()[member.type], mild=MILD | {EXPECTED})
    schema = member.type if member.type in PLUGINS or is_added(f"{member.type}.json") else FOREIGN
    is_strict = find_value(config, "strict") is True
    return list_schema_faults(make_effective(config), schema, mild=MILD | {TWICE}, is_strict=is_strict)


def is_error_in(fault: Fault, member: Member) -> bool:
    """Whether this is an error somewhere in the plugin's object, and not about all of it."""
    return fault.severity == ERROR and fault.path[: len(member.path)] == member.path != fault.path


@cache
def list_windows_types() -> dict[str, str]:
    """The schema of every `type` that is a Windows plugin's."""
    return {
        kind: name.removesuffix(".json")
        for name, schema in load_schemas().items()
        if name.startswith(WINDOWS)
        for kind in schema.get("properties", {}).get("type", {}).get("enum", ())
    }


# Here and now.


def check_installed(member: Member, head: Head, installed: Installed) -> None:
    """Are the plugin and its address plugin there, and do they speak the version?"""
    asked = {member.find_path("type"): member.type, member.find_path("ipam", "type"): member.ipam_type}
    for path, plugin_type in asked.items():
        if not plugin_type or member.document.has_error((*member.path, *path)):
            continue
        executable = installed.find(plugin_type)
        if executable is None:
            member.add(describe_missing(plugin_type, path, installed))
        elif not os.access(executable, os.X_OK):
            member.add(Fault(path, f"{executable} is no executable", f"chmod +x {executable}"))
            continue
        if executable or plugin_type in PLUGINS:
            check_version(plugin_type, member, head, installed)


def describe_missing(plugin_type: str, path: Path, installed: Installed) -> Fault:
    """Nothing of that name."""
    nearest = find_nearest(plugin_type, [*installed.list_names(), *list_windows_types()])
    remedy = f"did you mean {quote(nearest)}?" if nearest and nearest != plugin_type else "install it there"
    return Fault(path, f"there is no plugin {quote(plugin_type)} in {', '.join(installed.folders)}", remedy)


def check_version(plugin_type: str, member: Member, head: Head, installed: Installed) -> None:
    """Add what is wrong to the head, whose version it is."""
    if head.version is None or head.document.has_error(head.version_path):
        return
    try:
        versions = installed.find_versions(plugin_type)
    except CNIError as error:
        text = f"plugin {quote(plugin_type)} does not say which versions it speaks: {' '.join(str(error).split())}"
        member.add(Fault(member.find_path("type"), text))
        return
    if versions is not None and head.version not in versions:
        text = f"plugin {quote(plugin_type)} does not speak version {quote(head.version)}"
        head.document.add([Fault(head.version_path, text, f"write {list_choices(list(versions))}")])
