"""The host as the doctor sees it: what several checks look at is read once, and what cannot be read is noted.

Nothing here or in the checks changes anything. Who is not root sees less, and is told what was not seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TypeVar

from poplin.doctor.configured import Configured
from poplin.invoke.entry import PLUGINS, is_entry
from poplin.invoke.find import find_plugin
from poplin.linux.kernel import Kernel
from poplin.linux.netlink import NetlinkError
from poplin.linux.netns import Namespace
from poplin.linux.nft.listing import FORWARD, BaseChain, list_base_chains
from poplin.linux.nft.presence import ABSENT
from poplin.linux.sysctl import ROOT
from poplin.linux.wire.link import Link
from poplin.plugins.kit.mtu import find_uplink
from poplin.plugins.kit.switches import FORWARDING
from poplin.runtime.cache import Cache, Entry
from poplin.runtime.liveness import is_alive, locate
from poplin.runtime.networks import locate_all
from poplin.runtime.survey import SeenAttachment, Survey, survey
from poplin.spec.errors import CNIError
from poplin.spec.netlist import NetworkList, parse_network_list

T = TypeVar("T")

EVERY_KERNELS = FORWARDING[4]  # where this switch is not to be seen, /proc/sys is hidden, and others are missing too


class Place:
    """One host: its configured networks, what is attached to them, and its kernel."""

    def __init__(self, folder: str, paths: tuple[str, ...], cache: Cache | None = None, timeout: float = 10.0) -> None:
        self.folder = folder
        self.paths = paths
        self.cache = cache or Cache()
        self.timeout = timeout
        self.kernel = Kernel()
        self._unseen: list[str] = []

    def close(self) -> None:
        """Let go of the kernel."""
        self.kernel.host.close()

    # What cannot be seen.

    def see(self, read: Callable[..., T], *arguments: object) -> T | None:
        """What `read` reads; None if it may not, which is noted."""
        try:
            return read(*arguments)
        except (OSError, CNIError) as error:
            self.note_unseen(error)
            return None

    def see_all(self, read: Callable[..., Iterable[T]], *arguments: object) -> list[T]:
        """The same for what can be many: what came before the failure counts."""
        found: list[T] = []
        self.see(lambda: found.extend(read(*arguments)))
        return found

    def note_unseen(self, error: Exception) -> None:
        """Note what could not be read, each once."""
        where = f"{error.filename}: " if isinstance(error, OSError) and error.filename else ""
        words = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        text = " ".join(f"{where}{words}".split())
        if text not in self._unseen:
            self._unseen.append(text)

    def take_unseen(self) -> list[str]:
        """What was noted since this was last asked."""
        taken, self._unseen = self._unseen, []
        return taken

    # Networks.

    @cached_property
    def networks(self) -> list[Configured]:
        """Those that are configured; what does not parse is for the check of configurations to tell."""
        found = self.see_all(locate_all, self.folder, lambda error: None)
        return [Configured(file, network) for file, network in found]

    def find_network(self, name: str) -> Configured | None:
        """The configured one of this name."""
        return next((each for each in self.networks if each.name == name), None)

    def is_ours(self, plugin_type: str) -> bool:
        """Whether the plugin that would be called is one of Poplin's."""
        try:
            return plugin_type in PLUGINS and is_entry(find_plugin(plugin_type, self.paths))
        except (OSError, CNIError):
            return False

    # What is attached.

    @cached_property
    def entries(self) -> list[Entry]:
        """Every attachment on record."""
        return [locate(each) for each in self.see_all(self.cache.list_entries)]

    @cached_property
    def gone(self) -> list[Entry]:
        """Those whose namespace is not there any more."""
        found = [(each, each.attachment.netns) for each in self.entries]
        return [each for each, netns in found if netns and not is_alive(self.kernel, netns)]

    @cached_property
    def survey(self) -> Survey:
        """The records laid beside the kernel."""
        return self.see(survey, self.cache, self.kernel) or Survey([], [])

    @property
    def alive(self) -> list[SeenAttachment]:
        """The attachments whose containers are there."""
        return [each for each in self.survey.attachments if each.is_alive]

    def list_alive(self, network: str) -> list[SeenAttachment]:
        """Those of one network."""
        return [each for each in self.alive if each.network == network]

    def find_made_with(self, item: SeenAttachment) -> NetworkList | None:
        """The configuration an attachment was made with."""
        for entry in self.entries:
            if (entry.network, entry.attachment.identity) == (item.network, item.attachment.identity):
                try:
                    return parse_network_list(entry.config)
                except CNIError:
                    return None
        return None

    # The kernel.

    @property
    def host(self) -> Namespace:
        """The namespace we are in."""
        return self.kernel.host

    @cached_property
    def links(self) -> list[Link]:
        """Every link of the host."""
        return self.see_all(self.host.rtnl.list_links)

    def find_link(self, name: str) -> Link | None:
        """The link of this name."""
        return next((each for each in self.links if each.name == name), None)

    @cached_property
    def uplink(self) -> Link | None:
        """The link of the default route."""
        return self.see(find_uplink, self.host)

    @cached_property
    def forward_chains(self) -> list[BaseChain]:
        """The chains of nftables that forwarded packets pass; none if the kernel has no nftables."""
        return self.see_all(self._list_forward_chains)

    def _list_forward_chains(self) -> list[BaseChain]:
        try:
            return list_base_chains(self.host.nft.socket, FORWARD)
        except NetlinkError as error:
            if error.errno not in ABSENT:
                raise
            return []

    def find_switch(self, key: str) -> str | None:
        """The value of a switch, empty if the kernel has none of this name; None if it cannot be seen."""
        try:
            return self.host.read_sysctl(key)
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                if os.path.exists(ROOT + EVERY_KERNELS):
                    return ""
                error.filename = ROOT + EVERY_KERNELS
            self.note_unseen(error)
            return None
