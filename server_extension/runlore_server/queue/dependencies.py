"""What jobs wait for, in the ledger's table ``need``: a row for each job that must succeed before another."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from runlore_server.errors import JobNotFound, OptionsRefused

ENDED = {"failed": "failed", "cancelled": "been cancelled"}
"""How the states are told in which a job has ended without success."""

_DEPENDENTS = """
    WITH RECURSIVE dependent (run_id) AS (
        SELECT run_id FROM need WHERE needs = ?
        UNION SELECT need.run_id FROM need JOIN dependent ON need.needs = dependent.run_id
    ) SELECT run_id FROM dependent
"""


def need(connection: sqlite3.Connection, run_id: str, after: Sequence[str]) -> None:
    """Have a job wait for those of the others that have not succeeded yet.

    Raises:
        JobNotFound: one of them is none.
        OptionsRefused: one of them has ended without success.
    """
    for other in after:
        found = connection.execute("SELECT state FROM job WHERE run_id = ?", (other,)).fetchone()
        if found is None:
            raise JobNotFound(f"there is no job {other!r} to wait for")
        if found["state"] in ENDED:
            raise OptionsRefused(f"the job {other} to wait for has {ENDED[found['state']]}; retry it first")
        if found["state"] != "succeeded":
            connection.execute("INSERT OR IGNORE INTO need VALUES (?, ?)", (run_id, other))


def dependents(connection: sqlite3.Connection, run_id: str) -> list[str]:
    """The jobs that wait for this one, and those that wait for them."""
    return [found for (found,) in connection.execute(_DEPENDENTS, (run_id,)).fetchall()]
