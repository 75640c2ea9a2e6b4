"""Run tests/vm in the virtual machine, started by scripts/vm: boot, follow the console, hand on the outcome.

The guest tells it on a second serial line, so that no kernel message can fall into it: the JSON summary of the tests
(tests/tally.py) and a line with pytest's status. A guest that crashes or takes too long counts as one failed test.
"""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tally import count_line
from vm.machine import Machine, cache_folder, ensure_machine

PATIENCE = 2 * 60 * 60  # seconds; the whole ring takes an eighth of that where two processors are a little busy
CRASHED = {"passed": 0, "failed": 1, "skipped": 0}


def main() -> int:
    """The status of the tests, or 1 if there is none."""
    parser = argparse.ArgumentParser(prog="vm", description="run tests/vm in a virtual machine")
    parser.add_argument("--summary", type=Path, help="write the outcome to this file too, as JSON")
    parser.add_argument("--patience", type=int, default=PATIENCE, help="seconds until the machine is killed")
    arguments, options = parser.parse_known_args()
    summary, status = run_tests(ensure_machine(cache_folder()), options, arguments.patience)
    if arguments.summary:
        arguments.summary.write_text(json.dumps(summary))
    print(count_line(summary))
    return status


def run_tests(machine: Machine, options: list[str], patience: int) -> tuple[dict, int]:
    """The summary of one boot, and pytest's status in it."""
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        initrd, outcome = Path(name) / "initrd", Path(name) / "outcome"
        machine.write_initrd(initrd, options)
        print(f"vm: booting Linux {machine.version}", flush=True)
        reason = boot(machine.command(initrd, outcome), patience)
        summary, status = read_outcome(outcome)
    took = f"after {time.monotonic() - start:.0f} s"
    print(f"vm: {reason} {took}" if summary else f"vm: {reason} {took}, and told no outcome", flush=True)
    return (summary, status) if summary else (CRASHED, status or 1)


def boot(command: list[str], patience: int) -> str:
    """Run qemu to its end, with its console on our stdout; how it ended."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the machine is killed with us
    try:
        process.wait(patience)
    except subprocess.TimeoutExpired:
        return f"killed: it was still running, for {patience} s allowed,"
    finally:
        process.kill()
        process.wait()
    return "ended" if process.returncode == 0 else f"qemu ended with status {process.returncode}"


def read_outcome(path: Path) -> tuple[dict, int]:
    """What the guest told on its second line: ({}, 0) if it did not get that far."""
    lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
    try:
        return json.loads("".join(lines[:-1])), int(lines[-1])
    except (IndexError, ValueError):
        return {}, 0


if __name__ == "__main__":
    sys.exit(main())
