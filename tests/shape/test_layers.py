"""Imports point down: README.md draws the layers, these tests hold them."""

from __future__ import annotations

import pytest
from shape.source import Module, is_inside, modules

# What each layer may import, besides itself and the package's own __init__ (the version).
ALLOWED = {
    "bundle": (),  # the loader of an installed plugin: what it loads it must not need
    "spec": (),
    # The kernel knows no CNI word: of the specification it has addresses and records only.
    "linux": ("poplin.spec.address", "poplin.spec.record"),
    "invoke": ("poplin.spec", "poplin.linux"),
    "plugins": ("poplin.spec", "poplin.linux", "poplin.invoke"),
    # What plugins that come without Poplin import: names of these, each loaded when it is asked for.
    "kit": ("poplin.spec", "poplin.linux", "poplin.plugins.kit"),
    # A sibling of the plugins: they meet through processes, so that foreign plugins and runtimes fit in as well.
    "runtime": ("poplin.spec", "poplin.linux", "poplin.invoke"),
    "schema": ("poplin.spec",),  # runs on Windows and macOS too, as does autogen
    "validation": (
        *("poplin.spec", "poplin.linux", "poplin.invoke", "poplin.plugins", "poplin.runtime"),
        "poplin.schema",
    ),
    "autogen": ("poplin.spec", "poplin.schema"),
    # What a verb would do: the plugins in process, on a kernel that only remembers.
    "preview": ("poplin.spec", "poplin.linux", "poplin.invoke", "poplin.plugins", "poplin.runtime"),
    # The daemon of the dhcp plugin, which knows its configuration and protocol, and what the kit does to interfaces.
    "dhcp": ("poplin.spec", "poplin.linux", "poplin.plugins.kit", "poplin.plugins.dhcp"),
    # What looks at the whole host, and so at what every layer below has there.
    "doctor": (
        *("poplin.spec", "poplin.linux", "poplin.invoke", "poplin.plugins", "poplin.runtime"),
        *("poplin.schema", "poplin.validation"),
    ),
    # What judges the plugins of others, and so calls them as a runtime does.
    "conformance": ("poplin.spec", "poplin.linux", "poplin.invoke", "poplin.runtime", "poplin.schema"),
    "scaffold": ("poplin.spec", "poplin.invoke", "poplin.schema"),
    "policy": (),
    "controller": ("poplin.policy", "poplin.spec", "poplin.linux", "poplin.schema"),
    "cli": ("poplin",),
}
KIT = "poplin.plugins.kit"


def running(module: Module) -> list[str]:
    """What the module imports when it runs; what is imported for types alone costs and couples nothing."""
    return [item.module for item in module.own_imports if not item.for_types]


@pytest.mark.parametrize("name", modules())
def test_imports_point_down(name):
    module = modules()[name]
    if module.layer == "":
        assert module.own_imports == [], "poplin/__init__.py imports nothing: every plugin pays for it"
        return
    assert module.layer in ALLOWED, f"{module.where}: give the new layer its place in the table of this test"
    allowed = (f"poplin.{module.layer}", *ALLOWED[module.layer])
    upward = [other for other in running(module) if other != "poplin" and not any(is_inside(other, a) for a in allowed)]
    assert upward == [], f"{module.where} imports what is above or beside it; a lower layer must not know a higher one"


def plugin_of(name: str) -> str:
    """`poplin.plugins.bridge` for every module of the bridge plugin; empty for what is no plugin's."""
    is_plugin = is_inside(name, "poplin.plugins") and name != "poplin.plugins"
    return ".".join(name.split(".")[:3]) if is_plugin else ""


@pytest.mark.parametrize("name", [name for name in modules() if plugin_of(name)])
def test_a_plugin_never_imports_a_sibling(name):
    module = modules()[name]
    siblings = [other for other in running(module) if plugin_of(other) not in ("", KIT, plugin_of(name))]
    assert siblings == [], f"{module.where}: what two plugins share belongs in poplin/plugins/kit"


def test_there_is_no_import_cycle():
    """Imports for types and inside functions count here: a cycle is two modules that cannot be read apart."""
    graph = {name: {item.module for item in module.own_imports} for name, module in modules().items()}
    graph = {name: {other for other in others if other in graph} - {name} for name, others in graph.items()}
    while leaves := {name for name, others in graph.items() if not others}:
        graph = {name: others - leaves for name, others in graph.items() if name not in leaves}
    assert graph == {}, f"these modules import each other in a circle, or one that does: {sorted(graph)}"


@pytest.mark.parametrize("name", [name for name, module in modules().items() if module.is_hot])
def test_hot_code_never_imports_cold_code(name):
    module = modules()[name]
    cold = [item.module for item in module.own_imports if not modules()[item.module].is_hot]
    assert cold == [], f"{module.where}: cold packages are ordinary Python, and a plugin would pay for all they import"
