"""The beginning of an attempt at a job."""

from __future__ import annotations

import errno
import logging
import secrets
import time
from dataclasses import dataclass
from typing import Any

import msgspec

from runlore.errors import RunloreError, RunNotFound
from runlore.home import Home
from runlore.record import RunRecord
from runlore_server.gpus.assignment import Lease
from runlore_server.queue.backend import Attempt, Backend, Ended, LooksAhead
from runlore_server.queue.ledger import Ledger
from runlore_server.queue.row import Row
from runlore_server.rerun.folder import Folder
from runlore_server.rerun.prepare import prepare_as_asked
from runlore_server.rerun.repeat import supersede
from runlore_server.store.runs import RunStore

FULL = (errno.ENOSPC, errno.EDQUOT)
"""What the system says of a disk without room."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Accepted:
    """The backend has the attempt."""

    handle: str


@dataclass(frozen=True)
class Postponed:
    """The attempt could not begin, for want of room on the disk."""

    handle: str
    why: str


@dataclass(frozen=True)
class Begun:
    """A job that is at work, and what came of it so far: it is to be written down with the other events."""

    row: Row
    event: Accepted | Postponed | Ended


class Starter:
    """Prepares attempts and hands them to backends.

    Args:
        home: where the runs are recorded.
        store: finds the originals.
        ledger: the jobs.
    """

    def __init__(self, home: Home, store: RunStore, ledger: Ledger) -> None:
        self._home = home
        self._store = store
        self._ledger = ledger

    def start(self, row: Row, backend: Backend, lease: Lease) -> Begun | None:
        """Begin an attempt at a queued job; ``None`` if it is not queued any more.

        Raises:
            OSError, sqlite3.Error: the ledger cannot be written; nothing was begun.
        """
        began: dict[str, Any] = {"state": "running", "attempt": row.attempt + 1, "token": secrets.token_hex(8)}
        fresh: dict[str, Any] = {"process": None, "handle": None, "error": None, "stage": None}
        fresh |= {"backend": backend.name, "lease": lease if lease.devices else None, "started": time.time()}
        if not self._ledger.update(row.run_id, among=("queued",), **began, **fresh):
            return None
        row = msgspec.structs.replace(row, process=None, **began)
        handle = f"?{row.token}"
        try:
            if row.attempt > 1:  # a retry by hand: nobody has done so since it ended
                supersede(self._home, Folder(self._home.rerun(row.run_id)))
            folder = backend.prepared(row) if isinstance(backend, LooksAhead) else None
            if folder is None:
                original = self._found(row.rerun_of)
                folder = prepare_as_asked(self._home, original, row.request, row.run_id, find=self._found)
            if lease.environ:
                folder.assign(lease.environ)
            return Begun(row, Accepted(backend.submit(self.attempt(row, lease))))
        except OSError as error:
            if error.errno in FULL:
                return Begun(row, Postponed(handle, f"it waits for room on the disk: {error}"))
            return Begun(row, Ended(handle, error=str(error)))
        except RunloreError as error:
            return Begun(row, Ended(handle, error=str(error)))
        except Exception:  # noqa: BLE001 - a defect of ours must not end the queue
            _log.exception("rerun %s could not be started", row.run_id)
            return Begun(row, Ended(handle, error="an internal error; the server's log has the details"))

    def attempt(self, row: Row, lease: Lease) -> Attempt:
        """The last attempt at a job, as it travels to a backend."""
        return Attempt(
            home=str(self._home.path),
            run_id=row.run_id,
            number=row.attempt,
            token=row.token or "",
            request=row.request,
            environ=lease.environ,
            timeout=row.request.timeout,
            node=lease.node,
            process=row.process,
        )

    def _found(self, run_id: str) -> RunRecord:
        try:
            return self._store.find(run_id)
        except RunNotFound:
            self._store.refresh()  # it may have been recorded since
            return self._store.find(run_id)
