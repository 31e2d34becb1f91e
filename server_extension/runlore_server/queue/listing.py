"""Jobs as they are told, from what the ledger keeps of them."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from runlore.errors import JournalFormatError
from runlore_server.automation.criteria import Criteria
from runlore_server.automation.judging import Judging
from runlore_server.queue.job import Job
from runlore_server.queue.row import Row
from runlore_server.queue.status import gpus, leased
from runlore_server.store.annotations import Annotation
from runlore_server.store.pruned import pruned_at
from runlore_server.store.runs import RunStore
from runlore_server.verdict.verdict import read_verdict

_WITH_VERDICT = ("succeeded", "failed")
_log = logging.getLogger(__name__)


class Listing:
    """Makes jobs of rows: with their verdicts, and what the criteria of their experiments say of those."""

    def __init__(self, store: RunStore) -> None:
        self._store = store
        self._judging = Judging(store)

    def jobs(self, rows: Sequence[Row]) -> list[Job]:
        """The jobs in these rows."""
        criteria: Mapping[str, Criteria] = {}
        if any(row.state in _WITH_VERDICT for row in rows):
            try:
                criteria = self._judging.criteria()
            except (OSError, sqlite3.Error, JournalFormatError, msgspec.DecodeError) as error:
                _log.warning("the success criteria of %s cannot be read: %s", self._store.home.path, error)
        said = self._store.annotations.known if any(_may_be_pruned(row) for row in rows) else {}
        return [self._job(row, criteria, said.get(row.run_id)) for row in rows]

    def _job(self, row: Row, criteria: Mapping[str, Criteria], said: Annotation | None) -> Job:
        verdict = read_verdict(self._store.home, row.run_id) if row.state in _WITH_VERDICT else None
        return Job(
            run_id=row.run_id,
            rerun_of=row.rerun_of,
            name=row.name,
            number=row.number,
            state=row.state,
            held=bool(row.held),
            priority=row.priority,
            after=row.request.after,
            sweep=row.sweep,
            backend=row.backend,
            devices=leased(row),
            attempt=row.attempt,
            cells_done=row.cells_done,
            cells_total=row.cells_total,
            cell=row.cell,
            stage=row.stage,
            submitted=row.submitted,
            started=row.started,
            ended=row.ended,
            verdict=verdict,
            criteria=self._judging.of(row.run_id, verdict, criteria),
            error=row.error,
            gpus=gpus(row),
            pruned_at=pruned_at(said, None) if said is not None and _may_be_pruned(row) else None,
        )


def _may_be_pruned(row: Row) -> bool:
    return row.sweep is not None and row.state in ("stopping", "cancelled")
