"""What logging costs: one number, ten at once, a start, and how soon the points are safe.

All contestants work in turn, batch by batch, so that a machine that is slower for a while is so for everybody.
Every batch is a run of its own, and all of them are read back afterwards by another process. Of a call the
quickest batch of each contestant counts, as `timeit` advises: what else the machine did can only have made the
others slower.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from contextlib import ExitStack

from benchmarks.measure import Row
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.contestant import Contestant, Process
from benchmarks.peers.field import Field, field
from benchmarks.plan import Plan

_BATCH_SECONDS = 0.25
_MOST = {"log": 250_000, "log_ten": 50_000}
_POINTS = {"log": 1, "log_ten": 10}
_COUNT = {"log": "count", "log_ten": "count_ten"}

_Samples = dict[str, list[float]]
"""What was measured, by the contestant's name."""


def rows(plan: Plan) -> list[Row]:
    with field(plan, list(PEERS)) as contestants:
        starts = _starts(contestants, plan.rounds(3))
        calls = _calls(contestants, plan)
        one, ten = calls["log"], calls["log_ten"]
        return [
            *contestants.rows("log one number", _fastest(one.calls)),
            *contestants.rows("log ten numbers", _fastest(ten.calls)),
            *contestants.rows("points a second until they are safe", _medians(one.rates), "points/s"),
            *contestants.rows("import and start a run", _medians(starts)),
        ]


def _medians(samples: _Samples) -> dict[str, float]:
    return {name: statistics.median(found) for name, found in samples.items()}


def _fastest(samples: _Samples) -> dict[str, float]:
    return {name: min(found) for name, found in samples.items()}


def _starts(field: Field, rounds: int) -> _Samples:
    """Seconds from nothing imported to an open run, in new processes; the first one, which makes stores, not."""
    samples: _Samples = defaultdict(list)
    for number in range(rounds + 1):
        for contestant in field.contestants:
            if contestant.peer.is_floor:
                continue
            with field.trying(contestant), contestant.process() as process:
                opened = process.ask("open")
                started = process.ask("start", f"start-{number}")
                process.ask("log", 1)
                process.ask("finish")
                contestant.version = opened["version"]
                if number:
                    samples[contestant.name].append(opened["seconds"] + started["seconds"])
    return samples


class _Calls:
    """What calls took each, and how many points were safe a second from the first call to the end of the run."""

    def __init__(self) -> None:
        self.calls: _Samples = defaultdict(list)
        self.rates: _Samples = defaultdict(list)
        self.batches: dict[str, list[tuple[str, int]]] = defaultdict(list)

    def batch(self, process: Process, contestant: Contestant, command: str, count: int) -> float:
        """Log so many times into a new run; returns the seconds of a call."""
        batches = self.batches[contestant.name]
        run = f"{command.replace('_', '-')}-{len(batches)}"
        process.ask("start", run)
        logged = process.ask(command, count)["seconds"]
        finished = process.ask("finish")["seconds"]
        batches.append((run, count))
        self.calls[contestant.name].append(logged / count)
        self.rates[contestant.name].append(count * _POINTS[command] / (logged + finished))
        return float(logged / count)

    def forget(self) -> None:
        """Start over, but remember the runs to be read back."""
        self.calls.clear()
        self.rates.clear()


def _calls(field: Field, plan: Plan) -> dict[str, _Calls]:
    """By command. Batches of one number and of ten take turns, so that both meet the same machine."""
    found, counts = {command: _Calls() for command in _MOST}, {}
    with ExitStack() as stack:
        processes: dict[str, Process] = {}
        for contestant in field.contestants:  # how many calls fill a batch; also warms everything up
            with field.trying(contestant):
                process = processes[contestant.name] = stack.enter_context(contestant.opened())
                for command, most in _MOST.items():
                    call = found[command].batch(process, contestant, command, plan.sized(1000, 100))
                    counts[contestant.name, command] = plan.sized(_count(call, most), 100)
        for calls in found.values():
            calls.forget()
        for _ in range(plan.rounds(9)):
            for contestant in field.contestants:
                with field.trying(contestant):
                    for command, calls in found.items():
                        count = counts[contestant.name, command]
                        calls.batch(processes[contestant.name], contestant, command, count)
    for contestant in field.contestants:
        with field.trying(contestant):
            for command, calls in found.items():
                _read_back(contestant, calls.batches[contestant.name], command)
    return found


def _count(call: float, most: int) -> int:
    """How many calls of so many seconds fill a batch: whole thousands where it can be, for who sends thousands."""
    count = int(_BATCH_SECONDS / call)
    return min(count // 1000 * 1000, most) if count > 1000 else max(count // 100 * 100, 200)


def _read_back(contestant: Contestant, batches: list[tuple[str, int]], command: str) -> None:
    """See that all points of all batches are there.

    Raises:
        RuntimeError: some are not.
    """
    with contestant.opened() as process:
        process.ask("locate", [run for run, _ in batches])
        for run, count in batches:
            points = process.ask(_COUNT[command], run, count)["points"]
            if points != count * _POINTS[command]:
                raise RuntimeError(
                    f"{contestant.name} has {points} points of {run}, not {count * _POINTS[command]}"
                )
