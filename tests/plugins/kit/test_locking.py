"""The lock on a container's namespace: one at a time, whatever the path, and never longer than patience allows."""

from __future__ import annotations

import fcntl
import os

import pytest
from netlab import Container

from poplin.linux.netns import Namespace
from poplin.plugins.kit import locking
from poplin.plugins.kit.locking import NamespaceLock
from poplin.spec.errors import TryAgainLater


def test_one_at_a_time_by_whatever_path(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "PATIENCE", 0.05)
    with Namespace(container.path) as one, Namespace(f"/proc/self/fd/{one.fd}") as other:
        with NamespaceLock(one), pytest.raises(TryAgainLater) as caught, NamespaceLock(other):
            pass
        assert caught.value.msg == "the namespace is locked"
        assert f"process {os.getpid()} " in caught.value.details
        with NamespaceLock(other):
            pass


def test_it_is_free_after_an_error(container: Container) -> None:
    with Namespace(container.path) as namespace:
        with pytest.raises(ValueError, match="inside"), NamespaceLock(namespace):
            raise ValueError("inside")
        with Namespace(container.path) as other, NamespaceLock(other):
            pass


def test_what_has_to_come_through_does_so_without_it(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "SHORT_PATIENCE", 0.05)
    done = []
    with Namespace(container.path) as one, Namespace(container.path) as other, NamespaceLock(one):
        with NamespaceLock(other, is_needed=False):
            done.append("inside")
        with pytest.raises(BlockingIOError), open(container.path) as third:
            fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert done == ["inside"]
