"""Teardown goes through all its steps and tells every error in the end."""

from __future__ import annotations

from errno import EBUSY, EIO

import pytest

from poplin.linux.netlink import NetlinkError
from poplin.plugins.kit.teardown import Teardown
from poplin.spec.errors import CNIError, TryAgainLater


def fail(error: Exception) -> None:
    raise error


def test_success_is_silent() -> None:
    done: list[int] = []
    with Teardown() as teardown:
        teardown.run(done.append, 1)
        teardown.run(done.append, 2)
    assert done == [1, 2]


def test_every_step_runs_and_the_first_error_carries_the_others() -> None:
    done: list[int] = []
    with pytest.raises(CNIError) as caught, Teardown() as teardown:
        teardown.run(fail, TryAgainLater("the lock is taken", "by process 7"))
        teardown.run(done.append, 1)
        teardown.run(fail, NetlinkError(EBUSY, "ip link delete dev eth0"))
        teardown.run(fail, OSError(EIO, "Input/output error", "/var/lib/cni"))
        teardown.run(done.append, 2)
    assert done == [1, 2]
    error = caught.value
    assert (error.code, error.msg) == (11, "the lock is taken")
    assert error.details == (
        "by process 7; ip link delete dev eth0: Device or resource busy; [Errno 5] Input/output error: '/var/lib/cni'"
    )


@pytest.mark.parametrize(
    "error, code, text",
    [
        (NetlinkError(EBUSY, "ip link delete dev eth0"), 100, "ip link delete dev eth0: Device or resource busy"),
        (OSError(EIO, "Input/output error"), 5, "[Errno 5] Input/output error"),
        (CNIError("odd", "", 123), 123, "odd"),
    ],
)
def test_error_of_the_system_gets_its_code(error: Exception, code: int, text: str) -> None:
    with pytest.raises(CNIError) as caught, Teardown() as teardown:
        teardown.run(fail, error)
    assert (caught.value.code, caught.value.msg, caught.value.details) == (code, text, "")


def test_error_of_the_block_itself_comes_before_what_was_gathered() -> None:
    with pytest.raises(ZeroDivisionError), Teardown() as teardown:
        teardown.run(fail, TryAgainLater("the lock is taken"))
        raise ZeroDivisionError
