"""What was queued together: a run, the jobs that it waited for, the trials of a sweep."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.errors import RerunRefused
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.row import Row
from runlore_server.store.runs import RunStore

_JOBS = "jobs.sqlite"


@dataclass(frozen=True)
class Step:
    """One execution of a recorded run, with parameters, behind the steps named ``after``."""

    name: str
    run: RunRecord
    parameters: dict[str, Any] = field(default_factory=dict)
    after: list[str] = field(default_factory=list)

    @property
    def file(self) -> str:
        """The name, without an ending, of what executes the run; steps with other parameters share it."""
        return _name(self.run.name, self.run.run_id)


def steps(home: Home, store: RunStore, text: str) -> list[Step]:
    """The steps that a name stands for, each behind those that it waits for.

    Args:
        home: the home with the queue.
        store: its runs.
        text: the id of a job's run (with all that it waits for), of a sweep (all its trials), or of any other run,
            which is one step alone.

    Raises:
        RunNotFound, AmbiguousRun: it is none of them.
        RerunRefused: jobs wait for each other, or for one that the queue has forgotten, or one goes on from a
            checkpoint, as the members of a population do.
    """
    rows = {row.run_id: row for row in _rows(home)}
    wanted = [row for row in rows.values() if row.request.sweep == text]
    if not wanted:
        wanted = [row for row in rows.values() if row.run_id == text]
    if not wanted:
        run = store.find(text)
        if run.run_id not in rows:
            return [Step(_name(run.name, run.run_id), run)]
        wanted = [rows[run.run_id]]
    needed = _closure(wanted, rows)
    if goes_on := next((rows[one] for one in needed if rows[one].request.resume_from is not None), None):
        raise RerunRefused(
            f"job {goes_on.run_id} goes on from the checkpoint of run {goes_on.request.resume_from}, whose files "
            f"no notebook or script can hold: 'runlore bundle {goes_on.run_id}' brings them along"
        )
    try:
        order = list(TopologicalSorter({one: sorted(rows[one].request.after) for one in needed}).static_order())
    except CycleError as error:
        raise RerunRefused(f"these jobs wait for each other: {', '.join(error.args[1])}") from error
    return [
        Step(
            _name(rows[one].name, one),
            store.find(rows[one].rerun_of),
            rows[one].request.parameters,
            [_name(rows[before].name, before) for before in sorted(rows[one].request.after)],
        )
        for one in order
    ]


def _closure(wanted: Iterable[Row], rows: dict[str, Row]) -> list[str]:
    """The wanted jobs and all that they wait for, in an order of their own."""
    found: set[str] = set()
    waiting = [row.run_id for row in wanted]
    while waiting:
        run_id = waiting.pop()
        if run_id not in rows:
            raise RerunRefused(f"the queue no longer knows the job {run_id}, which others wait for")
        if run_id not in found:
            found.add(run_id)
            waiting += rows[run_id].request.after
    return sorted(found, key=lambda one: (rows[one].submitted, one))


def _rows(home: Home) -> list[Row]:
    path = home.path / _JOBS
    if not path.is_file():
        return []
    with contextlib.closing(Ledger(path)) as ledger:
        return ledger.all()


def _name(name: str, run_id: str) -> str:
    """A name for files and tasks."""
    return f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-') or 'run'}-{run_id[:8]}"
