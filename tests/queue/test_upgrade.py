"""A queue that an earlier version wrote: nothing of it is lost."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from runlore.errors import JournalFormatError
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.request import Request
from runlore_server.queue.row import NewJob

OF_2 = """
CREATE TABLE job (
    run_id TEXT PRIMARY KEY, rerun_of TEXT NOT NULL, name TEXT NOT NULL, request TEXT NOT NULL,
    state TEXT NOT NULL, attempt INTEGER NOT NULL DEFAULT 0, cut_short INTEGER NOT NULL DEFAULT 0,
    cells_done INTEGER NOT NULL DEFAULT 0, cells_total INTEGER NOT NULL, cell INTEGER, stage TEXT,
    submitted REAL NOT NULL, started REAL, ended REAL,
    error TEXT, process TEXT, change INTEGER NOT NULL
);
CREATE INDEX job_by_state ON job (state, submitted);
CREATE INDEX job_by_change ON job (change);
INSERT INTO job VALUES ('bbbb', 'orig', 'train', '{"run_id":"orig","scope":"slice"}', 'queued', 0, 0, 0, 3, NULL,
    NULL, 20.0, NULL, NULL, NULL, NULL, 7);
INSERT INTO job VALUES ('aaaa', 'orig', 'train', '{"run_id":"orig"}', 'running', 1, 1, 2, 3, 5, 'a stage', 10.0,
    11.0, NULL, NULL, '{"pid":1,"started":2.0,"host":"h","boot":"b"}', 9);
INSERT INTO job VALUES ('cccc', 'orig', 'train', '{"run_id":"orig","seeds":5}', 'failed', 1, 0, 3, 3, NULL,
    NULL, 5.0, 6.0, 7.0, 'it broke', NULL, 3);
PRAGMA user_version = 2;
"""


def test_jobs_of_version_2_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(OF_2)
    for _ in range(2):  # to open it again changes nothing
        with contextlib.closing(Ledger(path)) as ledger:
            assert [row.run_id for row in ledger.all()] == ["bbbb", "aaaa", "cccc"]
            running = ledger.get("aaaa")
            assert running is not None
            assert (running.state, running.attempt, running.cut_short) == ("running", 1, 1)
            assert (running.cells_done, running.cell, running.stage) == (2, 5, "a stage")
            assert running.process is not None
            assert running.process.pid == 1
            waiting = next(ledger.in_turn())
            assert (waiting.run_id, waiting.request) == ("bbbb", Request(run_id="orig", scope="slice"))
            assert (waiting.priority, waiting.held, waiting.token, waiting.lease) == (0, 0, None, None)
            assert ledger.changed_since(7) == ["aaaa"]
            assert ledger.last_change() == 9
    with contextlib.closing(Ledger(path)) as ledger:
        added = NewJob(run_id="dddd", rerun_of="orig", name="x", request=Request(run_id="orig"), cells=1)
        ledger.add([added], 0.0)  # the clock went back: the order does not
        assert [row.run_id for row in ledger.in_turn()] == ["bbbb", "dddd"]
        assert ledger.changed_since(9) == ["dddd"]


def test_a_queue_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    Ledger(path).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 4")
    with pytest.raises(JournalFormatError, match="format 4"):
        Ledger(path)
