"""Every attachment that has a lease here, and the verbs of the plugin as they concern them.

What is done to one attachment is done one after the other; only a DEL or GC that comes while an ADD still asks makes an
end of that.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any
from weakref import WeakValueDictionary

from poplin.dhcp.attachment import Attachment
from poplin.dhcp.client import Identity, Timing
from poplin.dhcp.interface import SHARES_MAC, find_interface
from poplin.dhcp.lease import Lease, result_of
from poplin.dhcp.record import Key, Record
from poplin.dhcp.store import Store
from poplin.linux.wire.link import Link, parse_mac
from poplin.plugins.dhcp.settings import Settings
from poplin.spec.call import Call
from poplin.spec.errors import CheckFailed, TryAgainLater
from poplin.spec.result import format_result

LOG = logging.getLogger(__name__)

LONGEST_ID = 254  # bytes of the name in option 61, behind its type
NO_TYPE = b"\0"  # of that name: it is no hardware address


class Keeper:
    """`prefix` is put before the paths of namespaces; `broadcast` has all servers answer to everybody."""

    def __init__(self, store: Store, timing: Timing, *, prefix: str = "", broadcast: bool = False) -> None:
        self._store = store
        self._timing = timing
        self._prefix = prefix
        self._broadcast = broadcast
        self._kept: dict[Key, Attachment] = {}
        self._asking: dict[Key, Attachment] = {}
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    def resume(self) -> None:
        """Go on with what is on disk. Raises OSError."""
        for record in list(self._store.load()):
            attachment = self._kept[record.key] = self._make(record)
            LOG.info("%s: found again with %s", record.key, record.lease and record.lease.address)
            attachment.resume()

    async def add(self, call: Call) -> tuple[dict[str, Any], bool]:
        """The result, and whether it took a new lease. Raises CNIError."""
        key, settings = key_of(call), Settings(call)
        async with self._lock(key):
            interface, link = find_interface(self._prefix + call.netns, call.ifname)
            kept = self._kept.get(key)
            if kept and kept.lease and kept.record.interface.is_same(interface):
                return format_result(result_of(kept.lease, settings.priority)), False
            if kept:
                kept.close()
            identity = identify(key, settings, link, broadcast=self._broadcast)
            lease = await self._acquire(Record(key, interface, identity, settings.priority))
            return format_result(result_of(lease, settings.priority)), True

    async def _acquire(self, record: Record) -> Lease:
        attachment = self._asking[record.key] = self._make(record)
        try:
            lease = await attachment.acquire()
        except BaseException:
            await attachment.release()
            raise
        finally:
            self._asking.pop(record.key, None)
        self._kept[record.key] = attachment
        return lease

    def check(self, call: Call) -> None:
        """Raises CheckFailed unless there is a lease that somebody maintains."""
        key = key_of(call)
        kept = self._kept.get(key)
        if kept is None or not kept.look():
            raise CheckFailed(
                f"no lease is maintained for {key}", "the daemon never had one, or the interface went away"
            )
        if kept.lease is None:
            raise CheckFailed(f"the lease of {key} ran out", "the daemon goes on asking for another")

    async def delete(self, call: Call) -> None:
        """Give its lease back, if there is one."""
        await self._release(key_of(call), TryAgainLater("DEL came while a DHCP server was asked", str(key_of(call))))

    async def collect(self, call: Call, valid: frozenset[tuple[str, str]]) -> None:
        """Give back what attachments of this network have that are not valid."""
        stale = [
            key
            for key in {*self._kept, *self._asking}
            if key.network == call.config.name and (key.container_id, key.ifname) not in valid
        ]
        reason = "GC came while a DHCP server was asked"
        await asyncio.gather(*(self._release(key, TryAgainLater(reason, str(key))) for key in stale))

    async def _release(self, key: Key, reason: TryAgainLater) -> None:
        asking = self._asking.get(key)
        if asking:
            asking.abort(reason)
        async with self._lock(key):
            kept = self._kept.get(key)
            if kept:
                await kept.release()

    # Parts.

    def _make(self, record: Record) -> Attachment:
        return Attachment(record, self._timing, self._store, self._forget)

    def _forget(self, attachment: Attachment) -> None:
        if self._kept.get(attachment.record.key) is attachment:
            del self._kept[attachment.record.key]

    def _lock(self, key: Key) -> asyncio.Lock:
        return self._locks.setdefault(key, asyncio.Lock())


def key_of(call: Call) -> Key:
    """The attachment that a call is about."""
    return Key(call.container_id, call.config.name, call.ifname)


def identify(key: Key, settings: Settings, link: Link, *, broadcast: bool = False) -> Identity:
    """How the attachment introduces itself to servers."""
    name = NO_TYPE + str(key).encode()[:LONGEST_ID]
    is_shared = link.kind == SHARES_MAC
    return Identity(parse_mac(link.mac), name, settings.requested, settings.provided, broadcast or is_shared)
