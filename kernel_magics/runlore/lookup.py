"""Finding runs by what a user names them with: a run, its id or the start of one, rows of ``runs()``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from runlore.errors import RunNotFound
from runlore.run import Run

T = TypeVar("T")


def ids_of(runs: Any) -> list[str]:
    """The ids, or starts of them, in what a user gave.

    Raises:
        TypeError: it is nothing that names runs.
    """
    pandas = sys.modules.get("pandas")
    if isinstance(runs, (str, Run)):
        runs = [runs]
    elif pandas is not None and isinstance(runs, pandas.DataFrame):
        runs = runs.index
    if not isinstance(runs, Iterable):
        raise TypeError(f"runs are given as runs or their ids, not as a {type(runs).__name__}")
    return [run.run_id if isinstance(run, Run) else str(run) for run in runs]


def the_one(run_id: str, recorded: Mapping[str, T]) -> T:
    """The run with this id, or the only one whose id starts so.

    Raises:
        RunNotFound: there is none, or there are several.
    """
    if run_id in recorded:
        return recorded[run_id]
    found = [known for known in recorded if run_id and known.startswith(run_id)]
    if len(found) == 1:
        return recorded[found[0]]
    if found:
        raise RunNotFound(f"{run_id!r} fits {len(found)} runs: {', '.join(found[:5])}; give more of the id")
    raise RunNotFound(f"no run {run_id!r} is recorded here; runlore.runs() lists those that are")
