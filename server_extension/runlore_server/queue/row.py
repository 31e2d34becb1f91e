"""What the ledger keeps of a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from runlore.process import ProcessIdentity
from runlore_server.queue.job import JobState
from runlore_server.queue.request import Request


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job to be added; ``after`` are the ids of the jobs that must have succeeded before."""

    run_id: str
    rerun_of: str
    name: str
    request: Request
    cells: int
    after: Sequence[str] = ()


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One job as stored.

    ``number`` tells the order of submission, whatever the clock said. ``attempt`` counts the times it was started,
    ``failures`` those that failed since somebody asked for it, ``cut_short`` those that were lost with what
    carried them out. ``token``, ``handle``, ``process`` and ``lease`` (a ``gpus.assignment.Lease``) are the last
    attempt's. ``change`` grows with every change of any job. The other fields are those of ``Job``.
    """

    run_id: str
    number: int
    rerun_of: str
    name: str
    request: Request
    state: JobState
    priority: int
    held: int
    sweep: str | None
    backend: str | None
    attempt: int
    failures: int
    cut_short: int
    token: str | None
    handle: str | None
    process: ProcessIdentity | None
    lease: dict[str, Any] | None
    cells_done: int
    cells_total: int
    cell: int | None
    stage: str | None
    submitted: float
    started: float | None
    ended: float | None
    error: str | None
    change: int
