"""Jobs as they are told, from what the ledger keeps of them."""

from __future__ import annotations

from runlore.home import Home
from runlore_server.queue.job import Job
from runlore_server.queue.row import Row
from runlore_server.queue.status import leased
from runlore_server.verdict.verdict import read_verdict


def as_job(home: Home, row: Row) -> Job:
    """A job with its verdict, where it has one."""
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
        verdict=read_verdict(home, row.run_id) if row.state in ("succeeded", "failed") else None,
        error=row.error,
    )
