"""The plugins that are installed here: where on CNI_PATH they are, and which versions they say they speak."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from poplin.invoke.entry import PLUGINS
from poplin.invoke.find import find_plugin
from poplin.runtime.caller import Runtime
from poplin.runtime.probe import probe_versions
from poplin.spec.errors import CNIError
from poplin.spec.versions import KNOWN


@dataclass
class Installed:
    """Everything on the folders of CNI_PATH; `may_ask` says whether a plugin may be run for its versions."""

    folders: tuple[str, ...]
    may_ask: bool = True
    timeout: float | None = None
    _versions: dict[str, Sequence[str] | CNIError] = field(default_factory=dict)

    def find(self, plugin_type: str) -> str | None:
        """Its executable."""
        try:
            return find_plugin(plugin_type, self.folders)
        except CNIError:
            return None

    def list_names(self) -> list[str]:
        """Every name that could be a plugin's: those of the files there, and of our own."""
        names = {name for folder in self.folders if os.path.isdir(folder) for name in os.listdir(folder)}
        return sorted(names | set(PLUGINS))

    def find_versions(self, plugin_type: str) -> Sequence[str] | None:
        """What it answers to VERSION, each executable asked once; None if it may not be asked. Raises CNIError."""
        path = self.find(plugin_type)
        if path is None or not self.may_ask:
            return KNOWN if plugin_type in PLUGINS else None
        if path not in self._versions:
            try:
                self._versions[path] = probe_versions(Runtime(self.folders, timeout=self.timeout), path)
            except CNIError as error:
                self._versions[path] = error
        found = self._versions[path]
        if isinstance(found, CNIError):
            raise found
        return found
