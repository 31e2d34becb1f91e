"""Curves of mirrored runs, brought from MLflow to where those of our own runs lie."""

from __future__ import annotations

from runlore.archive import Archive
from runlore.curve_writer import curve_writer
from runlore.errors import JournalFormatError
from runlore.record import RunRecord
from runlore.session_record import SessionRecord
from runlore_server.config import Config
from runlore_server.export.names import mlflow_name
from runlore_server.mirror.cached import archive_of, is_current
from runlore_server.mirror.folders import Folders
from runlore_server.mirror.source import Source
from runlore_server.mirror.translation import real, seconds
from runlore_server.store.mirrored import is_live, mlflow_run_of


class Curves:
    """Brings one curve after the other.

    Raises, from ``bring``:
        TrackingStoreAway, ExportRefused: see ``Source``.
        OSError: the home cannot be written.
    """

    def __init__(self, config: Config) -> None:
        self._home = config.home
        self._source = Source(config)
        self._folders = Folders(config.home)

    def bring(self, session_id: str, run_id: str, metric: str) -> None:
        """Have a metric of a mirrored run here as MLflow has it now; nothing, where the run is gone meanwhile."""
        session = SessionRecord(self._home, session_id)
        session.refresh()
        run, mlflow_run_id = session.runs.get(run_id), mlflow_run_of(session_id)
        if run is None or mlflow_run_id is None or metric not in run.metrics or is_current(run, metric):
            return
        of_runlore = mlflow_run_id != run_id
        if not (of_runlore and not is_live(session_id) and self._has_archive(run, mlflow_run_id)):
            # A Runlore gave the metric this name in MLflow; other names are as they were.
            self._bring_history(run, metric, mlflow_run_id, mlflow_name(metric) if of_runlore else metric)

    def _has_archive(self, run: RunRecord, mlflow_run_id: str) -> bool:
        """Whether all curves of a run that a Runlore exported came in one file, with every point."""
        staged = self._folders.staging()
        if not self._source.curves(mlflow_run_id, staged):
            return False
        try:
            archive = Archive.open(staged)
            if archive is not None:
                archive.verify()  # whoever can write to MLflow can have written this
            if archive is not None and {path.name for path in run.metrics.values()} <= archive.curves.keys():
                return self._folders.keep(run, archive_of(run).name, staged)
        except JournalFormatError:
            pass  # an earlier version's, or damaged: MLflow's own points are all that is left
        staged.unlink()
        return False

    def _bring_history(self, run: RunRecord, metric: str, mlflow_run_id: str, key: str) -> None:
        history = self._source.history(mlflow_run_id, key)
        history.sort(key=lambda point: (point.timestamp, point.step))
        staged = self._folders.staging()
        writer = curve_writer(staged)
        try:
            for point in history:
                writer.append(point.step, seconds(point.timestamp), real(point.value))
        finally:
            writer.close()
        self._folders.keep(run, run.metrics[metric].name, staged)
