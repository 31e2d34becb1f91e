"""The run index against the journals: built again from them in a temporary home, and compared field by field."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from runlore.events import SessionStarted
from runlore.home import Home
from runlore.session_record import SessionRecord
from runlore_server.doctor import curves
from runlore_server.doctor.checkup import Checkup
from runlore_server.doctor.databases import DAMAGED_PROJECTION, INDEX
from runlore_server.doctor.findings import Kind
from runlore_server.store.entry import unpack
from runlore_server.store.index import RunIndex
from runlore_server.store.index_file import FORMAT, LOAD_COLUMNS
from runlore_server.store.indexed import Stamp
from runlore_server.store.summing import closed_sums

WRONG = Kind(
    "index-wrong",
    "warning",
    "runs that the index knows otherwise than their journals",
    "Lists and searches may show them wrongly; nothing recorded is lost.",
    "'runlore doctor --repair' builds the index again.",
    mends=True,
)
OTHER_FORMAT = Kind(
    "index-other-format",
    "note",
    "an index of another format",
    "It is built again when runs are next listed.",
    "Nothing needs to be repaired.",
)

_BATCH = 200
_FIELDS = {
    "session": "SELECT session_id, notebook, user FROM {db}.session WHERE session_id IN same",
    "run": "SELECT run_id, session_id, started, duration, name, experiment, kind, status, rerun_of, gpu, gpus"
    " FROM {db}.run JOIN {db}.session ON key = session WHERE session_id IN same",
    "parameters": "SELECT run_id, param.name, value FROM {db}.param JOIN {db}.run USING (row)"
    " JOIN {db}.session ON key = session WHERE session_id IN same",
    "tags": "SELECT run_id, tag.name, value FROM {db}.tag JOIN {db}.run USING (row)"
    " JOIN {db}.session ON key = session WHERE session_id IN same",
    "metrics": "SELECT run_id, metric.name, last, step, time, count, min, max FROM {db}.metric"
    " JOIN {db}.run USING (row) JOIN {db}.session ON key = session WHERE session_id IN summed",
    "load": f"SELECT run_id, {LOAD_COLUMNS} FROM {{db}}.load JOIN {{db}}.run USING (row)"  # noqa: S608 - names of ours
    " JOIN {db}.session ON key = session WHERE session_id IN summed",
}
"""What is compared, with the name of the run or session first."""

_INFOS = (
    "SELECT session_id, new.info, old.info FROM main.session AS new JOIN old.session AS old USING (session_id)"
    " WHERE session_id IN same AND new.info IS NOT old.info"
)
_RECORDS = (
    "SELECT run_id, content, before FROM main.run JOIN main.record USING (row) JOIN main.session ON key = session"
    " JOIN (SELECT run_id, content AS before FROM old.run JOIN old.record USING (row)) USING (run_id)"
    " WHERE session_id IN same AND content IS NOT before"
)
"""What is written as JSON: a later version may write the same with more fields."""


class IndexCheck:
    """Takes the closed sessions of a home one by one, and says at the end where the index has them otherwise."""

    def __init__(self, checkup: Checkup, shadow: Home, folder: Path) -> None:
        self._checkup = checkup
        self._old = shadow.path / INDEX
        self._fresh = RunIndex(Home(folder))
        self._file = folder / INDEX
        self._batch: dict[str, tuple[SessionRecord, Stamp]] = {}
        self._read: set[str] = set()
        self._usable = self._old.is_file() and self._has_format()

    def take(self, record: SessionRecord) -> None:
        """One more session, as its journal tells it."""
        if not self._usable or not record.closed or not record.session_id.isprintable():
            return
        with contextlib.suppress(OSError):
            facts = os.stat(self._checkup.home.events(record.session_id))
            self._batch[record.session_id] = (record, Stamp(facts.st_size, facts.st_mtime_ns))
            if all(curves.read_whole(self._checkup, run) for run in record.runs.values()):
                self._read.add(record.session_id)
        if len(self._batch) >= _BATCH:
            self._put()

    def finish(self) -> None:
        """Compare."""
        if self._usable:
            self._put()
            self._fresh.close()
            if self._file.is_file():
                try:
                    self._compare()
                except sqlite3.Error as error:
                    self._checkup.add(DAMAGED_PROJECTION, INDEX, str(error))

    def _has_format(self) -> bool:
        with contextlib.closing(sqlite3.connect(self._old)) as connection:
            (found,) = connection.execute("PRAGMA user_version").fetchone()
        if found != FORMAT:
            self._checkup.add(OTHER_FORMAT, INDEX, f"format {found}, this version writes {FORMAT}")
        return bool(found == FORMAT)

    def _put(self) -> None:
        if not self._batch:
            return
        self._fresh.put(self._batch)
        # The new index lies elsewhere, and would look for the curves there.
        ours = {id_: run for record, _ in self._batch.values() for id_, run in record.runs.items()}
        sums = {}
        for key, runs in self._fresh.unsummed(len(self._batch)).items():
            real = [(row, ours[run.run_id]) for row, run in runs]
            sums[key] = closed_sums(real) if {run.session_id for _, run in real} <= self._read else []
        self._fresh.put_sums(sums)
        self._batch = {}

    def _compare(self) -> None:
        with contextlib.closing(sqlite3.connect(self._file)) as connection:
            connection.execute("ATTACH ? AS old", (str(self._old),))
            connection.execute("CREATE TEMP TABLE read (name TEXT PRIMARY KEY)")
            connection.executemany("INSERT INTO read VALUES (?)", ((name,) for name in self._read))
            connection.execute(
                "CREATE TEMP TABLE same AS SELECT session_id FROM main.session JOIN old.session"
                " USING (session_id, size, mtime)"
            )
            connection.execute(
                "CREATE TEMP TABLE summed AS SELECT session_id FROM same JOIN old.session USING (session_id)"
                " WHERE summed AND session_id IN read"
            )
            for what, query in _FIELDS.items():
                here, there = query.format(db="main"), query.format(db="old")
                found = connection.execute(
                    f"SELECT * FROM ({here} EXCEPT {there}) UNION ALL SELECT * FROM ({there} EXCEPT {here})"  # noqa: S608
                )
                for name in sorted({str(row[0]) for row in found}):
                    self._checkup.add(WRONG, f"run {name}" if what != "session" else f"session {name}", what)
            home = self._checkup.home
            for name, new, old in connection.execute(_INFOS):
                if not _same(new, old, lambda content: msgspec.json.decode(content, type=SessionStarted)):
                    self._checkup.add(WRONG, f"session {name}", "beginning")
            for name, new, old in connection.execute(_RECORDS):
                if not _same(new, old, lambda content: unpack(content, home)):
                    self._checkup.add(WRONG, f"run {name}", "record")


def _same(new: bytes, old: bytes, read: Callable[[bytes], object]) -> bool:
    try:
        return read(new) == read(old)
    except (msgspec.DecodeError, TypeError):
        return False
