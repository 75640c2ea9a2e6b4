"""`poplin doctor --only clock`: whether times can be believed."""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Any

from poplin.doctor.checks.clock import SYNCHRONIZED, Clock, judge, show
from poplin.doctor.finding import ERROR, NOTE, WARNING

CHECK = "clock"
HOUR = 3600
DAY = 24 * HOUR
NOW = 1_800_000_000.0
TIME_ERROR = 5


def test_a_clock_that_is_right_is_well() -> None:
    assert list(judge(Clock(NOW, NOW - DAY, is_synchronized=True))) == []


def test_a_clock_before_the_program_was_made() -> None:
    (found,) = judge(Clock(NOW - 2 * DAY, NOW, is_synchronized=True))
    assert (found.severity, found.mend) == (ERROR, "timedatectl set-ntp true")
    assert found.text == "the clock says 2027-01-13 08:00:00 UTC, and this program is of 2027-01-15 08:00:00 UTC"


def test_a_clock_nobody_keeps_right_is_a_note() -> None:
    (found,) = judge(Clock(NOW, NOW - DAY, is_synchronized=False))
    assert (found.severity, found.text, found.mend) == (
        NOTE,
        "nobody keeps the clock right",
        "timedatectl set-ntp true",
    )


def test_times_of_the_future_are_mended_when_the_clock_is_right() -> None:
    """Before that, `touch` would give leases in use the time of a boot long ago."""
    ahead = (("/leases/a", NOW + HOUR), ("/leases/b", NOW + 2 * HOUR))
    well = next(judge(Clock(NOW, NOW - DAY, True, ahead)))
    ill = next(judge(Clock(NOW, NOW - DAY, False, ahead)))
    assert well.severity == ill.severity == WARNING
    assert well.text == (f"2 times on record in the future, /leases/b of {show(NOW + 2 * HOUR)}: the clock was ahead")
    assert ill.text == f"{well.text}, or is behind now"
    assert well.mend == "touch /leases/a /leases/b"
    assert ill.mend == "timedatectl set-ntp true && touch /leases/a /leases/b"


def test_the_kernel_is_asked_whether_the_clock_is_right(clinic: Any) -> None:
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024))
    is_right = state != TIME_ERROR or os.path.exists(SYNCHRONIZED)
    assert [each["severity"] for each in clinic.find(CHECK)] == [] if is_right else ["note"]


def test_a_lease_of_the_future(clinic: Any, tmp_path: Path) -> None:
    """With a clock that systemd says is right; its word is a file."""
    clinic.configure(clinic.bridge())
    clinic.attach()
    lease = clinic.leases / "mynet" / "10.22.0.2"
    later = time.time() + HOUR
    os.utime(lease, (later, later))
    synchronized = f"mount -t tmpfs none /run; mkdir -p {os.path.dirname(SYNCHRONIZED)}; touch {SYNCHRONIZED}"
    doctor = f"unshare -m sh -c '{synchronized}; python3 -m poplin.cli.main doctor --only clock'"
    done = clinic.run(["sh", "-c", doctor])
    first, *seen = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (4, "")
    assert first == f"warning: clock: 1 time on record in the future, {lease} of {show(later)}: the clock was ahead"
    assert seen[:3] == [
        f"    seen: {lease}: changed {show(later)}",
        "    seen: the clock is kept right by the network",
        f"    mend: touch {lease}",
    ]
    clinic.sh(seen[2].partition("mend: ")[2])
    assert clinic.sh(doctor) == "nothing found in 1 check\n"
