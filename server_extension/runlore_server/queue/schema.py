"""The tables of ``jobs.sqlite``, and how those of earlier versions become them."""

from __future__ import annotations

import sqlite3

from runlore_server.database import version_of

VERSION = 3
_TABLES = (
    """CREATE TABLE IF NOT EXISTS job (
        run_id TEXT PRIMARY KEY,
        number INTEGER NOT NULL,
        rerun_of TEXT NOT NULL,
        name TEXT NOT NULL,
        request TEXT NOT NULL,
        state TEXT NOT NULL,
        priority INTEGER NOT NULL DEFAULT 0,
        held INTEGER NOT NULL DEFAULT 0,
        sweep TEXT,
        backend TEXT,
        attempt INTEGER NOT NULL DEFAULT 0,
        failures INTEGER NOT NULL DEFAULT 0,
        cut_short INTEGER NOT NULL DEFAULT 0,
        token TEXT,
        handle TEXT,
        process TEXT,
        lease TEXT,
        cells_done INTEGER NOT NULL DEFAULT 0,
        cells_total INTEGER NOT NULL,
        cell INTEGER,
        stage TEXT,
        submitted REAL NOT NULL,
        started REAL,
        ended REAL,
        error TEXT,
        change INTEGER NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS job_by_turn ON job (state, held, priority DESC, number)",
    "CREATE INDEX IF NOT EXISTS job_by_number ON job (number)",
    "CREATE INDEX IF NOT EXISTS job_by_sweep ON job (sweep, number)",
    "CREATE INDEX IF NOT EXISTS job_by_change ON job (change)",
    """CREATE TABLE IF NOT EXISTS need (
        run_id TEXT NOT NULL,
        needs TEXT NOT NULL,
        PRIMARY KEY (run_id, needs)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS need_by_needs ON need (needs)",
    "CREATE TABLE IF NOT EXISTS forgotten (run_id TEXT PRIMARY KEY, change INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS counter (change INTEGER NOT NULL)",
)
_OF_2 = (
    "run_id, rerun_of, name, request, state, attempt, cut_short, cells_done, cells_total, cell, stage,"
    " submitted, started, ended, error, process, change"
)


def prepare(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an earlier version up to this one; all of it, or nothing.

    Raises:
        JournalFormatError: a later Runlore wrote them.
    """
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    found = version_of(connection, "jobs.sqlite, the queue of reruns,", VERSION)
    if found == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if found == 2:
            connection.execute("DROP INDEX IF EXISTS job_by_state")
            connection.execute("DROP INDEX IF EXISTS job_by_change")
            connection.execute("ALTER TABLE job RENAME TO job_2")
        else:
            connection.execute("DROP TABLE IF EXISTS job")  # of before the first release
        for table in _TABLES:
            connection.execute(table)
        if found == 2:
            connection.execute(
                f"INSERT INTO job (number, {_OF_2})"  # noqa: S608 - our own names
                f" SELECT row_number() OVER (ORDER BY submitted, run_id), {_OF_2} FROM job_2"
            )
            connection.execute("DROP TABLE job_2")
        connection.execute("INSERT INTO counter SELECT max(coalesce(max(change), 0), count(*)) FROM job")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
