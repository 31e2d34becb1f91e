"""``python -m benchmarks.soak``: kernels that log for minutes or hours, some of them killed, while a server reads.

Every point is verified at the end, with the runs that were killed. Kernels are real ones; each has two threads
that log two metrics each, at ``--rate`` points a second. A kernel's count of what it has logged lies in memory
that this process shares, so that a kill cannot hide a loss. Before, one kernel and then all of them log as fast as
they can, to see what a point costs each of them in processor time.
"""

from __future__ import annotations

import argparse
import gc
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.soaked import Kernel, expected, sprinted
from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.store.curves import Points, read_points
from runlore_server.store.runs import RunStore
from runlore_server.store.views import CurveViews

_SPRINT = 4.0
_LOOKS_AT = 8
"""Curves that are looked at in a turn."""


@dataclass
class Found:
    """What the soak came to.

    Attributes:
        alone, together: points per second of processor time of one kernel, and the mean of all at once.
        points: that were verified.
        lost: points that a kernel had logged and that were not there.
        wrong: curves with a point that nobody logged.
        failures: notes of runs about what could not be recorded.
        runs, killed: how many there were.
        looks: curves that were looked at meanwhile, each of which was right.
        resident: bytes of this process in the first and in the last third of the time, at the most.
        held: bytes of decimated curves among them, which are kept up to a limit.
        slowest: seconds of the slowest look at the runs and some of their curves.
    """

    alone: float = 0.0
    together: float = 0.0
    points: int = 0
    lost: int = 0
    wrong: int = 0
    failures: list[str] = field(default_factory=list)
    runs: int = 0
    killed: int = 0
    looks: int = 0
    resident: tuple[int, int] = (0, 0)
    held: tuple[int, int] = (0, 0)
    slowest: float = 0.0

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, wrong or refused."""
        return not (self.lost or self.wrong or self.failures)


class Reader:
    """Looks at the runs of a home as a server does, and remembers how much memory that takes."""

    def __init__(self, home: Home) -> None:
        self._store = RunStore(home)
        self._views = CurveViews()
        self._resident: list[int] = []
        self._held: list[int] = []
        self.looks = 0
        self.wrong = 0
        self.slowest = 0.0

    def look(self) -> None:
        """Refresh the list and look at some curves."""
        start = time.perf_counter()
        self._store.refresh()
        runs = [run for run in self._store.all() if run.metrics]
        for run in random.sample(runs, min(len(runs), _LOOKS_AT)):
            metric, path = random.choice(list(run.metrics.items()))
            view = self._views.view(path, 1000)
            self.looks += 1
            self.wrong += not _is_right(view.points, metric)
        self.slowest = max(self.slowest, time.perf_counter() - start)
        self._resident.append(psutil.Process().memory_info().rss)
        self._held.append(self._views.held)

    def resident(self) -> tuple[int, int]:
        """The most bytes in the first and in the last third of the looks."""
        return _thirds(self._resident)

    def held(self) -> tuple[int, int]:
        """The most bytes of views kept in the first and in the last third of the looks."""
        return _thirds(self._held)

    def runs(self) -> list[RunRecord]:
        """All runs as they are now."""
        self._store.refresh()
        return self._store.all()

    def close(self) -> None:
        """Close the run index."""
        self._store.close()


def soak(
    directory: Path, seconds: float, *, kernels: int, rate: int, kill_every: float, sprint: float = _SPRINT
) -> Found:
    """Let so many kernels log for so long, and verify what they logged.

    Args:
        directory: an empty one, which gets 24 bytes a point.
        seconds: how long.
        kernels: how many log at once.
        rate: points a second and kernel.
        kill_every: seconds from one SIGKILL of a kernel to the next; another takes its place.
        sprint: seconds before, in which as many points are logged as can be, by one kernel and by all.
    """
    found = Found()
    (found.alone,) = sprinted(directory / "alone", 1, sprint)
    together = sprinted(directory / "together", kernels, sprint)
    found.together = sum(together) / len(together)
    home = directory / "home"
    running = [Kernel(home, directory / f"kernel-{number}", rate) for number in range(kernels)]
    ended: list[Kernel] = []
    reader = Reader(Home(home))
    end, next_kill = time.monotonic() + seconds, time.monotonic() + kill_every
    try:
        while time.monotonic() < end:
            time.sleep(0.5)
            reader.look()
            for kernel in running:
                kernel.go_on()
            if time.monotonic() > next_kill:
                next_kill += kill_every
                victim = random.randrange(kernels)
                running[victim].kill()
                ended.append(running[victim])
                running[victim] = Kernel(home, directory / f"kernel-{kernels + len(ended)}", rate)
    finally:
        for kernel in running:
            kernel.stop()
    found.resident, found.looks, found.slowest = reader.resident(), reader.looks, reader.slowest
    found.held, found.wrong = reader.held(), reader.wrong
    _verify(reader.runs(), {kernel.name: kernel for kernel in [*ended, *running]}, found)
    reader.close()
    return found


def _verify(runs: list[RunRecord], kernels: dict[str, Kernel], found: Found) -> None:
    for run in runs:
        found.runs += 1
        found.killed += run.status == "killed"
        found.failures += [f"{note.what}: {note.why}" for note in run.not_captured if "metric" in note.what]
        logged = kernels[run.name.partition(" ")[0]].logged(run.name)
        for metric, path in run.metrics.items():
            points = read_points(path)
            found.points += len(points)
            found.lost += max(logged[metric] - len(points), 0)
            found.wrong += not _is_right(points, metric) or not np.array_equal(
                points["step"], np.arange(len(points))
            )
        found.lost += sum(count for metric, count in logged.items() if metric not in run.metrics)
    gc.collect()


def _thirds(sizes: list[int]) -> tuple[int, int]:
    third = max(len(sizes) // 3, 1)
    return max(sizes[:third]), max(sizes[-third:])


def _is_right(points: Points, metric: str) -> bool:
    return bool(np.array_equal(points["value"], expected(metric, points["step"])))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="default: %(default)s")
    parser.add_argument("--kernels", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--rate", type=int, default=4000, help="points a second and kernel; default: %(default)s")
    parser.add_argument("--kill-every", type=float, default=10.0, help="seconds; default: %(default)s")
    parser.add_argument(
        "--directory", type=Path, help="where the files go for so long; a temporary one by default"
    )
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.directory, ignore_cleanup_errors=True) as directory:
        found = soak(
            Path(directory),
            asked.seconds,
            kernels=asked.kernels,
            rate=asked.rate,
            kill_every=asked.kill_every,
        )
    first, last, kept_first, kept_last = (size >> 20 for size in found.resident + found.held)
    print(
        f"{asked.kernels} kernels, {asked.seconds:.0f} s: {found.points:,} points of {found.runs} runs verified, "
        f"{found.lost} lost, {found.wrong} curves wrong, {len(found.failures)} failures; {found.killed} killed"
    )
    print(
        f"points per second of processor time: {found.alone:,.0f} of one kernel, {found.together:,.0f} of each of "
        f"{asked.kernels} at once"
    )
    print(
        f"reader: {found.looks} looks, the slowest turn {found.slowest:.2f} s, at most {first} MiB in the first "
        f"third of the time ({kept_first} of them views that it keeps), {last} MiB in the last ({kept_last})"
    )
    for failure in found.failures[:10]:
        print("  " + failure)
    return 0 if found.clean else 1


if __name__ == "__main__":
    sys.exit(main())
