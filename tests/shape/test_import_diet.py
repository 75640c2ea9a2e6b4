"""The plugin path loads nothing heavy: a whole cold ADD costs about one bare interpreter and 3 ms."""

from __future__ import annotations

import subprocess

import pytest
from shape.source import CHECKOUT, HEAVY, Import, hot_modules, modules

from poplin.invoke.entry import PLUGINS

INTERPRETER = ("/usr/bin/python3", "-I", "-S", "-c")

# CPython's own modules, and the one file (of each the few) that names them. Whoever wants one more goes through those.
PRIVATE = {
    "_blake2": {"poplin/plugins/kit/attachment.py"},
    "_ctypes": {"poplin/linux/netns.py"},
    "_frozen_importlib": {"poplin/bundle.py"},
    "_frozen_importlib_external": {"poplin/bundle.py"},
    "_json": {"poplin/spec/jsontext.py"},
    "_signal": {"poplin/linux/running.py"},
    "_sha2": {"poplin/plugins/host_local/index.py", "poplin/plugins/kit/reference_names.py"},
    "_sha256": {"poplin/plugins/host_local/index.py"},
    "_sha512": {"poplin/plugins/kit/reference_names.py"},
    "_socket": {
        "poplin/linux/dbus.py",
        "poplin/linux/netlink.py",
        "poplin/linux/rtnl.py",
        "poplin/linux/xtables.py",
        "poplin/plugins/dhcp/protocol.py",
        "poplin/plugins/dnsname/question.py",
        "poplin/spec/address.py",
    },
    "_struct": {"poplin/linux/netlink.py"},
}


def is_heavy(item: Import) -> bool:
    return item.module.partition(".")[0] in HEAVY


@pytest.mark.parametrize("module", hot_modules(), ids=lambda module: module.name)
def test_hot_module_imports_nothing_heavy_at_module_level(module):
    heavy = [
        f"{module.where}:{item.line} {item.module}"
        for item in module.imports
        if is_heavy(item) and not (item.for_types or item.deferred or item.fallback)
    ]
    assert heavy == [], "import it inside the function that needs it on a slow path, or use the free stand-in"


def modules_loaded_by(statements: str) -> set[str]:
    """What sys.modules has after the statements, in the interpreter of the entry scripts."""
    program = f"import sys; sys.path.append({str(CHECKOUT)!r}); {statements}; print(*sys.modules)"
    done = subprocess.run([*INTERPRETER, program], capture_output=True, text=True, timeout=120, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("plugin", PLUGINS)
def test_plugin_loads_nothing_heavy(plugin):
    """What the static test cannot see: a standard module that drags in another."""
    loaded = modules_loaded_by(f"from {PLUGINS[plugin]} import PLUGIN; from poplin.plugins.kit.skel import main")
    assert PLUGINS[plugin] in loaded
    assert HEAVY & loaded == set(), f"{plugin} pays for these at every call; find out which import brings them"


@pytest.mark.parametrize("module", hot_modules(), ids=lambda module: module.name)
def test_hot_module_never_starts_processes_through_subprocess(module):
    named = [f"{module.where}:{item.line}" for item in module.imports if item.module == "subprocess"]
    assert named == [], "subprocess costs 10 ms and more; poplin.invoke.execute spawns for 1 ms"


def test_private_modules_of_the_interpreter_are_named_where_the_table_says():
    named: dict[str, set[str]] = {}
    for module in modules().values():
        for item in module.imports:
            if item.module.startswith("_") and item.module != "__future__" and not item.for_types:
                named.setdefault(item.module, set()).add(module.where)
    assert named == PRIVATE, "private modules may change with any Python; keep each in one file that can fall back"
