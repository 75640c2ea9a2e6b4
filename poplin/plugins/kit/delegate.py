"""Delegation: one plugin calling another, as the specification has it, with the same environment and the same stdin,
or one that was written for it: what counts is the call that is handed over.

What CNI_PATH leads to decides. If it is our own executable of this very code, its verb is called inside this process:
same call, same answer, same errors, and 8 ms of another interpreter saved. Anything else is run.
"""

from __future__ import annotations

from poplin.invoke.entry import PLUGINS, find_own_module, is_entry
from poplin.invoke.find import find_plugin
from poplin.plugins.kit.skel import RESTORE, perform
from poplin.spec.call import Config, Environment, make_call
from poplin.spec.convert import convert_to_newest_family
from poplin.spec.jsontext import dumps
from poplin.spec.result import OldResult, Result, parse_result
from poplin.spec.versions import NEWEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.kit.skel import Plugin
    from poplin.spec.call import Call


def delegate_add(call: Call, kernel: Kernel, plugin_type: str) -> Result:
    """ADD by another plugin: its result in the newest shape. Raises CNIError, the delegate's own among them."""
    return convert_to_newest_family(_delegate(call, kernel, "ADD", plugin_type), NEWEST)


def delegate(call: Call, kernel: Kernel, command: str, plugin_type: str) -> None:
    """DEL, CHECK, STATUS or GC by another plugin. Raises CNIError."""
    _delegate(call, kernel, command, plugin_type)


def restore(call: Call, kernel: Kernel, plugin_type: str) -> None:
    """RESTORE by another plugin, if it is one of ours that has something to restore. Raises CNIError, OSError."""
    if plugin_type in PLUGINS and is_entry(find_plugin(plugin_type, call.env.path.split(":"))):
        verb = load_plugin(PLUGINS[plugin_type]).verbs.get(RESTORE)
        if verb:
            verb(call, kernel)


def require_installed(call: Call, kernel: Kernel, plugin_type: str) -> None:
    """Raises InvalidConfig, or InvalidEnvironment, if CNI_PATH does not lead to this plugin."""
    if not kernel.stand_in:
        find_plugin(plugin_type, call.env.path.split(":"))


def _delegate(call: Call, kernel: Kernel, command: str, plugin_type: str) -> Result | OldResult:
    if kernel.stand_in:  # of a preview, which starts nothing and wants our own code for what is ours
        result: Result | OldResult = kernel.stand_in(call, command, plugin_type)
        return result
    path = find_plugin(plugin_type, call.env.path.split(":"))
    environ = {**call.env.everything, "CNI_COMMAND": command}
    module = find_own_module(path)
    if module:
        plugin = load_plugin(module)
        reply = perform(plugin, make_call(Environment(environ), Config(call.config.source), plugin.versions), kernel)
        return parse_result(reply) if reply else Result()
    return _execute(call, command, path, environ)


def _execute(call: Call, command: str, path: str, environ: dict[str, str]) -> Result | OldResult:
    # imported here because our own delegates, the usual ones, do not need it
    from poplin.invoke.execute import execute
    from poplin.invoke.reply import parse_reply

    output = execute(path, dumps(call.config.source).encode(), environ)
    return parse_reply(output, call.config.version) if command == "ADD" else Result()


def load_plugin(module: str) -> Plugin:
    """The PLUGIN of a module named in an entry script: the one import by name that the layers allow."""
    plugin: Plugin = __import__(module, fromlist=["PLUGIN"]).PLUGIN
    return plugin
