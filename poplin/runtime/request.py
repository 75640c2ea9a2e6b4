"""What one plugin of a network is given for one verb: its configuration on stdin, and its environment. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from poplin.runtime.attachment import NO_ATTACHMENT, Attachment
from poplin.spec.fields import Fields
from poplin.spec.netlist import NetworkList, PluginConfig, inject, without

Values = Mapping[str, object]


def make_config(
    network: NetworkList, plugin: PluginConfig, attachment: Attachment | None = None, values: Values | None = None
) -> dict[str, object]:
    """The plugin's object with name and version of the network, the capabilities it asked for, and these `values`.

    What the author may have left of the runtime's own keys goes: `capabilities` has been read, and a `prevResult` in a
    file is nobody's result. An author's `runtimeConfig` stays unless there is one to put in its place.
    """
    own = {"name": network.name, "cniVersion": network.version, **(values or {})}
    offered = attachment.capability_args if attachment else {}
    wanted = {name: offered[name] for name in sorted(plugin.capabilities) if name in offered}
    if wanted:
        own["runtimeConfig"] = wanted
    if attachment and attachment.config_args:
        own["args"] = add_config_args(Fields(plugin.source).mapping("args"), attachment.config_args)
    return inject(without(plugin.source, ("capabilities", "prevResult")), own)


def add_config_args(args: Mapping[str, object], given: Values) -> dict[str, object]:
    """`args` of the configuration with the runtime's own in `cni`; what its author wrote there stays beside them."""
    return inject(args, {"cni": inject(Fields(dict(args)).mapping("cni"), given)})


def make_environ(
    command: str,
    network: NetworkList,
    paths: Sequence[str],
    parent: Mapping[str, str],
    attachment: Attachment | None = None,
) -> dict[str, str]:
    """The parent's environment with every CNI_ variable of this call in place of the parent's own.

    CNI_VERSION is what plugins of the 0.1.0 specification read; no later one does.
    """
    return {
        **parent,
        "CNI_COMMAND": command,
        "CNI_VERSION": network.version,
        "CNI_PATH": ":".join(paths),
        **(attachment.environ() if attachment else NO_ATTACHMENT),
    }
