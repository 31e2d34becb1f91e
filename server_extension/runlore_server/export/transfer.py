"""Bringing one run to MLflow, from whatever state it is in there."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from runlore.objects import ObjectStore
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.config import Config
from runlore_server.export.describer import Describer
from runlore_server.export.description import Description
from runlore_server.export.files import stage
from runlore_server.export.points import MetricPoint, last_points, whole_curves
from runlore_server.export.tracking import TrackingStore
from runlore_server.export.underway import Sending, Underway
from runlore_server.retention.notes import retired
from runlore_server.store.exports import Export, Exports
from runlore_server.store.held import HeldSession
from runlore_server.store.summaries import CurveSummaries

if TYPE_CHECKING:
    from mlflow.entities import Run

_MOST_SESSIONS = 8
"""Sessions whose journals are kept in memory."""


_STAGED = ".staged-"
"""How the names of folders begin in which files lie that are on their way."""


class Transfer:
    """Brings runs of a home to its tracking store, one after the other.

    Any step may be cut short in any way: what was not noted as done is done again, which changes nothing.
    ``check`` is called between two steps and may raise ``Closing``.
    """

    def __init__(self, config: Config, check: Callable[[], None]) -> None:
        self._config = config
        self._check = check
        self._describer = Describer(config.home)
        self._objects = ObjectStore(config.home.objects)
        self._exports = Exports(config.home, config.tracking_uri)
        self._underway = Underway(config.home, config.tracking_uri)
        self._tracking = TrackingStore(config)
        self._summaries = CurveSummaries()
        self._sessions: OrderedDict[str, HeldSession] = OrderedDict()
        self._last_sent: dict[str, dict[str, MetricPoint]] = {}
        for left in config.mlflow_directory.glob(f"{_STAGED}*"):  # by one that was killed: only one is at work
            shutil.rmtree(left, ignore_errors=True)

    def bring(self, session_id: str, run_id: str) -> None:
        """Bring MLflow up to the present state of the run; the original of a rerun should be there before.

        Raises:
            TrackingStoreAway, ExportRefused: see ``TrackingStore``.
            JournalFormatError: a curve of it cannot be read by this version.
            OSError, sqlite3.Error: a file of the home cannot be read or written.
            Closing: ``check`` said so.
        """
        held = self._session(session_id)
        record, info = held.runs.get(run_id), held.record.info
        if record is None or info is None:
            return
        run = self._describer.describe(record, info)
        known = self._exports.get(run_id) or Export(None)
        if run.status != "RUNNING" and (known.fingerprint, known.content) == (run.fingerprint, run.content):
            return
        self._tracking.knock()
        there = self._tracking.open_run(run, known.mlflow_run_id)
        if there is None:
            self._exports.put(run_id, Export(None, run.fingerprint, run.content))
            return
        mlflow_run_id = str(there.info.run_id)
        if mlflow_run_id != known.mlflow_run_id:
            if known.mlflow_run_id is not None:
                self._underway.forget(known.mlflow_run_id)
            known = Export(mlflow_run_id)
            self._exports.put(run_id, known)
        if known.fingerprint != run.fingerprint:
            self._tracking.update(there, run, self._parent(run))
        if run.content is None:
            self._send_last_points(there, record)
        elif run.content != known.content:
            self._send_content(there, held.record, record, run)
        self._exports.put(run_id, Export(mlflow_run_id, run.fingerprint, run.content))
        if run.content is not None:
            self._underway.forget(mlflow_run_id)

    def _session(self, session_id: str) -> HeldSession:
        held = self._sessions.pop(session_id, None) or HeldSession(self._config.home, session_id)
        held.look(math.inf)  # whatever happened until now counts, a death of its kernel a moment ago too
        self._sessions[session_id] = held
        if len(self._sessions) > _MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return held

    def _parent(self, run: Description) -> str | None:
        """MLflow's id of the original of a rerun."""
        known = self._exports.get(run.rerun_of) if run.rerun_of is not None else None
        return known.mlflow_run_id if known is not None else None

    def _send_last_points(self, there: Run, record: RunRecord) -> None:
        """Send the last points of a running run that are not the ones sent before."""
        # Forgotten meanwhile: after a failure nobody knows which of them arrived.
        sent = self._last_sent.pop(there.info.run_id, {})
        found = {point.key: point for point in last_points(record, self._summaries)}
        news = [point for key, point in found.items() if key not in sent or point.identity != sent[key].identity]
        for _ in self._tracking.log_points(there, news, fresh=sent.keys()):
            self._check()
        self._last_sent[there.info.run_id] = found

    def _send_content(self, there: Run, session: SessionRecord, record: RunRecord, run: Description) -> None:
        sending = Sending(there.info.run_id, run.content or "")
        self._last_sent.pop(sending.mlflow_run_id, None)
        done = self._underway.points(sending)
        for batch in self._tracking.log_points(there, islice(whole_curves(record), done, None)):
            done += len(batch)
            self._underway.put_points(sending, done)
            self._check()
        self._config.mlflow_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Beside the objects, so that most of it can be links to them.
        with tempfile.TemporaryDirectory(dir=self._config.mlflow_directory, prefix=_STAGED) as directory:
            missing = stage(record, session, self._objects, Path(directory))
            there_already = self._underway.files(sending)
            unsent = (path for path in _files_below(Path(directory)) if path not in there_already)
            self._check()
            for path in self._tracking.log_files(sending.mlflow_run_id, Path(directory), unsent):
                self._underway.put_file(sending, path)
                self._check()
        if missing:
            told = {path: retired(self._config.home, record.run_id, path) or why for path, why in missing.items()}
            lacking = "; ".join(f"{path}: {why}" for path, why in told.items())
            self._tracking.set_tag(sending.mlflow_run_id, "runlore.missing_artifacts", lacking)
        self._tracking.finish(there, run)


def _files_below(directory: Path) -> Iterator[str]:
    """Every file, as a path with forward slashes relative to the directory, in the order of their names."""
    for path in sorted(directory.rglob("*")):
        if not path.is_dir():
            yield path.relative_to(directory).as_posix()
