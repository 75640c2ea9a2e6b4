"""The entries: the executable that stands for each plugin, and how we know one of our own on CNI_PATH.

It is the C launcher (`launcher/`), which executes the interpreter on a program of five lines, or where nothing compiled
it a script, those lines themselves. `-I -S` keeps PYTHON variables, the working directory and foreign .pth files out
of a program that runs as root, and starts in 7 ms instead of 10. The folder comes first on the path because it is
small: the interpreter need not search the standard library for us. A process that lives for milliseconds has no garbage
worth collecting.
"""

from __future__ import annotations

import sys

from poplin import __version__
from poplin.linux.atomicfile import read_end, read_file

# Every plugin we ship: its type, which is the executable's name, and the module that has its PLUGIN.
PLUGINS = {
    "bandwidth": "poplin.plugins.bandwidth.plugin",
    "bridge": "poplin.plugins.bridge.plugin",
    "dhcp": "poplin.plugins.dhcp.plugin",
    "dnsname": "poplin.plugins.dnsname.plugin",
    "dummy": "poplin.plugins.dummy.plugin",
    "firewall": "poplin.plugins.firewall.plugin",
    "flannel": "poplin.plugins.flannel.plugin",
    "host-device": "poplin.plugins.host_device.plugin",
    "host-local": "poplin.plugins.host_local.plugin",
    "ipvlan": "poplin.plugins.ipvlan.plugin",
    "loopback": "poplin.plugins.loopback",
    "macvlan": "poplin.plugins.macvlan.plugin",
    "portmap": "poplin.plugins.portmap.plugin",
    "ptp": "poplin.plugins.ptp.plugin",
    "sbr": "poplin.plugins.sbr.plugin",
    "static": "poplin.plugins.static",
    "tap": "poplin.plugins.tap.plugin",
    "tuning": "poplin.plugins.tuning.plugin",
    "vlan": "poplin.plugins.vlan.plugin",
    "vrf": "poplin.plugins.vrf.plugin",
}

PROGRAM = """\
# poplin {version}: the CNI plugin {type}. Written by `poplin install` or `./build`.
import gc, sys; gc.disable(); sys.path.insert(0, {folder!r}){unpack}
from {module} import PLUGIN; from poplin.plugins.kit.skel import main
main(PLUGIN)
"""
BUNDLE = "hot.bundle"
HEAD = 1 << 16  # bytes at its beginning that are read at once, see poplin/bundle.py
# What `poplin install` adds: take the modules from one file, poplin/bundle.py itself out of its head.
UNPACK = """
import marshal, posix; fd = posix.open({bundle!r}, posix.O_CLOEXEC); head = marshal.loads(posix.pread(fd, {size}, 0))
exec(head[0]); sys.meta_path.insert(0, Bundle({folder!r}, fd, *head[1:]))"""
SCRIPT = "#!{interpreter} -IS\n"  # and the program
# The last line of a launcher.
LABEL = "\n# poplin {version} {folder} {interpreter}\n"
LONGEST = 1 << 14  # bytes, more than any script or label has
SCRIPT_MARK = b" -IS\n# poplin "  # after the interpreter's path in every script, of whatever version
LAUNCHER_MARK = b"# poplin "  # at the beginning of a launcher's last line
ELF = b"\x7fELF"


def entry_script(plugin_type: str, interpreter: str, folder: str, *, packed: bool = False) -> str:
    """The text of an executable script; the rest as for `entry_program`."""
    return SCRIPT.format(interpreter=interpreter) + entry_program(plugin_type, folder, packed=packed)


def entry_program(plugin_type: str, folder: str, *, packed: bool = False) -> str:
    """What the interpreter runs; `folder` holds the package poplin, and if `packed` its bundle; paths are absolute."""
    unpack = UNPACK.format(bundle=f"{folder}/{BUNDLE}", size=HEAD, folder=folder) if packed else ""
    return PROGRAM.format(
        version=__version__,
        type=plugin_type,
        folder=folder,
        unpack=unpack,
        module=PLUGINS[plugin_type],
    )


def label_launcher(interpreter: str, folder: str) -> bytes:
    """What a launcher ends with that has this interpreter run the code in this folder."""
    return LABEL.format(version=__version__, folder=folder, interpreter=interpreter).encode("utf-8", "surrogateescape")


def label_in_tree(path: str) -> bytes:
    """The same as it is in a tree that can be moved, where the paths are below the folder above that of `path`."""
    tree = path.rpartition("/")[0].rpartition("/")[0] + "/"
    return label_launcher(sys.executable.removeprefix(tree), code_folder().removeprefix(tree))


def is_entry(path: str) -> bool:
    """Whether the file at `path` is an entry that some version of ours wrote. Raises OSError."""
    head = read_file(path, 256) or b""
    if not head.startswith(ELF):
        return SCRIPT_MARK in head
    return read_end(path, LONGEST)[:-1].rpartition(b"\n")[2].startswith(LAUNCHER_MARK)


def code_folder() -> str:
    """The folder this very package is running from: /usr/local/lib/poplin/0.1.0, or a checkout."""
    return __file__.removesuffix("/poplin/invoke/entry.py")


def find_own_module(path: str) -> str | None:
    """The module behind the executable at `path`, if it is our own of this same code; else None."""
    plugin_type = path[path.rfind("/") + 1 :]
    if plugin_type not in PLUGINS:
        return None
    label = label_launcher(sys.executable, code_folder())
    if read_end(path, len(label)).endswith((label, label_in_tree(path))):
        return PLUGINS[plugin_type]
    found = read_file(path, LONGEST)  # no more of it, which may be a large executable of somebody else
    for packed in (True, False):
        if found == entry_script(plugin_type, sys.executable, code_folder(), packed=packed).encode():
            return PLUGINS[plugin_type]
    return None
