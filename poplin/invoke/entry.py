"""The entry scripts: the executable that stands for each plugin, and how we know one of our own on CNI_PATH.

Five lines, because a script's body is compiled again on every run. `-I -S` keeps PYTHON variables, the working
directory and foreign .pth files out of a program that runs as root, and starts in 7 ms instead of 10. The folder
comes first on the path because it is small: the interpreter need not search the standard library for us. A process
that lives for milliseconds has no garbage worth collecting.
"""

from __future__ import annotations

import sys

from poplin import __version__
from poplin.linux.atomicfile import read_file

# Every plugin we ship: its type, which is the executable's name, and the module that has its PLUGIN.
PLUGINS = {
    "bridge": "poplin.plugins.bridge.plugin",
    "host-local": "poplin.plugins.host_local.plugin",
    "loopback": "poplin.plugins.loopback",
    "portmap": "poplin.plugins.portmap.plugin",
    "ptp": "poplin.plugins.ptp.plugin",
    "static": "poplin.plugins.static",
}

SCRIPT = """\
#!{interpreter} -IS
# poplin {version}: the CNI plugin {type}. Written by `poplin install` or `./build`.
import gc, sys; gc.disable(); sys.path.insert(0, {folder!r}){unpack}
from {module} import PLUGIN; from poplin.plugins.kit.skel import main
main(PLUGIN)
"""
BUNDLE = "hot.bundle"
HEAD = 1 << 15  # bytes at its beginning that are read at once, see poplin/bundle.py
# What `poplin install` adds: take the modules from one file, poplin/bundle.py itself out of its head.
UNPACK = """
import marshal, posix; fd = posix.open({bundle!r}, posix.O_CLOEXEC); head = marshal.loads(posix.pread(fd, {size}, 0))
exec(head[0]); sys.meta_path.insert(0, Bundle({folder!r}, fd, *head[1:]))"""
LONGEST = 1 << 14  # bytes, more than any of them has
MARK = b" -IS\n# poplin "  # after the interpreter's path in every entry script, of whatever version


def entry_script(plugin_type: str, interpreter: str, folder: str, *, packed: bool = False) -> str:
    """The text of the executable; `folder` holds the package poplin, and if `packed` its bundle; paths are absolute."""
    unpack = UNPACK.format(bundle=f"{folder}/{BUNDLE}", size=HEAD, folder=folder) if packed else ""
    return SCRIPT.format(
        interpreter=interpreter,
        version=__version__,
        type=plugin_type,
        folder=folder,
        unpack=unpack,
        module=PLUGINS[plugin_type],
    )


def code_folder() -> str:
    """The folder this very package is running from: /usr/local/lib/poplin/0.1.0, or a checkout."""
    return __file__.removesuffix("/poplin/invoke/entry.py")


def find_own_module(path: str) -> str | None:
    """The module behind the executable at `path`, if it is our own of this same code; else None."""
    plugin_type = path[path.rfind("/") + 1 :]
    if plugin_type not in PLUGINS:
        return None
    found = read_file(path, LONGEST)  # no more of it, which may be a large executable of somebody else
    for packed in (True, False):
        if found == entry_script(plugin_type, sys.executable, code_folder(), packed=packed).encode():
            return PLUGINS[plugin_type]
    return None
