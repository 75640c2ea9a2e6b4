"""Whether times can be believed: leases of an earlier boot are told by them, and certificates are valid by them."""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import poplin
from poplin.doctor.finding import ERROR, NOTE, WARNING, Finding, command, count, plain_path
from poplin.doctor.place import Place
from poplin.plugins.host_local.leases import LeaseFolder
from poplin.plugins.host_local.store import lease_folder

GRACE = 60  # seconds
DAY = 86400
SYNCHRONIZED = "/run/systemd/timesync/synchronized"  # systemd-timesyncd makes it with its first answer
TIME_ERROR = 5  # sys/timex.h
TIMEX_SIZE = 512  # bytes, more than struct timex has
START = "timedatectl set-ntp true"


@dataclass(frozen=True)
class Clock:
    """`now` and the other times are seconds since 1970; `ahead` are files of the future with theirs."""

    now: float
    built: float
    is_synchronized: bool
    ahead: tuple[tuple[str, float], ...] = ()


def examine(place: Place) -> Iterator[Finding]:
    """What is wrong with the time."""
    now = time.time()
    ahead = tuple((file, when) for file, when in list_times(place) if when > now + GRACE)
    built = os.stat(poplin.__file__).st_mtime
    yield from judge(Clock(now, built, is_synchronized(), ahead))


def judge(clock: Clock) -> Iterator[Finding]:
    """The clock against what must lie in the past."""
    state = "the clock is kept right by the network" if clock.is_synchronized else "nobody keeps the clock right"
    if clock.now < clock.built - DAY:
        text = f"the clock says {show(clock.now)}, and this program is of {show(clock.built)}"
        yield Finding(ERROR, text, (f"{poplin.__file__}: changed {show(clock.built)}", state), START)
    if clock.ahead:
        file, when = max(clock.ahead, key=lambda pair: pair[1])
        text = f"{count(len(clock.ahead), 'time')} on record in the future, {file} of {show(when)}: the clock was ahead"
        mend = command("touch", *(plain_path(each) for each, _ in clock.ahead))
        if not clock.is_synchronized:
            text = f"{text}, or is behind now"
        evidence = tuple(f"{each}: changed {show(time)}" for each, time in clock.ahead)
        yield Finding(WARNING, text, (*evidence, state), mend if clock.is_synchronized else f"{START} && {mend}")
    if not clock.is_synchronized:
        evidence = ("adjtimex: TIME_ERROR, not synchronized", f"there is no {SYNCHRONIZED}")
        yield Finding(NOTE, "nobody keeps the clock right", evidence, START)


def list_times(place: Place) -> Iterator[tuple[str, float]]:
    """Every lease and record, and when it was written."""
    folders = [lease_folder(each.leases.data_dir, each.name) for each in place.networks if each.leases]
    for folder in filter(os.path.isdir, folders):
        leases = place.see_all(LeaseFolder(folder).scan)
        yield from ((f"{folder}/{ip}", changed / 1e9) for ip, changed in leases)
    for entry in place.entries:
        path = place.cache.path(entry.network, *entry.attachment.identity)
        yield path, place.see(os.path.getmtime, path) or 0.0


def is_synchronized() -> bool:
    """Whether the kernel or systemd says that the clock follows others."""
    if os.path.exists(SYNCHRONIZED):
        return True
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_SIZE))) not in (TIME_ERROR, -1)


def show(when: float) -> str:
    """A time as people read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(when))
