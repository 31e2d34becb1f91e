"""The jobs on disk: one SQLite file that several servers on one home may read and write."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from runlore.decodable import decodable
from runlore_server.database import open_database
from runlore_server.queue.dependencies import ENDED, dependents, need
from runlore_server.queue.job import WORKING, JobState
from runlore_server.queue.row import NewJob, Row
from runlore_server.queue.schema import prepare

_PAGE = 100
_MOST_FORGOTTEN = 10_000
"""Of the jobs that were forgotten, so many are still told of to who followed the queue."""

_JSON = ("request", "process", "lease")
_IN_TURN = "state = 'queued' AND held = 0 AND NOT EXISTS (SELECT 1 FROM need WHERE need.run_id = job.run_id)"


class Ledger:
    """The table of jobs; safe to use from several threads and processes.

    Raises:
        JournalFormatError: a later Runlore wrote the file.
        OSError, sqlite3.Error: it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = open_database(path, prepare, isolation_level=None)
        self._connection.row_factory = sqlite3.Row

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    # -- writing -------------------------------------------------------------------------------------------

    def add(self, jobs: Iterable[NewJob], now: float) -> None:
        """New jobs, queued in this order; all of them, or none.

        Raises:
            JobNotFound: there is none of those that another is to wait for.
            OptionsRefused: one of those has ended, and not succeeded.
        """
        with self._writing() as (connection, change):
            # The numbers of later jobs must be greater: as if each of them were a change of its own.
            number = change
            for number, job in enumerate(jobs, change):
                request = job.request
                values: tuple[Any, ...] = (job.run_id, number, job.rerun_of, job.name)
                values += (msgspec.json.encode(request).decode(), request.priority, request.sweep)
                values += (request.backend, job.cells, now, number)
                connection.execute(
                    "INSERT INTO job (run_id, number, rerun_of, name, request, state, priority, sweep, backend,"
                    " cells_total, submitted, change) VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?)",
                    values,
                )
                need(connection, job.run_id, job.after)
            connection.execute("UPDATE counter SET change = ?", (number,))

    def update(self, run_id: str, *, among: Sequence[str] = (), fence: str | None = None, **values: Any) -> bool:
        """Set columns of a job, if its state is ``among`` those given and its attempt's token is ``fence``.

        Either counts only where it is given. Returns whether that was so.
        """
        with self._writing() as (connection, change):
            return self._set(connection, change, run_id, among, fence, values)

    def end(
        self,
        run_id: str,
        state: JobState,
        *,
        now: float,
        among: Sequence[str] = (),
        fence: str | None = None,
        error: str | None = None,
    ) -> bool:
        """End a job, on the terms of ``update``; what waits for it may go on, or is cancelled unless it succeeded.

        Returns:
            Whether it was ended.
        """
        values = {"state": state, "ended": now, "error": error, "cell": None, "stage": None, "held": 0}
        with self._writing() as (connection, change):
            if not self._set(connection, change, run_id, among, fence, values):
                return False
            if state != "succeeded":
                why = f"it waited for the job {run_id}, which has {ENDED[state]}"
                for dependent in dependents(connection, run_id):
                    ended = {"state": "cancelled", "ended": now, "error": why, "held": 0}
                    self._set(connection, change, dependent, ("queued",), None, ended)
                    connection.execute("DELETE FROM need WHERE run_id = ?", (dependent,))
            connection.execute("DELETE FROM need WHERE needs = ?", (run_id,))
        return True

    def again(self, run_id: str, after: Sequence[str], among: Sequence[str]) -> bool:
        """Queue a job anew, if its state is ``among`` these, as if it had not been tried; say whether it was.

        Raises:
            JobNotFound, OptionsRefused: see ``add``.
        """
        values: dict[str, Any] = {"state": "queued", "failures": 0, "cut_short": 0, "started": None, "ended": None}
        values |= {"error": None, "cells_done": 0, "cell": None, "stage": None, "held": 0}
        with self._writing() as (connection, change):
            done = self._set(connection, change, run_id, among, None, values)
            if done:
                need(connection, run_id, after)
        return done

    def forget(self, run_ids: Iterable[str]) -> list[str]:
        """Remove those of the jobs that are over; say which that were."""
        gone = []
        with self._writing() as (connection, change):
            for run_id in run_ids:
                where = (run_id, *WORKING)
                if connection.execute(
                    "DELETE FROM job WHERE run_id = ? AND state NOT IN (?, ?, ?)", where
                ).rowcount:
                    gone.append(run_id)
                    connection.execute("INSERT OR REPLACE INTO forgotten VALUES (?, ?)", (run_id, change))
            connection.execute(
                "DELETE FROM forgotten WHERE change <= (SELECT change FROM forgotten"
                " ORDER BY change DESC LIMIT 1 OFFSET ?)",
                (_MOST_FORGOTTEN,),
            )
        return gone

    def put_setting(self, name: str, value: Any) -> None:
        """Keep a value that JSON can carry; ``None`` removes it."""
        with self._writing() as (connection, _):
            if value is None:
                connection.execute("DELETE FROM setting WHERE name = ?", (name,))
            else:
                encoded = msgspec.json.encode(value).decode()
                connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, encoded))

    # -- reading -------------------------------------------------------------------------------------------

    def get(self, run_id: str) -> Row | None:
        """The job that makes this run."""
        rows = self._rows("WHERE run_id = ?", run_id)
        return rows[0] if rows else None

    def by_ids(self, run_ids: Iterable[str]) -> list[Row]:
        """Those of these jobs that there are, in any order."""
        return self._rows("WHERE run_id IN (SELECT value FROM json_each(?))", _as_json(run_ids))

    def starting_with(self, text: str) -> list[str]:
        """The ids of the jobs that start so."""
        return [row["run_id"] for row in self._read("SELECT run_id FROM job WHERE instr(run_id, ?) = 1", text)]

    def all(
        self,
        *,
        states: Sequence[str] = (),
        sweep: str | None = None,
        before: int | None = None,
        limit: int | None = None,
    ) -> list[Row]:
        """Jobs, the one that was submitted last first.

        Args:
            states: only those in one of these, where any is given.
            sweep: only the trials of this.
            before: only those with a lower ``number``.
            limit: so many at the most.
        """
        where, values = ["1"], list[Any]()
        if states:
            where.append(f"state IN ({', '.join('?' * len(states))})")
            values += states
        if sweep is not None:
            where.append("sweep = ?")
            values.append(sweep)
        if before is not None:
            where.append("number < ?")
            values.append(before)
        return self._rows(
            f"WHERE {' AND '.join(where)} ORDER BY number DESC LIMIT ?", *values, -1 if limit is None else limit
        )

    def in_state(self, *states: str) -> list[Row]:
        """The jobs in these states, in the order of their submission."""
        return self._rows(f"WHERE state IN ({', '.join('?' * len(states))}) ORDER BY number", *states)

    def in_turn(self) -> Iterator[Row]:
        """The jobs that may be started, in the order in which they should be; read as far as one looks."""
        where, at = "", list[Any]()
        while True:
            page = self._rows(f"WHERE {_IN_TURN} {where} ORDER BY priority DESC, number LIMIT {_PAGE}", *at)
            yield from page
            if len(page) < _PAGE:
                return
            last = page[-1]
            where, at = "AND (priority < ? OR (priority = ? AND number > ?))", [last.priority] * 2 + [last.number]

    def counts(self) -> dict[str, int]:
        """How many jobs there are, by state; those that are held count as ``held``, not as ``queued``."""
        state = "CASE WHEN held THEN 'held' ELSE state END"
        found = self._read(f"SELECT {state} AS state, count(*) AS number FROM job GROUP BY 1")  # noqa: S608
        return {row["state"]: row["number"] for row in found}

    def states(self, run_ids: Iterable[str]) -> dict[str, JobState]:
        """The state of each of these jobs that there is."""
        query = "SELECT run_id, state FROM job WHERE run_id IN (SELECT value FROM json_each(?))"
        found = self._read(query, _as_json(run_ids))
        return {row["run_id"]: row["state"] for row in found}

    def unknown(self, run_ids: Sequence[str]) -> list[str]:
        """Those of these ids that no job has, nor had one that was forgotten lately."""
        given = _as_json(run_ids)
        known = "SELECT run_id FROM job UNION ALL SELECT run_id FROM forgotten"
        query = f"SELECT value FROM json_each(?) WHERE value NOT IN ({known})"  # noqa: S608 - our own names
        return [row["value"] for row in self._read(query, given)]

    def changed_since(self, change: int) -> list[str]:
        """The jobs that changed after the given change, or were forgotten, in the order of their last changes."""
        rows = self._read(
            "SELECT run_id, change FROM job WHERE change > ?"
            " UNION SELECT run_id, change FROM forgotten WHERE change > ? ORDER BY change",
            change,
            change,
        )
        return [row["run_id"] for row in rows]

    def last_change(self) -> int:
        """The number of the last change of anything; cheap to ask."""
        return int(self._read("SELECT change FROM counter")[0]["change"])

    def data_version(self) -> int:
        """Another number once anybody has changed anything, but for this object; the cheapest thing to ask."""
        return int(self._read("PRAGMA data_version")[0][0])

    def setting(self, name: str) -> Any:
        """What was kept under this name; ``None`` without it."""
        found = self._read("SELECT value FROM setting WHERE name = ?", name)
        return msgspec.json.decode(found[0]["value"]) if found else None

    def settings(self, start: str) -> dict[str, Any]:
        """What was kept under each name that starts so."""
        found = self._read("SELECT name, value FROM setting WHERE substr(name, 1, ?) = ?", len(start), start)
        return {row["name"]: msgspec.json.decode(row["value"]) for row in found}

    # -- inside --------------------------------------------------------------------------------------------

    def _set(  # noqa: PLR0917 - all of it is needed
        self,
        connection: sqlite3.Connection,
        change: int,
        run_id: str,
        among: Sequence[str],
        fence: str | None,
        values: dict[str, Any],
    ) -> bool:
        stored = {
            name: msgspec.json.encode(value).decode() if name in _JSON and value is not None else value
            for name, value in values.items()
        }
        columns = ", ".join(f"{name} = ?" for name in stored)
        states = f" AND state IN ({', '.join('?' * len(among))})" if among else ""
        fenced = " AND token = ?" if fence is not None else ""
        done = connection.execute(
            f"UPDATE job SET {columns}, change = ? WHERE run_id = ?{states}{fenced}",  # noqa: S608 - our own names
            (*stored.values(), change, run_id, *among, *([fence] if fence is not None else [])),
        )
        return done.rowcount > 0

    def _rows(self, where: str, *values: Any) -> list[Row]:
        return [_row(dict(row)) for row in self._read(f"SELECT * FROM job {where}", *values)]  # noqa: S608

    def _read(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _writing(self) -> Iterator[tuple[sqlite3.Connection, int]]:
        """A transaction, and the number of its change."""
        with self._lock:
            # Immediate: the number of the change is read and written under one lock.
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.execute("UPDATE counter SET change = change + 1")
                (change,) = self._connection.execute("SELECT change FROM counter").fetchone()
                yield self._connection, change
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def _as_json(texts: Iterable[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()


def _row(values: dict[str, Any]) -> Row:
    try:
        told = {name: msgspec.json.decode(values[name]) for name in _JSON if values[name] is not None}
        return msgspec.convert(values | told, decodable(Row))
    except (msgspec.MsgspecError, TypeError, RecursionError, UnicodeError) as error:
        raise sqlite3.DatabaseError(f"a job of jobs.sqlite is damaged ({error}); move that file away") from error
