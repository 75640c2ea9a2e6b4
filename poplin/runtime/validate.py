"""Would this network run here at all: are its plugins installed, and do they speak its version?"""

from __future__ import annotations

from poplin.runtime.caller import Runtime
from poplin.runtime.probe import probe_versions
from poplin.spec.errors import CNIError, InvalidConfig
from poplin.spec.names import check_network_name
from poplin.spec.netlist import NetworkList, PluginConfig
from poplin.spec.versions import check_supported


def validate(runtime: Runtime, network: NetworkList) -> frozenset[str]:
    """The capabilities its plugins declare. Raises InvalidConfig listing everything that is wrong."""
    check_network_name(network.name)
    problems = [problem for plugin in network.plugins if (problem := find_problem(runtime, network, plugin))]
    if problems:
        raise InvalidConfig(f"network {network.name!r} cannot run here", "; ".join(problems))
    return frozenset(name for plugin in network.plugins for name in plugin.capabilities)


def find_problem(runtime: Runtime, network: NetworkList, plugin: PluginConfig) -> str | None:
    """What keeps this plugin from running."""
    try:
        check_supported(network.version, probe_versions(runtime, runtime.find(plugin.type, runtime.paths)))
    except CNIError as error:
        return f"plugin {plugin.type}: {error}"
    return None
