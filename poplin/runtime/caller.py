"""How this runtime calls plugins: where they are, where results are kept, how long a call may take."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from poplin.invoke.execute import execute
from poplin.invoke.find import find_plugin
from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import Cache
from poplin.runtime.request import Values, make_config, make_environ
from poplin.runtime.trace import TraceContext
from poplin.spec.errors import CNIError
from poplin.spec.jsontext import dumps
from poplin.spec.netlist import NetworkList, PluginConfig

Execute = Callable[[str, bytes, Mapping[str, str], float | None], bytes]


@dataclass(frozen=True)
class Runtime:
    """Everything the verbs share. `find` and `execute` may be replaced, as the resident engine does."""

    paths: tuple[str, ...]
    cache: Cache = field(default_factory=Cache)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    timeout: float | None = None
    trace: TraceContext | None = None
    find: Callable[[str, tuple[str, ...]], str] = find_plugin
    execute: Execute = execute

    def call(
        self,
        command: str,
        network: NetworkList,
        plugin: PluginConfig,
        attachment: Attachment | None = None,
        values: Values | None = None,
    ) -> bytes:
        """stdout of the plugin. Raises its CNIError as it is, with a note of which plugin and verb."""
        try:
            path = self.find(plugin.type, self.paths)
            stdin = dumps(make_config(network, plugin, attachment, values)).encode()
            environ = make_environ(command, network, self.paths, self.parent_environ(), attachment)
            return self.execute(path, stdin, environ, self.timeout)
        except CNIError as error:
            note_place(error, command, network, plugin)
            raise

    def parent_environ(self) -> dict[str, str]:
        """What plugins inherit, the live trace included."""
        return {**self.environ, **(self.trace.environ() if self.trace else {})}


def note_place(error: CNIError, command: str, network: NetworkList, plugin: PluginConfig) -> None:
    """Say where it happened, for programs and for people, without touching code, msg and details."""
    error.step, error.plugin, error.network = command, plugin.type, network.name
    error.add_note(f"{command} of plugin {plugin.type}, network {network.name}")
