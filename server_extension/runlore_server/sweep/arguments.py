"""What ``sweep`` and ``sweeps`` can be given."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import get_args

from runlore_server.filter.quantities import duration
from runlore_server.rerun.arguments import add_kernel
from runlore_server.sweep.request import Center, Pruner, Reading, Sampler

Command = Callable[[str, str], argparse.ArgumentParser]
"""Makes the parser of a command from its name and what it does."""

_PARAMETERS = (
    "what parameters may be, such as lr=log:1e-5..1e-1 layers=2..8 width=16..256:16 act=relu,gelu norm=*; "
    "a single value (epochs=5) is set in all trials; 'runlore show RUN' lists the parameters"
)


def _pair(text: str) -> tuple[str, str]:
    name, equals, values = text.partition("=")
    if not (name and equals):
        raise ValueError(text)
    return name.strip(), values


_pair.__name__ = "NAME=VALUES"


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


_count.__name__ = "whole number (1 or more)"


def _seconds(text: str) -> float:
    found = duration(text)
    if found is None or not found > 0:
        raise ValueError(text)
    return found


_seconds.__name__ = "time such as 30m or 8h"


def _steps(text: str) -> tuple[int | None, int | None]:
    found = re.fullmatch(r"(\d{1,9})?\.\.(\d{1,9})?", text, re.ASCII)
    if found is None or not (found[1] or found[2]):
        raise ValueError(text)
    return int(found[1]) if found[1] else None, int(found[2]) if found[2] else None


_steps.__name__ = "steps such as 3..81"


def add(command: Command) -> None:
    """The commands of this room."""
    sweep = command("sweep", "run a recorded run again with many values of its parameters, to find good ones")
    sweep.add_argument("run", metavar="RUN")
    add = sweep.add_argument
    add(
        "-p",
        "--param",
        nargs="+",
        action="extend",
        type=_pair,
        required=True,
        metavar="NAME=VALUES",
        help=_PARAMETERS,
    )
    add("--metric", required=True, metavar="NAME", help="what it is all about")
    add("--maximize", action="store_true", help="greater values are better (default: smaller ones)")
    add(
        "--value",
        choices=get_args(Reading),
        default="last",
        help="of a trial's curve: its last point (default), its best one, or the mean of its last tenth",
    )
    add(
        "--where",
        nargs="+",
        action="extend",
        default=[],
        metavar="CONDITION",
        help='such as "layers * hidden <= 512"',
    )
    add("--trials", type=_count, metavar="N", help="so many trials (default: 100; a grid: all of it)")
    add("--within", type=_seconds, metavar="TIME", help="begin no trial after so long (30m, 8h)")
    add("--sampler", choices=get_args(Sampler), default="tpe", help="who proposes the points (default: tpe)")
    add(
        "--population",
        type=_count,
        metavar="N",
        help="with --sampler population: so many members, each generation of them that many trials (default: 8)",
    )
    add(
        "--pruner",
        choices=get_args(Pruner),
        default="none",
        help="end bad trials while they train (default: none)",
    )
    add(
        "--steps",
        type=_steps,
        default=(None, None),
        metavar="LEAST..MOST",
        help="of the metric: before the first pruning, and in a whole training (default: by the recorded run)",
    )
    add(
        "--seeds",
        type=_count,
        default=1,
        metavar="K",
        help="try each point with so many fresh seeds (default: as recorded)",
    )
    add("--center", choices=get_args(Center), default="mean", help="with --seeds: of their values (default: mean)")
    add("--sampler-seed", type=int, metavar="N", help="for proposals that can be repeated")
    add(
        "--jobs",
        type=_count,
        metavar="N",
        help="so many trials at a time (default: as many as the queue carries out)",
    )
    add("--timeout", type=_seconds, metavar="TIME", help="stop a trial that takes longer; it has failed then")
    add("--retries", type=int, default=0, metavar="N", help="try a job that failed again so many times")
    add("--priority", type=int, default=0, metavar="N", help="of its jobs in the queue; greater ones go first")
    add("--gpus", type=float, default=0, metavar="N", help="for each trial; a part of one below 1")
    add("--gpu-type", metavar="NAME", help="such as h200")
    add("--gpu-memory", metavar="SIZE", help="of each at least, such as 40GB")
    add("--backend", metavar="NAME", help="what carries the trials out")
    add_kernel(sweep)
    add(
        "--whole", dest="scope", action="store_const", const="whole", default="slice",
        help="execute all cells up to the run's end (default: those that the run needs)",
    )  # fmt: skip
    add("--name", metavar="NAME", help="of the sweep, for its list")
    add("--detach", action="store_true", help="leave it to the Jupyter server that works on this home")

    sweeps = command("sweeps", "list sweeps, show one with its best trials, stop it or let it go on")
    sweeps.add_argument("sweep", nargs="?", metavar="SWEEP", help="a sweep's id; without it all are listed")
    what = sweeps.add_mutually_exclusive_group()
    what.add_argument("--stop", action="store_true", help="stop it; its running trials are tried again later")
    what.add_argument("--resume", action="store_true", help="go on with one that was stopped, cut short or failed")
    what.add_argument("--extend", type=_count, metavar="N", help="go on with so many trials more")
    what.add_argument("--plots", metavar="DIR", help="write its plots there, as HTML and as JSON for plotly")
    sweeps.add_argument("--within", type=_seconds, metavar="TIME", help="with --resume or --extend: for so long")
    sweeps.add_argument("--detach", action="store_true", help="with those: leave it to the Jupyter server")
