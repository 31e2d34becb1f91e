"""What the command ``runlore`` can be given."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NoReturn

from runlore_server import report
from runlore_server.automation import arguments as automation
from runlore_server.bundle import arguments as bundle
from runlore_server.filter.quantities import duration, number
from runlore_server.portable import arguments as exporting
from runlore_server.queue import arguments as jobs
from runlore_server.rerun.arguments import add_kernel, add_parameters
from runlore_server.retention.kinds import KINDS
from runlore_server.sweep import arguments as sweep

_EPILOG = """
RUN is a run's id, an unambiguous start of it, or MLflow's id for it.

exit codes:
  0  done; for rerun and verify: the run was reproduced (BIT-EXACT, what --seeds asked for, or what criteria ask)
  1  the rerun did not reproduce the run (NUMERICALLY CLOSE, DIVERGED, FAILED; of several: one of them) or does not
     meet the criteria; for diff: the runs differ; for sweep: no trial came to a value;
     for gc: something cannot be read, so less was removed; for doctor: something wants attention
  2  usage, or nothing could be compared, checked or verified (UNVERIFIABLE, unknown run, kernel missing, refused)
  130  stopped with Ctrl-C; no process of the rerun is left
"""
_FILTER = 'such as "metrics.loss < 0.1 and params.lr = 0.01"; see docs/search.md for all of it'
_AGAINST = "with --seeds: test for equivalence of this run and those with the reruns (same code, other seeds)"
_DELTA = "the margin of equivalence, in standard deviations of the original runs (default: 1)"


def _whole(least: int, name: str) -> Callable[[str], int]:
    """Reads whole numbers from ``least`` on; argparse calls what it refuses by the name."""

    def read(text: str) -> int:
        number = int(text)
        if number < least:
            raise ValueError(text)
        return number

    read.__name__ = name
    return read


_count = _whole(1, "number of runs (1 or more)")
_offset = _whole(0, "number of runs")


def _days(text: str) -> float:
    number = float(text)
    if not number >= 0:
        raise ValueError(text)
    return number


_days.__name__ = "number of days"


def _age(text: str) -> float:
    """Seconds: ``14d``, ``36h``; a number without unit is one of days."""
    days = number(text)
    found = duration(text) if days is None else days * 86_400.0
    if found is None or not found >= 0:
        raise ValueError(text)
    return found


_age.__name__ = "time such as 14d or 36h"


class _Parser(argparse.ArgumentParser):
    as_json = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["allow_abbrev"] = False  # "--js" must not half count as "--json"
        super().__init__(*arguments, **options)

    def error(self, message: str) -> NoReturn:
        if self.as_json:
            sys.stdout.write(report.as_json({"error": {"reason": "Usage", "message": message}}) + "\n")
        super().error(message)


def _add_search(runs: argparse.ArgumentParser) -> None:
    runs.add_argument("--filter", metavar="FILTER", help=_FILTER)
    runs.add_argument("--order-by", metavar="FIELDS", help="such as 'metrics.loss ASC, started DESC'")
    runs.add_argument("--limit", type=_count, default=50, metavar="N", help="how many at the most (default: 50)")
    runs.add_argument("--offset", type=_offset, default=0, metavar="N", help="how many to leave out before them")
    runs.add_argument("--saved", metavar="NAME", help="use the filter and the order saved under this name")
    runs.add_argument("--save", metavar="NAME", help="save the filter and the order under this name")


def _add_doctor(doctor: argparse.ArgumentParser) -> None:
    doctor.add_argument("run", nargs="*", metavar="RUN", help="look at these runs only (default: at everything)")
    doctor.add_argument("--repair", action="store_true", help="make anew what can be; no record is touched")
    doctor.add_argument("--deep", action="store_true", help="read everything, however long that takes")
    doctor.add_argument("--mlflow", action="store_true", help="ask MLflow, too, what it has of the runs")


def _add_gc(gc: argparse.ArgumentParser) -> None:
    gc.add_argument("--dry-run", action="store_true", help="only say what would be removed")
    gc.add_argument(
        "--older-than",
        type=_age,
        metavar="TIME",
        help="leave alone what is younger (14d, the default; 36h; never less than an hour), but for artifacts",
    )
    gc.add_argument("--only", nargs="+", choices=KINDS, metavar="KIND", help=f"of {', '.join(KINDS)}, only these")


def _add_retention(retention: argparse.ArgumentParser) -> None:
    retention.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="whose rule; by default all")
    retention.add_argument("--keep-best", type=_count, metavar="N", help="keep those of the best N runs")
    retention.add_argument("--metric", metavar="NAME", help="by the best value of this metric")
    which = retention.add_mutually_exclusive_group()
    text = "the {} value is the best (by default the metric's name tells)"
    which.add_argument("--min", dest="best", action="store_const", const="min", help=text.format("least"))
    which.add_argument("--max", dest="best", action="store_const", const="max", help=text.format("greatest"))
    retention.add_argument("--keep-last", type=_count, metavar="N", help="keep those of the N newest runs")
    retention.add_argument(
        "--keep-for", type=_age, metavar="TIME", help="keep those of runs not older than this (30d)"
    )
    retention.add_argument(
        "--artifacts",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATTERN",
        help="which artifacts other runs lose, such as '*.pt' 'out/*' (default: models and checkpoints)",
    )
    retention.add_argument("--remove", action="store_true", help="forget the experiment's rule")


def parser(*, as_json: bool) -> argparse.ArgumentParser:
    """The parser of the whole command line; with ``as_json`` its complaints come as an object as well."""
    common = _Parser(add_help=False)
    # Without defaults of their own, both may stand before the command as well as after it.
    unset = argparse.SUPPRESS
    common.add_argument("--json", action="store_true", default=unset, help="print exactly one JSON object")
    common.add_argument("--home", metavar="DIR", default=unset, help="where runs are recorded ($RUNLORE_HOME)")
    _Parser.as_json = as_json
    whole = _Parser(
        prog="runlore",
        description="Recorded notebook runs: list them, look at one, run one again to see whether it reproduces.",
        parents=[common],
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    whole.add_argument("--version", action="version", version=f"runlore {version('runlore')}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=text,
            description=text[0].upper() + text[1:] + ".",
            parents=[common],
            epilog=_EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    def scope(to: argparse.ArgumentParser, default: str) -> None:
        for name, text in (
            ("slice", "take the cells that the run needs"),
            ("whole", "take all cells executed up to its end"),
        ):
            shown = f"{text} (the default)" if name == default else text
            to.add_argument(
                f"--{name}", dest="scope", action="store_const", const=name, default=default, help=shown
            )

    _add_search(command("runs", "list recorded runs, newest first"))
    filters = command("filters", "list the saved filters")
    filters.add_argument("--delete", metavar="NAME", help="forget this one")
    command("show", "show everything recorded about one run").add_argument("run", metavar="RUN")
    for name, text in (
        ("rerun", "run a recorded run again and say whether it reproduced"),
        ("verify", "rerun runs or bundles for the exit code: 0 only if all reproduced as their criteria ask"),
    ):
        again = command(name, text)
        if name == "verify":
            automation.add_verify(again)
        else:
            again.add_argument("run", nargs="+", metavar="RUN")
            jobs.add_request(again)
        add_kernel(again)
        add_parameters(again)
        scope(again, "whole")
        again.add_argument("--seeds", type=_count, metavar="K", help="rerun with K fresh seeds too, 5 or more")
        again.add_argument("--against", nargs="+", action="extend", default=[], metavar="RUN", help=_AGAINST)
        again.add_argument("--delta", type=float, default=1.0, metavar="D", help=_DELTA)
    between = command("diff", "say what differs between two runs")
    between.add_argument("a", metavar="A")
    between.add_argument("b", metavar="B")
    between.add_argument("--notebook", action="store_true", help="show the cells with nbdime")
    portable = command("export", "write a run as a notebook, script or DAG that needs no Runlore")
    exporting.add(portable)
    scope(portable, "slice")
    built = command("environments", "list the environments built for 'rerun --env locked', and remove old ones")
    built.add_argument("--prune", action="store_true", help="remove those that have not been used lately")
    built.add_argument("--older-than", type=_days, default=30.0, metavar="DAYS", help="how long that is (30)")
    built.add_argument("--dry-run", action="store_true", help="only say what --prune would remove")
    command("kernels", "list the kernels that a rerun can happen in, and why others cannot be used")
    for add in (bundle.add, automation.add, sweep.add, jobs.add):
        add(command)
    _add_gc(command("gc", "remove what nothing needs: objects, leftovers, artifacts that retention rules let go"))
    _add_retention(command("retention", "list or set the rules by which gc removes models and checkpoints"))
    for name, text in (
        ("gpus", "list the GPUs that jobs may be given, and those that have them"),
        ("mirror", "show the runs that others logged to MLflow, as they are there now"),
        ("ingest", "bring MLflow up to date with the recorded runs now"),
    ):
        command(name, text)
    _add_doctor(command("doctor", "check that everything recorded is there and readable"))
    return whole
