"""The plugin path's code in one file, which `poplin install` adds so that many small modules start fast.

Finding, opening and checking a module takes longer than running it, and a bridge ADD needs seventy. An installed entry
script runs this module out of `hot.bundle`, which puts a finder in front that takes all others from there too. The
sources lie beside it for tracebacks; in a checkout there is no bundle and they are what is imported.

    hot.bundle = head, groups                                              written by cli/pack.py
    head       = marshal of (code of this module, {module: group}, [(offset, size) of each group],
                 {module of the interpreter that is a library of its own: its path})
    group      = marshal of {module: (path, modules it imports, code)}: modules that are always needed together, so that
                 names they share are read once

What a module imports is loaded before it, by a plain loop: the import system's own way, with its locks and searches,
made the whole of an ADD 8 % longer (counted in instructions).

The entry script runs this before there is anything else, so it does not even import `__future__`.
"""

import marshal
import posix
import sys
from _frozen_importlib import ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType


class Bundle:
    """A finder and loader of the modules in one bundle (PEP 451)."""

    def __init__(
        self,
        folder: str,
        fd: int,
        groups: "dict[str, int]",
        places: "list[tuple[int, int]]",
        libraries: "dict[str, str]",
    ) -> None:
        self._folder = folder
        self._fd = fd
        self._groups = groups
        self._places = places
        self._libraries = libraries
        self._read: dict[str, tuple[str, tuple[str, ...], CodeType]] = {}  # with their group

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        """How to load the module, if it is one of ours or we know where it is."""
        if name in self._libraries:
            origin = self._libraries[name]
            return ModuleSpec(name, ExtensionFileLoader(name, origin), origin=origin)
        if name not in self._groups:
            return None
        origin = f"{self._folder}/{self._look_up(name)[0]}"
        spec = ModuleSpec(name, self, origin=origin)  # type: ignore[arg-type]
        spec.submodule_search_locations = self._list_places(origin)
        spec.has_location = True
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """The usual kind of module."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run the module's code, after that of the modules it imports."""
        _, needed, code = self._look_up(module.__name__)
        for name in needed:
            if name not in sys.modules:
                self._load(name)
        module.__dict__["_modules"] = sys.modules  # for what the packer made of import statements
        exec(code, module.__dict__)

    def _load(self, name: str) -> None:
        """What the import system does for a module, without its locks, searches and specs. Its packages come first."""
        package, _, last = name.rpartition(".")
        origin = f"{self._folder}/{self._look_up(name)[0]}"
        places = self._list_places(origin)
        module = sys.modules[name] = type(sys)(name)
        names = {"__file__": origin, "__loader__": self, "__package__": package if places is None else name}
        module.__dict__.update(names if places is None else {**names, "__path__": places})
        try:
            self.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        if package:
            setattr(sys.modules[package], last, module)

    def _list_places(self, origin: str) -> list[str] | None:
        """Where a package's modules are, None for what is no package."""
        return [origin[: -len("/__init__.py")]] if origin.endswith("/__init__.py") else None

    def _look_up(self, name: str) -> "tuple[str, tuple[str, ...], CodeType]":
        """The module's path, needs and code; its group is read with it."""
        if name not in self._read:
            offset, size = self._places[self._groups[name]]
            self._read.update(marshal.loads(posix.pread(self._fd, size, offset)))
        return self._read[name]
