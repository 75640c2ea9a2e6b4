"""The results of ADD on disk, in the format and the place of libcni (`cniCacheV1`), so both can share a host.

    /var/lib/cni/results/<network>-<container id>-<ifname>       mode 0600, in a folder of 0700

The name is ambiguous, as ids may contain `-`; what the file says inside is what counts. Written whole or not at all;
an empty file, which libcni leaves after a power cut, is a missing one.
"""

from __future__ import annotations

import binascii
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from poplin.linux.atomicfile import is_temporary, read_file, remove_file, write_atomic
from poplin.linux.lockfile import LockFile, LockTimeout
from poplin.linux.places import STATE, choose_place
from poplin.runtime.attachment import Attachment
from poplin.spec.convert import convert
from poplin.spec.errors import CNIError, DecodingFailure, InvalidConfig, IOFailure, TryAgainLater
from poplin.spec.fields import Fields
from poplin.spec.jsontext import dumps, loads_object
from poplin.spec.names import check_container_id, check_interface_name, check_network_name
from poplin.spec.result import OldResult, Result, format_result, parse_result

FOLDER = "/var/lib/cni"
USERS_FOLDER = "cni"  # of an ordinary user, in his folder for state
FOLDER_VARIABLE = "POPLIN_CNI_DIR"
KIND = "cniCacheV1"
LOCK = "poplin.lock"
LOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Entry:
    """One cached attachment. `config` is the text of the list it was made with."""

    network: str
    attachment: Attachment
    config: bytes = b""
    result: dict[str, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        """The file's content; what is empty is left out."""
        attachment = self.attachment
        optional = {
            "netns": attachment.netns,
            "cniArgs": [list(pair) for pair in attachment.args],
            "capabilityArgs": dict(attachment.capability_args),
            "configArgs": dict(attachment.config_args),  # ours: libcni has no such thing, and reads over it
            "result": self.result,
        }
        record: dict[str, object] = {
            "kind": KIND,
            "containerId": attachment.container_id,
            "config": binascii.b2a_base64(self.config, newline=False).decode(),
            "ifName": attachment.ifname,
            "networkName": self.network,
        }
        return dumps(record | {key: value for key, value in optional.items() if value}).encode()


def decode(content: bytes) -> Entry:
    """Raises DecodingFailure for anything but a cniCacheV1 record."""
    fields = Fields(loads_object(content, "the cached result"))
    if fields.text("kind") != KIND:
        raise DecodingFailure("cannot decode the cached result", f"its kind is {fields.text('kind')!r}, not {KIND!r}")
    try:
        config = binascii.a2b_base64(fields.text("config"), strict_mode=True)
    except ValueError as error:
        raise DecodingFailure("cannot decode the cached result", f"its config is not base64: {error}") from None
    attachment = Attachment(
        fields.text("containerId"),
        fields.text("netns"),
        fields.text("ifName"),
        decode_args(fields),
        fields.mapping("capabilityArgs"),
        fields.mapping("configArgs"),
    )
    return Entry(fields.text("networkName"), attachment, config, fields.mapping("result"))


def decode_args(fields: Fields) -> tuple[tuple[str, str], ...]:
    """`cniArgs`, a list of pairs."""
    pairs = []
    for item in fields.sequence("cniArgs"):
        match item:
            case [str(key), str(value)]:
                pairs.append((key, value))
            case _:
                fields.refuse("cniArgs", "a list of pairs of strings")
    return tuple(pairs)


class Cache:
    """The folder of results; `folder` overrides the environment, which overrides libcni's place or the user's."""

    def __init__(self, folder: str = "") -> None:
        given = folder or os.environ.get(FOLDER_VARIABLE)
        self.folder = given or choose_place(FOLDER, STATE, USERS_FOLDER, os.environ)
        self.results = f"{self.folder}/results"

    def __repr__(self) -> str:
        return f"<Cache {self.folder}>"

    # One attachment.

    def path(self, network: str, container_id: str, ifname: str) -> str:
        """Where its file is. Raises CNIError, all three are needed and none may lead out of the folder."""
        if not (network and container_id and ifname):
            raise InvalidConfig(
                "a cached result has a network, a container id and an interface name",
                f"got network {network!r}, container id {container_id!r}, interface name {ifname!r}",
            )
        check_network_name(network)
        check_container_id(container_id)
        check_interface_name(ifname)
        return f"{self.results}/{network}-{container_id}-{ifname}"

    def ensure_folder(self) -> None:
        """Raises IOFailure, before anything has been done that would have to be remembered."""
        try:
            os.makedirs(self.folder, exist_ok=True)
            os.makedirs(self.results, mode=0o700, exist_ok=True)
        except OSError as error:
            raise IOFailure(f"cannot keep results in {self.results}", error.strerror or str(error)) from None

    def write(self, network: str, attachment: Attachment, config: bytes, result: Result | OldResult | None) -> None:
        """Remember what ADD made. Raises IOFailure."""
        path = self.path(network, *attachment.identity)
        entry = Entry(network, attachment, config, format_result(result) if result else {})
        self.ensure_folder()
        try:
            write_atomic(path, entry.encode())
        except OSError as error:
            raise IOFailure(f"cannot write the result to {path}", error.strerror or str(error)) from None

    def find_result(self, network: str, attachment: Attachment, version: str) -> Result | OldResult | None:
        """The result of ADD in `version`; None if there is none or it cannot be read.

        Raises DecodingFailure for one that is no result, or has no form in `version`. A file without our kind is what
        libcni wrote before there were kinds: the bare result.
        """
        content = self._read(self.path(network, *attachment.identity))
        if not content:
            return None
        try:
            source = decode(content).result
        except DecodingFailure:
            source = loads_object(content, "the cached result")
            if not source or "kind" in source:
                raise
        return convert(parse_result(source), version) if source else None

    def find_entry(self, network: str, container_id: str, ifname: str) -> Entry | None:
        """The whole record; None if there is none. Raises DecodingFailure, and IOFailure if it cannot be read."""
        path = self.path(network, container_id, ifname)
        try:
            content = read_file(path)
        except OSError as error:
            raise IOFailure(f"cannot read {path}", error.strerror or str(error)) from None
        return decode(content) if content else None

    def remove(self, network: str, attachment: Attachment) -> None:
        """Forget it. What cannot be removed stays: the interface is gone either way, and DEL may come again."""
        with suppress(OSError):
            remove_file(self.path(network, *attachment.identity))

    # All of them.

    def list_entries(self, container_id: str = "") -> list[Entry]:
        """Every attachment on record, or one container's, by file name; files that are none are passed over."""
        try:
            names = sorted(os.listdir(self.results))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise IOFailure(f"cannot list {self.results}", error.strerror or str(error)) from None
        entries = [entry for name in names if (entry := self._find_named(name))]
        return [entry for entry in entries if container_id in ("", entry.attachment.container_id)]

    def remove_leftovers(self) -> None:
        """Temporary files of who was killed while he wrote; for who has the lock alone. None is a record's: an
        interface's name is shorter than what these end with."""
        with suppress(OSError):
            for name in filter(is_temporary, os.listdir(self.results)):
                remove_file(f"{self.results}/{name}")

    def _find_named(self, name: str) -> Entry | None:
        """The record in a file that has the name such a record has; a temporary file does not."""
        content = self._read(f"{self.results}/{name}")
        try:
            entry = decode(content) if content else None
            if entry and f"{self.results}/{name}" == self.path(entry.network, *entry.attachment.identity):
                return entry
        except CNIError:
            pass
        return None

    def _read(self, path: str) -> bytes | None:
        try:
            return read_file(path)
        except OSError:
            return None

    # Garbage collection must not see an attachment that is half made.

    @contextmanager
    def locked(self, *, shared: bool) -> Iterator[None]:
        """Attaching and detaching share the lock, collecting garbage has it alone. Raises TryAgainLater."""
        with ExitStack() as held:
            try:
                os.makedirs(self.folder, exist_ok=True)
                held.enter_context(LockFile(f"{self.folder}/{LOCK}", LOCK_SECONDS, shared=shared))
            except LockTimeout as error:
                raise TryAgainLater("another operation is under way", str(error)) from None
            except OSError as error:
                raise IOFailure(f"cannot lock {self.folder}/{LOCK}", error.strerror or str(error)) from None
            yield
