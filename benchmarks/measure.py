"""Running a piece of work in a process of its own and collecting what it measured."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Literal

MEDIAN = """
import statistics, time
def median(call, rounds=7):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return statistics.median(times), result
"""
"""For scripts: the median seconds of some calls, and what the last one returned."""


Unit = Literal["s", "B", "points", "points/s"]


@dataclass(frozen=True)
class Row:
    """One line of the table: what was done, by whom, and what it took.

    Attributes:
        work: what was done; the rows of one work are compared with the first of them.
        who: who did it, and how.
        amount: in ``unit``; ``None`` where it could not be measured, for the reason in ``note``.
        unit: seconds, bytes, points or points a second.
        contestant: the contestant's name in the catalog of peers, where it is one.
        version: which version of that was measured, where it has one.
        note: why there is no amount.
    """

    work: str
    who: str
    amount: float | None
    unit: Unit = "s"
    contestant: str = ""
    version: str = ""
    note: str = ""


def in_fresh_process(script: str, *arguments: str, rounds: int = 3) -> dict[str, float]:
    """Run a script that prints one JSON object of numbers by name; the median of each over the rounds.

    Each round has a home and a working directory of its own. Modules are compiled once, as they are where packages
    are installed, also on a machine that forbids it for the work tree's sake.

    Raises:
        RuntimeError: a round failed; the text holds what it wrote.
    """
    results: list[dict[str, float]] = []
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
            done = subprocess.run(
                [sys.executable, "-c", script, *arguments],
                cwd=directory,
                env={**environ, "RUNLORE_HOME": os.path.join(directory, "home")},  # noqa: PTH118
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise RuntimeError(done.stderr)
        results.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: statistics.median(result[name] for result in results) for name in results[0]}
