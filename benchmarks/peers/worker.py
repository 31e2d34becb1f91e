"""``python -m benchmarks.peers.worker NAME``: one contestant's process, told what to do line by line.

Each line of its input is a JSON list, a name of ``Worker``'s methods and their arguments. Each is answered by a
line that is a JSON object: ``seconds`` is what the contestant took. Trackers print what they like: it goes to the
errors.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.peers import values
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.peer import METRIC, TEN, Peer


class Worker:
    """The commands. All but ``open`` are given when it has been."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._peer: Peer

    def open(self) -> dict[str, Any]:
        """Import what the contestant needs."""
        taken = _timed(lambda: setattr(self, "_peer", PEERS[self._name]()))
        return {**taken, "version": self._peer.version}

    def start(self, run: str) -> dict[str, Any]:
        return _timed(lambda: self._peer.start(run))

    def log(self, count: int) -> dict[str, Any]:
        """Log one number so many times."""
        prepared = self._peer.prepared(values.walk(count))
        return _timed(lambda: self._peer.log(prepared))

    def log_ten(self, count: int) -> dict[str, Any]:
        """Log ten numbers so many times."""
        prepared = self._peer.prepared(values.rows(count))
        return _timed(lambda: self._peer.log_ten(prepared))

    def finish(self) -> dict[str, Any]:
        return _timed(self._peer.finish)

    def fill(self, runs: Sequence[str], steps: int) -> dict[str, Any]:
        """Write a curve with a spike into each of these runs."""
        for number, run in enumerate(runs):
            self._peer.start(run)
            self._peer.fill(values.spiked(steps, number))
            self._peer.finish()
        return {}

    def die(self, run: str, count: int) -> dict[str, Any]:
        """Log so many numbers in a loop and be killed at once: this is answered by the end of the process."""
        prepared = self._peer.prepared(values.walk(count))
        self._peer.start(run)
        self._peer.log(prepared)
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    def locate(self, runs: Sequence[str]) -> dict[str, Any]:
        return _timed(lambda: self._peer.locate(runs))

    def count(self, run: str, logged: int) -> dict[str, Any]:
        """How many of the numbers that were logged to a run are found, each in its place."""
        return {"points": self._found(run, METRIC, values.walk(logged))}

    def count_ten(self, run: str, logged: int) -> dict[str, Any]:
        """The same for rows of ten numbers: how many points are found."""
        expected = values.rows(logged)
        return {"points": sum(self._found(run, name, [row[name] for row in expected]) for name in TEN)}

    def curves(self, runs: Sequence[str], points: int) -> dict[str, Any]:
        """Read curves that ``fill`` wrote; how many of their spikes are there."""
        found: list[Sequence[float]] = []
        taken = _timed(lambda: found.extend(self._peer.curves(runs, points)))
        spikes = sum(bool(max(curve) == self._peer.stored(values.SPIKE)) for curve in found)
        return {**taken, "spikes": spikes, "curves": len(found), "points": max(map(len, found))}

    def archive(self) -> dict[str, Any]:
        return {"archived": self._peer.archive()}

    def _found(self, run: str, metric: str, logged: Sequence[float]) -> int:
        found = [float(value) for value in self._peer.points(run, metric)]
        if not values.is_part(found, [self._peer.stored(value) for value in logged]):
            raise ValueError(f"{self._name} gives other points of {metric} of {run} than were logged")
        return len(found)


def _timed(call: Callable[[], object]) -> dict[str, Any]:
    start = time.perf_counter()
    call()
    return {"seconds": time.perf_counter() - start}


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        print(json.dumps(getattr(worker, command)(*arguments)), file=answers, flush=True)


if __name__ == "__main__":
    main()
