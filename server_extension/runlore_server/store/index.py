"""The run index: what lists and searches need of every closed session, in one SQLite file.

A read model and never a second truth: it holds nothing that is not in the journals, their curves or the verdicts,
and is built again whenever it is missing, damaged or of another format. Sessions that are open are not in it. Any
number of processes may read and write it at once: each writes whole sessions, the same for all of them, and a run
keeps its row as long as it is there.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from runlore.events import SessionStarted
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore.untrusted import from_json
from runlore_server.filter.fields import LOADS
from runlore_server.filter.tree import Field
from runlore_server.store.entry import is_name, unpack
from runlore_server.store.index_file import IndexFile
from runlore_server.store.indexed import OF_ROWS, IndexedRun, Stamp, Sums, put_session
from runlore_server.store.values import IndexedSummary, Scalar, column_of
from runlore_server.store.verdicts import Seen

_ATTRIBUTES = {
    "id": "run_id",
    "session": "session_id",
    "name": "name",
    "experiment": "experiment",
    "notebook": "notebook",
    "user": "user",
    "kind": "kind",
    "status": "status",
    "rerun_of": "rerun_of",
    "started": "started",
    "ended": "started + duration",
    "duration": "duration",
    "gpu": "gpu",
    "gpus": "gpus",
}
_FOREIGN_RUN = (
    "SELECT 1 FROM run WHERE typeof(run_id) != 'text' OR run_id = '' OR run_id GLOB '*[^A-Za-z0-9_-]*'"
    " OR typeof(started) NOT IN ('real', 'integer') LIMIT 1"
)
"""What no run's row says: ids are names of files, as in ``session_record.RUN_ID``."""
_PUT_LOAD = f"INSERT OR REPLACE INTO load VALUES (?{', ?' * len(LOADS)})"  # noqa: S608


