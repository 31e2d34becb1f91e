"""``python -m benchmarks.kills``: kill processes that log, right after their last point and at any moment.

Each round is a process of its own with a run of its own. What it has logged, alone and as rows of two, it counts
in memory that this process shares; what is read back must be what was counted, in order, each value with its bits.
One more point a metric may be there: that which was written when the kill came, and not yet counted.
"""

from __future__ import annotations

import argparse
import mmap
import os
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from runlore.curve import points, read_records
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import sessions

POINTS = 10_000
"""Points of each of its metrics that a thread logs before the process ends itself."""

_SCRIPT = """
import mmap, os, signal, sys, threading, runlore
threads, points = int(sys.argv[2]), int(sys.argv[3])
with open(sys.argv[1], "r+b") as file:
    counts = memoryview(mmap.mmap(file.fileno(), 0)).cast("Q")
run = runlore.start_run(sys.argv[1])
def work(thread):
    name, count = f"m{thread}", 0
    while count != points:
        run.log({name: count * 0.5})
        run.log({f"{name}/{part}": count * 0.5 for part in "ab"})
        count += 1
        counts[thread] = count
workers = [threading.Thread(target=work, args=(thread,)) for thread in range(1, threads)]
for worker in workers:
    worker.start()
work(0)
for worker in workers:
    worker.join()
os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass
class Killed:
    """What some rounds came to; ``lost`` points had been logged, ``wrong`` curves hold something else."""

    rounds: int = 0
    logged: int = 0
    lost: int = 0
    wrong: int = 0


def killed(directory: Path, rounds: int, threads: int, *, at_random: bool) -> Killed:
    """Kill ``rounds`` processes of so many threads and read back what they logged.

    Args:
        directory: an empty one, for homes and counts.
        rounds: how many processes.
        threads: how many of each log, to one metric alone and to two at once each.
        at_random: kill them at a random moment; else each kills itself right after its last point.
    """
    found = Killed()
    for number in range(rounds):
        counts = directory / f"counts-{number}"
        counts.write_bytes(bytes(8 * threads))
        home = directory / f"home-{number}"
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(counts), str(threads), str(-1 if at_random else POINTS)],
            env={**os.environ, "RUNLORE_HOME": str(home)},
        )
        if at_random:
            _kill_within(process, counts)
        if process.wait() != -signal.SIGKILL:
            raise RuntimeError("a process ended before it was killed")
        _verify(home, struct.unpack(f"{threads}Q", counts.read_bytes()), found)
    return found


def _kill_within(process: subprocess.Popen[bytes], counts: Path) -> None:
    with counts.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as shown:
        while not any(shown[:]) and process.poll() is None:
            time.sleep(0.001)
    time.sleep(random.uniform(0, 0.2))
    process.kill()


def _verify(home: Path, logged: tuple[int, ...], found: Killed) -> None:
    (run,) = _runs(Home(home))
    found.rounds += 1
    for thread, count in enumerate(logged):
        for name in (f"m{thread}", f"m{thread}/a", f"m{thread}/b"):
            path = run.metrics.get(name)
            there = [(step, value) for step, _, value in points(read_records(path))] if path else []
            found.logged += count
            found.lost += max(count - len(there), 0)
            found.wrong += there != [(n, n * 0.5) for n in range(len(there))] or len(there) > count + 1


def _runs(home: Home) -> list[RunRecord]:
    return [run for session in sessions(home) for run in session.runs.values()]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--rounds", type=int, default=100, help="processes of each kind; default: %(default)s")
    rounds = parser.parse_args().rounds
    worst = 0
    for threads, at_random in ((1, False), (1, True), (4, True)):
        with tempfile.TemporaryDirectory() as directory:
            found = killed(Path(directory), rounds, threads, at_random=at_random)
        when = "at any moment" if at_random else f"right after {POINTS:,} points"
        print(
            f"{found.rounds} processes of {threads} thread(s), killed {when}: {found.logged:,} points logged, "
            f"{found.lost} lost, {found.wrong} curves wrong",
            flush=True,
        )
        worst = max(worst, found.lost, found.wrong)
    return 1 if worst else 0


if __name__ == "__main__":
    sys.exit(main())
