"""ADD: join a container to a network."""

from __future__ import annotations

from poplin.invoke.reply import parse_reply
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime, note_place
from poplin.spec.errors import CNIError
from poplin.spec.names import check_network_name
from poplin.spec.netlist import NetworkList, PluginConfig
from poplin.spec.result import OldResult, Result, format_result


def attach(runtime: Runtime, network: NetworkList, attachment: Attachment) -> Result | OldResult | None:
    """Run the chain, each plugin with its predecessor's result, and remember the last. Raises CNIError.

    After a failure some plugins may have done their work and nothing is undone: the caller must `detach`, as after a
    success, sooner or later. Whatever can be known to fail is made to fail before the first plugin runs.
    """
    check_network_name(network.name)
    attachment.check()
    runtime.cache.ensure_folder()
    with runtime.cache.locked(shared=True):
        find_all(runtime, network)
        result: Result | OldResult | None = None
        for plugin in network.plugins:
            result = add(runtime, network, plugin, attachment, result)
        runtime.cache.write(network.name, attachment, network.text, result)
    return result


def find_all(runtime: Runtime, network: NetworkList) -> None:
    """Raises CNIError for the first plugin of the chain that is not there."""
    for plugin in network.plugins:
        try:
            runtime.find(plugin.type, runtime.paths)
        except CNIError as error:
            note_place(error, "ADD", network, plugin)
            raise


def add(
    runtime: Runtime,
    network: NetworkList,
    plugin: PluginConfig,
    attachment: Attachment,
    previous: Result | OldResult | None,
) -> Result | OldResult:
    """One plugin's ADD."""
    values = {"prevResult": format_result(previous)} if previous else {}
    output = runtime.call("ADD", network, plugin, attachment, values)
    try:
        return parse_reply(output, network.version)
    except CNIError as error:
        note_place(error, "ADD", network, plugin)
        raise
