"""The plugin path's code in one file, which `poplin install` adds so that many small modules start fast.

Finding, opening and checking a module takes longer than running it, and a bridge ADD needs fifty. Where `hot.bundle`
lies beside the package, importing this module puts a finder in front that takes all of them from there. The sources
lie beside it too, for tracebacks; in a checkout there is no bundle and they are what is imported.

    hot.bundle = marshal of {module name: (path below the folder, marshal of its code)}       written by cli/pack.py
"""

from __future__ import annotations

import marshal
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

NAME = "hot.bundle"


class Bundle:
    """A finder and loader of the modules in one bundle (PEP 451)."""

    def __init__(self, folder: str, modules: dict[str, tuple[str, bytes]]) -> None:
        self._folder = folder
        self._modules = modules

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """How to load the module, if it is one of ours."""
        if name not in self._modules:
            return None
        origin = f"{self._folder}/{self._modules[name][0]}"
        spec = ModuleSpec(name, self, origin=origin, is_package=origin.endswith("/__init__.py"))  # type: ignore[arg-type]
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual kind of module."""

    def exec_module(self, module: ModuleType) -> None:
        """Run the module's code."""
        exec(marshal.loads(self._modules[module.__name__][1]), module.__dict__)


def use_bundle(folder: str) -> None:
    """Take modules from the folder's bundle, if it has one."""
    try:
        with open(f"{folder}/{NAME}", "rb", buffering=0) as file:
            modules = marshal.loads(file.read())
    except OSError:
        return
    sys.meta_path.insert(0, Bundle(folder, modules))


use_bundle(__file__.removesuffix("/poplin/bundle.py"))
