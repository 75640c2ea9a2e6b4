"""The work of a rule: containers on the host of its room, the plugin called for them, and what it answered."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from poplin.conformance.answer import Answer, explain
from poplin.conformance.container import Container
from poplin.conformance.room import Room
from poplin.conformance.rule import CHAINED, INTERFACE, NotAsked, Unseen
from poplin.conformance.snapshot import Lines, list_more, see_container, see_host
from poplin.conformance.subject import Subject
from poplin.conformance.surroundings import fill
from poplin.invoke.find import find_plugin
from poplin.invoke.process import Process
from poplin.linux.netns import Namespace
from poplin.spec.convert import convert
from poplin.spec.errors import CNIError
from poplin.spec.result import OldResult, Result, format_result, parse_result
from poplin.spec.versions import PREV_RESULT_ON_DEL_SINCE, is_at_least

SYSTEM_PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
FIRST = 2  # the number of the first container
SECOND_IFNAME = "eth1"
MOST_OUTPUT = 16 << 20  # bytes, beyond which nobody waits for the end
# How often we look for what the kernel removes at its leisure: for five seconds, or longer on a busy machine, where
# both take longer.
LOOKS = 80
PAUSE = 0.05  # seconds between two
AND_STDIN_CLOSED = ["-c", 'exec "$0" <&-']  # of a shell, before a program
SHELL = "/bin/sh"


class Bench:
    """One for each rule."""

    def __init__(self, subject: Subject, room: Room) -> None:
        self.subject = subject
        self.room = room
        self._number = FIRST
        for prepare in subject.surroundings.prepare:
            prepare(0)

    # Containers.

    def make_container(self) -> Container:
        """With what has to be in it before the plugin comes: nothing, or what the plugins before it make."""
        container = Container(self._take_number(), self.subject.surroundings.ifname)
        container.make()
        return self._get_ready(container)

    def make_second(self, first: Container) -> Container:
        """Another interface of the same container. Raises NotAsked where there can be none."""
        if first.ifname == "lo":
            raise NotAsked("a container has one loopback interface")
        return self._get_ready(Container(self._take_number(), SECOND_IFNAME, owner=first.number))

    def _take_number(self) -> int:
        self._number += 1
        return self._number - 1

    def _get_ready(self, container: Container) -> Container:
        container.config = fill(self.subject.config, container.number)
        for prepare in self.subject.surroundings.prepare:
            prepare(container.number)
        container.empty = see_container(container.netns)
        self.prepare(container)
        return container

    def prepare(self, container: Container) -> None:
        """What the plugins before it make. Raises Unseen."""
        if self.subject.kind == CHAINED and not self.subject.before:
            container.wire()
        for config in self.subject.before:
            container.before = self._call_another("ADD", config, container).object

    def take_away(self, container: Container) -> None:
        """What those before it made: DEL goes the other way round, so it is gone after this plugin's. Raises Unseen."""
        for config in reversed(self.subject.before):
            self._call_another("DEL", config, container)
        is_wired = self.subject.kind == CHAINED and not self.subject.before
        if is_wired and os.path.exists(container.netns):
            with Namespace(container.netns) as inside:
                inside.rtnl.remove_link(container.ifname)

    def _call_another(self, verb: str, config: Mapping[str, Any], container: Container) -> Answer:
        path = find_plugin(str(config["type"]), self.subject.paths)
        own = {**fill(config, container.number), **self._head(container, self.subject.version, verb)}
        environ = {**SYSTEM_PATH, **self.make_environ(verb, container)}
        answer = self.execute(verb, path, json.dumps(own).encode(), environ)
        if not answer.is_success or (verb == "ADD" and answer.object is None):
            raise Unseen(f"plugin {config['type']}, which comes before it, fails: {answer}")
        return answer

    # Calls.

    def call(self, verb: str, container: Container | None = None, **how: Any) -> Answer:
        """The plugin's answer; `how` as in `make_config`, and `environ` has variables to change, None to leave out."""
        changes = how.pop("environ", {})
        stdin = how.pop("stdin", None)
        if stdin is None:
            stdin = json.dumps(self.make_config(container, verb=verb, **how)).encode()
        environ = {**SYSTEM_PATH, **self.make_environ(verb, container), **changes}
        given = {key: value for key, value in environ.items() if value is not None}
        return self.execute(verb, self.subject.path, stdin, given)

    def execute(self, verb: str, path: str, stdin: bytes, environ: Mapping[str, str], *arguments: str) -> Answer:
        """Run a program as a runtime runs a plugin. Raises Unseen."""
        try:
            with Process(path, environ, arguments) as process:
                in_time = process.converse(stdin, time.monotonic() + self.subject.timeout, MOST_OUTPUT)
                status = process.stop()
        except OSError as error:
            raise Unseen(f"cannot execute {path}: {explain(error, path)}") from None
        output, errors = bytes(process.output), bytes(process.errors)
        is_endless = not in_time and max(len(output), len(errors)) > MOST_OUTPUT
        return Answer(verb, status, output, errors, in_time, is_endless)

    def start(self, verb: str, container: Container) -> Process:
        """A call that somebody else feeds and ends."""
        return Process(self.subject.path, {**SYSTEM_PATH, **self.make_environ(verb, container)})

    def make_environ(self, verb: str, container: Container | None = None) -> dict[str, str]:
        """The variables of the specification, and no other."""
        environ = {"CNI_COMMAND": verb, "CNI_PATH": ":".join(self.subject.paths)}
        if container:
            environ |= {"CNI_CONTAINERID": container.id, "CNI_NETNS": container.netns, "CNI_IFNAME": container.ifname}
        if container and self.subject.surroundings.args:
            environ["CNI_ARGS"] = self.subject.surroundings.args
        return environ

    def make_config(
        self,
        container: Container | None = None,
        *,
        verb: str = "ADD",
        version: str = "",
        more: Mapping[str, Any] | None = None,
        without_result: bool = False,
    ) -> dict[str, Any]:
        """What stands on stdin: in the version asked for, with `more` keys, and the result a runtime would add."""
        version = version or self.subject.version
        config = container.config if container else fill(self.subject.config, FIRST)
        whole = {**config, **self._head(container, version, verb, without_result)}
        return {**whole, **(more or {})}

    def _head(
        self, container: Container | None, version: str, verb: str = "ADD", without_result: bool = False
    ) -> dict[str, Any]:
        head: dict[str, Any] = {"cniVersion": version, "name": self.subject.network}
        previous = None
        if container and not without_result:
            previous = container.before if verb == "ADD" else container.result or container.before
            if verb == "DEL" and not is_known_to_del(version):
                previous = None
        if previous:
            head["prevResult"] = format_result(convert(parse_result(dict(previous)), version))
        return head

    # What must work before anything else can be judged.

    def add(self, container: Container, **how: Any) -> dict[str, Any]:
        """The result of ADD. Raises Unseen if there is none."""
        if self.subject.surroundings.lacks:
            raise NotAsked(self.subject.surroundings.lacks)
        answer = self.call("ADD", container, **how)
        if not answer.is_success or answer.object is None:
            raise Unseen(f"ADD does not work: {answer}")
        container.result = answer.object
        return answer.object

    def delete(self, container: Container, **how: Any) -> None:
        """Raises Unseen if DEL fails."""
        answer = self.call("DEL", container, **how)
        if not answer.is_success:
            raise Unseen(f"DEL does not work: {answer}")

    def attach(self, **how: Any) -> Container:
        """A container, after ADD."""
        container = self.make_container()
        self.add(container, **how)
        return container

    def warm_up(self) -> None:
        """One container comes and goes: what all share is there from now on."""
        container = self.attach()
        self.delete(container)
        self.take_away(container)

    # What is there.

    def see(self) -> Lines:
        """The host, with its files."""
        return see_host(self.room)

    def wait_for_more(self, before: Lines, tolerated: str = "") -> list[str]:
        """What there is more than before, once the kernel has had the time to remove what it removes by itself; but
        for what begins so."""

        def look() -> list[str]:
            return [line for line in list_more(before, self.see()) if not tolerated or not line.startswith(tolerated)]

        return wait_until_none(look)

    @contextmanager
    def watching(self, container: Container, tolerated: str = "") -> Iterator[list[str]]:
        """What has changed in the container and come to the host by the end of the block is in the list, once it has
        ended; but for what begins so. In a chain what is gone with the interface does not count."""
        inside, outside = see_container(container.netns), self.see()
        found: list[str] = []
        yield found
        if self.subject.kind == CHAINED:
            self.take_away(container)
            inside = container.empty
        found += self.wait_for_more(outside, tolerated)
        found += [f"in the container: {line}" for line in self.list_changes(container, inside)]

    def list_changes(self, container: Container, before: Lines) -> list[str]:
        """What is otherwise inside."""

        def look() -> list[str]:
            after = see_container(container.netns)
            return [*list_more(before, after), *(f"{line} is gone" for line in list_more(after, before))]

        return wait_until_none(look)

    def read_result(self, container: Container) -> Result | OldResult:
        """What ADD answered, as records. Raises Unseen."""
        try:
            return parse_result(dict(container.result or {}))
        except CNIError as error:
            raise Unseen(f"the result of ADD does not parse: {error}") from None

    def makes_interface(self, container: Container) -> bool:
        """Whether the plugin is one that makes the container's interface."""
        return self.subject.kind == INTERFACE and container.ifname != "lo"


def is_known_to_del(version: str) -> bool:
    """Whether DEL gets a result in this version."""
    return is_at_least(version, PREV_RESULT_ON_DEL_SINCE)


def wait_until_none(look: Callable[[], list[str]]) -> list[str]:
    """What is still found in the end."""
    for _ in range(LOOKS):
        if not (found := look()):
            break
        time.sleep(PAUSE)
    return found


def leave(folder: str) -> None:
    """Take away the folder we are in."""
    with suppress(FileExistsError):
        os.mkdir(folder)
    os.chdir(folder)
    os.rmdir(folder)
