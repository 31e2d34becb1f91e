"""The closed sessions of a home, by its index; nothing of them is held in memory but what searches asked for."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from runlore.events import SessionStarted
from runlore.home import Home
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.filter.tree import Field
from runlore_server.store.index import RunIndex
from runlore_server.store.indexed import IndexedRun, Stamp, Sums
from runlore_server.store.table import Table
from runlore_server.store.values import IndexedSummary, Scalar, statistic
from runlore_server.store.verdicts import Seen

UNUSABLE = (sqlite3.Error, msgspec.DecodeError)
"""What reading an index raises that is damaged or cannot be reached."""

_RETRY = 60.0
"""Seconds until the index is tried again after it could not be written."""

_log = logging.getLogger(__name__)


class Shelf:
    """Sessions that were closed when they were put here, and their runs. Not for several threads at once.

    Every method may raise one of ``UNUSABLE``; ``abandon`` then makes the shelf empty and usable again.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._index: RunIndex | None = RunIndex(home)
        self._retry_at = 0.0
        self._sessions: set[str] = set()
        self._kept: dict[int, list[Sums]] = {}
        self.table = Table()

    @property
    def sessions(self) -> Collection[str]:
        """The ids of the sessions that are here."""
        return self._sessions

    @property
    def takes_more(self) -> bool:
        """Whether it is worth trying to put sessions here now."""
        return self._index is not None and time.monotonic() >= self._retry_at

    def close(self) -> None:
        """Close the index; a later call opens it again."""
        if self._index is not None:
            self._index.close()

    def abandon(self, error: Exception) -> None:
        """Empty the shelf after an error; a damaged index is deleted, one that cannot be reached is left alone."""
        if self._index is not None:
            self._index.close()
            if isinstance(error, sqlite3.OperationalError) or not self._removed(self._index):
                self._index = None
        self._sessions.clear()
        self._kept.clear()
        self.table.clear()

    def take_known(self, names: Collection[str]) -> list[IndexedRun]:
        """Put those of these sessions here that the index knows with their journals as they are; their runs.

        What the index has of the others is out of date, and is dropped when they are put here.
        """
        known = self._index.sessions() if self._index is not None else {}
        current = {name for name in names if name in known and known[name] == self._stamp(name)}
        if self._index is None or not current:
            return []
        self._sessions |= current
        taken = [run for run in self._index.runs() if run.session_id in current]
        self.table.add(taken)
        return taken

    def forget_strangers(self, names: Collection[str]) -> None:
        """Drop from the index what belongs to none of these sessions and is really gone."""
        if self._index is None:
            return
        # Another process may have put a session there that began after these were listed.
        strangers = [name for name in self._index.sessions().keys() - names if self._stamp(name) is None]
        if strangers:
            self._write(lambda index: index.drop(strangers))

    def put(self, sessions: Mapping[str, tuple[SessionRecord, Stamp]]) -> bool:
        """Put closed sessions here; false where that is not possible now, and need not be tried again soon."""
        taken: list[IndexedRun] = []
        if not self._write(lambda index: taken.extend(index.put(sessions))):
            return False
        self._sessions |= sessions.keys()
        self.table.add(taken)
        return True

    def drop(self, names: set[str]) -> set[str]:
        """Take sessions away; the ids of their runs."""
        ours = names & self._sessions
        if not ours:
            return set()
        self._sessions -= ours
        self._write(lambda index: index.drop(ours))
        return self.table.without(ours)

    def records(self, run_ids: Iterable[str]) -> dict[str, RunRecord]:
        """Those of these runs that are here."""
        runs = [self.table.runs[self.table.places[run_id]] for run_id in run_ids if run_id in self.table.places]
        found = self._index.records([run.row for run in runs]) if self._index is not None and runs else {}
        return {run.run_id: found[run.row] for run in runs if run.row in found}

    def info(self, session_id: str) -> SessionStarted | None:
        """How a session began; ``None`` where it is not here or its journal does not say."""
        return self._index.info(session_id) if self._index is not None else None

    def notebooks(self, session_ids: Collection[str]) -> dict[str, str | None]:
        """The notebooks of those of these sessions that are here."""
        return self._index.notebooks(session_ids) if self._index is not None and session_ids else {}

    def column(self, field: Field) -> list[Scalar]:
        """A field of every run, by its place in the table."""
        return self.table.column(field, self._read_column)

    def _read_column(self, field: Field) -> Iterable[tuple[int, Scalar]]:
        if self._index is None:
            return
        yield from self._index.column(field)
        if field.entity == "metric":
            for row, curves, _ in self._kept_sums():
                if field.name in curves:
                    yield row, statistic(field, curves[field.name])
        if field.entity == "load":
            yield from ((row, load.get(field.name)) for row, _, load in self._kept_sums())

    def sums(
        self, runs: Iterable[RunRecord], metrics: Collection[str] | None = None
    ) -> dict[str, dict[str, IndexedSummary]]:
        """The metrics of those of these runs whose curves are summed up, by run id; all, or these alone."""
        rows = {self.table.runs[self.table.places[r.run_id]].row: r for r in runs if r.run_id in self.table.places}
        alike: dict[tuple[str, ...], list[int]] = {}
        for row, run in rows.items():
            names = tuple(run.metrics if metrics is None else (name for name in metrics if name in run.metrics))
            alike.setdefault(names, []).append(row)
        found: dict[str, dict[str, IndexedSummary]] = {}
        for names, those in alike.items():
            for row, metric, summary in self._index.sums(names, those) if self._index is not None else ():
                found.setdefault(rows[row].run_id, {})[metric] = summary
        for row, curves, _ in self._kept_sums():
            if row in rows:
                found[rows[row].run_id] = {m: c for m, c in curves.items() if metrics is None or m in metrics}
        return found

    def loads(self, run_ids: Iterable[str]) -> dict[str, Mapping[str, float]]:
        """What ``LOADS`` names of those of these runs that are summed up and were measured, by run id."""
        places, runs = self.table.places, self.table.runs
        ids = {runs[places[run_id]].row: run_id for run_id in run_ids if run_id in places}
        found = self._index.loads(ids) if self._index is not None else {}
        kept = {row: load for row, _, load in self._kept_sums() if row in ids}
        return {ids[row]: load for row, load in (found | kept).items()}

    def unsummed(self, limit: int) -> dict[int, list[tuple[int, RunRecord]]]:
        """Some sessions whose curves are not summed up yet; see ``RunIndex.unsummed``."""
        found = self._index.unsummed(limit + len(self._kept)) if self._index is not None else {}
        return {session: runs for session, runs in found.items() if session not in self._kept}

    def put_sums(self, sums: Mapping[int, list[Sums]]) -> None:
        """Keep the summaries of all curves of sessions; in memory, where they cannot be written now."""
        self.table.changed("metric")
        self.table.changed("load")
        if not self._write(lambda index: index.put_sums(sums)):
            self._kept.update(sums)

    def sum_again(self, run_ids: Iterable[str]) -> None:
        """Have the curves of those of these runs that are here summed up anew: they came from elsewhere."""
        places = self.table.places
        rows = [self.table.runs[places[run_id]].row for run_id in run_ids if run_id in places]
        if rows:
            self._kept.clear()  # a number of a session more or less is no matter: it is summed up again
            self._write(lambda index: index.sum_again(rows))

    def _kept_sums(self) -> Iterable[Sums]:
        return (sums for runs in self._kept.values() for sums in runs)

    def verdicts(self) -> dict[str, Seen]:
        """What is known of the verdicts on reruns."""
        return self._index.verdicts() if self._index is not None else {}

    def put_verdicts(self, seen: Mapping[str, Seen]) -> None:
        """Keep what was learned of verdicts."""
        if seen:
            self._write(lambda index: index.put_verdicts(seen))

    def _write(self, work: Callable[[RunIndex], object]) -> bool:
        if self._index is None or not self.takes_more:
            return False
        try:
            work(self._index)
        except sqlite3.OperationalError as error:
            _log.warning("the run index cannot be written, runs are read from their journals: %s", error)
            self._retry_at = time.monotonic() + _RETRY
            return False
        return True

    @staticmethod
    def _removed(index: RunIndex) -> bool:
        try:
            index.remove()
        except OSError as error:
            _log.warning("the damaged run index cannot be removed, runs are read from their journals: %s", error)
            return False
        return True

    def _stamp(self, session_id: str) -> Stamp | None:
        try:
            stat = os.stat(f"{self._home.session(session_id)}/events.jsonl")
        except OSError:
            return None
        return Stamp(stat.st_size, stat.st_mtime_ns)
