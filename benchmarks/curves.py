"""What it costs to look at many curves, and to keep them: beside peers and beside reading bare files.

Every curve has one value that is far off; it must still be there in what is shown.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from benchmarks.measure import MEDIAN, Row, in_fresh_process
from benchmarks.peers.catalog import PEERS
from benchmarks.peers.contestant import Contestant
from benchmarks.peers.field import Field, field
from benchmarks.plan import Plan

_SHOWN = 1000
_SLOW = 8.0
"""Seconds of reading after which a contestant has read enough."""

_LONG = """
import json, sys
from pathlib import Path
import numpy as np
from runlore.curve import HEADER
from runlore_server.store.curves import POINT
from runlore_server.store.views import CurveViews, Window

RUNS, STEPS, SHOWN = map(int, sys.argv[1:])
PATHS = [Path(f"{number}.curve") for number in range(RUNS)]
for path, walk in zip(PATHS, np.random.default_rng(1).normal(size=(RUNS, STEPS)).cumsum(axis=1)):
    points = np.zeros(STEPS, POINT)
    points["step"], points["time"], points["value"] = np.arange(STEPS), np.arange(STEPS) / 10, walk
    path.write_bytes(HEADER + points.tobytes())

def shown(views, window=None):
    return [views.view(path, SHOWN, window).points["value"] for path in PATHS]

found = {}
found["first"], _ = median(lambda: shown(CurveViews()))
views = CurveViews()
shown(views)
windows = iter(Window("step", STEPS / 100 * number, STEPS / 100 * number + STEPS / 20) for number in range(90))
found["window"], zoomed = median(lambda: shown(views, next(windows)))
assert all(min(SHOWN * 0.9, STEPS / 20) <= len(values) <= SHOWN for values in zoomed)
print(json.dumps(found))
"""


def rows(plan: Plan) -> list[Row]:
    runs, steps = plan.sized((50, 20_000), (4, 2_000))
    with field(plan, [name for name, peer in PEERS.items() if peer.reads]) as contestants:
        size = _filled(contestants, runs, steps)
        first, again, told = _read(contestants, runs, plan.rounds(5))
        archived = _archived(contestants, runs, plan.rounds(5)).values()
        curves = f"{_SHOWN:,} points each of {runs} curves of {steps:,}"
        curves, keep = f"{_SHOWN:,} points each of {runs} curves of {steps:,}", "keep a point"
        return [
            *contestants.rows(f"{curves}, in a new process", first, "s", told),
            *(Row(f"{curves}, in a new process", one.told, one.seconds) for one in archived),
            *contestants.rows(f"{curves}, again", again, "s", told),
            *_long(plan),
            *contestants.rows(keep, {name: each / runs / steps for name, each in size.items()}, "B"),
            *(Row(keep, one.told.split(":")[0], one.size / runs / steps, "B") for one in archived),
        ]


@dataclass(frozen=True)
class _Archived:
    """What an archive takes, in bytes and in seconds of reading, and how it is told."""

    size: int
    seconds: float
    told: str


def _names(runs: int) -> list[str]:
    return [f"run-{number}" for number in range(runs)]


def _filled(field: Field, runs: int, steps: int) -> dict[str, float]:
    """Let everybody write the curves, two at a time: nothing is timed. Returns the bytes that each takes."""

    def fill(contestant: Contestant) -> None:
        with field.trying(contestant), contestant.opened() as process:
            process.ask("fill", _names(runs), steps)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(fill, field.contestants))
    return {contestant.name: contestant.stored for contestant in field.contestants}


def _read(field: Field, runs: int, rounds: int) -> tuple[dict[str, float], dict[str, float], dict[str, str]]:
    """Seconds of reading all curves, first and once more, and what is told of the spikes in them.

    Runlore and the floor are read in every round; a peer that takes long, once, and not again.
    """
    first: dict[str, list[float]] = defaultdict(list)
    again: dict[str, list[float]] = defaultdict(list)
    told: dict[str, str] = {}
    for _ in range(rounds):
        for contestant in field.contestants:
            if sum(first[contestant.name]) > _SLOW:
                continue
            with field.trying(contestant), contestant.opened() as process:
                process.ask("locate", _names(runs))
                answer = process.ask("curves", _names(runs), _SHOWN)
                if answer["curves"] != runs:
                    raise RuntimeError(f"{contestant.name} gives {answer['curves']} curves, not {runs}")
                first[contestant.name].append(answer["seconds"])
                if answer["seconds"] < _SLOW:
                    again[contestant.name].append(process.ask("curves", _names(runs), _SHOWN)["seconds"])
                told[contestant.name] = f": {_told(answer, runs)}"
    return _medians(first), _medians(again), told


def _told(answer: dict[str, Any], runs: int) -> str:
    return f"up to {answer['points']:,} points, {answer['spikes']} of {runs} spikes"


def _medians(samples: dict[str, list[float]]) -> dict[str, float]:
    return {name: statistics.median(found) for name, found in samples.items() if found}


def _archived(field: Field, runs: int, rounds: int) -> dict[str, _Archived]:
    """Archive what can be archived, and read it from there."""
    found = {}
    for contestant in field.contestants:
        with field.trying(contestant), contestant.opened() as process:
            if not process.ask("archive")["archived"]:
                continue
            size, times = contestant.stored, []
            for _ in range(rounds):
                with contestant.opened() as reader:
                    reader.ask("locate", _names(runs))
                    answer = reader.ask("curves", _names(runs), _SHOWN)
                times.append(answer["seconds"])
            told = f"{contestant.peer.label}, archived: {_told(answer, runs)}"
            found[contestant.name] = _Archived(size, statistics.median(times), told)
    return found


def _long(plan: Plan) -> list[Row]:
    runs, steps = plan.sized((50, 100_000), (4, 20_000))
    found = in_fresh_process(MEDIAN + _LONG, str(runs), str(steps), str(_SHOWN), rounds=plan.rounds(3))
    work = f"{runs} curves of {steps:,} points"
    return [
        Row(work, "runlore, first time", found["first"]),
        Row(work, f"runlore, a window of {steps // 20:,} steps", found["window"]),
    ]
