"""Bringing curves back from MLflow that the home has lost, when somebody looks at them."""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import tempfile
import threading
import time
from pathlib import Path

import msgspec

from runlore.archive import FILE, Archive, is_lost
from runlore.errors import JournalFormatError, PackageMissing, RunNotFound
from runlore.home import is_mirrored
from runlore.record import RunRecord
from runlore_server.config import Config
from runlore_server.errors import AmbiguousRun, ExportRefused, TrackingStoreAway
from runlore_server.mirror.worker import Fetch, mirror_process
from runlore_server.store.exports import Exports
from runlore_server.store.runs import RunStore

_RETRY = 60.0
"""Seconds until a run is tried again whose curves did not come."""

_LONGEST = 600.0
"""Seconds that MLflow may take to send the curves of a run."""

_COMING = "it is on its way from MLflow"
_log = logging.getLogger(__name__)


class Retrieval:
    """Fetches archives of runs whose curves are gone, in a thread of its own; safe to use from several threads."""

    def __init__(self, config: Config, store: RunStore, exports: Exports) -> None:
        self._store = store
        self._exports = exports
        self._process = mirror_process(config)
        self._lock = threading.Lock()
        self._tried: dict[str, float] = {}
        self._told: dict[str, str] = {}
        self._wanted: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def missing(self, run: RunRecord, metric: str) -> str | None:
        """Why a curve cannot be shown, which is fetched where MLflow has it; ``None`` where it is simply empty.

        Raises:
            OSError, sqlite3.Error: what is known of the export cannot be read.
        """
        if is_mirrored(run.session_id) or not is_lost(run, metric):
            return None
        known = self._exports.get(run.run_id)
        if known is None or known.mlflow_run_id is None or known.content is None:
            return "Its file is gone from the home, and MLflow does not have it"
        with self._lock:
            if time.monotonic() >= self._tried.get(run.run_id, 0.0) + _RETRY or run.run_id not in self._tried:
                self._tried[run.run_id] = time.monotonic()
                self._told[run.run_id] = _COMING
                self._wanted.put(run.run_id)
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name="runlore retrieval", daemon=True)
                    self._thread.start()
            return f"Its file is gone from the home; {self._told[run.run_id]}"

    def shutdown(self, timeout: float = 3.0) -> None:
        """Stop, in the middle of a run too; wait for that at most ``timeout`` seconds."""
        self._wanted.put(None)
        self._process.end()
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        while (run_id := self._wanted.get()) is not None:
            try:
                self._fetch(self._store.find(run_id))
                self._told[run_id] = "what MLflow had of it is here"
                self._store.curves_came({run_id})
            except (RunNotFound, AmbiguousRun):
                pass  # deleted meanwhile
            except (TrackingStoreAway, ExportRefused, JournalFormatError, PackageMissing, OSError) as error:
                self._failed(run_id, str(error))
            except sqlite3.Error as error:
                self._failed(run_id, str(error))
            except Exception:  # noqa: BLE001 - a defect of ours must not end the fetching of other runs
                _log.exception("the curves of run %s could not be fetched", run_id)
                self._failed(run_id, "an internal error; the server's log has the details")

    def _failed(self, run_id: str, why: str) -> None:
        _log.warning("the curves of run %s do not come from MLflow: %s", run_id, why)
        self._told[run_id] = f"it did not come from MLflow, and is tried again: {why}"

    def _ask(self, mlflow_run_id: str, target: Path) -> bool:
        try:
            return msgspec.json.decode(self._process.ask(Fetch(mlflow_run_id, str(target)), _LONGEST), type=bool)
        finally:
            self._process.close()  # it has MLflow in its memory

    def _fetch(self, run: RunRecord) -> None:
        known = self._exports.get(run.run_id)
        if known is None or known.mlflow_run_id is None:
            return
        run.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryDirectory(dir=run.directory, prefix=".fetched-") as directory:
            fetched = Path(directory) / FILE
            found = self._ask(known.mlflow_run_id, fetched)
            if not found or (archive := Archive.open(fetched)) is None:
                raise ExportRefused("it has no curves of this run")
            archive.verify()  # whoever can write to MLflow can have written this
            if not {path.name for path in run.curves.values()} & archive.curves.keys():
                raise ExportRefused("its curves are those of another run")
            if not _has_all(archive, run.directory / FILE):
                raise ExportRefused("its curves are other ones than those that are still here")
            os.replace(fetched, run.directory / FILE)


def _has_all(archive: Archive, path: Path) -> bool:
    """Whether nothing is lost where an archive takes the place of the one at ``path``, if that can be read."""
    try:
        here = Archive.open(path)
    except JournalFormatError:
        return True
    digests = {file: curve.digest for file, curve in archive.curves.items()}
    return here is None or all(digests.get(file) == curve.digest for file, curve in here.curves.items())
