"""Again and again, by a clock that the tests turn."""

from __future__ import annotations

import logging
import threading

import pytest

from poplin.controller.access.poller import JITTER, Poller


class Waits:
    """Ends after so many waits, and tells how long they would have been, among what else happened."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.events: list[str] = []
        self.seconds: list[float] = []

    def wait(self, seconds: float) -> bool:
        self.left -= 1
        self.events.append("wait")
        self.seconds.append(seconds)
        return self.left == 0


def test_the_first_call_is_one_interval_after_the_start():
    waits = Waits(3)
    Poller("test", lambda: waits.events.append("call"), 60, wait=waits.wait).run()
    assert waits.events == ["wait", "call", "wait", "call", "wait"]


def test_intervals_differ_a_little():
    waits = Waits(50)
    Poller("test", lambda: None, 60, wait=waits.wait).run()
    assert all(60 * (1 - JITTER) <= seconds <= 60 * (1 + JITTER) for seconds in waits.seconds)
    assert len(set(waits.seconds)) > 1


def test_an_error_is_logged_and_does_not_end_it(caplog):
    waits = Waits(3)

    def fail() -> None:
        raise ValueError("banana")

    with caplog.at_level(logging.ERROR, "poplin.controller.poller"):
        Poller("test", fail, 60, wait=waits.wait).run()
    assert [(record.message, record.data) for record in caplog.records] == [("poll-cycle", {"error": "banana"})] * 2


@pytest.mark.facts("cf-control-plane", 95)
def test_it_goes_on_in_the_background_until_it_is_stopped():
    called = threading.Event()
    poller = Poller("test", called.set, 0.001)
    poller.start()
    try:
        assert called.wait(60)
    finally:
        poller.stop()
    assert "test" not in [thread.name for thread in threading.enumerate()]


def test_one_that_was_never_started_can_be_stopped():
    called = threading.Event()
    poller = Poller("test", called.set, 60)
    poller.stop()
    poller.run()  # has been told to end, and so does nothing
    assert not called.is_set()
