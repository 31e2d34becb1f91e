"""What ``verify``, ``criteria`` and ``schedule`` can be given."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from typing import get_args

from runlore_server.automation.criteria import Level
from runlore_server.rerun.arguments import add_kernel, add_parameters

Command = Callable[[str, str], argparse.ArgumentParser]
"""Makes the parser of a command from its name and what it does."""


def _part(text: str) -> float:
    number = float(text)
    if not (math.isfinite(number) and number >= 0):
        raise ValueError(text)
    return number


_part.__name__ = "tolerance (0 or greater)"


def add_verify(verify: argparse.ArgumentParser) -> None:
    """What ``verify`` takes beyond what ``rerun`` does."""
    verify.add_argument("runs", nargs="+", metavar="RUN", help="runs, or bundles of runs (FILE.runlore)")
    verify.add_argument("--junit", metavar="FILE", help="write the results as JUnit XML too, whatever comes out")
    verify.add_argument(
        "--markdown", metavar="FILE", help="write them as Markdown ($GITHUB_STEP_SUMMARY is added to)"
    )
    verify.add_argument(
        "--accept",
        choices=get_args(Level),
        help="verdicts that mean success: exact (BIT-EXACT), close (NUMERICALLY CLOSE too), any (all but FAILED)",
    )
    verify.add_argument(
        "--rtol", type=_part, metavar="X", help="how far metrics may be off, as a part of the value"
    )
    verify.add_argument("--atol", type=_part, metavar="X", help="how far metrics may be off, in their own unit")
    verify.add_argument(
        "--criteria", metavar="FILE", help="take success criteria from here (default: runlore.toml in this folder)"
    )
    verify.add_argument(
        "--directory",
        default=".",
        metavar="DIR",
        help="for bundles: where the run's repository is (default: here)",
    )
    verify.add_argument("--keep", metavar="DIR", help="for bundles: keep what is recorded here (default: nothing)")


def add(command: Command) -> None:
    """The commands of this room."""
    criteria = command("criteria", "list or set what counts as success of an experiment's reruns")
    criteria.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="whose; by default all")
    criteria.add_argument(
        "--set",
        nargs="+",
        action="extend",
        dest="conditions",
        metavar="CONDITION",
        help="what must hold for a rerun, such as 'metrics.val_acc >= 0.97'",
    )
    criteria.add_argument(
        "--verdict", choices=get_args(Level), help="which verdicts are accepted (default: exact)"
    )
    criteria.add_argument(
        "--within",
        nargs="+",
        action="extend",
        metavar="METRIC=RTOL[,ATOL]",
        help="how far a metric may be off, such as 'loss*=1e-3'",
    )
    criteria.add_argument("--remove", action="store_true", help="forget the experiment's criteria")
    criteria.add_argument("--export", metavar="FILE", help="write them as a file for a repository (runlore.toml)")
    criteria.add_argument("--import", metavar="FILE", dest="import_", help="take over those of such a file")
    _add_schedule(command)


def _add_schedule(command: Command) -> None:
    schedule = command("schedule", "have a run rerun by the clock, or when data change; servers on the home do it")
    schedule.add_argument("run", metavar="RUN")
    schedule.add_argument("--cron", metavar="CRON", help="minute, hour, day, month, weekday: '0 6 * * 1'")
    schedule.add_argument(
        "--zone", metavar="ZONE", help="the time zone of that, such as Europe/Berlin (default: here)"
    )
    schedule.add_argument(
        "--on-change", nargs="*", metavar="FILE", help="when one of these changes (default: what the run read)"
    )
    add_kernel(schedule)
    add_parameters(schedule)
    schedule.add_argument("--priority", type=int, default=0, metavar="N", help="of the jobs; the greater go first")
    schedules = command("schedules", "list what is rerun by itself")
    what = schedules.add_mutually_exclusive_group()
    what.add_argument("--remove", metavar="ID", help="forget this schedule; what it started goes on")
    what.add_argument("--pause", metavar="ID", help="start nothing by this schedule")
    what.add_argument("--resume", metavar="ID", help="let it go on")
