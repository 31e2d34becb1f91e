"""Rows of the run index: what a session leaves there, and what comes back."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import msgspec

from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.store.entry import flat, pack
from runlore_server.store.values import IndexedSummary

OF_ROWS = ("record", "param", "tag", "metric", "load")
"""The tables that hang on a run's row."""


class Stamp(NamedTuple):
    """A journal's size in bytes and time of change in nanoseconds: a closed one with the same two is the same."""

    size: int
    mtime: int


class IndexedRun(NamedTuple):
    """A run's row in the index, and what every list needs."""

    row: int
    run_id: str
    session_id: str
    started: float
    rerun_of: str | None


class Sums(NamedTuple):
    """The summaries of the curves of one run, and what ``LOADS`` names of it."""

    row: int
    curves: Mapping[str, IndexedSummary]
    load: Mapping[str, float]


def put_session(connection: sqlite3.Connection, record: SessionRecord, stamp: Stamp) -> Iterator[IndexedRun]:
    """Write a session and its runs, but for those that only precede the target of a rerun; the rows of these."""
    info = record.info
    notebook, user, content = (None, None, None)
    if info is not None:
        notebook, user, content = info.notebook, info.user, msgspec.json.encode(info)
    connection.execute(
        "INSERT INTO session (session_id, size, mtime, summed, notebook, user, info) VALUES (?, ?, ?, 0, ?, ?, ?)"
        " ON CONFLICT (session_id) DO UPDATE SET size = excluded.size, mtime = excluded.mtime, summed = 0,"
        " notebook = excluded.notebook, user = excluded.user, info = excluded.info",
        (record.session_id, *stamp, notebook, user, content),
    )
    (key,) = connection.execute("SELECT key FROM session WHERE session_id = ?", (record.session_id,)).fetchone()
    for run in record.runs.values():
        if not run.prefix:
            row = _put_run(connection, key, run)
            yield IndexedRun(row, run.run_id, run.session_id, run.started, run.rerun_of)


def _put_run(connection: sqlite3.Connection, session: int, run: RunRecord) -> int:
    facts = (
        *(session, run.started, run.duration, run.name, run.experiment, run.kind, run.status, run.rerun_of),
        *(run.gpu, run.gpus),
    )
    found = connection.execute("SELECT row FROM run WHERE run_id = ?", (run.run_id,)).fetchone()
    if found is None:
        statement = (
            "INSERT INTO run (session, started, duration, name, experiment, kind, status, rerun_of,"
            " gpu, gpus, run_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        row = connection.execute(statement, (*facts, run.run_id)).lastrowid or 0
    else:
        (row,) = found
        statement = (
            "UPDATE run SET session = ?, started = ?, duration = ?, name = ?, experiment = ?, kind = ?,"
            " status = ?, rerun_of = ?, gpu = ?, gpus = ? WHERE row = ?"
        )
        connection.execute(statement, (*facts, row))
        for table in OF_ROWS:  # it was another session's until now
            connection.execute(f"DELETE FROM {table} WHERE row = ?", (row,))  # noqa: S608 - a name of ours
    connection.execute("INSERT INTO record VALUES (?, ?)", (row, pack(run)))
    params, tags = flat(run.params), run.tags
    connection.executemany(
        "INSERT INTO param VALUES (?, ?, ?)", [(name, row, text) for name, text in params.items()]
    )
    connection.executemany("INSERT INTO tag VALUES (?, ?, ?)", [(name, row, text) for name, text in tags.items()])
    return row
