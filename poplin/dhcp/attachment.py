"""One attachment's lease, maintained: a client, its sockets and its timer, and what the client wants done.

Nothing runs between events. Before each step the interface is looked for; one that is gone ends the attachment without
a word to the server, which takes the address back in its time, as after a machine that lost power.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from poplin.dhcp.actions import Action, Bound, Expired, GaveUp, Send
from poplin.dhcp.adjust import change_interface
from poplin.dhcp.client import Client, State, Timing
from poplin.dhcp.clock import as_date, now
from poplin.dhcp.interface import Gone, wait_until_operational
from poplin.dhcp.lease import Lease
from poplin.dhcp.record import Record
from poplin.dhcp.store import Store
from poplin.dhcp.wire import Wire
from poplin.linux.netlink import NetlinkError
from poplin.linux.netns import Namespace
from poplin.linux.wire.link import Link
from poplin.spec.errors import CNIError, InvalidNamespace, IOFailure, NoAddress

LOG = logging.getLogger(__name__)

SETTLED = (State.INIT, State.BOUND)  # nobody's answer is waited for
LISTEN = 30.0  # seconds for an answer, which holds the namespace; the next question opens new sockets
RETRY = 2.0  # seconds until an interface that could not be reached is tried again
LOOK = 3600.0  # seconds between two looks whether the interface is still there, for leases that last
LONGEST_SLEEP = 60.0  # seconds: the loop's own clock stands still while the machine sleeps


class Attachment:
    """`forget` is called once, when there is nothing more to maintain."""

    def __init__(self, record: Record, timing: Timing, store: Store, forget: Callable[[Attachment], None]) -> None:
        self.record = record
        self._client = Client(record.identity, timing)
        self._store = store
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._wire: Wire | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deafening: asyncio.TimerHandle | None = None  # when the wire is closed, whether somebody answers or not
        self._first: asyncio.Future[Lease] | None = None  # what ADD waits for
        self._applied = record.lease  # what the interface has
        self._looked = now()
        self._is_over = False

    def __repr__(self) -> str:
        return f"<Attachment {self.record.key} {self._client.state.name} {self.lease and self.lease.address}>"

    @property
    def lease(self) -> Lease | None:
        """What it has now."""
        return self.record.lease

    # What it is told to do.

    async def acquire(self) -> Lease:
        """The first lease, maintained from then on. Raises CNIError; whatever it raises, `release` is due."""
        self._first = self._loop.create_future()
        await wait_until_operational(self.record.interface)
        self._perform(self._client.start(now()))
        return await self._first

    def resume(self) -> None:
        """Go on with what a daemon before us has written down."""
        self.look()
        lease = self.record.lease
        self._perform(self._client.resume(lease, now()) if lease else self._client.start(now(), gives_up=False))

    def look(self) -> bool:
        """Whether the interface is still there, or nobody can say; if not, this is over."""
        try:
            with self.record.interface.entered():
                return True
        except Gone as gone:
            self._vanish(gone)
            return False
        except OSError as error:
            self._log("trouble: %s", error)
            return True

    async def release(self) -> None:
        """Give the lease back and forget everything; the server has been told when this returns."""
        actions, self._is_over = self._client.release(now()), True
        try:
            if actions:
                await self._say(actions)
        except OSError as error:
            self._log("the server is not told: %s", error)
        finally:
            self.close()

    async def _say(self, actions: Sequence[Action]) -> None:
        with self.record.interface.entered() as (namespace, link):
            for action in actions:
                self._do(action, namespace, link)
        if self._wire:
            await self._wire.drain()
        self._log("released %s", self.lease and self.lease.address)

    def abort(self, error: CNIError) -> None:
        """Fail the ADD that is under way, if one is."""
        if self._first and not self._first.done():
            self._first.set_exception(error)

    def close(self) -> None:
        """Forget it here and on disk; the server is not told."""
        self._is_over = True
        self._close_wire()
        if self._timer:
            self._timer.cancel()
        try:
            self._store.remove(self.record.key)
        except OSError as error:
            self._log("cannot remove its file: %s", error)
        self._forget(self)

    # Events.

    def _receive(self, payload: bytes) -> None:
        self._perform(self._client.receive(payload, now()))

    def _tick(self) -> None:
        self._timer = self._loop.call_later(LONGEST_SLEEP, self._tick)  # whatever happens next, we come back
        if now() - self._looked > LOOK:
            self._looked = now()
            self.look()
        if not self._is_over:
            self._perform(self._client.tick(now()))

    def _perform(self, actions: Sequence[Action]) -> None:
        """Do what the client wants, then sleep."""
        if self._is_over:
            return
        try:
            if actions or self._is_behind:
                with self.record.interface.entered() as (namespace, link):
                    for action in actions:
                        self._do(action, namespace, link)
                    if self._is_behind:
                        self._apply(self._client.lease, namespace, link)
                        self._keep(self._client.lease)
        except Gone as gone:
            self._vanish(gone)
        except OSError as error:  # for a moment: what the interface has not got now it gets later
            self._log("trouble: %s", error)
            self.abort(IOFailure("cannot work in the container's namespace", str(error)))
        if not self._is_over:
            self._rest()

    @property
    def _is_behind(self) -> bool:
        """Whether the interface has another lease than the client, because it could not be reached."""
        return self._applied is not self._client.lease

    def _do(self, action: Action, namespace: Namespace, link: Link) -> None:
        match action:
            case Send():
                self._send(action, namespace, link)
            case Bound(lease):
                self._bind(lease, namespace, link)
            case Expired(lease):
                self._log("lost %s", lease.address)
                self._apply(None, namespace, link)
                self._keep(None)
            case GaveUp(reason):
                self._give_up(reason)

    # Parts.

    def _send(self, action: Send, namespace: Namespace, link: Link) -> None:
        try:
            if self._wire is None:
                self._wire = Wire(namespace, link, self._receive, self.look)
        except OSError as error:
            self._log("cannot ask: %s", error)
            return
        self._wire.send(action.payload, self.record.identity.mac, action.to, namespace, link)
        self._listen()

    def _bind(self, lease: Lease, namespace: Namespace, link: Link) -> None:
        before = self.record.lease
        what = "leased" if before is None else "renewed" if before.is_same_network(lease) else "changed to"
        self._log("%s %s by %s until %s", what, lease.address, lease.server, as_date(lease.expiry))
        if self._first and not self._first.done():
            self._applied = lease  # by the plugin that waits for it
            self._keep(lease)
            self._first.set_result(lease)
        else:
            self._apply(lease, namespace, link)
            self._keep(lease)

    def _apply(self, lease: Lease | None, namespace: Namespace, link: Link) -> None:
        """Have the interface look as the lease says, if it does not."""
        before, self._applied = self._applied, lease
        if before and lease and before.is_same_network(lease):
            return
        try:
            change_interface(namespace, link, before, lease, self.record.priority)
        except NetlinkError as error:
            self._log("the interface does not look as it should: %s", error)

    def _keep(self, lease: Lease | None) -> None:
        """After the interface, so that who comes after a crash in between does the same once more."""
        self.record = replace(self.record, lease=lease)
        try:
            self._store.save(self.record)
        except OSError as error:  # a full disk costs no container its address
            self._log("cannot write it down: %s", error)

    def _give_up(self, reason: str) -> None:
        self.abort(NoAddress(reason, f"asked over {self.record.key.ifname} of {self.record.interface.path}"))

    def _vanish(self, gone: Gone) -> None:
        self._log("forgotten: %s", gone)
        self.abort(InvalidNamespace("the container's interface went away", str(gone)))
        self.close()

    # Sleep.

    def _rest(self) -> None:
        """Until the client's next deadline; sockets only while an answer may come."""
        if self._client.state in SETTLED:
            self._close_wire()
        if self._timer:
            self._timer.cancel()
        delay = LONGEST_SLEEP if self._client.deadline is None else max(0.0, self._client.deadline - now())
        longest = RETRY if self._is_behind else LONGEST_SLEEP
        self._timer = self._loop.call_later(min(delay, longest), self._tick)

    def _listen(self) -> None:
        """For an answer, a while from now."""
        if self._deafening:
            self._deafening.cancel()
        self._deafening = self._loop.call_later(LISTEN, self._close_wire)

    def _close_wire(self) -> None:
        if self._deafening:
            self._deafening.cancel()
            self._deafening = None
        if self._wire:
            self._wire.close()
            self._wire = None

    def _log(self, text: str, *values: object) -> None:
        LOG.info(f"%s: {text}", self.record.key, *values)
