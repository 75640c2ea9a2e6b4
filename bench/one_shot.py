"""Benchmark: whole plugin processes, ours beside the reference's, in one interleaved run.

Every sample is one executable called as a runtime calls it, from spawn to exit; the two implementations take turns,
so that a machine that slows down slows both. A sample counts only if its container then reached its gateway. Ours are
started by the C launcher; beside it the same code started as Python scripts.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT)]

import bandwidth  # noqa: E402
import chain  # noqa: E402
import growth  # noqa: E402
import nat  # noqa: E402
import report  # noqa: E402
import upper  # noqa: E402
from netlab import PRIVATE, REFERENCE, Container, Host, enter_private_mounts  # noqa: E402
from side import Side, pause  # noqa: E402

from poplin.invoke.execute import execute  # noqa: E402

GATEWAY = "10.22.0.1"
WARM_UP = 3  # rounds that do not count
LEASES = (10, 1000)  # of other containers
BESIDE = (4, 400)  # containers on the host that publish a port each
PORTS = (10, 1000)  # of one bridge
ENTRIES = {"poplin": "launcher", "script": "python"}  # how the plugins of each side are started


def fill(folder: Path, count: int) -> None:
    """Leases of `count` other containers, as the reference writes them, at the far end of the range."""
    leases = folder / "mynet"
    leases.mkdir(parents=True)
    for number in range(count):
        (leases / f"10.22.{200 + number // 250}.{number % 250}").write_text(f"other{number}\r\neth0")


def add_and_delete(sides: list[Side], runs: int, counts: tuple[int, ...], work: Path) -> None:
    """ADD and DEL of one container beside so many other leases, all sides and counts in each round, in any order."""
    host = Host("bench", sides[0].folder)
    container = host.add_container()
    for side in sides:
        for leases in counts:
            fill(work / f"{side.name}-{leases}", leases)
    try:
        for run in range(-WARM_UP, runs):
            for leases in counts:
                for side in random.sample(sides, len(sides)):
                    add_and_delete_once(side, host, container, leases, work, is_counted=run >= 0)
            progress("ADD and DEL", run, runs)
    finally:
        host.remove()


def add_and_delete_once(
    side: Side, host: Host, container: Container, leases: int, work: Path, *, is_counted: bool
) -> None:
    """One sample of each; worthless unless the container reaches its gateway in between."""
    conf = nat.network(work / f"{side.name}-{leases}", masquerade=False)
    pause()
    added, result = side.add(host, [conf], container)
    if not container.pings(GATEWAY):
        raise SystemExit(f"{side.name}: the container does not reach {GATEWAY}, the sample is worthless")
    pause()
    deleted = side.delete(host, [conf], container, result)
    for verb, took in (("ADD", added), ("DEL", deleted)) if is_counted else ():
        side.keep(f"bridge + host-local, {verb}, {leases} leases", took)


def versions(sides: list[Side], runs: int) -> None:
    """VERSION, which runtimes call all the time."""
    for run in range(runs):
        for side in random.sample(sides, len(sides)):
            start = time.perf_counter()
            execute(str(side.folder / "bridge"), b"{}", {"CNI_COMMAND": "VERSION"})
            side.keep("VERSION", (time.perf_counter() - start) * 1000)
        progress("VERSION", run, runs)


def progress(what: str, run: int, runs: int) -> None:
    """One line that rewrites itself, on a terminal only."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{what}: {max(run, 0) + 1}/{runs}   " + ("\n" if run + 1 == runs else ""))


def table(ours: Side, theirs: Side, scripts: Side) -> str:
    """Markdown: medians, ratio, and how ours grows with the leases and with the containers; then both entries."""
    lines = compare(ours, theirs, "| whole processes, median ms | Poplin | reference | ratio |")
    for verb in ("ADD", "DEL"):
        first, last = (f"bridge + host-local, {verb}, {leases} leases" for leases in LEASES)
        rates = [side.median(last) / side.median(first) for side in (ours, theirs)]
        lines.append(f"| growth of {verb}, {LEASES[1]} leases over {LEASES[0]} | {rates[0]:.2f} | {rates[1]:.2f} | |")
    added, kernel = growth.growth(ours, PORTS)
    what = f"growth of ADD, {PORTS[1]} containers on one bridge over {PORTS[0]}; the kernel's own in the next column"
    lines.append(f"| {what} | {added:.2f} | {kernel:.2f} | {added / kernel:.2f} |")
    heading = "| the two entries, whole processes, median ms | C launcher | Python script | ratio |"
    return "\n".join([*lines, "", *compare(ours, scripts, heading)])


def compare(one: Side, other: Side, heading: str) -> list[str]:
    """A row for everything that was measured of both."""
    lines = [heading, "|---|---|---|---|"]
    for measure in (name for name in one.times if name in other.times):
        first, second = one.median(measure), other.median(measure)
        lines.append(f"| {measure} | {show(first)} | {show(second)} | {first / second:.2f} |")
    return lines


def show(milliseconds: float) -> str:
    """With the digits that mean something."""
    return f"{milliseconds:.2f}" if milliseconds < 1 else f"{milliseconds:.1f}"


def main() -> None:
    """Measure, print, and with --write keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=60, help="samples of each measure (default 60)")
    parser.add_argument("--stream", type=float, default=5.0, help="seconds of TCP through each limit (default 5)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help="print medians as JSON")
    options = parser.parse_args()
    enter_private_mounts(PRIVATE)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        ours, scripts = (Side(name, install(work / name, entry)) for name, entry in ENTRIES.items())
        sides = [ours, Side("reference", REFERENCE)]
        versions([*sides, scripts], options.runs)
        add_and_delete([*sides, scripts], options.runs, LEASES, work)
        for beside in BESIDE:
            nat.measure(sides, work, beside, options.runs, progress)
            chain.measure(sides, work, beside, options.runs, progress)
        upper.measure(sides, work / "upper", options.runs, progress)
        growth.measure(ours, work, PORTS, options.runs // 2, progress)
        held = bandwidth.run(sides, work, progress, counted=options.stream)
    if options.json:
        medians = {s.name: {m: round(s.median(m), 2) for m in s.times} for s in (*sides, scripts)}
        print(json.dumps({"version": 1, **medians, "limits": {"rates": held.rates, "waits": held.waits}}))
    else:
        text = f"{table(*sides, scripts)}\n\n{bandwidth.table(held)}"
        print(text)
        if options.write:
            report.write("one-shot", text, f"{options.runs} runs")
    if held.misses:
        raise SystemExit(f"limits that are not held: {'; '.join(held.misses)}")


def install(folder: Path, entry: str) -> Path:
    """Our plugins, installed there; where the executables are."""
    line = ["install", "--bin-dir", str(folder / "bin"), "--lib-dir", str(folder / "lib"), "--entry", entry]
    subprocess.run([sys.executable, "-m", "poplin.cli.main", *line], check=True, stdout=sys.stderr)
    return folder / "bin"


if __name__ == "__main__":
    main()