class RunIndex:
    """The index of a home. Not for several threads at once.

    Raises, from every method:
        sqlite3.OperationalError: the file cannot be used: no permission, disk full, busy for seconds.
        sqlite3.DatabaseError, msgspec.DecodeError: it is damaged; ``remove`` it.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._file = IndexFile(home.path / "index.sqlite")

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._file.close()

    def remove(self) -> None:
        """Delete the file. Processes that have it open go on with what they have."""
        self._file.remove()

    # -- sessions ---------------------------------------------------------------------------------------------

    def sessions(self) -> dict[str, Stamp]:
        """Every session that is indexed, and the state of its journal that was."""
        found = self._all("SELECT session_id, size, mtime FROM session")
        if not all(is_name(session_id) for session_id, _, _ in found):
            raise msgspec.DecodeError("it names a session as none is named")
        return {session_id: Stamp(size, mtime) for session_id, size, mtime in found}

    def info(self, session_id: str) -> SessionStarted | None:
        """How the session began; ``None`` where it is not indexed or its journal does not say."""
        found = self._all("SELECT info FROM session WHERE session_id = ?", session_id)
        content = found[0][0] if found else None
        if content is not None and not isinstance(content, bytes):
            raise msgspec.DecodeError("the beginning of a session is no JSON")
        return None if content is None else from_json(content, SessionStarted)

    def notebooks(self, session_ids: Iterable[str]) -> dict[str, str | None]:
        """The notebooks of those of these sessions that are indexed."""
        return dict(
            self._all(
                "SELECT session_id, notebook FROM session WHERE session_id IN (SELECT value FROM json_each(?))",
                _array(session_ids),
            )
        )

    def put(self, sessions: Mapping[str, tuple[SessionRecord, Stamp]]) -> list[IndexedRun]:
        """Take in closed sessions, in place of what is there of them; all or nothing.

        Runs that only precede the target of a rerun are left out. Of two runs with one id the later one stays.
        """
        with self._file.writing() as connection:
            self._forget(connection, sessions)
            rows = [row for record, stamp in sessions.values() for row in put_session(connection, record, stamp)]
        return list({row.run_id: row for row in rows}.values())

    def drop(self, session_ids: Collection[str]) -> None:
        """Forget sessions that are gone or have changed."""
        with self._file.writing() as connection:
            self._forget(connection, session_ids)
            names = (_array(session_ids),)
            connection.execute(
                "DELETE FROM run WHERE session IN"
                " (SELECT key FROM session WHERE session_id IN (SELECT value FROM json_each(?)))",
                names,
            )
            connection.execute("DELETE FROM session WHERE session_id IN (SELECT value FROM json_each(?))", names)

    @staticmethod
    def _forget(connection: sqlite3.Connection, session_ids: Iterable[str]) -> None:
        """Remove what hangs on the sessions' runs, but not their rows, which keep their numbers."""
        doomed = connection.execute(
            "SELECT row FROM run JOIN session ON key = session"
            " WHERE session_id IN (SELECT value FROM json_each(?))",
            (_array(session_ids),),
        ).fetchall()
        if doomed:
            rows = (_array(row for (row,) in doomed),)
            for table in OF_ROWS:
                connection.execute(f"DELETE FROM {table} WHERE row IN (SELECT value FROM json_each(?))", rows)  # noqa: S608 - a name of ours

    # -- runs -------------------------------------------------------------------------------------------------

    def runs(self) -> Iterator[IndexedRun]:
        """Every run, in no particular order."""
        if self._all(_FOREIGN_RUN):
            raise msgspec.DecodeError("it names a run as none is named")
        found = self._all(
            "SELECT row, run_id, session_id, started, rerun_of FROM run JOIN session ON key = session"
        )
        return map(IndexedRun._make, found)

    def records(self, rows: Collection[int]) -> dict[int, RunRecord]:
        """The runs with these rows; those that are gone meanwhile are left out."""
        found = self._all(
            "SELECT row, content FROM record WHERE row IN (SELECT value FROM json_each(?))", _array(rows)
        )
        return {row: unpack(content, self._home) for row, content in found}

    def column(self, field: Field) -> list[tuple[int, Scalar]]:
        """Rows and the field's value, where there is one. Verdicts are not here."""
        if field.entity == "attribute":
            value = _ATTRIBUTES[field.name]
            return self._all(f"SELECT row, {value} FROM run JOIN session ON key = session WHERE {value} NOT NULL")  # noqa: S608 - one of ours
        if field.entity == "metric":
            column = column_of(field)
            rows = self._all(f"SELECT row, {column} FROM metric WHERE name = ?", field.name)  # noqa: S608 - a name of ours
            # SQLite has no NaN and keeps NULL instead; for a last value that is what NULL stands for.
            nan = float("nan") if column == "last" else None
            return [(row, nan if value is None else value) for row, value in rows]
        if field.entity == "load":
            return self._all(f'SELECT row, "{field.name}" FROM load WHERE "{field.name}" NOT NULL')  # noqa: S608 - one of ours
        if field.entity == "param":
            return self._all("SELECT row, value FROM param WHERE name = ?", field.name)
        return self._all("SELECT row, value FROM tag WHERE name = ?", field.name)

    # -- curves -----------------------------------------------------------------------------------------------

    def unsummed(self, limit: int) -> dict[int, list[tuple[int, RunRecord]]]:
        """Sessions (by a number of theirs) whose curves are not summed up yet: rows and runs."""
        found = self._all(
            "SELECT session.key, run.row, content"
            " FROM (SELECT key FROM session WHERE NOT summed LIMIT ?) AS session"
            " LEFT JOIN run ON run.session = session.key LEFT JOIN record ON record.row = run.row",
            limit,
        )
        sessions: dict[int, list[tuple[int, RunRecord]]] = {}
        for key, row, content in found:
            runs = sessions.setdefault(key, [])
            if content is not None:
                runs.append((row, unpack(content, self._home)))
        return sessions

    def put_sums(self, sums: Mapping[int, Collection[Sums]]) -> None:
        """Keep the summaries of all curves of sessions; those that are gone meanwhile are left out."""
        with self._file.writing() as connection:
            for session, runs in sums.items():
                if connection.execute("UPDATE session SET summed = 1 WHERE key = ?", (session,)).rowcount:
                    rows = [
                        (name, row, c.last, c.step, c.time, c.count, c.min, c.max)
                        for row, curves, _ in runs
                        for name, c in curves.items()
                    ]
                    connection.executemany("INSERT OR REPLACE INTO metric VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
                    measured = [(row, *map(load.get, LOADS)) for row, _, load in runs if load]
                    connection.executemany(_PUT_LOAD, measured)

    def sum_again(self, rows: Iterable[int]) -> None:
        """Have all curves of the sessions with these runs summed up anew."""
        with self._file.writing() as connection:
            connection.execute(
                "UPDATE session SET summed = 0 WHERE key IN"
                " (SELECT session FROM run WHERE row IN (SELECT value FROM json_each(?)))",
                (_array(rows),),
            )

    def sums(self, metrics: Collection[str], rows: Collection[int]) -> Iterator[tuple[int, str, IndexedSummary]]:
        """Those of these metrics of these rows that are summed up."""
        found = self._all(
            "SELECT row, name, last, step, time, count, min, max FROM json_each(?) AS one"
            " CROSS JOIN json_each(?) AS other CROSS JOIN metric ON name = one.value AND row = other.value",
            *(_array(metrics), _array(rows)),
        )
        for row, name, last, *rest in found:
            yield row, name, IndexedSummary(float("nan") if last is None else last, *rest)

    def loads(self, rows: Collection[int]) -> dict[int, dict[str, float]]:
        """What ``LOADS`` names of these rows, of those that are summed up and were measured."""
        found = self._all("SELECT * FROM load WHERE row IN (SELECT value FROM json_each(?))", _array(rows))
        return {
            row: {name: value for name, value in zip(LOADS, values, strict=True) if value is not None}
            for row, *values in found
        }

    # -- verdicts ---------------------------------------------------------------------------------------------

    def verdicts(self) -> dict[str, Seen]:
        """What is known of the verdicts on reruns."""
        found = self._all("SELECT run_id, mtime, word FROM verdict")
        return {run_id: Seen(mtime, word) for run_id, mtime, word in found}

    def put_verdicts(self, seen: Mapping[str, Seen]) -> None:
        """Keep what was learned of verdicts."""
        rows = [(run_id, mtime, word) for run_id, (mtime, word) in seen.items()]
        with self._file.writing() as connection:
            connection.executemany("INSERT OR REPLACE INTO verdict VALUES (?, ?, ?)", rows)

    def _all(self, statement: str, *values: Any) -> list[Any]:
        connection = self._file.reading()
        return [] if connection is None else connection.execute(statement, values).fetchall()


def _array(values: Iterable[Any]) -> str:
    return json.dumps(list(values))
