"""The plugin path's code in one file, which `poplin install` adds so that many small modules start fast.

Finding, opening and checking a module takes longer than running it, and a bridge ADD needs fifty. Where `hot.bundle`
lies beside the package, importing this module puts a finder in front that takes all of them from there. The sources
lie beside it too, for tracebacks; in a checkout there is no bundle and they are what is imported.

    hot.bundle = u32 size of the index, index, code of each module         written by cli/pack.py
    index      = marshal of {module name: (path below the folder, offset, size, modules it imports)}

What a module imports is loaded before it, by a plain loop: the import system's own way, with its locks and searches,
made the whole of an ADD 8 % longer (counted in instructions).

This is the one module that is found the slow way, so it does not even import `__future__`.
"""

import marshal
import posix
import sys
from _frozen_importlib import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

NAME = "hot.bundle"
HEAD = 32768  # holds the index of more than a hundred modules, so that one read is enough


class Bundle:
    """A finder and loader of the modules in one bundle (PEP 451)."""

    def __init__(self, folder: str, fd: int) -> None:
        self._folder = folder
        self._fd = fd
        head = posix.pread(fd, HEAD, 0)
        size = int.from_bytes(head[:4], "little")
        self._modules = marshal.loads(head[4:] if size + 4 <= HEAD else posix.pread(fd, size, 4))

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

    def exec_module(self, module: "ModuleType") -> None:
        """Run the module's code, after that of the modules it imports."""
        _, offset, size, needed = self._modules[module.__name__]
        for name in needed:
            if name not in sys.modules:
                self._load(name)
        exec(marshal.loads(posix.pread(self._fd, size, offset)), module.__dict__)

    def _load(self, name: str) -> None:
        """What the import system does for a module, without its locks and searches. Its packages come first."""
        spec = self.find_spec(name)
        module = type(sys)(name)
        module.__spec__ = spec
        module.__loader__ = self  # type: ignore[assignment]
        module.__file__ = spec.origin  # type: ignore[union-attr]
        module.__package__ = spec.parent  # type: ignore[union-attr]
        if spec.submodule_search_locations is not None:  # type: ignore[union-attr]
            module.__path__ = spec.submodule_search_locations  # type: ignore[union-attr]
        sys.modules[name] = module
        try:
            self.exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
        package, _, last = name.rpartition(".")
        if package:
            setattr(sys.modules[package], last, module)


def use_bundle(folder: str) -> None:
    """Take modules from the folder's bundle, if it has one."""
    try:
        fd = posix.open(f"{folder}/{NAME}", posix.O_RDONLY | posix.O_CLOEXEC)
    except OSError:
        return
    sys.meta_path.insert(0, Bundle(folder, fd))


use_bundle(__file__.removesuffix("/poplin/bundle.py"))
