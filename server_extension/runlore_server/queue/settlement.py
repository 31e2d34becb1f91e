"""What becomes of a job when an attempt at it is over, or was found cut short."""

from __future__ import annotations

import logging
import time
from typing import Any

from runlore.errors import RunloreError
from runlore.home import Home
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.row import Row
from runlore_server.rerun.conclusion import conclude, is_final
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.repeat import put_leftovers_away, supersede
from runlore_server.verdict.verdict import Word, read_verdict

MOST_CUTS = 2
"""A job that was lost so often with what carried it out may be what kills that."""

_log = logging.getLogger(__name__)


class Settlement:
    """Writes the ends of attempts into the ledger, if the job is still at that attempt.

    A job that goes back into the queue will be prepared anew; what the attempt wrote is set aside, since two
    sessions must not both claim to hold the same run.

    Raises:
        OSError, sqlite3.Error: the ledger or the job's folder cannot be written; the same may be tried again.
    """

    def __init__(self, home: Home, ledger: Ledger) -> None:
        self._home = home
        self._ledger = ledger

    def judged(self, row: Row, word: Word) -> bool:
        """It went through to a verdict. Returns whether it is queued again."""
        if word == "FAILED":
            verdict = read_verdict(self._home, row.run_id)
            return self.failed(row, verdict.reason if verdict is not None else "the rerun broke")
        self._ledger.end(row.run_id, "succeeded", now=time.time(), fence=row.token)
        return False

    def failed(self, row: Row, why: str) -> bool:
        """The work could not be done; it is tried again where that was asked for.

        Returns:
            Whether it is queued again.
        """
        if row.state == "stopping":
            self.cancelled(row)
        elif row.failures < row.request.retries:
            return self.requeue(row, failures=row.failures + 1, error=why)
        else:
            self._ledger.end(row.run_id, "failed", now=time.time(), fence=row.token, error=why)
        return False

    def cancelled(self, row: Row, why: str | None = None) -> None:
        """It was stopped because somebody wished so."""
        self._ledger.end(row.run_id, "cancelled", now=time.time(), fence=row.token, error=why)

    def lost(self, row: Row, why: str) -> bool:
        """What carried it out is gone; all its processes are dead, or what they still write is refused.

        Returns:
            Whether it is queued again.
        """
        _log.info("rerun %s was cut short: %s", row.run_id, why)
        if row.state == "stopping":
            self.cancelled(row)
        elif row.cut_short + 1 >= MOST_CUTS:
            error = f"{why}, {MOST_CUTS} times while this rerun ran"
            self._ledger.end(row.run_id, "failed", now=time.time(), fence=row.token, error=error)
        else:
            return self.requeue(row, cut_short=row.cut_short + 1)
        return False

    def requeue(self, row: Row, **values: Any) -> bool:
        """Back into the queue, in its old place. Returns whether it is, as nobody stopped it meanwhile."""
        folder = Folder(self._home.rerun(row.run_id))
        supersede(self._home, folder)
        back: dict[str, Any] = {"state": "queued", "started": None, "cells_done": 0, "cell": None, "stage": None}
        back |= {"token": None, "handle": None, "process": None, "lease": None, **values}
        if self._ledger.update(row.run_id, among=("running",), fence=row.token, **back):
            return True
        self.cancelled(row)
        return False

    def found(self, row: Row, why: str) -> None:
        """An attempt whose processes are dead, found by a new owner of the queue."""
        folder = Folder(self._home.rerun(row.run_id))
        try:
            put_leftovers_away(self._home, folder)
            outcome = folder.outcome() if row.request.seeds is None and folder.plan_file.exists() else None
            verdict = conclude(self._home, folder, outcome) if outcome is not None else None
            if verdict is not None and is_final(folder, verdict):
                self.judged(row, verdict.verdict)  # only the last line in the ledger was missing
            else:
                self.lost(row, why)
        except RunloreError as error:
            self.failed(row, str(error))
