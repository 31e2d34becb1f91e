"""Homes full of recorded runs, written in the journal's own format, without kernels."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import NamedTuple

from runlore import events as ev
from runlore.curve import HEADER, file_name
from runlore.home import Home
from runlore.process import current_process

PARAMS = ("lr", "batch", "depth", "width", "dropout", "momentum", "optimizer", "schedule", "dataset", "fold")
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "grad_norm")
PER_SESSION = 5
"""Runs in a session, each in a cell of its own."""

_POINTS = 20
_FIRST = 1.75e9
_POINT = struct.Struct("<qdd")
_CELL = "for epoch in range(20):\n    loss = step(model, data, lr={lr})\n    runlore.log(loss=loss)\n" * 4


def run_params(number: int, more: int = 0) -> dict[str, object]:
    """The ten parameters of run ``number``, and more numbers, ``group-0/param-0`` and on."""
    chance = random.Random(number)
    return {
        "lr": chance.choice([0.1, 0.03, 0.01, 0.003, 0.001]),
        "batch": chance.choice([16, 32, 64, 128]),
        "depth": chance.randint(2, 50),
        "width": chance.choice([64, 128, 256]),
        "dropout": round(chance.random() / 2, 3),
        "momentum": 0.9,
        "optimizer": chance.choice(["sgd", "adam", "adamw"]),
        "schedule": chance.choice(["cosine", "step"]),
        "dataset": f"digits-{chance.randint(1, 40)}",
        "fold": number % 10,
    } | {f"group-{at % 10}/param-{at}": chance.random() for at in range(more)}


def run_metrics(number: int, more: int = 0) -> dict[str, float]:
    """The last values of the five metrics of run ``number``, and of more, ``layer-0/metric-0`` and on."""
    chance = random.Random(-number - 1)
    names = [*METRICS, *(f"layer-{at % 50}/metric-{at}" for at in range(more))]
    return {metric: chance.random() for metric in names}


def run_name(number: int) -> str:
    """What run ``number`` is called."""
    return f"resnet-{number % 997}"


class More(NamedTuple):
    """Parameters and metrics of a run beside the usual ones."""

    params: int = 0
    metrics: int = 0


def write_home(home: Home, runs: int, more: More = More()) -> None:  # noqa: B008 - a tuple
    """Fill an empty home with ended sessions, ``PER_SESSION`` runs each; the same numbers give the same runs."""
    for first in range(0, runs, PER_SESSION):
        _write_session(home, range(first, min(first + PER_SESSION, runs)), more)


def _write_session(home: Home, numbers: range, more: More) -> None:
    session_id = f"20260801T120000-{numbers.start:08x}"
    time = _FIRST + numbers.start * 60
    home.session(session_id).mkdir(parents=True)
    events: list[ev.AnyEvent] = [
        ev.SessionStarted(
            time=time,
            format=ev.FORMAT,
            session_id=session_id,
            process=current_process(),
            runlore="0.1.0",
            python="3.11.7",
            executable="python3",
            cwd="somewhere",
            notebook=f"notebooks/train-{numbers.start % 50}.ipynb",
        )
    ]
    for cell, number in enumerate(numbers):
        time += 60
        events += _cell(home, session_id, cell, number, time=time, more=more)
    events.append(ev.SessionEnded(time=time + 60))
    home.events(session_id).write_bytes(b"".join(map(ev.encode, events)))


def _cell(home: Home, session_id: str, cell: int, number: int, *, time: float, more: More) -> list[ev.AnyEvent]:
    run_id, params = f"{number:016x}", run_params(number, more.params)
    directory = home.curves(session_id, run_id)
    directory.mkdir(parents=True)
    events: list[ev.AnyEvent] = [
        ev.CellStarted(time=time, ordinal=cell, source="%%track\n" + _CELL.format(lr=params["lr"])),
        ev.RunStarted(
            time=time,
            run_id=run_id,
            name=run_name(number),
            experiment=f"experiment-{number % 7}",
            kind="cell",
            cell=cell,
        ),
        ev.ParamsLogged(time=time, run_id=run_id, params=params, source="literal"),
        ev.TagsSet(time=time, run_id=run_id, tags={"team": ("vision", "speech")[number % 2]}),
    ]
    for metric, last in run_metrics(number, more.metrics).items():
        events.append(ev.MetricStarted(time=time, run_id=run_id, metric=metric, file=file_name(metric)))
        _write_curve(directory / file_name(metric), time, last)
    events += [
        ev.CellFinished(time=time + 30, ordinal=cell, outcome="ok", duration=30.0),
        ev.RunFinished(time=time + 30, run_id=run_id, status="finished", duration=10.0 + number % 90, cell=cell),
    ]
    return events


def _write_curve(path: Path, time: float, last: float) -> None:
    points = (_POINT.pack(step, time + step, last + (_POINTS - 1 - step) / 10) for step in range(_POINTS))
    path.write_bytes(HEADER + b"".join(points))
