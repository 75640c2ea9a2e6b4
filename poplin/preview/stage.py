"""Where a preview is played: plugins of ours run in this process, on a kernel in memory that mirrors the real one.

The runtime's own code calls them; only that its `execute` leads here. A plugin of somebody else is not run: it is told
of, and answers as one that changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import replace
from types import TracebackType

from poplin.invoke.entry import PLUGINS, is_entry
from poplin.invoke.find import find_plugin
from poplin.invoke.reply import parse_reply
from poplin.linux.fake.mirror import MirrorKernel
from poplin.linux.kernel import Kernel
from poplin.plugins.kit.delegate import load_plugin
from poplin.plugins.kit.skel import Plugin, perform
from poplin.preview.leases import Leases
from poplin.preview.step import Step
from poplin.runtime.caller import Runtime
from poplin.spec.call import Call, Environment, make_call, read_config
from poplin.spec.errors import CNIError, IOFailure
from poplin.spec.jsontext import dumps
from poplin.spec.result import OldResult, Result

Perform = Callable[[Plugin, Call, Kernel], "dict[str, object] | None"]


class NotForeseeable(CNIError):
    """Only the plugin of somebody else knows."""


class Stage:
    """`with Stage(runtime) as stage:`, then verbs by `stage.runtime`; `take` gives the steps since the last time."""

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = replace(runtime, execute=self.execute)
        self.kernel = MirrorKernel()
        self.kernel.stand_in = self.delegate
        self._steps: list[Step] = []
        self._actor = ""
        self._has_ended = False
        self._told: set[str] = set()  # MACs that were explained, and steps that come once
        self._open = ExitStack()
        self._leases = self._open.enter_context(Leases(self.note))
        self._open.callback(self.kernel.close)

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    # In place of processes.

    def execute(self, path: str, stdin: bytes, environ: Mapping[str, str], timeout: float | None = None) -> bytes:
        """The answer of a plugin that the runtime calls. Raises CNIError."""
        plugin_type = path.rpartition("/")[2]
        with self._acting(plugin_type):
            if is_ours(path):
                return self._perform(load_plugin(PLUGINS[plugin_type]), stdin, environ)
            self._tell_of(path, stdin, environ)
            previous = read_config(stdin).fields.mapping("prevResult")
            if environ["CNI_COMMAND"] == "ADD" and not previous:
                raise self._end(f"what {plugin_type} would answer only {plugin_type} knows")
            return dumps(previous).encode()

    def delegate(self, call: Call, command: str, plugin_type: str) -> Result | OldResult:
        """The answer of a plugin that one of ours calls. Raises CNIError."""
        path = find_plugin(plugin_type, call.env.path.split(":"))
        stdin, environ = dumps(call.config.source).encode(), {**call.env.everything, "CNI_COMMAND": command}
        with self._acting(plugin_type):
            if is_ours(path):
                output = self._perform(load_plugin(PLUGINS[plugin_type]), stdin, environ)
                return parse_reply(output, call.config.version) if output else Result()
            self._tell_of(path, stdin, environ)
            if command == "ADD":
                raise self._end(f"which addresses {plugin_type} would give only {plugin_type} knows")
            return Result()

    def _perform(self, plugin: Plugin, stdin: bytes, environ: Mapping[str, str]) -> bytes:
        call = make_call(Environment(environ), read_config(stdin), plugin.versions)
        if plugin.type == "dhcp":
            return self._tell_of_lease(call)
        play: Perform = self._leases.perform if plugin.type == "host-local" else perform
        reply = play(plugin, call, self.kernel)
        return dumps(reply).encode() if reply is not None else b""

    def _tell_of_lease(self, call: Call) -> bytes:
        if call.env.command == "ADD":
            raise self._end("which address a DHCP server would give only that server knows")
        whose = call.key if call.container_id else f"every attachment to {call.config.name} that is gone"
        self.note(f"# the DHCP daemon would give back the lease of {whose}")
        return b""

    def _tell_of(self, path: str, stdin: bytes, environ: Mapping[str, str]) -> None:
        verb, text = environ["CNI_COMMAND"], stdin.decode(errors="replace")
        self.note(f"# {path} is not one of ours: it would be called for {verb} with this configuration: {text}")

    def _end(self, unknown: str) -> NotForeseeable:
        """Have no more steps, with the reason to raise: what the plugin takes back now would have stayed in reality."""
        self._collect()
        self._has_ended = True
        return NotForeseeable(unknown)

    # Steps.

    def note(self, line: str, content: bytes = b"") -> None:
        """One step of who is acting, after those that the kernel has logged."""
        self._collect()
        self._steps.append(Step(self._actor, line, content))

    def note_once(self, line: str) -> None:
        """A step that nothing is left to do of after it."""
        if line not in self._told:
            self._told.add(line)
            self.note(line)

    def take(self) -> tuple[Step, ...]:
        """The steps since the last time."""
        self._collect()
        self._has_ended = False
        steps, self._steps = self._steps, []
        return tuple(steps)

    def without_invented(self, result: Result | OldResult | None) -> Result | OldResult | None:
        """The result without the MACs that the kernel in memory made up, or a plugin."""
        if not isinstance(result, Result):
            return result
        known = deepcopy(result)
        for interface in known.interfaces:
            interface.mac = "" if self.kernel.is_random(interface.mac) else interface.mac
        return known

    @contextmanager
    def _acting(self, plugin_type: str) -> Iterator[None]:
        self._collect()
        before, self._actor = self._actor, plugin_type
        try:
            yield
        finally:
            self._collect()
            self._actor = before

    def _collect(self) -> None:
        for line in () if self._has_ended else self.kernel.log:
            for mac, name in self.kernel.invented.items():
                if mac in line and mac not in self._told:
                    self._told.add(mac)
                    self._steps.append(Step(self._actor, f"# {mac} stands for the address that {name} gets at random"))
            self._steps.append(Step(self._actor, line, self.kernel.find_content(line)))
        self.kernel.log.clear()


def is_ours(path: str) -> bool:
    """Whether an executable is a plugin of ours, of whatever installation: then the code at hand knows what it does.
    Raises IOFailure if it cannot be read."""
    try:
        return path.rpartition("/")[2] in PLUGINS and is_entry(path)
    except OSError as error:
        raise IOFailure(f"cannot read plugin {path}", error.strerror or str(error)) from None
