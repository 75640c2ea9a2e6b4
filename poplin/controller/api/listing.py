"""The list of all policies, encoded once for as long as nobody writes.

Hundreds of agents ask for it at once when hosts are restarted (cf-control-plane §11), and it may be 10 MB, or ten times
as much while it is made: so one thread makes it and the others wait. Every write changes the time of the last one in
its own transaction, so a list kept for a time is the list of that time.
"""

from __future__ import annotations

from threading import Lock

from poplin.controller.api.wire import Form, encode_policies
from poplin.controller.store.store import Store
from poplin.policy.model import ALL, Selection


class Lists:
    """The lists of one store, the latest full one of each form. Threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: dict[Form, tuple[int, bytes]] = {}
        self._making = Lock()

    def read(self, form: Form, selection: Selection, updated: int) -> bytes:
        """The list as JSON. `updated` is when the store was last written to, asked before this. Raises StoreError.

        What is written after that is in the list or not; then it is kept under a time nobody will ask for again.
        """
        if selection != ALL:
            return encode_policies(self._store.list_policies(selection), form)
        with self._making:
            kept_at, body = self._kept.get(form, (None, b""))
            if kept_at != updated:
                body = encode_policies(self._store.list_policies(), form)
                self._kept[form] = (updated, body)
            return body
